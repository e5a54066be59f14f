/* helper.h - commands whose work a helper program does.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_HELPER_H
#define CLI_HELPER_H

#include "base/error.h"
#include "base/text.h"

/* Becomes libexec/sampan/<program> (execve): argv[0] is the program's verb ("load"), the
 * rest its arguments. root and state, where given, go along as SAMPAN_ROOT and SAMPAN_STATE.
 * Returns only on failure. */
int helper_exec(const char *program, char *const *argv, const char *root, const char *state,
                struct err *e);

/* The same as a process of its own, waited for: its exit status, 128 + n for
 * signal n, and
 * in answer what it wrote to standard output, at most 64 KiB. */
int helper_ask(const char *program, char *const *argv, const char *root, const char *state,
               struct text *answer, struct err *e);

#endif
