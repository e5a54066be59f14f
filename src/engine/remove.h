/* remove.h - a container and all it has on disk go.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_REMOVE_H
#define ENGINE_REMOVE_H

#include "engine/record.h"

/* ERR_CONFLICT for one that runs, unless is_forced: then it is killed first. */
int engine_remove(const struct engine *engine, const struct record *record, bool is_forced,
                  struct err *e);

/* Undoes engine_create for a container that could not be started and should not stay. */
void remove_unstarted(const struct engine *engine, const struct record *record);

#endif
