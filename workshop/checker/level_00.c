/* level_00.c - what fork, exec and wait must show.
 *
 * Workshop: 00_fork_exec
 * SPDX-License-Identifier: MIT
 */
#include "common.h"
#include "observe.h"
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
judge_parent(struct scene *s, const struct run *r)
{
    char parent[32], rd[32];
    observe_status(r->command, "PPid", parent, sizeof(parent));
    format(rd, sizeof(rd), "%d", (int)r->rd);
    if (r->command == r->rd)
        fail(s, "child", "in-parent", rd, NULL);
    else if (r->is_over) /* rd has not waited: the status line will tell */
        pass(s, "child");
    else
        judge(s, "child", strcmp(parent, rd) == 0, "grandchild", parent, rd);
}

static void
play_child(struct scene *s)
{
    struct run r;
    run_start(s, &r, &(struct run_spec){.steps = LIST("hold", "exit", "3")});
    if (!run_is_held(s, &r))
        return;
    judge_parent(s, &r);
    run_finish(s, &r);
}

/* What a shell on the way would change, one by one. */
static const char *const hard_arguments[] = {
    "args", "two words", "",   "$(echo bad)", "$HOME", "*",
    "it's", "--memory",  "-i", "a\\b",        NULL,
};

/* The probe's lines alone: rd may print its own between them. */
static void
own_lines(const struct scene *s, const struct run *r, char *lines, size_t size)
{
    size_t have = 0;
    lines[0] = '\0';
    for (const char *at = r->text[0]; (at = strstr(at, s->token));
         at += strcspn(at, "\n")) {
        format(lines + have, size - have, "%.*s\n", (int)strcspn(at, "\n"), at);
        have += strlen(lines + have);
    }
}

static void
play_arguments(struct scene *s)
{
    struct run r;
    char lines[2048], expected[2048], line[128];
    const char *missing = NULL;
    size_t have = 0;
    run_whole(s, &r, &(struct run_spec){.steps = hard_arguments});
    own_lines(s, &r, lines, sizeof(lines));
    for (int i = 1; hard_arguments[i]; i++) {
        format(line, sizeof(line), "%s arg [%s]\n", s->token, hard_arguments[i]);
        if (!missing && !strstr(lines, line))
            missing = hard_arguments[i][0] ? hard_arguments[i] : "\"\"";
        format(expected + have, sizeof(expected) - have, "%s", line);
        have += strlen(expected + have);
    }
    format(expected + have, sizeof(expected) - have, "%s args end\n", s->token);
    const char *first = run_said(s, &r, "arg");
    bool is_shell = strstr(lines, "[bad]") || strstr(r.text[1], "sh:") ||
                    (first && strcmp(first, "[two]") == 0);
    judge(s, "argv", strcmp(lines, expected) == 0, is_shell ? "shell" : "changed",
          missing ? missing : hard_arguments[1], first ? first : run_error(&r));
}

static void
play_path(struct scene *s)
{
    struct run r;
    run_whole(
        s, &r,
        &(struct run_spec){.command = LIST("probe", s->token), .steps = LIST("name")});
    judge(s, "path", run_said(s, &r, "name") != NULL, "not-found", run_error(&r), NULL);
}

static void
play_status(struct scene *s)
{
    struct run r;
    run_start(s, &r, &(struct run_spec){.steps = LIST("hold", "exit", "3")});
    if (!run_is_held(s, &r))
        return;
    pid_t command = r.command;
    bool is_early = run_is_early(&r);
    run_finish(s, &r);
    if (is_early)
        fail(s, "status-line", "early", NULL, NULL);
    else
        run_judge_status_line(s, &r, command);
}

static void
play_missing(struct scene *s)
{
    struct run r;
    long pid, status;
    char count[16];
    run_whole(s, &r, &(struct run_spec){.command = LIST("/no/such/program")});
    int lines = run_status_lines(&r, &pid, &status);
    /* A child that goes on as a second parent waits too, and has nobody to wait for. */
    lines += strstr(r.text[1], strerror(ECHILD)) != NULL;
    if (lines > 1)
        fail(s, "exec-fails", "fell-through", format(count, sizeof(count), "%d", lines),
             NULL);
    else
        judge(s, "exec-fails", r.length[1] > 0, "silent", NULL, NULL);
}

static int
code_of_exit(struct scene *s)
{
    struct run r;
    run_whole(s, &r, &(struct run_spec){.steps = LIST("exit", "3")});
    return run_exit_code(&r);
}

/* Killed from outside: as process 1 of a namespace (level 06) it could not kill itself. */
static int
code_of_kill(struct scene *s)
{
    struct run r;
    run_start(s, &r, &(struct run_spec){.steps = LIST("hold")});
    if (r.command > 0 && r.command != r.rd)
        kill(r.command, SIGKILL);
    run_finish(s, &r);
    return run_exit_code(&r);
}

static void
play_exit_code(struct scene *s)
{
    int code = code_of_exit(s), killed = code_of_kill(s);
    char seen[16], seen_killed[16];
    format(seen, sizeof(seen), "%d", code);
    format(seen_killed, sizeof(seen_killed), "%d", killed);
    /* exit(3 << 8) leaves 0, because only the low 8 bits arrive: the 9 gives it away. */
    if (code != 3)
        fail(s, "exit-code",
             code          ? "wrong"
             : killed == 9 ? "raw"
                           : "zero",
             seen, seen_killed);
    else
        judge(s, "exit-code", killed == 128 + SIGKILL, "signal", seen_killed, "137");
}

static void
play_exec_codes(struct scene *s)
{
    static const struct {
        const char *command;
        int wanted;
    } cases[] = {
        {"/no/such/program", 127},
        {"/etc/passwd",      126}
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct run r;
        char seen[16];
        run_whole(s, &r, &(struct run_spec){.command = LIST(cases[i].command)});
        if (run_exit_code(&r) != cases[i].wanted)
            fail(s, "exec-codes", "wrong",
                 format(seen, sizeof(seen), "%d", run_exit_code(&r)), cases[i].command);
    }
    pass(s, "exec-codes");
}

const struct scene_entry scenes_00[] = {
    {0, common_runs,     "runs"       },
    {0, play_arguments,  "argv"       },
    {0, play_child,      "child"      },
    {0, play_path,       "path"       },
    {0, play_status,     "status-line"},
    {0, play_missing,    "exec-fails" },
    {0, play_exit_code,  "exit-code"  },
    {0, play_exec_codes, "exec-codes" },
    {0, NULL,            NULL         },
};
