/* start.h - a created or ended container runs (again).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_START_H
#define ENGINE_START_H

#include "engine/launch.h"

/* lock_fd: its lock if the caller holds it (engine_create gave it), else NO_FD. Returns
 * the socket to the monitor. ERR_CONFLICT when it runs already. */
int engine_start(const struct engine *engine, const struct record *record, int lock_fd,
                 const struct launch_options *options, struct err *e);

/* Is the built-in seccomp profile wanted, by HostConfig? */
bool start_wants_seccomp(const struct json *host);

#endif
