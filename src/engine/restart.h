/* restart.h - a container ends and begins anew.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_RESTART_H
#define ENGINE_RESTART_H

#include "engine/record.h"

/* signal and seconds as in engine_stop. One that does not run is just started. */
int engine_restart(const struct engine *engine, const char *name, const char *signal,
                   int seconds, struct err *e);

#endif
