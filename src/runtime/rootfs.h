/* rootfs.h - the container's root gets its place in the child's own mount namespace.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_ROOTFS_H
#define RUNTIME_ROOTFS_H

#include "base/error.h"
#include "oci/spec.h"

/* Cuts the mount namespace loose from the host's (nothing mounted here shows up there),
 * attaches the root: root_mount, a detached mount, or if that is NO_FD a copy of the mount
 * at spec->root.path (relative to bundle). Returns a descriptor of the root directory. */
int rootfs_attach(int root_mount, int bundle, const struct oci_spec *spec, struct err *e);

/* A detached copy of the mount at spec->root.path: for the parent, where the child could not
 * get there. */
int rootfs_open(int bundle, const struct oci_spec *spec, struct err *e);

/* After pivot_root: root.readonly and linux.rootfsPropagation. */
int rootfs_finish(const struct oci_spec *spec, struct err *e);

/* The parent's check of linux.rootfsPropagation. */
int rootfs_check(const struct oci_spec *spec, struct err *e);

#endif
