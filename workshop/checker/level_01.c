/* level_01.c - what a root directory of its own must show.
 *
 * Workshop: 01_chroot_image
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "common.h"
#include "observe.h"
#include "run.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { PROC_MAGIC = 0x9fa0, SYSFS_MAGIC = 0x62656572 };

static void
judge_created(struct scene *s, const struct run *r)
{
    const char *path = run_created(s, r);
    char token[512], containers[64];
    format(token, sizeof(token), "%s/etc/token", path ? path : "");
    format(containers, sizeof(containers), "%s/containers", s->stage);
    /* The root's files; or nothing, where they are mounted out of our sight. */
    bool is_root = access(token, F_OK) == 0 || (path && observe_is_empty(path));
    if (!path)
        fail(s, "created-line", "none", NULL, NULL);
    else
        judge(s, "created-line", is_root && run_container_id(s, r), "wrong-path", path,
              containers);
}

static void
judge_root(struct scene *s, pid_t command)
{
    struct stat inside, outside;
    char path[128], token[64];
    stat("/", &outside);
    stat(observe_inside(command, "/.", path, sizeof(path)), &inside);
    read_text(observe_inside(command, "/etc/token", path, sizeof(path)), token,
              sizeof(token));
    if (inside.st_dev == outside.st_dev && inside.st_ino == outside.st_ino)
        fail(s, "root", "host-root", NULL, NULL);
    else
        judge(s, "root", strcmp(token, s->token) == 0, "elsewhere", NULL, NULL);
}

static void
judge_cwd(struct scene *s, const char *cwd)
{
    static const char outside[] = "(unreachable)";
    if (strcmp(cwd, "(unreachable)/") == 0)
        fail(s, "cwd", "host-slash", "/", NULL);
    else if (strncmp(cwd, outside, strlen(outside)) == 0)
        fail(s, "cwd", "outside", cwd + strlen(outside), NULL);
    else
        judge(s, "cwd", strcmp(cwd, "/") == 0, "not-slash", cwd, NULL);
}

static void
judge_image(struct scene *s, pid_t command)
{
    char path[128], token[64];
    struct stat raised = {0}, device;
    read_text(observe_inside(command, "/etc/link", path, sizeof(path)), token,
              sizeof(token));
    if (strcmp(token, s->token) != 0) {
        fail(s, "image", "missing", "/etc/link", NULL);
        return;
    }
    if (lstat(observe_inside(command, "/var/device", path, sizeof(path)), &device) == 0 &&
        S_ISCHR(device.st_mode)) {
        fail(s, "image", "device", "/var/device", NULL);
        return;
    }
    lstat(observe_inside(command, "/bin/raised", path, sizeof(path)), &raised);
    char mode[16];
    judge(s, "image", raised.st_mode & S_ISUID, "setuid-lost",
          format(mode, sizeof(mode), "%04o", raised.st_mode & 07777), NULL);
}

static bool
is_file_system(pid_t command, const char *where, long magic)
{
    char path[128];
    struct statfs fs;
    return statfs(observe_inside(command, where, path, sizeof(path)), &fs) == 0 &&
           fs.f_type == magic;
}

static void
play_root(struct scene *s)
{
    static char before[256 * 1024], after[256 * 1024];
    struct run r;
    read_text("/proc/self/mountinfo", before, sizeof(before));
    run_start(s, &r, &(struct run_spec){.steps = LIST("cwd", "hold")});
    if (!run_is_held(s, &r))
        return;
    judge_created(s, &r);
    judge_root(s, r.command);
    judge_cwd(s, run_said(s, &r, "cwd"));
    judge_image(s, r.command);
    read_text("/proc/self/mountinfo", after, sizeof(after));
    const char *mount = observe_new_mount(before, after);
    bool is_on_host = mount && strcmp(mount, "/proc") == 0;
    judge(s, "proc", is_file_system(r.command, "/proc", PROC_MAGIC),
          is_on_host ? "host-proc" : "none", NULL, NULL);
    judge(s, "sys", is_file_system(r.command, "/sys", SYSFS_MAGIC), "none", NULL, NULL);
    run_finish(s, &r);
}

static void
play_bad_image(struct scene *s)
{
    char containers[64];
    struct run r;
    run_whole(s, &r, &(struct run_spec){.image = "no-such-image", .steps = LIST("name")});
    format(containers, sizeof(containers), "%s/containers", s->stage);
    if (run_exit_code(&r) == 0)
        fail(s, "bad-image", "status", "0", NULL);
    else
        judge(s, "bad-image", observe_is_empty(containers), "left-dir", containers, NULL);
}

const struct scene_entry scenes_01[] = {
    {1, common_runs,    "runs"                                },
    {1, play_root,      "created-line,root,cwd,image,proc,sys"},
    {1, play_bad_image, "bad-image"                           },
    {1, NULL,           NULL                                  },
};
