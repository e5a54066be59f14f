/* level_02.c - what a mount namespace must show.
 *
 * Workshop: 02_mount_ns
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "common.h"
#include "observe.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { DEVPTS_MAGIC = 0x1cd1 };

static const struct device {
    const char *path;
    unsigned major, minor;
} devices[] = {
    {"/dev/null",    1, 3},
    {"/dev/zero",    1, 5},
    {"/dev/full",    1, 7},
    {"/dev/random",  1, 8},
    {"/dev/urandom", 1, 9},
    {"/dev/tty",     5, 0},
};

static bool
judge_namespace(struct scene *s, const struct run *r)
{
    ino_t ours = observe_namespace(getpid(), "mnt");
    if (observe_namespace(r->rd, "mnt") != ours && r->rd != r->command) {
        fail(s, "mnt-ns", "rd-moved", NULL, NULL);
        return false;
    }
    return judge(s, "mnt-ns", observe_namespace(r->command, "mnt") != ours, "same", NULL,
                 NULL);
}

/* Is the mount at this point still shared in the command's own table? */
static bool
is_shared(const char *table, const char *point)
{
    struct mount m;
    bool result = false;
    for (const char *at = table; observe_next_mount(&at, &m);)
        if (strcmp(m.point, point) == 0)
            result = strstr(m.optional, "shared:") != NULL;
    return result;
}

/* A leak has three causes, and the command's own mount table tells them apart. Worse than
 * a leak is a host whose own mounts have been made private. */
static void
judge_leaks(struct scene *s, pid_t command, const char *before)
{
    static char after[256 * 1024];
    char containers[64];
    read_text("/proc/self/mountinfo", after, sizeof(after));
    const char *leak = observe_new_mount(before, after);
    char *table = observe_mounts(command, NULL, NULL);
    format(containers, sizeof(containers), "%s/containers", s->stage);
    const char *kind = !table                         ? "shared"
                       : is_shared(table, "/")        ? "shared"
                       : is_shared(table, containers) ? "not-recursive"
                                                      : "too-early";
    if (!is_shared(after, "/"))
        fail(s, "leaks", "host-changed", NULL, NULL);
    else
        judge(s, "leaks", !leak, kind, leak, NULL);
    free(table);
}

static void
judge_devices(struct scene *s, pid_t command)
{
    for (size_t i = 0; i < COUNT(devices); i++) {
        const struct device *d = &devices[i];
        char path[128], numbers[32], wanted[32];
        struct stat st;
        format(wanted, sizeof(wanted), "%u:%u", d->major, d->minor);
        if (lstat(observe_inside(command, d->path, path, sizeof(path)), &st) < 0)
            fail(s, "devices", "missing", d->path, wanted);
        else if (!S_ISCHR(st.st_mode))
            fail(s, "devices", "not-device", d->path, wanted);
        else if (st.st_rdev != makedev(d->major, d->minor))
            fail(s, "devices", "numbers", d->path,
                 format(numbers, sizeof(numbers), "%u:%u", major(st.st_rdev),
                        minor(st.st_rdev)));
    }
    pass(s, "devices");
}

static void
judge_modes(struct scene *s, pid_t command)
{
    for (size_t i = 0; i < COUNT(devices); i++) {
        char path[128], mode[16];
        struct stat st = {0};
        lstat(observe_inside(command, devices[i].path, path, sizeof(path)), &st);
        if ((st.st_mode & 0666) != 0666)
            fail(s, "device-modes", "umask", devices[i].path,
                 format(mode, sizeof(mode), "%04o", st.st_mode & 07777));
    }
    pass(s, "device-modes");
}

static void
judge_pts(struct scene *s, pid_t command)
{
    char path[128];
    struct statfs fs = {0};
    struct stat inside = {0}, outside = {0};
    observe_inside(command, "/dev/pts", path, sizeof(path));
    statfs(path, &fs);
    stat(path, &inside);
    stat("/dev/pts", &outside);
    if (fs.f_type != DEVPTS_MAGIC)
        fail(s, "dev-pts", "none", NULL, NULL);
    else
        judge(s, "dev-pts", inside.st_dev != outside.st_dev, "host", NULL, NULL);
}

static void
play_mounts(struct scene *s)
{
    static char before[256 * 1024];
    struct run r;
    read_text("/proc/self/mountinfo", before, sizeof(before));
    run_start(s, &r, &(struct run_spec){.steps = LIST("hold")});
    if (!run_is_held(s, &r))
        return;
    if (judge_namespace(s, &r))
        judge_leaks(s, r.command, before);
    else
        skip(s, "leaks", "mnt-ns");
    judge_devices(s, r.command);
    judge_pts(s, r.command);
    run_finish(s, &r);
}

static void
play_modes(struct scene *s)
{
    struct run r;
    run_start(s, &r, &(struct run_spec){.steps = LIST("hold")});
    if (!run_is_held(s, &r))
        return;
    judge_modes(s, r.command);
    run_finish(s, &r);
}

const struct scene_entry scenes_02[] = {
    {2, common_runs, "runs"                        },
    {2, play_mounts, "mnt-ns,leaks,devices,dev-pts"},
    {2, play_modes,  "device-modes"                },
    {2, common_left, "leftovers"                   },
    {2, NULL,        NULL                          },
};
