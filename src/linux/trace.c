/* trace.c - carries events to whoever listens; see trace.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "linux/trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void (*lx_trace_hook)(const struct lx_event *event);

/* The story so far of this process; a clone takes a copy along. */
static struct lx_event context = {.who = "command", .step = "", .level = "", .file = ""};

void
lx_trace_as(const char *who)
{
    context.who = who;
}

void
lx_trace_step(const char *words, const char *level, const char *file)
{
    context.step = words;
    context.level = level;
    context.file = file;
}

void
lx_trace_emit(const char *call, long result, const char *fmt, ...)
{
    int kept = errno;
    char args[1024];
    va_list list;
    va_start(list, fmt);
    vsnprintf(args, sizeof args, fmt, list);
    va_end(list);

    struct lx_event event = context;
    event.call = call;
    event.args = args;
    event.result = result;
    lx_trace_hook(&event);
    errno = kept;
}
