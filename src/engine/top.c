/* top.c - the pids of the container's cgroup, and what /proc says of each.
 *
 * Nothing runs inside the container and nothing is run at all: ps would be a stranger's
 * program there (rule R11), and need not exist here.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/top.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "runtime/cgroup.h"

#define NS_PER_S  1000000000LL
#define PTS_MAJOR 136

struct process {
    pid_t pid;
    long uid, parent;
    int tty;
    unsigned long long ticks, start; /* CPU time; start after boot */
    char *command;
};

/* proc(5), /proc/PID/stat: "pid (name) state ppid ..."; the name may hold anything. */
static int
read_stat(struct process *p)
{
    char path[40];
    auto_free char *text = NULL;
    unsigned long long user, system;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)p->pid);
    TRY(file_read_at(AT_FDCWD, path, 4096, &text, NULL));
    char *after = strrchr(text, ')');
    char *name = strchr(text, '(');
    if (after == NULL || name == NULL ||
        sscanf(after + 1,
               " %*c %ld %*d %*d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d "
               "%*d %*d %llu",
               &p->parent, &p->tty, &user, &system, &p->start) != 5)
        return -EINVAL;
    p->ticks = user + system;
    *after = '\0';
    p->command = str_format("[%s]", name + 1);
    return 0;
}

static int
read_process(struct process *p)
{
    char path[40];
    auto_free char *command = NULL, *status = NULL;
    size_t len = 0;
    TRY(read_stat(p));
    snprintf(path, sizeof(path), "/proc/%d/status", (int)p->pid);
    TRY(file_read_at(AT_FDCWD, path, 64 << 10, &status, NULL));
    const char *uid = strstr(status, "\nUid:");
    if (uid == NULL || sscanf(uid, "\nUid: %ld", &p->uid) != 1)
        return -EINVAL;
    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)p->pid);
    if (file_read_at(AT_FDCWD, path, 64 << 10, &command, &len) < 0 || len == 0)
        return 0; /* a kernel thread or a zombie: its name has to do */
    for (size_t i = 0; i + 1 < len; i++)
        if (command[i] == '\0')
            command[i] = ' ';
    free(p->command);
    p->command = take_ptr(command);
    return 0;
}

/* When it began, on the wall clock: now, less the time since. */
static int64_t
start_time(const struct process *p)
{
    struct timespec boot;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    int64_t age =
        boot.tv_sec * NS_PER_S + boot.tv_nsec -
        (int64_t)(p->start * (NS_PER_S / (unsigned long long)sysconf(_SC_CLK_TCK)));
    return clock_wall_ns() - age;
}

static struct json *
to_row(struct json_doc *doc, const struct process *p)
{
    char text[32];
    struct json *row = json_array(doc);
    unsigned long long seconds = p->ticks / (unsigned long long)sysconf(_SC_CLK_TCK);
    time_t began = (time_t)(start_time(p) / NS_PER_S);
    struct tm local;
    const long numbers[] = {p->uid, p->pid, p->parent, 0};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        snprintf(text, sizeof(text), "%ld", numbers[i]);
        json_append(row, json_string(doc, text));
    }
    strftime(text, sizeof(text), "%H:%M", localtime_r(&began, &local));
    json_append(row, json_string(doc, text));
    snprintf(text, sizeof(text), (p->tty >> 8) == PTS_MAJOR ? "pts/%d" : "?",
             p->tty & 0xff);
    json_append(row, json_string(doc, text));
    snprintf(text, sizeof(text), "%02llu:%02llu:%02llu", seconds / 3600, seconds / 60 % 60,
             seconds % 60);
    json_append(row, json_string(doc, text));
    json_append(row, json_string(doc, p->command));
    return row;
}

int
engine_top(const struct record *record, struct json_doc *doc, struct json **ret,
           struct err *e)
{
    static const char *const titles[] = {"UID",   "PID", "PPID", "C",
                                         "STIME", "TTY", "TIME", "CMD"};
    if (!record_is_running(record))
        return err_set(e, ERR_CONFLICT, "container %s is not running", record->id);
    auto_free pid_t *pids = NULL;
    size_t n;
    TRY(cgroup_pids(&record->state.container.cgroup, &pids, &n, e));
    struct json *table = json_array(doc), *head = json_array(doc);
    for (size_t i = 0; i < ARRAY_LEN(titles); i++)
        json_append(head, json_string(doc, titles[i]));
    json_append(table, head);
    for (size_t i = 0; i < n; i++) {
        struct process p = {.pid = pids[i]};
        if (read_process(&p) == 0) /* else it has just ended */
            json_append(table, to_row(doc, &p));
        free(p.command);
    }
    *ret = table;
    return 0;
}
