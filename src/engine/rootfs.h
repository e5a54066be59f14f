/* rootfs.h - a container's files, for reading: what it changed, what it stands on, and both
 * as one tree.
 *
 * Each gives a descriptor; nothing is mounted anywhere. Mounts of the container (volumes,
 * /proc, its /etc/hosts) are in none of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_ROOTFS_H
#define ENGINE_ROOTFS_H

#include "base/error.h"
#include "engine/paths.h"
#include "engine/record.h"

/* The upper directory of its overlay, also of a running `run --rm` container. */
int rootfs_open_upper(const struct engine *engine, const struct record *record,
                      struct err *e);

/* The image's layers, merged, read-only. */
int rootfs_open_lower(const struct engine *engine, const struct record *record,
                      struct err *e);

/* What the container sees below its mounts: of a running one the very overlay that it
 * writes to, of another one the same stacked anew, read-only. */
int rootfs_open_merged(const struct engine *engine, const struct record *record,
                       struct err *e);

#endif
