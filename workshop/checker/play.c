/* play.c - plays the levels' scenes, one after the other, in a process of their own.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "play.h"
#include "confine.h"
#include "ledger.h"
#include "messages.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct scene_entry *const scenes[LEVELS] = {
    scenes_00, scenes_01, scenes_02, scenes_03, scenes_04, scenes_05,
    scenes_06, scenes_07, scenes_08, scenes_09, scenes_10,
};

char *
play_source(unsigned level, const struct options *options)
{
    return formatted("%s/%s/rd.%s", options->work, level_names[level],
                     options->want_python ? "py" : "c");
}

/* --- building -------------------------------------------------------------------- */

/* The compiler's first line that is about an error or a warning. */
static void
first_complaint(const char *log, char *line, size_t size)
{
    char text[16384];
    read_text(log, text, sizeof(text));
    char *at = strstr(text, "error:"), *warning = strstr(text, "warning:");
    if (!at || (warning && warning < at))
        at = warning ? warning : at;
    char *start = at ? at : text;
    while (start > text && start[-1] != '\n')
        start--;
    char *slash = start;
    for (char *c = start; *c && *c != ':'; c++)
        if (*c == '/')
            slash = c + 1;
    format(line, size, "%.*s", (int)strcspn(slash, "\n"), slash);
}

/* As the Makefile builds the levels; the learner may choose the compiler by CC. */
static int
compile(const char *source, const char *program, const char *log, const char *levels)
{
    const char *compiler = getenv("CC");
    char *command = formatted(
        "exec %s -std=gnu17 -O2 -g -Wall -Wextra -Werror -I '%s' -o '%s' '%s' '%s'/lib/*.c "
        ">'%s' 2>&1",
        compiler ? compiler : "cc", levels, program, source, levels, log);
    int status = run_program((const char *const[]){"sh", "-c", command, NULL});
    free(command);
    return status;
}

/* Builds WORK/NN_name/rd.c into WORK/.check/NN_name/rd. */
static bool
build_c(unsigned level, const struct options *options, struct board *board,
        struct program *program)
{
    char *source = play_source(level, options);
    char *folder = formatted("%s/.check/%s", options->work, level_names[level]);
    char *binary = formatted("%s/rd", folder), *log = formatted("%s/build.log", folder);
    char *levels = formatted("%s/levels", options->workshop);
    int r = make_path(folder);
    if (r < 0)
        die("%s: %s", folder, strerror(-r));
    int i = check_find(level, "builds");
    double start = now();
    bool is_good = compile(source, binary, log, levels) == 0;
    struct verdict *v = &board->verdicts[i];
    v->seconds = now() - start;
    v->status = is_good ? PASSED : FAILED;
    if (!is_good) {
        format(v->kind, sizeof(v->kind), "compile");
        first_complaint(log, v->args[0], ARG_SIZE);
    }
    program->argv[0] = binary;
    program->is_built = true;
    free(source);
    free(folder);
    free(log);
    free(levels);
    return is_good;
}

/* The levels' own lib, and the module linux as `make -C python` leaves it, one folder for each
 * version of Python: a Python passes over what was built for another. Without installing,
 * without a network. */
void
play_find_linux_module(const struct options *options)
{
    char *pattern = formatted("%s/../python/build/cp*", options->workshop);
    const char *old = getenv("PYTHONPATH");
    char *path = formatted("%s/levels%s%s", options->workshop, old ? ":" : "",
                           old ? old : "");
    glob_t found;
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            char *longer = formatted("%s:%s", path, found.gl_pathv[i]);
            free(path);
            path = longer;
        }
        globfree(&found);
    }
    setenv("PYTHONPATH", path, 1);
    free(path);
    free(pattern);
}

bool
play_has_linux_module(void)
{
    static const char import[] =
        "exec python3 -c 'import linux; linux.unshare' 2>/dev/null";
    return run_program((const char *const[]){"sh", "-c", import, NULL}) == 0;
}

static void
split_command(const char *command, struct program *program)
{
    size_t n = 0;
    for (char *word = strtok(formatted("%s", command), " "); word; word = strtok(NULL, " "))
        if (n < COUNT(program->argv) - 1)
            program->argv[n++] = word;
}

static bool
prepare(unsigned level, const struct options *options, struct board *board,
        struct program *program)
{
    if (options->command) {
        split_command(options->command, program);
    } else if (options->want_python) {
        program->argv[0] = "python3";
        program->argv[1] = play_source(level, options);
    } else {
        return build_c(level, options, board, program);
    }
    play_find_linux_module(options);
    if (options->want_python && !play_has_linux_module())
        format(board->trouble, sizeof(board->trouble), "%s", say("no-linux-module"));
    return !board->trouble[0];
}

/* --- playing --------------------------------------------------------------------- */

static bool
wants_to_play(const struct scene_entry *entry, const struct board *board)
{
    char ids[256];
    bool result = false;
    format(ids, sizeof(ids), "%s", entry->checks);
    for (char *id = strtok(ids, ","); id; id = strtok(NULL, ","))
        result = result || (is_open(board, entry->level, id) &&
                            board->verdicts[check_find(entry->level, id)].status == UNSEEN);
    return result;
}

/* A scene that is not played leaves its checks without a verdict: they are skipped, with
 * the check that stands in the way as the reason. */
