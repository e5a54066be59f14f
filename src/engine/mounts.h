/* mounts.h - a container's mounts: the kernel's file systems, and what the user binds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_MOUNTS_H
#define ENGINE_MOUNTS_H

#include "engine/record.h"

/* Sets root's "mounts" from HostConfig's Binds, Mounts and Tmpfs. A missing source of a
 * Binds entry is made, with a line in warnings; one of Mounts is an error. */
int mounts_add(const struct engine *engine, const struct record *record,
               struct json_doc *doc, struct json *root, struct list *warnings,
               struct err *e);

/* What inspect calls Mounts: [{ Type, Source, Destination, Mode, RW, Propagation }] from
 * the same fields. Wrong ones are left out: mounts_add has refused them. */
struct json *mounts_describe(struct json_doc *doc, const struct json *host);

#endif
