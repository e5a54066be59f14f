/* level_05.c - what a UTS namespace must show.
 *
 * Workshop: 05_uts_namespace
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "common.h"
#include "observe.h"
#include "run.h"

#include <string.h>
#include <unistd.h>

static void
judge_name(struct scene *s, const char *name, const char *id)
{
    size_t length = strlen(name);
    if (strcmp(name, s->host_name) == 0)
        fail(s, "hostname", "unchanged", name, id);
    else if (!id)
        pass(s, "hostname"); /* any name but the host's, where no id is told */
    else if (length < strlen(id) && length != 12 && strncmp(name, id, length) == 0)
        fail(s, "hostname", "cut", name, id);
    else /* the id, or its first twelve characters as other engines do */
        judge(s, "hostname",
              strcmp(name, id) == 0 || (length == 12 && strncmp(name, id, 12) == 0),
              "other", name, id);
}

static void
play_name(struct scene *s)
{
    struct run r;
    char ours[128] = "";
    run_start(s, &r, &(struct run_spec){.steps = LIST("name", "hold")});
    if (!run_is_held(s, &r))
        return;
    ino_t its = observe_namespace(r.command, "uts");
    judge(s, "uts-ns", its != observe_namespace(getpid(), "uts"), "same", NULL, NULL);
    judge_name(s, run_said(s, &r, "name"), run_container_id(s, &r));
    gethostname(ours, sizeof(ours) - 1);
    judge(s, "host-name", strcmp(ours, s->host_name) == 0, "changed", ours, s->host_name);
    run_finish(s, &r);
}

const struct scene_entry scenes_05[] = {
    {5, common_runs,  "runs"                     },
    {5, play_name,    "uts-ns,hostname,host-name"},
    {5, common_clean, "fds,orphans,leftovers"    },
    {5, NULL,         NULL                       },
};
