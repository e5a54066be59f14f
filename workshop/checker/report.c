/* report.c - how verdicts are shown: for people, as TAP, as JSON.
 *
 * People see one line for each check, and four more for the first failure of each kind:
 * what was seen, what was wanted, why that matters, where to look. Checks that had to be
 * skipped because of a failure are one line together. Programs see everything.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "report.h"
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LABEL_WIDTH = 8, TIME_FROM = 5 /* hundredths of a second that are worth showing */ };

static const char *
paint(const struct report *r, const char *code)
{
    return r->has_color ? code : "";
}

#define GREEN  "\033[32m"
#define RED    "\033[1;31m"
#define YELLOW "\033[33m"
#define FAINT  "\033[2m"
#define PLAIN  "\033[0m"

/* --- text for the screen ---------------------------------------------------------- */

/* One character: its bytes, and its columns: two for Chinese characters and their marks. */
static size_t
character(const char *s, int *ret_columns)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = *u < 0x80 ? 1 : *u < 0xe0 ? 2 : *u < 0xf0 ? 3 : 4;
    for (size_t i = 1; i < n; i++)
        if (!u[i])
            n = i;
    unsigned code = n == 3 ? (u[0] & 15U) << 12 | (u[1] & 63U) << 6 | (u[2] & 63U) : 0;
    *ret_columns = (code >= 0x2e80 && code <= 0xd7ff) || (code >= 0xff00 && code <= 0xff60)
                       ? 2
                       : 1;
    return n;
}

static int
columns_of(const char *s)
{
    int total = 0, columns;
    for (; *s; s += character(s, &columns))
        total += character(s, &columns) ? columns : 0;
    return total;
}

static void
pad(const char *text, int width)
{
    printf("%s%*s", text, width > columns_of(text) ? width - columns_of(text) : 0, "");
}

/* The next piece that must stay together: a word with the blanks before it, or one wide
 * character (lines of Chinese may break anywhere). */
static size_t
piece(const char *s, int *ret_columns)
{
    size_t n = 0;
    int columns, total = 0;
    while (s[n] == ' ')
        n++, total++;
    while (s[n] && s[n] != ' ') {
        size_t bytes = character(s + n, &columns);
        if (columns == 2 && total && s[n - 1] != ' ')
            break;
        n += bytes;
        total += columns;
        if (columns == 2)
            break;
    }
    *ret_columns = total;
    return n;
}

void
report_field(const struct report *r, int indent, const char *label, const char *text)
{
    printf("%*s%s", indent, "", paint(r, FAINT));
    pad(label, label[0] ? LABEL_WIDTH : 0);
    printf("%s", paint(r, PLAIN));
    int left = indent + (label[0] ? LABEL_WIDTH : 0), at = left;
    while (*text) {
        int columns;
        size_t n = piece(text, &columns);
        if (at + columns > r->columns && at > left) {
            printf("\n%*s", left, "");
            at = left;
            while (*text == ' ')
                text++, n--, columns--;
        }
        printf("%.*s", (int)n, text);
        at += columns;
        text += n;
    }
    putchar('\n');
}

static void
print_line(const struct report *r, const char *color, const char *word, const char *title,
           double seconds)
{
    printf("  %s", paint(r, color));
    pad(word, 6);
    printf("%s", paint(r, PLAIN));
    if (seconds * 100 < TIME_FROM) {
        printf("%s\n", title);
        return;
    }
    pad(title, 62);
    printf(" %s%5.2f s%s\n", paint(r, FAINT), seconds, paint(r, PLAIN));
}

static void
print_failure(const struct report *r, const struct check *c, const struct verdict *v,
              bool is_first)
{
    const struct explanation *e = explanation_of(c, v->kind);
    const char *const texts[][2] = {
        {"seen",   e->seen  },
        {"wanted", e->wanted},
        {"why",    e->why   },
        {"hint",   e->hint  }
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        char *text = fill(texts[i][1], v->args[0], v->args[1], v->args[2]);
        report_field(r, 10, say(texts[i][0]), text);
        free(text);
    }
    if (is_first) {
        char level[8];
        char *more = fill(say("more"), r->command,
                          format(level, sizeof(level), "%02u", c->level), NULL);
        printf("%*s%s\n", 10 + LABEL_WIDTH, "", more);
        free(more);
    }
}

static void
print_calls(const struct report *r, const struct board *board)
{
    char text[sizeof(board->calls)];
    const char *label = say("calls");
    format(text, sizeof(text), "%s", board->calls);
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
        if (line[0]) {
            report_field(r, 10, label, line);
            label = " ";
        }
    }
}