static void
skip_rest(struct scene *s, const struct scene_entry *entry)
{
    char ids[256];
    format(ids, sizeof(ids), "%s", entry->checks);
    for (char *rest = ids, *id; (id = strsep(&rest, ","));)
        skip(s, id, "runs");
}

/* Without real root, some calls are refused for good: that is no fault of the learner's. */
static void
excuse_user(struct scene *s)
{
    struct verdict *v = &s->board->verdicts[check_find(s->level, "runs")];
    bool is_refused = strstr(v->args[1], strerror(EPERM)) ||
                      strstr(v->args[1], strerror(EACCES));
    if (s->is_root || v->status != FAILED || !is_refused)
        return;
    v->status = SKIPPED;
    format(v->reason, sizeof(v->reason), "skip-needs-root");
}

static bool
is_core_over(const struct scene_entry *next)
{
    char first[64];
    if (!next->play)
        return true;
    format(first, sizeof(first), "%.*s", (int)strcspn(next->checks, ","), next->checks);
    return checks[check_find(next->level, first)].is_extra;
}

/* When rd ended badly after the command had run well, "runs" waits for the core checks: if
 * one of them failed it is the cause, and has the better words. */
static void
judge_ending(struct scene *s, const struct scene_entry *next)
{
    const struct verdict *v = &s->board->ending;
    if (!v->kind[0] || !is_core_over(next))
        return;
    if (is_any_failed(s->board, s->level))
        pass(s, "runs");
    else
        fail(s, "runs", v->kind, v->args[0], v->args[1]);
}

static void
be_the_player(struct scene *s, struct report *report)
{
    const char *why = confine_enter(s);
    if (why)
        skip(s, "runs", why);
    for (const struct scene_entry *e = scenes[s->level]; e->play; e++) {
        if (!why && wants_to_play(e, s->board)) {
            int status = confine_play(s, e->play);
            if (s->board->trouble[0])
                _exit(OUTCOME_TROUBLE);
            if (status != 0) {
                format(s->board->trouble, sizeof(s->board->trouble), "%s (%d)", e->checks,
                       status);
                _exit(OUTCOME_TROUBLE);
            }
        }
        /* "runs" itself may be left open: judge_ending has the last word on it. */
        if (strcmp(e->checks, "runs") != 0 || !s->board->ending.kind[0])
            skip_rest(s, e);
        judge_ending(s, e + 1);
        excuse_user(s);
        report_progress(report, s->level, s->board);
    }
    fflush(stdout);
    _exit(0);
}

static struct board *
new_board(void)
{
    struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED)
        die("mmap: %s", strerror(errno));
    return board;
}

static void
open_ledger(const struct options *options)
{
    char *folder = formatted("%s/.check", options->work);
    int r = ledger_open(folder);
    if (r < 0)
        die("%s: %s", folder, strerror(-r));
    free(folder);
}

/* Runs the player and waits for it. Returns its exit status. */
static int
run_player(struct scene *s, struct report *report)
{
    open_ledger(s->options);
    random_token(s->token);
    fflush(NULL);
    confine_fork(s);
    pid_t player = fork();
    if (player < 0)
        die("fork: %s", strerror(errno));
    if (player == 0)
        be_the_player(s, report);
    int status = 0;
    while (waitpid(player, &status, 0) < 0 && errno == EINTR)
        ;
    ledger_close();
    return WIFEXITED(status) ? WEXITSTATUS(status) : OUTCOME_TROUBLE;
}

static enum outcome
outcome_of(unsigned level, const struct board *board)
{
    bool is_any_passed = false;
    for (int i = 0; checks[i].id; i++) {
        if (checks[i].level != level || strcmp(checks[i].id, "builds") == 0)
            continue;
        if (board->verdicts[i].status == FAILED)
            return OUTCOME_FAILED;
        is_any_passed = is_any_passed || board->verdicts[i].status == PASSED;
    }
    return is_any_passed ? OUTCOME_OK : OUTCOME_SKIPPED;
}

enum outcome
play_level(unsigned level, const struct options *options, struct report *report)
{
    struct program program = {0};
    struct board *board = new_board();
    struct scene s = {.level = level,
                      .program = &program,
                      .options = options,
                      .board = board,
                      .since = now()};
    bool is_built = prepare(level, options, board, &program);
    report_level(report, level, &program, board);
    enum outcome outcome = OUTCOME_FAILED;
    if (is_built && run_player(&s, report) == 0)
        outcome = outcome_of(level, board);
    else if (is_built || board->trouble[0])
        outcome = OUTCOME_TROUBLE;
    else
        for (const struct scene_entry *e = scenes[level]; e->play; e++)
            skip_rest(&s, e);
    report_end(report, level, board, outcome);
    munmap(board, sizeof(*board));
    return outcome;
}

static void
play_empty(struct scene *s)
{
    (void)s;
}

double
play_nothing(const struct options *options)
{
    struct board *board = new_board();
    struct scene s = {.options = options, .board = board};
    open_ledger(options);
    random_token(s.token);
    fflush(NULL);
    confine_fork(&s);
    pid_t player = fork();
    if (player == 0) {
        if (confine_enter(&s))
            _exit(1);
        double start = now();
        int status = confine_play(&s, play_empty);
        board->verdicts[0].seconds = now() - start;
        _exit(status != 0);
    }
    int status = 1;
    waitpid(player, &status, 0);
    ledger_close();
    double seconds = status == 0 ? board->verdicts[0].seconds : -1;
    munmap(board, sizeof(*board));
    return seconds;
}
