/* explain.h - what `--explain` shows: the trace of a run as a story.
 *
 * The trace is what the one trace point wrote (src/linux/trace.h, src/runtime/explain.h):
 * one JSON object a line with us, who, step, level, file, call, args, result. On a terminal
 * it becomes a table, a step in plain words followed by the calls that did it; elsewhere the
 * lines are passed on as they are, sorted by time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include <stdbool.h>

#include "base/text.h"

/* Appends the story of `trace` (the lines as written, by several processes) to out. */
int explain_render(const char *trace, bool as_table, bool want_colour, struct text *out,
                   struct err *e);

#endif
