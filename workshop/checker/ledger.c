/* ledger.c - what the checker made outside of its namespaces, so that it can be removed.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "ledger.h"
#include "util.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char ledger[4096]; /* the path of our own */

static int
note(const char *template, ...)
{
    char line[4200];
    va_list ap;
    va_start(ap, template);
    vsnprintf(line, sizeof(line), template, ap);
    va_end(ap);
    return append_line(ledger, line);
}

int
ledger_open(const char *directory)
{
    int r = make_path(directory);
    if (r < 0)
        return r;
    format(ledger, sizeof(ledger), "%s/ledger-%d", directory, (int)getpid());
    unlink(ledger); /* of a dead process that had our number */
    return note("run %d %llu", (int)getpid(), start_time(getpid()));
}

int
ledger_make_group(const char *path)
{
    struct stat st;
    int r = note("group %s", path);
    if (r < 0)
        return r;
    if (mkdir(path, 0755) < 0 || stat(path, &st) < 0)
        return -errno;
    return note("made %lu %lu %s", (unsigned long)st.st_dev, (unsigned long)st.st_ino,
                path);
}

int
ledger_switch_on(const char *path, const char *controller)
{
    char word[64];
    int r = note("switch %s %s", path, controller);
    return r < 0 ? r : write_text(path, format(word, sizeof(word), "+%s", controller));
}

/* A group whose last process has just died may be busy for a moment longer, and there is
 * no event to wait for on version 1: try again for at most a second. */
static int
remove_group(const char *path)
{
    for (int try = 0; try < 100; try++) {
        if (rmdir(path) == 0 || errno == ENOENT)
            return 0;
        if (errno != EBUSY)
            return -errno;
        poll(NULL, 0, 10);
    }
    return -EBUSY;
}

void
ledger_empty_group(const char *path, const char *keep)
{
    DIR *d = opendir(path);
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        if (e->d_type != DT_DIR || e->d_name[0] == '.' ||
            (keep && strcmp(e->d_name, keep) == 0))
            continue;
        char below[4096];
        format(below, sizeof(below), "%s/%s", path, e->d_name);
        ledger_empty_group(below, NULL);
        remove_group(below);
    }
    if (d)
        closedir(d);
}

/* Removes the group only if it is the one that we made: same device, same inode. A group
 * of which only the intention is noted is ours by its name, which holds a random token. */
static int
undo_group(const char *path, unsigned long dev, unsigned long ino)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return 0;
    if (dev && (st.st_dev != dev || st.st_ino != ino))
        return 0;
    ledger_empty_group(path, NULL);
    return remove_group(path);
}

static int
undo_line(const char *line, void (*say)(const char *, const char *))
{
    char path[4096], word[64];
    unsigned long dev = 0, ino = 0;
    int r = 0;
    if (sscanf(line, "made %lu %lu %4095s", &dev, &ino, path) == 3 ||
        sscanf(line, "group %4095s", path) == 1) {
        bool was_there = access(path, F_OK) == 0;
        r = undo_group(path, dev, ino);
        if (was_there)
            say(r < 0 ? "clean-busy" : "clean-group", path);
    } else if (sscanf(line, "switch %4095s %60s", path, word) == 2) {
        char off[64];
        /* Others may have begun to use it since: then it stays on, and that is right. */
        write_text(path, format(off, sizeof(off), "-%s", word));
    }
    return r;
}

/* Undoes a whole ledger, from its end to its start. */
static int
undo(const char *file, void (*say)(const char *, const char *))
{
    static char text[65536];
    int busy = 0;
    if (read_text(file, text, sizeof(text)) < 0)
        return 0;
    for (char *end = text + strlen(text); end > text;) {
        *--end = '\0';
        char *line = memrchr(text, '\n', end - text);
        line = line ? line + 1 : text;
        busy += undo_line(line, say) < 0;
        end = line;
    }
    if (!busy)
        unlink(file);
    return busy;
}

static void
say_nothing(const char *what, const char *path)
{
    (void)what, (void)path;
}

int
ledger_close(void)
{
    return undo(ledger, say_nothing) ? -EBUSY : 0;
}

static bool
is_alive(const char *file)
{
    char text[256];
    int pid;
    unsigned long long start;
    if (read_text(file, text, sizeof(text)) <= 0 ||
        sscanf(text, "run %d %llu", &pid, &start) != 2)
        return false;
    return start_time(pid) == start;
}

int
ledger_clean(const char *directory, void (*say)(const char *what, const char *path))
{
    int busy = 0;
    DIR *d = opendir(directory);
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        char file[4096];
        format(file, sizeof(file), "%s/%s", directory, e->d_name);
        if (strncmp(e->d_name, "ledger-", 7) == 0 && !is_alive(file))
            busy += undo(file, say);
    }
    if (d)
        closedir(d);
    return busy;
}
