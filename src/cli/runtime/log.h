/* log.h - what sampan-runtime tells engines: lines in --log.
 *
 * Engines read the file's last line of level "error" for what went wrong, as text or JSON
 * with the members level, msg and time, as runc and crun write them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_RUNTIME_LOG_H
#define CLI_RUNTIME_LOG_H

#include "base/error.h"
#include "cli/runtime/arguments.h"

/* The failure of a verb: on standard error, and in --log if there is one. */
void log_failure(const struct arguments *a, const struct err *failure);

/* Something that the user should know and that did not end the verb: in --log, or on standard
 * error where there is none. */
void log_warning(const struct arguments *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* --debug or --log-level=debug: from here on every kernel call becomes a line. */
void log_calls_if_asked(const struct arguments *a);

#endif
