/* cgroup_owner.h - a container's own root may arrange its processes in sub-groups.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_CGROUP_OWNER_H
#define RUNTIME_CGROUP_OWNER_H

#include "base/error.h"
#include "oci/spec.h"
#include "runtime/cgroup.h"

/* Gives the container's v2 group to the user that its process is on the host, where
 * config-linux.md, "Cgroup ownership", wants that: on cgroup v2 alone, with a new cgroup
 * namespace, and /sys/fs/cgroup mounted for writing. Its limits stay ours. */
int cgroup_give_away(const struct cgroup *cgroup, const struct oci_spec *spec,
                     struct err *e);

#endif
