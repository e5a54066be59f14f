/* level_08.c - what a share of the processor must show.
 *
 * Workshop: 08_cpu_cgroup
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "common.h"
#include "confine.h"
#include "groups.h"
#include "observe.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>

enum { SHARES = 2048 };

/* Version 2 counts in weights from 1 to 10000. Three ways to turn shares into weights are
 * in use: in proportion (1024 is 100), the line from (2, 1) to (262144, 10000), and the
 * curve through (2, 1), (1024, 100) and (262144, 10000). */
static const long line_weight = 1 + (SHARES - 2) * 9999L / 262142;

static bool
is_right(const struct scene *s, long value)
{
    const long proportion = SHARES * 100 / 1024, curve = 174;
    if (s->cgroups == CGROUP_V1)
        return value == SHARES;
    return value == line_weight || value == proportion || value == curve;
}

static void
judge_shares(struct scene *s, pid_t command)
{
    char text[64], wanted[96];
    bool has_v1 = s->cgroups == CGROUP_V1;
    groups_read(s, command, "cpu", has_v1 ? "cpu.shares" : "cpu.weight", text,
                sizeof(text));
    long value = strtol(text, NULL, 10);
    if (has_v1)
        format(wanted, sizeof(wanted), "%d", SHARES);
    else
        format(wanted, sizeof(wanted), "%ld: 1 + (%d − 2) × 9999 / 262142", line_weight,
               SHARES);
    judge(s, "shares", is_right(s, value),
          value == (has_v1 ? 1024 : 100) ? "default" : "wrong", text, wanted);
}

static void
play_group(struct scene *s)
{
    struct run r;
    if (!groups_hold(s, &r, "cpu"))
        return;
    char rd[256];
    bool is_outside = groups_is_outside(s, r.rd, "cpu", rd, sizeof(rd));
    judge(s, "rd-outside", is_outside, "rd-joined", rd, NULL);
    judge_shares(s, r.command);
    run_finish(s, &r);
}

/* Who moves the command without making it wait wins the race nearly always, and loses it
 * on a busy machine. So rd is made to stand still after its fork: a command that does not
 * wait for it begins outside of its group. */
static void
play_first(struct scene *s)
{
    bool has_v2 = s->cgroups == CGROUP_V2;
    struct run r;
    char group[256];
    run_whole(s, &r,
              &(struct run_spec){.options = common_options(s),
                                 .steps = LIST("cgroup"),
                                 .want_slow = true});
    const char *said = run_said(s, &r, "cgroup");
    observe_group_in(said ? said : "", has_v2 ? NULL : "cpu", group, sizeof(group));
    judge(s, "first", group[0] && !groups_is_ours(group), "late", group, run_error(&r));
}

const struct scene_entry scenes_08[] = {
    {8, common_runs,  "runs"                    },
    {8, play_group,   "cgroup,rd-outside,shares"},
    {8, play_first,   "first"                   },
    {8, common_clean, "fds,orphans,leftovers"   },
    {8, NULL,         NULL                      },
};
