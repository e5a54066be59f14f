/* progress.c - lines on a terminal, or one event after the other.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "linux/terminal.h"

#define BAR_MOST   50
#define BAR_LEAST  10 /* less room: no bar */
#define BESIDE_BAR 62 /* columns that the rest of a line takes */
#define DRAW_NS    100000000ll
#define ID_SHOWN   12

struct line {
    char id[ID_SHOWN + 1];
    char state[80];
    int64_t done, total;
    int64_t first_done, began; /* where this state began, for the rate */
};

struct progress {
    int fd;
    bool is_quiet, is_live;
    int columns, rows;
    struct line *lines;
    int n, drawn; /* lines that are on the screen */
    int64_t last; /* when it was drawn */
    bool is_changed;
};

struct progress *
progress_new(int fd, bool is_quiet)
{
    struct progress *p = mem_new(1, sizeof *p);
    struct winsize size = {0};
    p->fd = fd;
    p->is_quiet = is_quiet;
    p->is_live = !is_quiet && lx_is_tty(fd) && lx_tty_get_size(fd, &size) >= 0 &&
                 size.ws_col > 20;
    p->columns = size.ws_col;
    p->rows = size.ws_row;
    return p;
}

static void
put(struct progress *p, const struct text *out)
{
    if (out->len)
        file_write_all(p->fd, out->data, out->len); /* nobody to tell if it fails */
}

/* ---- one line --------------------------------------------------------------------- */

static void
add_bar(const struct progress *p, const struct line *line, struct text *out)
{
    int64_t done = line->done < line->total ? line->done : line->total;
    int width = p->columns - BESIDE_BAR < BAR_MOST ? p->columns - BESIDE_BAR : BAR_MOST;
    int full = (int)(width * (double)done / (double)line->total);
    if (width >= BAR_LEAST) {
        text_add(out, " [");
        for (int i = 0; i < width; i++)
            text_add_char(out, i < full ? '=' : i == full ? '>' : ' ');
        text_add_char(out, ']');
    }
    char a[16], b[16], c[16];
    text_addf(out, "  %s/%s", num_human_decimal((uint64_t)done, a, sizeof a),
              num_human_decimal((uint64_t)line->total, b, sizeof b));
    int64_t ns = clock_monotonic_ns() - line->began, moved = line->done - line->first_done;
    if (ns > 3 * DRAW_NS && moved > 0 && done < line->total)
        text_addf(
            out, "  %s/s",
            num_human_decimal((uint64_t)((double)moved * 1e9 / (double)ns), c, sizeof c));
}

static void
add_line(const struct progress *p, const struct line *line, struct text *out)
{
    auto_text whole = {0};
    text_addf(&whole, "%s: %s", line->id, line->state);
    if (p->is_live && line->total > 0)
        add_bar(p, line, &whole);
    int most = p->is_live ? p->columns - 1 : 1000;
    text_addf(out, "%.*s", most, text_str(&whole));
}

/* ---- the screen ------------------------------------------------------------------- */

/* Up to the first of our lines, then each anew: ESC [ K clears what an older one left. */
static void
redraw(struct progress *p)
{
    auto_text out = {0};
    if (p->drawn > 0)
        text_addf(&out, "\033[%dA", p->drawn);
    for (int i = 0; i < p->n; i++) {
        text_add(&out, "\r");
        add_line(p, &p->lines[i], &out);
        text_add(&out, "\033[K\n");
    }
    put(p, &out);
    p->drawn = p->n;
    p->last = clock_monotonic_ns();
    p->is_changed = false;
}

void
progress_draw(struct progress *p)
{
    if (p->is_live && p->is_changed && clock_monotonic_ns() - p->last >= DRAW_NS)
        redraw(p);
}

static void
tell(struct progress *p, const struct line *line)
{
    auto_text out = {0};
    if (p->is_quiet)
        return;
    if (p->is_live) {
        p->is_changed = true;
        return;
    }
    add_line(p, line, &out);
    text_add_char(&out, '\n');
    put(p, &out);
}

void
progress_say(struct progress *p, const char *fmt, ...)
{
    if (p->is_quiet)
        return;
    if (p->is_live && p->is_changed)
        redraw(p);
    p->n = p->drawn = 0; /* what was drawn stays above */
    va_list args;
    va_start(args, fmt);
    auto_free char *words = NULL;
    if (vasprintf(&words, fmt, args) < 0)
        words = NULL;
    va_end(args);
    auto_text out = {0};
    text_addf(&out, "%s\n", words ? words : "");
    put(p, &out);
}

int
progress_add(struct progress *p, const char *id, const char *state)
{
    if (p->is_live && p->n >= p->rows - 1) { /* they must fit, to be rewritten */
        if (p->is_changed)
            redraw(p);
        p->is_live = false;
    }
    p->lines = mem_resize(p->lines, (size_t)p->n + 1, sizeof *p->lines);
    struct line *line = &p->lines[p->n];
    *line = (struct line){0};
    snprintf(line->id, sizeof line->id, "%s", id);
    snprintf(line->state, sizeof line->state, "%s", state);
    tell(p, line);
    return p->n++;
}

void
progress_state(struct progress *p, int number, const char *state, int64_t total)
{
    struct line *line = &p->lines[number];
    bool is_new = !str_eq(line->state, state);
    snprintf(line->state, sizeof line->state, "%s", state);
    line->total = total;
    line->first_done = line->done;
    line->began = clock_monotonic_ns();
    bool is_event = is_new && (p->is_live || total == 0);
    if (is_event || p->is_live)
        tell(p, line);
}

void
progress_done(struct progress *p, int number, int64_t done)
{
    p->lines[number].done = done;
    p->is_changed = p->is_live;
}

void
progress_free(struct progress *p)
{
    if (!p)
        return;
    if (p->is_live && p->is_changed)
        redraw(p);
    free(p->lines);
    free(p);
}
