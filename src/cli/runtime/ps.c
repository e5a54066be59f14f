/* ps.c - `sampan-runtime ps`: the pids of the container's cgroup, or those lines of ps(1)
 * that are about them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/runtime/verbs.h"
#include "linux/descriptor.h"
#include "linux/path.h"
#include "linux/process.h"

enum { OUTPUT_MOST = 64 << 20 };

static int
print_json(const pid_t *pids, size_t n)
{
    auto_json *doc = json_doc_new();
    auto_text text = {0};
    struct json *array = json_array(doc);
    for (size_t i = 0; i < n; i++)
        json_append(array, json_number(doc, pids[i]));
    json_write(&text, array, 0);
    puts(text_str(&text));
    return 0;
}

/* ---- ps(1) ---- */

/* In the child: returns only if there is no ps. */
static void
become_ps(char *const *options, int out)
{
    auto_list argv = {0};
    list_add(&argv, "ps");
    for (; *options; options++)
        list_add(&argv, *options);
    if (argv.n == 1)
        list_add(&argv, "-ef");
    const char *path = getenv("PATH");
    auto_list dirs = {0};
    list_split(&dirs, path && *path ? path : "/usr/bin:/bin", ':');
    lx_dup_to(out, STDOUT_FILENO, 0);
    for (size_t i = 0; i < dirs.n; i++) {
        auto_free char *program = str_format("%s/ps", *dirs.v[i] ? dirs.v[i] : ".");
        lx_execve(program, list_argv(&argv), environ);
    }
}

static int
call_ps(char *const *options, char **ret, struct err *e)
{
    enum { NOT_THERE = 127 };
    int pipe[2];
    siginfo_t info;
    TRY(err_sys(e, lx_pipe(pipe, 0), "make a pipe"));
    auto_close int in = pipe[0], out = pipe[1];
    pid_t pid = lx_clone3(0, NO_FD, NULL);
    if (pid == 0) {
        become_ps(options, out);
        _exit(NOT_THERE);
    }
    TRY(err_sys(e, pid, "make a process for ps"));
    fd_close(&out);
    int r = file_read_fd(in, OUTPUT_MOST, ret, NULL);
    lx_waitid(P_PID, pid, &info, WEXITED);
    TRY(err_sys(e, r, "read what ps says"));
    if (info.si_code == CLD_EXITED && info.si_status == NOT_THERE)
        return err_set(e, ERR_NOT_FOUND, "ps: executable file not found in $PATH");
    if (info.si_code != CLD_EXITED || info.si_status != 0)
        return err_set(e, ERR_INVALID, "ps failed (are its options right?)");
    return 0;
}

static void
split_words(const char *line, struct list *ret)
{
    auto_list all = {0};
    list_split(&all, line, ' ');
    for (size_t i = 0; i < all.n; i++)
        if (*all.v[i])
            list_add(ret, all.v[i]);
}

/* The column headed PID, or -1. */
static int
find_column(const char *heading)
{
    auto_list words = {0};
    split_words(heading, &words);
    for (size_t i = 0; i < words.n; i++)
        if (str_eq(words.v[i], "PID"))
            return (int)i;
    return -1;
}

static bool
is_about(const char *line, int column, const pid_t *pids, size_t n)
{
    auto_list words = {0};
    int pid;
    split_words(line, &words);
    if ((size_t)column >= words.n || num_parse_int(words.v[column], &pid) < 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

static int
print_table(char *const *options, const pid_t *pids, size_t n, struct err *e)
{
    auto_free char *text = NULL;
    auto_list lines = {0};
    TRY(call_ps(options, &text, e));
    list_split(&lines, text, '\n');
    int column = lines.n > 0 ? find_column(lines.v[0]) : -1;
    if (column < 0)
        return err_set(e, ERR_INVALID, "ps shows no column PID with these options");
    puts(lines.v[0]);
    for (size_t i = 1; i < lines.n; i++)
        if (is_about(lines.v[i], column, pids, n))
            puts(lines.v[i]);
    return 0;
}

int
verb_ps(const struct arguments *a, struct err *e)
{
    auto_free pid_t *pids = NULL;
    size_t n = 0;
    bool is_json = str_eq(a->format, "json");
    if (a->format && !is_json && !str_eq(a->format, "table"))
        return err_set(e, ERR_INVALID, "--format: must be table or json, is %s", a->format);
    auto_record record;
    TRY(record_open(a->root, a->operands[0], &record, e));
    TRY(cgroup_pids(&record.container.cgroup, &pids, &n, e));
    if (n == 0 && container_is_alive(&record.container)) { /* without cgroups */
        free(pids);
        pids = mem_copy(&record.container.pid, sizeof *pids);
        n = 1;
    }
    return is_json ? print_json(pids, n) : print_table(a->operands + 1, pids, n, e);
}
