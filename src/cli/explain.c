/* explain.c - the trace, sorted by time and told step by step; see explain.h.
 *
 * Three processes write into one trace: the command, the monitor and the container's init.
 * Each line came in one write and carries the time since the command began, so sorting by
 * that time gives the order of things.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

struct line {
    int64_t us;
    size_t place; /* in the file: keeps the order of lines of the same microsecond */
    const char *text;
    struct json_doc *doc;
};

struct palette {
    const char *dim, *bold, *bad, *plain;
};

static const struct palette colours = {"\033[2m", "\033[1m", "\033[31m", "\033[0m"};
static const struct palette no_colours = {"", "", "", ""};

static int
compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->us != y->us)
        return x->us < y->us ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static const char *
field(const struct line *line, const char *name)
{
    return json_str(json_get(json_root(line->doc), name), "");
}

/* A new heading when another process speaks or another step begins. */
static bool
is_same_step(const struct line *a, const struct line *b)
{
    return str_eq(field(a, "who"), field(b, "who")) &&
           str_eq(field(a, "step"), field(b, "step"));
}

static void
tell_heading(struct text *out, const struct line *line, const struct palette *p)
{
    const char *step = field(line, "step"), *level = field(line, "level");
    text_addf(out, "%9lld  %-8s %s%s%s", (long long)line->us, field(line, "who"), p->bold,
              *step ? step : "(no step named)", p->plain);
    text_addf(out, "  %s%s%s%s%s\n", p->dim, field(line, "file"),
              *level ? "  workshop " : "", level, p->plain);
}

static void
tell_call(struct text *out, const struct line *line, const struct palette *p)
{
    int64_t result = json_i64(json_get(json_root(line->doc), "result"), 0);
    text_addf(out, "%9lld           %s %s", (long long)line->us, field(line, "call"),
              field(line, "args"));
    if (result < 0)
        text_addf(out, " = %s%s%s\n", p->bad, strerror((int)-result), p->plain);
    else
        text_addf(out, " = %lld\n", (long long)result);
}

static void
tell_table(struct text *out, const struct line *lines, size_t n, const struct palette *p)
{
    text_addf(out, "%s%9s  %-8s %s%s\n", p->dim, "us", "who",
              "what was done, and by which call", p->plain);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !is_same_step(&lines[i - 1], &lines[i]))
            tell_heading(out, &lines[i], p);
        tell_call(out, &lines[i], p);
    }
}

int
explain_render(const char *trace, bool as_table, bool want_colour, struct text *out,
               struct err *e)
{
    auto_list texts = {0};
    list_split(&texts, trace, '\n');
    auto_free struct line *lines = mem_new(texts.n, sizeof *lines);
    size_t n = 0;
    int r = 0;
    for (size_t i = 0; i < texts.n && r >= 0; i++) {
        if (!*texts.v[i])
            continue;
        struct line line = {.place = i, .text = texts.v[i]};
        r = json_parse(line.text, strlen(line.text), &line.doc, e);
        if (r < 0)
            break;
        line.us = json_i64(json_get(json_root(line.doc), "us"), 0);
        lines[n++] = line;
    }
    if (n)
        qsort(lines, n, sizeof *lines, compare_lines);
    if (r >= 0 && as_table)
        tell_table(out, lines, n, want_colour ? &colours : &no_colours);
    for (size_t i = 0; i < n; i++) {
        if (r >= 0 && !as_table)
            text_addf(out, "%s\n", lines[i].text);
        json_doc_free(lines[i].doc);
    }
    return r;
}
