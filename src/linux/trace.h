/* trace.h - the one point that every kernel call of the project passes.
 *
 * A function of src/linux makes its call, then tells lx_trace() the call's name, result
 * and real arguments. Nobody listening costs one load and one branch. Who listens sets
 * lx_trace_hook: `--explain`, SAMPAN_TRACE=json and the golden transcripts of the tests
 * are all made of these events, so none of them can tell a story of its own.
 *
 * What a call is for is said above, once for a group of calls, by LX_STEP.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINUX_TRACE_H
#define LINUX_TRACE_H

#include <stdbool.h>

#include "base/error.h"

struct lx_event {
    const char *who;   /* "command", "monitor", "init": see lx_trace_as */
    const char *step;  /* plain words of the LX_STEP above this call, or "" */
    const char *level; /* workshop level that teaches the step, or "" */
    const char *file;  /* source file of the LX_STEP, or "" */
    const char *call;  /* the man-2 name */
    const char *args;  /* its arguments as text */
    long result;       /* >= 0, or -errno */
};

extern void (*lx_trace_hook)(const struct lx_event *event);

/* Says in what role this process runs from here on; a static string. */
void lx_trace_as(const char *who);

/* LX_STEP("leave the old root for good", "03_pivot_root"): what the calls that follow
 * are for, until the next step, and the workshop level that teaches it ("" if none). */
#define LX_STEP(words, level) lx_trace_step(words, level, __FILE__)
void lx_trace_step(const char *words, const char *level, const char *file);

#define lx_trace(call, result, ...)                         \
    do {                                                    \
        if (__builtin_expect(lx_trace_hook != NULL, false)) \
            lx_trace_emit(call, result, __VA_ARGS__);       \
    } while (0)
void lx_trace_emit(const char *call, long result, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
