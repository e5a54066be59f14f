/* level_07.c - what a network namespace must show.
 *
 * A scene has a network namespace of its own with nothing but a loopback device, just as
 * the learner's container. So ours gets another name while the command stands still: a
 * device of that name inside the container is the host's.
 *
 * Workshop: 07_net_namespace
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "common.h"
#include "observe.h"
#include "run.h"

#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char host_device[] = "host-lo";

static void
rename_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ioctl(fd, SIOCSIFFLAGS, &request); /* down: older kernels rename nothing that is up */
    format(request.ifr_newname, sizeof(request.ifr_newname), "%s", host_device);
    ioctl(fd, SIOCSIFNAME, &request);
    close(fd);
}

/* The devices of /proc/PID/net/dev but for "lo"; the first two lines are headings. */
static bool
has_others(pid_t command, char *name, size_t size)
{
    char path[64], text[4096];
    bool result = false;
    read_text(format(path, sizeof(path), "/proc/%d/net/dev", (int)command), text,
              sizeof(text));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char device[32];
        if (!strchr(line, ':') || sscanf(line, " %31[^:]", device) != 1 ||
            strcmp(device, "lo") == 0)
            continue;
        format(name, size, "%s", device);
        result = true;
    }
    return result;
}

static void
judge_sysfs(struct scene *s, pid_t command)
{
    char path[128], below[160];
    struct stat inside = {0}, outside = {0};
    stat(observe_inside(command, "/sys", path, sizeof(path)), &inside);
    stat("/sys", &outside);
    observe_inside(command, "/sys/class/net", path, sizeof(path));
    if (inside.st_dev == outside.st_dev)
        fail(s, "sysfs", "host", "/sys", NULL);
    else if (access(format(below, sizeof(below), "%s/%s", path, host_device), F_OK) == 0)
        fail(s, "sysfs", "host", host_device, NULL);
    else
        judge(s, "sysfs", access(format(below, sizeof(below), "%s/lo", path), F_OK) == 0,
              "none", NULL, NULL);
}

static void
play_devices(struct scene *s)
{
    struct run r;
    char name[32] = "";
    run_start(s, &r, &(struct run_spec){.steps = LIST("hold")});
    if (!run_is_held(s, &r))
        return;
    rename_loopback();
    ino_t ours = observe_namespace(getpid(), "net");
    if (observe_namespace(r.rd, "net") != ours)
        fail(s, "net-ns", "rd-moved", NULL, NULL);
    else
        judge(s, "net-ns", observe_namespace(r.command, "net") != ours, "same", NULL, NULL);
    judge(s, "only-lo", !has_others(r.command, name, sizeof(name)), "others", name, NULL);
    judge_sysfs(s, r.command);
    run_finish(s, &r);
}

static void
play_up(struct scene *s)
{
    struct run r;
    run_whole(s, &r, &(struct run_spec){.steps = LIST("lo")});
    const char *lo = run_said(s, &r, "lo");
    judge(s, "lo-up", lo && strcmp(lo, "up") == 0, "down", NULL, NULL);
}

const struct scene_entry scenes_07[] = {
    {7, common_runs,  "runs"                 },
    {7, play_devices, "net-ns,only-lo,sysfs" },
    {7, play_up,      "lo-up"                },
    {7, common_clean, "fds,orphans,leftovers"},
    {7, NULL,         NULL                   },
};
