/* helper.c - one exec to a program with the libraries that the start path does without
 * (docs/decisions/0003).
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/helper.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/paths.h"
#include "linux/descriptor.h"
#include "linux/process.h"

#define ANSWER_MOST (64u << 10)

static void
set(struct list *environment, const char *name, const char *value)
{
    if (value == NULL)
        return;
    auto_free char *pair = str_format("%s=%s", name, value);
    list_set_env(environment, pair);
}

int
helper_exec(const char *program, char *const *argv, const char *root, const char *state,
            struct err *e)
{
    auto_free char *path = NULL;
    auto_list words = {0}, environment = {0};
    TRY(engine_find_program(program, &path, e));
    list_add(&words, program);
    for (; *argv != NULL; argv++)
        list_add(&words, *argv);
    for (char **pair = environ; *pair != NULL; pair++)
        list_add(&environment, *pair);
    set(&environment, "SAMPAN_ROOT", root);
    set(&environment, "SAMPAN_STATE", state);
    return err_sys(e, lx_execve(path, list_argv(&words), list_argv(&environment)), "run %s",
                   path);
}

static void
become(const char *program, char *const *argv, const char *root, const char *state, int out)
{
    struct err e = {0};
    int r = err_sys(&e, lx_dup_to(out, STDOUT_FILENO, 0), "give %s its output", program);
    if (r >= 0)
        helper_exec(program, argv, root, state, &e);
    fprintf(stderr, "sampan: %s\n", e.text);
    _exit(125);
}

/* To its end, so that it never waits for us; what is too much is dropped. */
static void
read_answer(int fd, struct text *answer)
{
    char buf[4096];
    for (;;) {
        ssize_t n = read(fd, buf, sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        if (answer->len < ANSWER_MOST)
            text_add_bytes(answer, buf, (size_t)n);
    }
}

int
helper_ask(const char *program, char *const *argv, const char *root, const char *state,
           struct text *answer, struct err *e)
{
    int ends[2], status = 0;
    TRY(err_sys(e, lx_pipe(ends, 0), "make a pipe"));
    auto_close int answer_end = ends[0], out = ends[1];
    pid_t pid = fork();
    if (pid < 0)
        return err_sys(e, -errno, "start %s", program);
    if (pid == 0)
        become(program, argv, root, state, out);
    fd_close(&out);
    read_answer(answer_end, answer);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