/* One line for all the checks that one failure took along, and one for other reasons. */
static void
print_skips(const struct report *r, unsigned level, const struct board *board)
{
    int dependent = 0, extras = 0;
    const char *said = "";
    for (int i = 0; checks[i].id; i++) {
        const struct verdict *v = &board->verdicts[i];
        if (checks[i].level != level || v->status != SKIPPED)
            continue;
        bool is_reason = strncmp(v->reason, "skip-", 5) == 0;
        if (is_reason && strcmp(said, v->reason) != 0) {
            char *text = fill(say(v->reason), r->command, NULL, NULL);
            print_line(r, FAINT, say("skip"), title_of(&checks[i]), 0);
            report_field(r, 10, say("why"), text);
            free(text);
            said = v->reason;
        } else if (!is_reason) {
            *(checks[i].is_extra ? &extras : &dependent) += 1;
        }
    }
    const struct {
        int count;
        const char *one, *many;
    } groups[] = {
        {dependent, "skipped-by-one",     "skipped-by"    },
        {extras,    "skipped-extras-one", "skipped-extras"}
    };
    for (size_t i = 0; i < COUNT(groups); i++) {
        char number[16];
        if (!groups[i].count)
            continue;
        char *text = fill(say(groups[i].count == 1 ? groups[i].one : groups[i].many),
                          format(number, sizeof(number), "%d", groups[i].count), NULL,
                          NULL);
        print_line(r, FAINT, say("skip"), text, 0);
        free(text);
    }
}

/* --- the three forms --------------------------------------------------------------- */

static void
print_check(struct report *r, const struct check *c, const struct verdict *v, bool is_first)
{
    if (v->status == PASSED && strcmp(c->id, "builds") == 0)
        return; /* the head says it */
    if (v->status == PASSED)
        print_line(r, GREEN, say("ok"), title_of(c), v->seconds);
    if (v->status == FAILED || v->status == WARNED) {
        print_line(r, v->status == FAILED ? RED : YELLOW,
                   say(v->status == FAILED ? "fail" : "warn"), title_of(c), v->seconds);
        print_failure(r, c, v, is_first);
    }
}

static void
tap_check(struct report *r, const struct check *c, const struct verdict *v)
{
    const struct explanation *e = explanation_of(c, v->kind);
    bool is_bad = v->status == FAILED || v->status == WARNED;
    printf("%s %u - %02u %s: %s", is_bad ? "not ok" : "ok", ++r->count, c->level, c->id,
           title_of(c));
    if (v->status == SKIPPED)
        printf(" # SKIP %s", v->reason);
    if (v->status == WARNED)
        printf(" # TODO extra"); /* TAP's word for a failure that is not counted */
    putchar('\n');
    if (!is_bad)
        return;
    char *seen = fill(e->seen, v->args[0], v->args[1], v->args[2]);
    char *wanted = fill(e->wanted, v->args[0], v->args[1], v->args[2]);
    printf("  ---\n  kind: %s\n  seen: >-\n    %s\n  wanted: >-\n    %s\n  ...\n", v->kind,
           seen, wanted);
    free(seen);
    free(wanted);
}

static void
json_string(const char *s)
{
    putchar('"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            printf("\\u%04x", *s);
        else
            putchar(*s);
    }
    putchar('"');
}

static void
json_member(const char *name, const char *value)
{
    printf(", \"%s\": ", name);
    json_string(value);
}

static void
json_check(struct report *r, const struct check *c, const struct verdict *v)
{
    static const char *const words[] = {"unseen", "ok", "fail", "warn", "skip"};
    printf("%s\n  {\"level\": %u", r->count++ ? "," : "", c->level);
    json_member("check", c->id);
    json_member("status", words[v->status]);
    printf(", \"extra\": %s, \"seconds\": %.3f, \"hints_used\": %d",
           c->is_extra ? "true" : "false", v->seconds, r->hints_used);
    json_member("title", title_of(c));
    if (v->status == SKIPPED)
        json_member("reason", v->reason);
    if (v->status == FAILED || v->status == WARNED) {
        const struct explanation *e = explanation_of(c, v->kind);
        char *seen = fill(e->seen, v->args[0], v->args[1], v->args[2]);
        char *wanted = fill(e->wanted, v->args[0], v->args[1], v->args[2]);
        char *hint = fill(e->hint, v->args[0], v->args[1], v->args[2]);
        json_member("kind", v->kind);
        json_member("seen", seen);
        json_member("wanted", wanted);
        json_member("hint", hint);
        free(seen);
        free(wanted);
        free(hint);
    }
    putchar('}');
}

