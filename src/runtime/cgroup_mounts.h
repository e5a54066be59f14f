/* cgroup_mounts.h - what a container sees at /sys/fs/cgroup.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_CGROUP_MOUNTS_H
#define RUNTIME_CGROUP_MOUNTS_H

#include "base/error.h"
#include "oci/spec.h"
#include "runtime/attach.h"
#include "runtime/cgroup.h"

/* Puts the hierarchies of this machine on target (linux.namespaces tells whether the
 * container has a cgroup namespace of its own). */
int cgroup_mounts_attach(const struct target *target, const struct mount_options *options,
                         const struct oci_spec *spec, const struct cgroup *cgroup,
                         struct err *e);

#endif
