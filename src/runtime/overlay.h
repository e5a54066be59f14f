/* overlay.h - an image's layers and a container's own files as one tree.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_OVERLAY_H
#define RUNTIME_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define OVERLAY_LOWER_MOST 125

struct overlay_plan {
    const int *lower; /* directories, the topmost first; opened in our mount namespace */
    size_t n_lower;   /* 1 to OVERLAY_LOWER_MOST */
    int upper, work;  /* of one file system, work empty; NO_FD both: read-only */
    bool is_volatile; /* nothing is ever synced: after a crash the upper is lost */
};

/* Mounts it, attached nowhere: returns the mount's descriptor, for container_plan.root_mount
 * (or open_tree, or to be closed again). */
int overlay_open(const struct overlay_plan *plan, struct err *e);

#endif
