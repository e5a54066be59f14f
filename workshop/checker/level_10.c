/* level_10.c - what an ordinary user inside must show.
 *
 * Workshop: 10_setuid
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "common.h"
#include "observe.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>

/* Four numbers: real, effective, saved, file system (proc_pid_status(5)). */
static void
judge_ids(struct scene *s, pid_t command, const char *check, const char *field,
          const char *id)
{
    char ids[128], four[128];
    observe_status(command, field, ids, sizeof(ids));
    format(four, sizeof(four), "%s %s %s %s", id, id, id, id);
    const char *kind = strcmp(ids, "0 0 0 0") == 0 ? "root"
                       : strstr(ids, id)           ? "partial"
                                                   : "wrong";
    judge(s, check, strcmp(ids, four) == 0, kind, ids, four);
}

static void
play_ids(struct scene *s)
{
    struct run r;
    char caps[64];
    if (!s->has_all_ids) {
        skip(s, "uids", "skip-no-ids");
        skip(s, "gids", "skip-no-ids");
        return;
    }
    run_start(s, &r,
              &(struct run_spec){.options = common_options(s), .steps = LIST("hold")});
    if (!run_is_held(s, &r))
        return;
    judge_ids(s, r.command, "uids", "Uid", "2014");
    judge_ids(s, r.command, "gids", "Gid", "2015");
    observe_status(r.command, "CapEff", caps, sizeof(caps));
    judge(s, "caps", strtoull(caps, NULL, 16) == 0, "kept", caps, NULL);
    run_finish(s, &r);
}

static void
play_extras(struct scene *s)
{
    struct run r;
    char groups[256];
    run_start(s, &r,
              &(struct run_spec){.options = common_options(s),
                                 .steps = LIST("open", "/dev/null", "hold")});
    if (!run_is_held(s, &r))
        return;
    observe_status(r.command, "Groups", groups, sizeof(groups));
    judge(s, "groups", !groups[0] || strcmp(groups, "2015") == 0, "kept", groups, NULL);
    const char *open = run_said(s, &r, "open");
    judge(s, "dev-null", open && strcmp(open, "ok") == 0, "refused", open, NULL);
    run_finish(s, &r);
}

/* In the image, daemon is 2014:2015; on the host it is someone else. */
static void
play_names(struct scene *s)
{
    struct run r;
    char ids[128], id[32];
    run_start(
        s, &r,
        &(struct run_spec){.options = LIST("--user", "daemon"), .steps = LIST("hold")});
    if (!r.command) {
        fail(s, "names", "refused", run_error(&r), NULL);
        return;
    }
    observe_status(r.command, "Uid", ids, sizeof(ids));
    format(id, sizeof(id), "%.*s", (int)strcspn(ids, " "), ids);
    judge(s, "names", strcmp(id, "2014") == 0, strcmp(id, "0") ? "host" : "root", id, NULL);
    run_finish(s, &r);
}

const struct scene_entry scenes_10[] = {
    {10, common_runs,  "runs"                 },
    {10, play_ids,     "uids,gids,caps"       },
    {10, play_extras,  "groups,dev-null"      },
    {10, play_names,   "names"                },
    {10, common_dies,  "dies-with-rd"         },
    {10, common_clean, "fds,orphans,leftovers"},
    {10, NULL,         NULL                   },
};
