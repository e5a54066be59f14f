/* observe.c - what can be seen of a container from outside.
 *
 * A program can print what it likes. What /proc, the mount tables and the control files
 * say comes from the kernel, so that is what the checks believe.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "observe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TABLE_SIZE = 256 * 1024 };

static bool
is_command(pid_t pid, const char *token)
{
    char path[64], line[512];
    format(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    ssize_t n = read_text(path, line, sizeof(line));
    size_t first = n > 0 ? strlen(line) + 1 : 0;
    return n > 0 && first < (size_t)n && strcmp(line + first, token) == 0;
}

pid_t
observe_find_command(const struct scene *s)
{
    pid_t found = 0;
    DIR *d = opendir("/proc");
    const struct dirent *e;
    while (d && !found && (e = readdir(d))) {
        pid_t pid = atoi(e->d_name);
        if (pid > 0 && is_command(pid, s->token))
            found = pid;
    }
    if (d)
        closedir(d);
    return found;
}

ino_t
observe_namespace(pid_t pid, const char *name)
{
    char path[64];
    struct stat st;
    format(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
    return stat(path, &st) == 0 ? st.st_ino : 0;
}

const char *
observe_status(pid_t pid, const char *name, char *buffer, size_t size)
{
    char path[64], text[8192], key[64];
    format(path, sizeof(path), "/proc/%d/status", (int)pid);
    read_text(path, text, sizeof(text));
    format(buffer, size, "%s", "");
    char *at = strstr(text, format(key, sizeof(key), "\n%s:", name));
    if (!at)
        return buffer;
    at += strlen(key);
    at[strcspn(at, "\n")] = '\0';
    for (char *word = strtok(at, " \t"); word; word = strtok(NULL, " \t")) {
        size_t have = strlen(buffer);
        format(buffer + have, size - have, "%s%s", have ? " " : "", word);
    }
    return buffer;
}

const char *
observe_inside(pid_t pid, const char *path, char *buffer, size_t size)
{
    return format(buffer, size, "/proc/%d/root%s", (int)pid, path);
}

/* In a process of its own, because setns(2) moves the caller to the namespace's root. The
 * open /proc is our own: the one in there may be missing, or know us by no number. */
static void
send_mounts(pid_t pid, const char *path, int out)
{
    char name[64];
    static char table[TABLE_SIZE];
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int ns = open(format(name, sizeof(name), "/proc/%d/ns/mnt", (int)pid),
                  O_RDONLY | O_CLOEXEC);
    if (proc < 0 || ns < 0 || setns(ns, CLONE_NEWNS) < 0)
        _exit(1);
    table[0] = path && access(path, F_OK) == 0 ? '1' : '0';
    ssize_t n = read_text_at(proc, "self/mountinfo", table + 1, sizeof(table) - 1);
    for (ssize_t at = 0, wrote; at < n + 1; at += wrote)
        if ((wrote = write(out, table + at, n + 1 - at)) < 0)
            _exit(1);
    _exit(0);
}

char *
observe_mounts(pid_t pid, const char *path, bool *ret_exists)
{
    int p[2];
    if (pipe2(p, O_CLOEXEC) < 0)
        return NULL;
    pid_t helper = fork();
    if (helper == 0)
        send_mounts(pid, path, p[1]);
    close(p[1]);
    char *table = calloc(1, TABLE_SIZE);
    size_t have = 0;
    ssize_t n;
    while (table && (n = read(p[0], table + have, TABLE_SIZE - 1 - have)) > 0)
        have += n;
    close(p[0]);
    waitpid(helper, NULL, 0);
    if (!table || !have) {
        free(table);
        return NULL;
    }
    if (ret_exists)
        *ret_exists = table[0] == '1';
    memmove(table, table + 1, have);
    return table;
}

bool
observe_next_mount(const char **at, struct mount *m)
{
    if (!**at)
        return false;
    char line[4096];
    size_t length = strcspn(*at, "\n");
    format(line, sizeof(line), "%.*s", (int)length, *at);
    *at += length + ((*at)[length] == '\n');
    memset(m, 0, sizeof(*m));
    sscanf(line, "%*s %*s %31s %511s %511s %255s %127[^-]", m->device, m->root, m->point,
           m->options, m->optional);
    char *rest = strstr(line, " - ");
    if (rest)
        sscanf(rest, " - %63s %*s %1023s", m->type, m->super);
    return true;
}

