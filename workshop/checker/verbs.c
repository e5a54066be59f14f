/* verbs.c - checking, and the learner's own files.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "verbs.h"
#include "ledger.h"
#include "messages.h"
#include "play.h"
#include "progress.h"
#include "report.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

const char program_name[] = "./check";

void
tell(const char *key, const char *arg1, const char *arg2, const char *arg3)
{
    char *text = fill(say(key), arg1, arg2, arg3);
    puts(text);
    free(text);
}

/* A path as people would type it here. */
static const char *
short_path(const char *path)
{
    char here[PATH_MAX];
    size_t length = getcwd(here, sizeof(here)) ? strlen(here) : 0;
    bool is_below = length && strncmp(path, here, length) == 0 && path[length] == '/';
    return is_below ? path + length + 1 : path;
}

static const char *
two_digits(unsigned level)
{
    static char text[8];
    return format(text, sizeof(text), "%02u", level);
}

/* --- checking ---------------------------------------------------------------------- */

static bool
has_code(const struct call *c, unsigned level)
{
    char *source = play_source(level, c->options);
    bool result = c->options->command || access(source, R_OK) == 0;
    free(source);
    return result;
}

static enum outcome
check_level(const struct call *c, unsigned level, struct report *report)
{
    report->hints_used = progress_count(c->options, level, "hint");
    enum outcome outcome = play_level(level, c->options, report);
    if (outcome == OUTCOME_OK && !c->options->command &&
        !progress_count(c->options, level, "passed"))
        progress_note(c->options, level, "passed");
    return outcome;
}

static int
missing_code(const struct call *c, unsigned level)
{
    char *source = play_source(level, c->options);
    tell("no-code", short_path(source), program_name, two_digits(level));
    free(source);
    return OUTCOME_TROUBLE;
}

int
verb_level(const struct call *c)
{
    struct report report = {.command = program_name};
    if (!has_code(c, c->level))
        return missing_code(c, c->level);
    report_open(&report, c->options);
    enum outcome outcome = check_level(c, c->level, &report);
    report_close(&report);
    return outcome;
}

/* All levels that have been begun; with --cmd all there are. Trouble outranks failures, and
 * failures outrank skips. */
int
verb_all(const struct call *c)
{
    struct report report = {.command = program_name};
    int counts[OUTCOME_SKIPPED + 1] = {0};
    report_open(&report, c->options);
    for (unsigned level = 0; level < LEVELS; level++)
        if (has_code(c, level)) {
            counts[check_level(c, level, &report)]++;
            if (report.form == REPORT_TEXT)
                putchar('\n');
        }
    report_close(&report);
    static const enum outcome order[] = {OUTCOME_TROUBLE, OUTCOME_FAILED, OUTCOME_OK,
                                         OUTCOME_SKIPPED};
    for (size_t i = 0; i < COUNT(order); i++)
        if (counts[order[i]])
            return order[i];
    return missing_code(c, 0);
}

/* Returns when the file has been written or replaced; editors do the one or the other. */
static void
wait_for_save(int watch, const char *name)
{
    char events[4096] __attribute__((aligned(8)));
    for (;;) {
        ssize_t n = read(watch, events, sizeof(events));
        if (n < 0 && errno != EINTR)
            die("inotify: %s", strerror(errno));
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const void *)(events + at);
            if (e->len && strcmp(e->name, name) == 0)
                return;
            at += sizeof(*e) + e->len;
        }
    }
}

/* The level that was begun last, if none is named. */
static unsigned
current_level(const struct call *c)
{
    unsigned level = 0;
    for (unsigned i = 0; i < LEVELS; i++)
        if (has_code(c, i))
            level = i;
    return c->level >= 0 ? (unsigned)c->level : level;
}

