/* level_03.c - what a root that is really the root must show.
 *
 * Workshop: 03_pivot_root
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "common.h"
#include "confine.h"
#include "observe.h"
#include "run.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* The file system of our own root must be nowhere in the container's table. The image is
 * on a file system of its own, so there is no other reason for it to be there. */
static void
judge_old_root(struct scene *s, const char *table)
{
    struct stat root;
    char device[32];
    struct mount m;
    stat("/", &root);
    format(device, sizeof(device), "%u:%u", major(root.st_dev), minor(root.st_dev));
    int count = 0;
    char point[512] = "";
    for (const char *at = table; observe_next_mount(&at, &m); count++)
        if (strcmp(m.device, device) == 0 && !point[0])
            format(point, sizeof(point), "%s", m.point);
    char number[16];
    judge(s, "old-root", !point[0], "kept", point,
          format(number, sizeof(number), "%d", count));
}

/* An empty directory at the top that the image has not: that is where the old root was. */
static void
judge_put_old(struct scene *s, pid_t command)
{
    static const char known[] = ".,..,bin,dev,etc,proc,sys,tmp,var";
    char path[64], below[400], left[300] = "";
    struct stat st;
    DIR *d = opendir(observe_inside(command, "/", path, sizeof(path)));
    const struct dirent *e;
    while (d && (e = readdir(d)))
        if (!is_in_list(e->d_name, known) && strcmp(e->d_name, s->stage + 1) != 0 &&
            lstat(format(below, sizeof(below), "%s%s", path, e->d_name), &st) == 0 &&
            S_ISDIR(st.st_mode))
            format(left, sizeof(left), "/%s", e->d_name);
    if (d)
        closedir(d);
    judge(s, "put-old", !left[0], "left", left, NULL);
}

static void
play_pivot(struct scene *s)
{
    struct run r;
    char marker[64];
    bool is_host = true;
    run_start(s, &r, &(struct run_spec){.steps = LIST("cwd", "hold")});
    if (!run_is_held(s, &r))
        return;
    char *table = observe_mounts(
        r.command, format(marker, sizeof(marker), "%s/marker", s->stage), &is_host);
    judge(s, "real-root", !is_host, "chroot", marker, NULL);
    judge_old_root(s, table ? table : "");
    judge_put_old(s, r.command);
    const char *cwd = run_said(s, &r, "cwd");
    judge(s, "cwd", cwd && cwd[0] == '/', "outside", cwd, NULL);
    free(table);
    run_finish(s, &r);
}

static void
play_breakout(struct scene *s)
{
    struct run r;
    char marker[64];
    /* Relative, because it is looked for from where the climb ends. */
    format(marker, sizeof(marker), "%s/marker", s->stage + 1);
    run_whole(s, &r, &(struct run_spec){.steps = LIST("breakout", marker)});
    const char *way = run_said(s, &r, "breakout");
    judge(s, "breakout", way && strcmp(way, "none") == 0, "escaped", way, NULL);
}

/* Entries of /proc/PID/environ are separated by NUL. */
static bool
has_variable(const char *text, size_t length, const char *name)
{
    for (size_t at = 0; at < length; at += strlen(text + at) + 1)
        if (strncmp(text + at, name, strlen(name)) == 0)
            return true;
    return false;
}

static void
play_environment(struct scene *s)
{
    struct run r;
    char path[64], text[8192];
    run_start(s, &r, &(struct run_spec){.steps = LIST("hold")});
    if (!run_is_held(s, &r))
        return;
    int n = read_text(format(path, sizeof(path), "/proc/%d/environ", (int)r.command), text,
                      sizeof(text));
    size_t length = n > 0 ? n : 0;
    if (has_variable(text, length, HOST_VARIABLE "="))
        fail(s, "environment", "host", HOST_VARIABLE, NULL);
    else
        judge(s, "environment", has_variable(text, length, "PATH="), "no-path", NULL, NULL);
    run_finish(s, &r);
}

const struct scene_entry scenes_03[] = {
    {3, common_runs,      "runs"                          },
    {3, play_pivot,       "real-root,old-root,put-old,cwd"},
    {3, play_breakout,    "breakout"                      },
    {3, play_environment, "environment"                   },
    {3, common_clean,     "fds,orphans,leftovers"         },
    {3, NULL,             NULL                            },
};
