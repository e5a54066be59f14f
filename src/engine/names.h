/* names.h - names of containers, each taken once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_NAMES_H
#define ENGINE_NAMES_H

#include "engine/ids.h"
#include "engine/paths.h"

/* Makes names/<name> point to id: 0, -EEXIST when it is taken, or another -errno. */
int name_take(const struct engine *engine, const char *name, const char *id);

/* Gives it back, if it (still) points to id. */
void name_give(const struct engine *engine, const char *name, const char *id);

/* The id that a name points to: 0, -ENOENT, or another -errno. */
int name_look_up(const struct engine *engine, const char *name, char ret[ID_LEN + 1]);

#endif