const char *
observe_new_mount(const char *before, const char *after)
{
    /* The number at a line's start is the mount's own: new mounts have new ones. */
    for (const char *at = after; *at;) {
        size_t id = strcspn(at, " "), length = strcspn(at, "\n");
        char key[64];
        format(key, sizeof(key), "\n%.*s ", (int)id, at);
        bool is_first = strncmp(before, key + 1, strlen(key + 1)) == 0;
        if (!is_first && !strstr(before, key)) {
            struct mount m;
            observe_next_mount(&at, &m);
            return formatted("%s", m.point);
        }
        at += length + (at[length] == '\n');
    }
    return NULL;
}

const char *
observe_group_in(const char *text, const char *controller, char *buffer, size_t size)
{
    format(buffer, size, "%s", "");
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, "\n;");
        char line[1024];
        format(line, sizeof(line), "%.*s", (int)length, at);
        at += length + (at[length] != '\0');
        char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        if (controller ? is_in_list(controller, names + 1) : !names[1])
            format(buffer, size, "%s", path);
    }
    return buffer;
}

const char *
observe_group(pid_t pid, const char *controller, char *buffer, size_t size)
{
    char path[64], text[8192];
    format(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
    read_text(path, text, sizeof(text));
    return observe_group_in(text, controller, buffer, size);
}

bool
observe_find_file(const char *directory, const char *name, char *path, size_t size)
{
    char candidate[4096];
    struct stat st;
    if (lstat(format(candidate, sizeof(candidate), "%s%s", directory, name), &st) == 0) {
        format(path, size, "%s", candidate);
        return true;
    }
    bool is_found = false;
    DIR *d = opendir(directory);
    const struct dirent *e;
    while (d && !is_found && (e = readdir(d))) {
        if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 ||
            strcmp(e->d_name, "..") == 0)
            continue;
        format(candidate, sizeof(candidate), "%s/%s", directory, e->d_name);
        is_found = observe_find_file(candidate, name, path, size);
    }
    if (d)
        closedir(d);
    return is_found;
}

bool
observe_is_empty(const char *directory)
{
    int count = 0;
    DIR *d = opendir(directory);
    while (d && readdir(d))
        count++;
    if (d)
        closedir(d);
    return count <= 2;
}

static void
process_name(pid_t pid, char *name, size_t size)
{
    char path[64];
    read_text(format(path, sizeof(path), "/proc/%d/comm", (int)pid), name, size);
    name[strcspn(name, "\n")] = '\0';
}

bool
observe_has(const char *name)
{
    char comm[64];
    bool is_found = false;
    DIR *d = opendir("/proc");
    const struct dirent *e;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    while (d && !is_found && (e = readdir(d))) {
        if (atoi(e->d_name) > 1) {
            process_name(atoi(e->d_name), comm, sizeof(comm));
            is_found = strcmp(comm, name) == 0;
        }
    }
    if (d)
        closedir(d);
    return is_found;
}

static int
count_survivors(char *name, size_t size)
{
    int count = 0;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    DIR *d = opendir("/proc");
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        pid_t pid = atoi(e->d_name);
        char command[64];
        if (pid <= 1 || !*observe_status(pid, "Tgid", command, sizeof(command)))
            continue;
        process_name(pid, command, sizeof(command));
        if (strcmp(command, "strace") == 0)
            continue;
        format(name, size, "%s (%d)", command, (int)pid);
        count++;
    }
    if (d)
        closedir(d);
    return count;
}

/* Orphans become our children. One that has been told to die may take a moment. */
int
observe_survivors(char *name, size_t size)
{
    int count = count_survivors(name, size);
    for (int try = 0; try < 20 && count; try++) {
        poll(NULL, 0, 10);
        count = count_survivors(name, size);
    }
    return count;
}
