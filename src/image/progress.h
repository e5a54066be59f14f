/* progress.h - what a pull or push says while it works, as Docker says it.
 *
 * On a terminal one line for each layer, rewritten in place, with a bar, what is done, how much
 * there is, and how fast; anywhere else one line for each event; quiet: nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_PROGRESS_H
#define IMAGE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct progress;

/* Writes to fd (stays the caller's). */
struct progress *progress_new(int fd, bool is_quiet);
void progress_free(struct progress *progress); /* draws the last state first */

/* A line that stays, before the layers' lines or after them. */
void progress_say(struct progress *progress, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A line of its own for a thing called id (12 letters are shown), in this state. Returns its
 * number. */
int progress_add(struct progress *progress, const char *id, const char *state);

/* A new state; total > 0: a bar. Said once: the same state again says nothing. */
void progress_state(struct progress *progress, int line, const char *state, int64_t total);
void progress_done(struct progress *progress, int line, int64_t done); /* bytes */

/* Brings the terminal up to date, at most ten times a second. */
void progress_draw(struct progress *progress);

#endif
