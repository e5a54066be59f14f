/* groups.c - checks of control groups that several levels share.
 * SPDX-License-Identifier: MIT
 */
#include "groups.h"
#include "common.h"
#include "confine.h"
#include "observe.h"

#include <poll.h>
#include <string.h>

bool
groups_are_missing(struct scene *s, const char *id)
{
    if (s->cgroups == CGROUP_NONE)
        skip(s, id, s->no_cgroups);
    return s->cgroups == CGROUP_NONE;
}

bool
groups_is_ours(const char *group)
{
    return strcmp(group, "/") == 0 || strcmp(group, "/leaf") == 0;
}

static const char *
group_of(const struct scene *s, pid_t pid, const char *controller, char *group, size_t size)
{
    return observe_group(pid, s->cgroups == CGROUP_V2 ? NULL : controller, group, size);
}

bool
groups_is_outside(const struct scene *s, pid_t pid, const char *controller, char *group,
                  size_t size)
{
    return groups_is_ours(group_of(s, pid, controller, group, size));
}

static bool
is_elsewhere_in(pid_t command, const char *controller, char *group, size_t size)
{
    observe_group(command, controller, group, size);
    return group[0] && !groups_is_ours(group);
}

/* A rd that moves the command from outside may need a moment; whether that is too late is
 * another check's question. */
static bool
has_left(const struct scene *s, pid_t command, const char *controller, char *group,
         size_t size)
{
    bool is_outside = groups_is_outside(s, command, controller, group, size);
    for (int try = 0; try < 50 && is_outside; try++) {
        poll(NULL, 0, 10);
        is_outside = groups_is_outside(s, command, controller, group, size);
    }
    return !is_outside;
}

static void
judge_leaving(struct scene *s, pid_t command, const char *controller)
{
    char group[256], other[256];
    if (has_left(s, command, controller, group, sizeof(group))) {
        pass(s, "cgroup");
        return;
    }
    /* On version 1, in a tree that this level is not about. */
    bool is_elsewhere =
        s->cgroups == CGROUP_V1 &&
        (is_elsewhere_in(command, "pids", other, sizeof(other)) ||
         (s->level == 8 && is_elsewhere_in(command, "memory", other, sizeof(other))));
    fail(s, "cgroup", is_elsewhere ? "wrong-controller" : "not-moved",
         is_elsewhere ? other : group, controller);
}

bool
groups_hold(struct scene *s, struct run *r, const char *controller)
{
    if (groups_are_missing(s, "cgroup"))
        return false;
    run_start(s, r,
              &(struct run_spec){.options = common_options(s), .steps = LIST("hold")});
    if (!run_is_held(s, r))
        return false;
    judge_leaving(s, r->command, controller);
    return true;
}

bool
groups_read(const struct scene *s, pid_t pid, const char *controller, const char *file,
            char *text, size_t size)
{
    char group[256], path[512];
    group_of(s, pid, controller, group, sizeof(group));
    format(path, sizeof(path), "%s%s/%s", confine_cgroup_mount(s, controller), group, file);
    ssize_t n = read_text(path, text, size);
    text[strcspn(text, "\n")] = '\0';
    return n > 0;
}
