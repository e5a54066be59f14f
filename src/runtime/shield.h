/* shield.h - our own program file, out of a container's reach (rule R10).
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

#endif
