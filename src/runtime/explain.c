/* explain.c - see explain.h. No heap: it speaks between any two calls, of any process.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/explain.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "linux/trace.h"

static struct {
    int fd;
    int64_t start_ns;
} sink = {.fd = NO_FD};

/* One line under construction: what does not fit is cut, never overrun. */
struct line {
    char text[2048];
    size_t len;
};

enum { LINE_END = 8 }; /* kept free for the quote, the number's tail and the bracket */

static void
add(struct line *line, const char *s)
{
    size_t n = strlen(s), room = sizeof line->text - LINE_END - line->len;
    n = n < room ? n : room;
    memcpy(line->text + line->len, s, n);
    line->len += n;
}

static void
add_string(struct line *line, const char *name, const char *value)
{
    add(line, ",\"");
    add(line, name);
    add(line, "\":\"");
    for (; *value && line->len < sizeof line->text - 64; value++) {
        char one[8] = {*value};
        if (*value == '"' || *value == '\\')
            snprintf(one, sizeof one, "\\%c", *value);
        else if ((unsigned char)*value < ' ')
            snprintf(one, sizeof one, "\\u%04x", (unsigned char)*value);
        add(line, one);
    }
    add(line, "\"");
}

static void
listen(const struct lx_event *event)
{
    char number[64];
    struct line line = {.len = 0};
    snprintf(number, sizeof number, "{\"us\":%lld",
             (long long)((clock_monotonic_ns() - sink.start_ns) / 1000));
    add(&line, number);
    add_string(&line, "who", event->who);
    add_string(&line, "step", event->step);
    add_string(&line, "level", event->level);
    add_string(&line, "file", event->file);
    add_string(&line, "call", event->call);
    add_string(&line, "args", event->args);
    snprintf(number, sizeof number, ",\"result\":%ld}", event->result);
    add(&line, number);
    line.text[line.len++] = '\n';
    ssize_t ignored = write(sink.fd, line.text, line.len);
    (void)ignored; /* an explanation that nobody takes must not stop the container */
}

void
explain_to(int fd, int64_t start_ns)
{
    sink.fd = fd;
    sink.start_ns = start_ns;
    lx_trace_hook = fd >= 0 ? listen : NULL;
}

int
explain_fd(void)
{
    return sink.fd;
}
