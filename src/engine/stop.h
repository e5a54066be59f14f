/* stop.h - a container is asked to end, and made to.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_STOP_H
#define ENGINE_STOP_H

#include "engine/record.h"

#define STOP_AS_CONFIGURED INT32_MIN

/* signal: a word, or NULL for the container's own (StopSignal, else SIGTERM). seconds: how
 * long it has before SIGKILL; < 0: for ever; STOP_AS_CONFIGURED: its StopTimeout, else 10.
 * One that does not run is fine as it is. */
int engine_stop(const struct engine *engine, const struct record *record,
                const char *signal, int seconds, struct err *e);

/* SIGKILL, and waits for the end. */
int stop_at_once(const struct engine *engine, const struct record *record, struct err *e);

#endif
