/* masks.h - parts of /proc and /sys that a container must not see, or not change.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_MASKS_H
#define RUNTIME_MASKS_H

#include "base/error.h"
#include "oci/spec.h"

/* Covers linux.maskedPaths and makes linux.readonlyPaths read-only, below root. Paths that
 * are not there need nothing. null: from devices_open_null. */
int masks_apply(int root, const struct oci_linux *spec, int null, struct err *e);

#endif
