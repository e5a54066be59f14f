/* inspect.h - all there is to know of a container, under Docker's names.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_INSPECT_H
#define ENGINE_INSPECT_H

#include "engine/record.h"

/* The record with its present State and what follows from it, in the order of Docker's
 * inspect; nodes belong to doc. */
struct json *engine_inspect(const struct engine *engine, const struct record *record,
                            struct json_doc *doc);

#endif
