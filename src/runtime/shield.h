/* shield.h - our own program file, out of a container's reach (rule R10).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_SHIELD_H
#define RUNTIME_SHIELD_H

#include <stdbool.h>

#include "base/error.h"

/* Whether we are the copy that shield_self() makes: executed by a descriptor, of a file that
 * nobody can write to. */
bool shield_is_up(void);

/* For a program that enters containers, before it does, and unless shield_is_up(): starts it
 * over, with these arguments and our environment, from a copy that cannot be written through
 * /proc/self/exe. Does not return, but with 0 where the file lies on a read-only mount. */
int shield_self(char **argv, struct err *e);

#endif
