/* wait.h - until a container ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_WAIT_H
#define ENGINE_WAIT_H

#include <stdint.h>

#include "engine/record.h"

#define WAIT_FOREVER (-1)

/* Waits until it does not run; its exit status to *ret. One that does not run answers at
 * once with its last status. 1, or 0 if timeout_ms passed. */
int engine_wait(const struct engine *engine, const struct record *record, int timeout_ms,
                int *ret_status, struct err *e);

/* The same on a socket that is connected already (launch_attach): so that a signal can be
 * sent between the two and no end is missed. */
int wait_on(const struct engine *engine, const struct record *record, int socket,
            int timeout_ms, int *ret_status, struct err *e);

#endif
