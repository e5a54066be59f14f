/* unpause.h - a paused container goes on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_UNPAUSE_H
#define ENGINE_UNPAUSE_H

#include "engine/record.h"

/* ERR_CONFLICT when it is not paused. */
int engine_unpause(const struct engine *engine, const struct record *record, struct err *e);

#endif
