/* checkpoint.c - `sampan-runtime checkpoint` and `restore`: left out, and said so.
 *
 * CRIU writes a process tree to disk and makes it again. It has to know how each runtime
 * built a container, by a library of its own; engines without it work in all other ways.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/runtime/verbs.h"

int
verb_checkpoint(const struct arguments *a, struct err *e)
{
    (void)a;
    return err_set(e, ERR_UNSUPPORTED,
                   "checkpoint and restore are not supported by sampan-runtime");
}
