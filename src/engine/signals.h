/* signals.h - a signal's name to its number.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_SIGNALS_H
#define ENGINE_SIGNALS_H

#include "base/error.h"

/* "TERM", "SIGTERM", "15", "RTMIN+3" -> the number; ERR_INVALID "Invalid signal: X". */
int signal_parse(const char *word, int *ret, struct err *e);

#endif
