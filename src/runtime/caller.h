/* caller.h - on whose behalf we run.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_CALLER_H
#define RUNTIME_CALLER_H

#include <stdbool.h>

/* Whether we are the machine's root: user 0 of the first user namespace. Root of another user
 * namespace, as which engines run for ordinary users, is an ordinary user outside: cgroups
 * and /run are not theirs (user_namespaces(7)). */
bool caller_is_root(void);

#endif
