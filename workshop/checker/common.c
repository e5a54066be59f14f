/* common.c - scenes that all levels share.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "common.h"
#include "confine.h"
#include "observe.h"
#include "run.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *const *
common_options(const struct scene *s)
{
    static const char *const shares[] = {"--cpu-shares", "2048", NULL};
    static const char *const memory[] = {"--memory", "64m", NULL};
    static const char *const user[] = {"--user", "2014:2015", NULL};
    if (s->level == 8 && s->cgroups != CGROUP_NONE)
        return shares;
    if (s->level == 9 && s->cgroups != CGROUP_NONE)
        return memory;
    return s->level == 10 && s->has_all_ids ? user : NULL;
}

void
common_runs(struct scene *s)
{
    struct run r;
    char code[16];
    run_start(s, &r,
              &(struct run_spec){.options = common_options(s), .steps = LIST("hold")});
    if (!run_is_held(s, &r))
        return;
    run_finish(s, &r);
    /* A bad end after a good run has a cause that a later check may name: judged last. */
    if (!r.is_hung && run_exit_code(&r) == 0) {
        pass(s, "runs");
        return;
    }
    struct verdict *v = &s->board->ending;
    format(v->kind, sizeof(v->kind), "%s", r.is_hung ? "hung" : "status");
    format(v->args[0], ARG_SIZE, "%s", format(code, sizeof(code), "%d", run_exit_code(&r)));
    format(v->args[1], ARG_SIZE, "%s", run_error(&r));
}

/* Standard streams are the container's by right, and so is what the probe's C library may
 * have opened: nothing. */
static void
judge_fds(struct scene *s, pid_t command)
{
    char path[64], link[512], number[16] = "", target[512] = "";
    format(path, sizeof(path), "/proc/%d/fd", (int)command);
    DIR *d = opendir(path);
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.' || atoi(e->d_name) <= 2)
            continue;
        format(link, sizeof(link), "%s/%s", path, e->d_name);
        ssize_t n = readlink(link, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        format(number, sizeof(number), "%s", e->d_name);
    }
    if (d)
        closedir(d);
    judge(s, "fds", !number[0], "leaked", number, target);
}

/* A group that is left over is the command's own, or one that has the container's id. */
static bool
is_group_left(const struct scene *s, const char *controller, const char *group, char *path,
              size_t size)
{
    if (s->cgroups == CGROUP_NONE || strcmp(group, "/") == 0 || strcmp(group, "/leaf") == 0)
        return false;
    format(path, size, "%s%s", confine_cgroup_mount(s, controller), group);
    return access(path, F_OK) == 0;
}

static void
judge_leftovers(struct scene *s, const char *before, char groups[2][256])
{
    char containers[64], path[512];
    static char after[256 * 1024];
    read_text("/proc/self/mountinfo", after, sizeof(after));
    format(containers, sizeof(containers), "%s/containers", s->stage);
    const char *mount = observe_new_mount(before, after);
    if (mount)
        fail(s, "leftovers", "mount", mount, NULL);
    else if (!observe_is_empty(containers))
        fail(s, "leftovers", "dir", containers, NULL);
    else if (is_group_left(s, "cpu", groups[0], path, sizeof(path)) ||
             is_group_left(s, "memory", groups[1], path, sizeof(path)))
        fail(s, "leftovers", "cgroup", path, NULL);
    else
        pass(s, "leftovers");
}

void
common_dies(struct scene *s)
{
    struct run r;
    run_start(s, &r,
              &(struct run_spec){.options = common_options(s), .steps = LIST("hold")});
    if (!run_is_held(s, &r))
        return;
    struct pollfd p = {.fd = syscall(SYS_pidfd_open, r.command, 0), .events = POLLIN};
    kill(r.rd, SIGKILL);
    char pid[16];
    judge(s, "dies-with-rd", poll(&p, 1, 2000) > 0, "survives",
          format(pid, sizeof(pid), "%d", (int)r.command), NULL);
    close(p.fd);
    run_finish(s, &r);
}

void
common_left(struct scene *s)
{
    static char before[256 * 1024];
    char groups[2][256] = {"/", "/"};
    struct run r;
    read_text("/proc/self/mountinfo", before, sizeof(before));
    run_whole(s, &r, &(struct run_spec){0});
    judge_leftovers(s, before, groups);
}

void
common_clean(struct scene *s)
{
    static char before[256 * 1024];
    char groups[2][256], name[128];
    struct run r;
    read_text("/proc/self/mountinfo", before, sizeof(before));
    run_start(s, &r,
              &(struct run_spec){.options = common_options(s), .steps = LIST("hold")});
    if (!run_is_held(s, &r))
        return;
    bool has_v2 = s->cgroups == CGROUP_V2;
    observe_group(r.command, has_v2 ? NULL : "cpu", groups[0], sizeof(groups[0]));
    observe_group(r.command, has_v2 ? NULL : "memory", groups[1], sizeof(groups[1]));
    judge_fds(s, r.command);
    run_finish(s, &r);
    judge(s, "orphans", observe_survivors(name, sizeof(name)) == 0, "survivors", name,
          NULL);
    judge_leftovers(s, before, groups);
}
