/* pivot.h - leave the old root for good.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_PIVOT_H
#define RUNTIME_PIVOT_H

#include "base/error.h"

/* Makes new_root, a mount that is attached in our own mount namespace, the root of it and
 * drops everything else. We stand in the new "/" after. */
int pivot_enter(int new_root, struct err *e);

/* The way without pivot_root(2), for a root that lives on the initial ramfs (OCI
 * --no-pivot): the old mounts stay below, out of sight but not gone. */
int pivot_enter_by_chroot(int new_root, struct err *e);

#endif