void
report_open(struct report *r, const struct options *options)
{
    struct winsize size = {0};
    r->form = options->want_json  ? REPORT_JSON
              : options->want_tap ? REPORT_TAP
                                  : REPORT_TEXT;
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    r->has_color = isatty(STDOUT_FILENO) && !(no_color && no_color[0]) &&
                   !(term && strcmp(term, "dumb") == 0);
    bool has_size = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40;
    r->columns = has_size ? size.ws_col : 92;
    if (r->columns > 110)
        r->columns = 110;
    if (r->form == REPORT_TAP)
        puts("TAP version 13");
    if (r->form == REPORT_JSON)
        printf("{\"schema\": 1, \"checks\": [");
}

void
report_level(struct report *r, unsigned level, const struct program *program,
             const struct board *board)
{
    memset(r->shown, 0, sizeof(r->shown));
    r->start = now();
    if (r->form == REPORT_TEXT) {
        const struct verdict *v = &board->verdicts[check_find(level, "builds")];
        char seconds[16];
        char *head = formatted("%s %s", say("level"), level_names[level]);
        if (!program->is_built || v->status != PASSED) {
            puts(head);
        } else {
            pad(head, 29);
            char *built = fill(say("built"),
                               format(seconds, sizeof(seconds), "%.1f", v->seconds), NULL,
                               NULL);
            printf("%s%s%s\n", paint(r, FAINT), built, paint(r, PLAIN));
            free(built);
        }
        free(head);
    }
    report_progress(r, level, board);
}

void
report_progress(struct report *r, unsigned level, const struct board *board)
{
    bool is_first = true;
    for (int i = 0; checks[i].id; i++) {
        const struct verdict *v = &board->verdicts[i];
        if (checks[i].level != level || v->status == UNSEEN)
            continue;
        if (v->status != r->shown[i] && r->form == REPORT_TEXT)
            print_check(r, &checks[i], v, is_first);
        is_first = is_first && v->status != FAILED && v->status != WARNED;
        r->shown[i] = v->status;
    }
    fflush(stdout);
}

static void
print_success(const struct report *r, unsigned level)
{
    const struct lesson *l = lesson_of(level);
    char number[8], next[8];
    format(number, sizeof(number), "%02u", level);
    putchar('\n');
    report_field(r, 2, "", formatted("%s: %s", say("proved"), l->proved));
    report_field(r, 2, "", formatted("%s: %s", say("question"), l->question));
    char *tip = fill(say("answer-tip"), r->command, number, NULL);
    char *go = level + 1 < LEVELS
                   ? fill(say("next"), r->command,
                          format(next, sizeof(next), "%02u", level + 1), NULL)
                   : fill(say("finished"), NULL, NULL, NULL);
    printf("  %s\n%s\n", tip, go);
    free(tip);
    free(go);
}

static void
print_end(const struct report *r, unsigned level, const struct board *board,
          enum outcome outcome)
{
    int good = 0, all = 0;
    for (int i = 0; checks[i].id; i++) {
        if (checks[i].level != level || checks[i].is_extra ||
            strcmp(checks[i].id, "builds") == 0)
            continue;
        all++;
        good += board->verdicts[i].status == PASSED;
    }
    char seen[16], wanted[16];
    format(seen, sizeof(seen), "%d", good);
    format(wanted, sizeof(wanted), "%d", all);
    char *again = formatted("%s %02u", r->command, level);
    char *text = outcome == OUTCOME_TROUBLE
                     ? fill(say("trouble"), board->trouble, NULL, NULL)
                 : outcome == OUTCOME_SKIPPED
                     ? fill(say("summary-skip"), NULL, NULL, NULL)
                     : fill(say(outcome == OUTCOME_OK ? "summary-ok" : "summary-fail"),
                            seen, wanted, again);
    puts(text);
    if (outcome == OUTCOME_OK && good == all)
        print_success(r, level);
    free(text);
    free(again);
}

void
report_end(struct report *r, unsigned level, const struct board *board,
           enum outcome outcome)
{
    for (int i = 0; checks[i].id && r->form != REPORT_TEXT; i++) {
        if (checks[i].level != level || board->verdicts[i].status == UNSEEN)
            continue;
        if (r->form == REPORT_TAP)
            tap_check(r, &checks[i], &board->verdicts[i]);
        else
            json_check(r, &checks[i], &board->verdicts[i]);
    }
    if (r->form != REPORT_TEXT) {
        if (outcome == OUTCOME_TROUBLE)
            fprintf(stderr, "check: %s\n", board->trouble);
        return;
    }
    if (board->calls[0] && outcome == OUTCOME_FAILED)
        print_calls(r, board);
    print_skips(r, level, board);
    print_end(r, level, board, outcome);
    fflush(stdout);
}

void
report_close(struct report *r)
{
    if (r->form == REPORT_TAP)
        printf("1..%u\n", r->count);
    if (r->form == REPORT_JSON)
        printf("\n]}\n");
}
