/* level_04.c - what an overlay must show.
 *
 * Workshop: 04_overlay
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "common.h"
#include "image.h"
#include "observe.h"
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILLER = 4 << 20, FILE_LIMIT = 2 << 20 };

static void
judge_overlay(struct scene *s, pid_t command)
{
    char *table = observe_mounts(command, NULL, NULL);
    struct mount m, root = {0};
    for (const char *at = table ? table : ""; observe_next_mount(&at, &m);)
        if (strcmp(m.point, "/") == 0)
            root = m;
    judge(s, "overlay", strcmp(root.type, "overlay") == 0, "not-overlay", root.type, NULL);
    judge(s, "nodev", is_in_list("nodev", root.options), "allowed", root.options, NULL);
    free(table);
}

static void
judge_upper(struct scene *s, const char *written)
{
    char containers[64], images[64], path[512] = "";
    format(containers, sizeof(containers), "%s/containers", s->stage);
    format(images, sizeof(images), "%s/images", s->stage);
    if (observe_find_file(containers, written, path, sizeof(path)))
        pass(s, "upper");
    else if (observe_find_file(images, written, path, sizeof(path)))
        fail(s, "upper", "image", path, NULL);
    else
        fail(s, "upper", "elsewhere", containers, NULL);
}

/* Where the image was unpacked: the command has removed its own copy's /etc/last. */
static void
judge_image(struct scene *s)
{
    char images[64], path[512] = "";
    format(images, sizeof(images), "%s/images", s->stage);
    judge(s, "image", observe_find_file(images, "/etc/last", path, sizeof(path)), "changed",
          images, "/etc/last");
}

static void
play_layers(struct scene *s)
{
    struct run first, second;
    const char *written = formatted("/etc/by-%s", s->token);
    run_start(
        s, &first,
        &(struct run_spec){.steps = LIST("write", written, "unlink", "/etc/last", "hold")});
    if (!run_is_held(s, &first))
        return;
    judge_overlay(s, first.command);
    judge_upper(s, written);
    judge_image(s);
    run_whole(s, &second, &(struct run_spec){.steps = LIST("exists", written)});
    const char *exists = run_said(s, &second, "exists");
    judge(s, "independent", exists && strcmp(exists, "no") == 0, "shared", written, NULL);
    run_finish(s, &first);
}

/* The archive keeps its name, size and time, but is none any more: only a start that does
 * not read it will do. */
static void
spoil_archive(const char *path)
{
    struct stat st;
    char noise[512];
    memset(noise, 'x', sizeof(noise));
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || write(fd, noise, sizeof(noise)) < 0)
        die("%s: %s", path, strerror(errno));
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    futimens(fd, times);
    close(fd);
}

static void
play_twice(struct scene *s)
{
    char images[64], archive[80], path[512];
    struct stat before = {0}, after = {0};
    struct run r;
    format(images, sizeof(images), "%s/images", s->stage);
    run_whole(s, &r, &(struct run_spec){.steps = LIST("name")});
    if (observe_find_file(images, "/etc/token", path, sizeof(path)))
        stat(path, &before);
    spoil_archive(format(archive, sizeof(archive), "%s/check.tar", images));
    run_whole(s, &r, &(struct run_spec){.steps = LIST("name")});
    if (observe_find_file(images, "/etc/token", path, sizeof(path)))
        stat(path, &after);
    bool is_same = before.st_ino == after.st_ino &&
                   before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
                   before.st_ctim.tv_nsec == after.st_ctim.tv_nsec;
    judge(s, "unpack-once", is_same && run_said(s, &r, "name"), "again", images, NULL);
}

/* The kernel kills rd (SIGXFSZ) in the middle of the image's big file, at the same place
 * each time: no race with a kill(2) of ours. Then the way is free. */
static void
play_torn(struct scene *s)
{
    char tar[64];
    struct run r;
    format(tar, sizeof(tar), "%s/images/check.tar", s->stage);
    image_write(tar, s->stage, s->token, FILLER);
    run_whole(s, &r, &(struct run_spec){.steps = LIST("name"), .file_limit = FILE_LIMIT});
    run_whole(s, &r, &(struct run_spec){.steps = LIST("exists", "/etc/last")});
    const char *exists = run_said(s, &r, "exists");
    if (!exists)
        fail(s, "torn", "stuck", run_error(&r), NULL);
    else
        judge(s, "torn", strcmp(exists, "yes") == 0, "half-image", "/etc/last", NULL);
}

const struct scene_entry scenes_04[] = {
    {4, common_runs,  "runs"                                 },
    {4, play_layers,  "overlay,nodev,upper,image,independent"},
    {4, play_twice,   "unpack-once"                          },
    {4, play_torn,    "torn"                                 },
    {4, common_clean, "fds,orphans,leftovers"                },
    {4, NULL,         NULL                                   },
};
