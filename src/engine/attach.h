/* attach.h - one more listener for a running container.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_ATTACH_H
#define ENGINE_ATTACH_H

#include <stdint.h>

#include "engine/paths.h"

/* Connects to the monitor of container `id` and asks for ATTACH_* (monitor/protocol.h; 0:
 * only to hear of the end). ERR_CONFLICT if nobody answers: it has ended. Returns the
 * socket. */
int engine_attach(const struct engine *engine, const char *id, uint32_t attach,
                  struct err *e);

#endif
