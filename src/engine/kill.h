/* kill.h - a signal to a container.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_KILL_H
#define ENGINE_KILL_H

#include "engine/record.h"

/* To its first process. ERR_CONFLICT when it does not run. A paused container that gets
 * SIGKILL is thawed, so that it can die. */
int engine_kill(const struct engine *engine, const struct record *record, int signal,
                struct err *e);

#endif
