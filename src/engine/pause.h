/* pause.h - a container stands still.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_PAUSE_H
#define ENGINE_PAUSE_H

#include "engine/record.h"

/* ERR_CONFLICT when it does not run, or is paused already. */
int engine_pause(const struct engine *engine, const struct record *record, struct err *e);

/* The file, below the live root, that says so while it is; the caller frees. */
char *pause_marker(const struct record *record);

#endif
