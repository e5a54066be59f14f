/* shield.h - our own program files, out of a container's reach (rule R10).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_SHIELD_H
#define RUNTIME_SHIELD_H

#include <stdbool.h>

#include "base/error.h"

/* Whether our file is one that nobody can write to through us: the copy that shield_self()
 * makes, or one on a read-only mount. */
bool shield_is_up(void);

/* For a program that enters containers, before it does, and unless shield_is_up(): starts it
 * over, with these arguments and our environment, from a copy that cannot be written through
 * /proc/self/exe. Returns on failure only. */
int shield_self(char **argv, struct err *e);

/* For who starts a program of ours that enters containers: *ret is a descriptor to execute
 * (close-on-exec, the caller's) of a copy of the program that cannot be written through either,
 * or NO_FD where the file lies on a read-only mount and needs none. */
int shield_open(const char *program, int *ret, struct err *e);

#endif
