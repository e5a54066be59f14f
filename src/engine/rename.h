/* rename.h - another name for a container.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_RENAME_H
#define ENGINE_RENAME_H

#include "engine/record.h"

/* ERR_CONFLICT when the name is taken, or for a running --rm container, whose monitor
 * knows it by its name. */
int engine_rename(const struct engine *engine, const struct record *record,
                  const char *name, struct err *e);

#endif
