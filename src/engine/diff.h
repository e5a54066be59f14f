/* diff.h - what a container changed in the files of its image.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_DIFF_H
#define ENGINE_DIFF_H

#include "engine/record.h"

/* Adds a line "A /path", "C /path" or "D /path" for each change, by path, as Docker tells
 * them: a directory in which something came or went is changed. */
int engine_diff(const struct engine *engine, const struct record *record,
                struct list *ret_lines, struct err *e);

#endif
