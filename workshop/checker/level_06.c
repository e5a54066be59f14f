/* level_06.c - what a pid namespace must show.
 *
 * Workshop: 06_pid_namespace
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "common.h"
#include "observe.h"
#include "run.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* "NSpid: 17 1": its number here, and in its own namespace. A process that has unshared
 * but not forked still has one number; its children would have two. */
static void
judge_numbers(struct scene *s, pid_t command)
{
    char numbers[64];
    observe_status(command, "NSpid", numbers, sizeof(numbers));
    const char *inner = strrchr(numbers, ' ');
    bool is_for_children = observe_namespace(command, "pid_for_children") !=
                           observe_namespace(command, "pid");
    if (!inner)
        fail(s, "pid-ns", is_for_children ? "no-fork" : "same", numbers, NULL);
    else
        judge(s, "pid-ns", strcmp(inner, " 1") == 0, "not-first", inner + 1, numbers);
}

/* Process 1 of the container's /proc must be the command, and rd must not be in it. */
static void
judge_proc(struct scene *s, const struct run *r)
{
    char path[128], rd[64], line[512];
    format(rd, sizeof(rd), "/proc/%d", (int)r->rd);
    read_text(observe_inside(r->command, "/proc/1/cmdline", path, sizeof(path)), line,
              sizeof(line));
    bool is_own = line[0] && strcmp(line + strlen(line) + 1, s->token) == 0;
    bool has_rd = access(observe_inside(r->command, rd, path, sizeof(path)), F_OK) == 0;
    judge(s, "proc", is_own && !has_rd, "host", rd + strlen("/proc/"), line);
}

static void
play_numbers(struct scene *s)
{
    struct run r;
    run_start(s, &r, &(struct run_spec){.steps = LIST("hold", "exit", "3")});
    if (!run_is_held(s, &r))
        return;
    pid_t command = r.command;
    judge_numbers(s, command);
    judge_proc(s, &r);
    run_finish(s, &r);
    run_judge_status_line(s, &r, command);
}

static void
play_signal(struct scene *s)
{
    struct run r;
    long pid, status = 0;
    char seen[32];
    run_start(s, &r, &(struct run_spec){.steps = LIST("hold")});
    if (!run_is_held(s, &r))
        return;
    kill(r.command, SIGKILL);
    run_finish(s, &r);
    int lines = run_status_lines(&r, &pid, &status);
    format(seen, sizeof(seen), "%ld", status);
    if (lines == 0 || status == 0)
        fail(s, "signal", "lost", lines ? "0" : "—", NULL);
    else
        judge(s, "signal", run_is_killed_status(s, status), "wrong-status", seen, "137");
}

const struct scene_entry scenes_06[] = {
    {6, common_runs,  "runs"                   },
    {6, play_numbers, "pid-ns,proc,status-line"},
    {6, play_signal,  "signal"                 },
    {6, common_dies,  "dies-with-rd"           },
    {6, common_clean, "fds,orphans,leftovers"  },
    {6, NULL,         NULL                     },
};