/* Checks after each save, and ends with success: it never goes on by itself. */
int
verb_watch(const struct call *c)
{
    unsigned level = current_level(c);
    if (!has_code(c, level))
        return missing_code(c, level);
    char *source = play_source(level, c->options);
    char *slash = strrchr(source, '/'),
         *folder = formatted("%.*s", (int)(slash - source), source);
    int watch = inotify_init1(IN_CLOEXEC);
    if (inotify_add_watch(watch, folder, IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
        die("%s: %s", folder, strerror(errno));
    struct call once = *c;
    once.level = level;
    tell("watching", short_path(source), NULL, NULL);
    int outcome;
    while ((outcome = verb_level(&once)) == OUTCOME_FAILED) {
        putchar('\n');
        fflush(stdout);
        wait_for_save(watch, slash + 1);
    }
    free(folder);
    free(source);
    close(watch);
    return outcome;
}

int
verb_list(const struct call *c)
{
    for (unsigned level = 0; level < LEVELS; level++) {
        bool is_passed = progress_count(c->options, level, "passed") > 0;
        bool is_shown = progress_count(c->options, level, "revealed") > 0;
        int hints = progress_count(c->options, level, "hint");
        char number[16];
        char *text = fill(say("list-hints"), format(number, sizeof(number), "%d", hints),
                          NULL, NULL);
        printf("%-18s %s%s%s%s%s\n", level_names[level],
               say(is_passed            ? "list-passed"
                   : has_code(c, level) ? "list-started"
                                        : "list-open"),
               is_shown ? ", " : "", is_shown ? say("list-revealed") : "",
               hints ? ", " : "", hints ? text : "");
        free(text);
    }
    return 0;
}

/* --- the learner's files ----------------------------------------------------------- */

static const char *
extension(const struct call *c)
{
    return c->options->want_python ? "py" : "c";
}

static char *
skeleton(const struct call *c, unsigned level)
{
    return formatted("%s/levels/%s/rd.%s", c->options->workshop,
                     level < LEVELS ? level_names[level] : "99_done", extension(c));
}

static void
copy_or_die(const char *from, const char *to)
{
    int r = copy_file(from, to);
    if (r < 0)
        die("copy %s to %s: %s", from, to, strerror(-r));
}

static void
copy_answers(const struct call *c)
{
    char *from = formatted("%s/levels/%s/answers.txt", c->options->workshop,
                           level_names[c->level]);
    char *to = formatted("%s/%s/answers.txt", c->options->work, level_names[c->level]);
    if (access(from, R_OK) == 0 && access(to, F_OK) < 0)
        copy_or_die(from, to);
    free(from);
    free(to);
}

int
verb_start(const struct call *c)
{
    char *to = play_source(c->level, c->options);
    char *from = c->want_mine && c->level > 0 ? play_source(c->level - 1, c->options)
                                              : skeleton(c, c->level);
    char *folder = formatted("%s/%s", c->options->work, level_names[c->level]);
    char *readme = formatted("%s/levels/%s/%s", c->options->workshop, level_names[c->level],
                             say("readme"));
    int status = 1;
    int r = make_path(folder);
    if (r < 0)
        die("%s: %s", folder, strerror(-r));
    if (access(to, F_OK) == 0) {
        tell("exists", short_path(to), program_name, two_digits(c->level));
    } else if (c->want_mine && access(from, R_OK) < 0) {
        tell("no-mine", two_digits(c->level ? c->level - 1 : 0), NULL, NULL);
    } else {
        copy_or_die(from, to);
        copy_answers(c);
        progress_note(c->options, c->level, "started");
        tell(c->want_mine ? "started-mine" : "started", short_path(to), short_path(readme),
             NULL);
        status = 0;
    }
    free(readme);
    free(folder);
    free(from);
    free(to);
    return status;
}

int
verb_reset(const struct call *c)
{
    char *source = play_source(c->level, c->options), backup[PATH_MAX];
    if (access(source, F_OK) == 0) {
        int number = 1;
        do
            format(backup, sizeof(backup), "%s.%d", source, number++);
        while (access(backup, F_OK) == 0);
        if (rename(source, backup) < 0)
            die("rename %s: %s", source, strerror(errno));
        tell("backup", short_path(backup), NULL, NULL);
    }
    free(source);
    return verb_start(c);
}

/* --- help -------------------------------------------------------------------------- */

/* A level's solution is the next skeleton without its TODO blocks. */
static char *
write_solution(const struct call *c)
{
    char *from = skeleton(c, c->level + 1);
    char *folder = formatted("%s/.check", c->options->work);
    char *to = formatted("%s/solution-%02d.%s", folder, c->level, extension(c));
    make_path(folder);
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");
    if (!in || !out)
        die("%s: %s", in ? to : from, strerror(errno));
    char *line = NULL;
    size_t size = 0;
    bool is_todo = false;
    while (getline(&line, &size, in) > 0) {
        const char *word = line + strspn(line, " /*#");
        bool is_end = strncmp(word, "end TODO ", 9) == 0;
        is_todo = is_todo || strncmp(word, "TODO ", 5) == 0;
        if (!is_todo)
            fputs(line, out);
        is_todo = is_todo && !is_end;
    }
    free(line);
    fclose(in);
    fclose(out);
    free(from);
    free(folder);
    return to;
}

static void
show_diff(const char *format_option, const char *from, const char *to)
{
    const char *const full[] = {"diff", "-u", "--", from, to, NULL};
    const char *const only_new[] = {"diff",
                                    "--unchanged-line-format=",
                                    "--old-line-format=",
                                    format_option,
                                    "--",
                                    from,
                                    to,
                                    NULL};
    int status = run_program(format_option ? only_new : full);
    if (status < 0 || status >> 8 > 1)
        die("diff failed");
}

int
verb_hint(const struct call *c)
{
    int number = c->number ? c->number : progress_count(c->options, c->level, "hint") + 1;
    number = !c->number && number > 3 ? 3 : number;
    if (number < 1 || number > 3) {
        tell("no-hint", NULL, NULL, NULL);
        return 2;
    }
    char event[16];
    progress_note(c->options, c->level, format(event, sizeof(event), "hint %d", number));
    if (number < 3) {
        struct report screen = {.columns = 92};
        char *text = formatted("%d/3 %s", number, lesson_of(c->level)->hints[number - 1]);
        report_field(&screen, 0, "", text);
        free(text);
        return 0;
    }
    char *from = skeleton(c, c->level), *to = write_solution(c);
    tell("hint-code", NULL, NULL, NULL);
    show_diff("--new-line-format=%L", from, to);
    free(from);
    free(to);
    return 0;
}

int
verb_diff(const struct call *c)
{
    char *from = skeleton(c, c->level), *to = skeleton(c, c->level + 1);
    show_diff(NULL, from, to);
    free(from);
    free(to);
    return 0;
}

int
verb_answer(const struct call *c)
{
    struct report screen = {.columns = 92};
    const struct lesson *l = lesson_of(c->level);
    report_field(&screen, 0, "", l->question);
    report_field(&screen, 2, "", l->answer);
    return 0;
}

int
verb_reveal(const struct call *c)
{
    char answer[16] = "";
    char *ask = fill(say("reveal-ask"), two_digits(c->level), NULL, NULL);
    fputs(ask, stdout);
    fflush(stdout);
    free(ask);
    if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y')) {
        puts(say("reveal-no"));
        return 1;
    }
    progress_note(c->options, c->level, "revealed");
    char *solution = write_solution(c);
    int status = run_program((const char *const[]){"cat", solution, NULL});
    free(solution);
    return status == 0 ? 0 : 2;
}

static int cleaned;

static void
say_cleaned(const char *what, const char *path)
{
    cleaned++;
    tell(what, path, NULL, NULL);
}

int
verb_clean(const struct call *c)
{
    char *folder = formatted("%s/.check", c->options->work);
    int busy = ledger_clean(folder, say_cleaned);
    if (!cleaned)
        tell("clean-none", NULL, NULL, NULL);
    free(folder);
    return busy ? 1 : 0;
}
