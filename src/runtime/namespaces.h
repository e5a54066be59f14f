/* namespaces.h - which namespaces are new, which are joined, and their first settings.
 *
 * All new ones come from the one clone3 that makes the child, so that they cost one pass
 * through the kernel. Some cannot be had that way:
 *     cgroup   must be unshared after the child has joined its cgroups: they become its root
 *     time     takes its offsets before the first process enters: the parent unshares
 *     pid      of somebody else: setns(2) changes what the *children* get: the parent joins
 *     user     new: ends the child's rights over what it did not make itself, so the parent
 *              joins, for the moment of clone3, whatever is to be joined
 *     user     of somebody else: the new ones shall belong to it, so it comes first, and there
 *              is no way back: a helper goes in and makes the child from there (hop.h)
 *
 * Workshop: 05_uts_namespace, 06_pid_namespace, 07_net_namespace
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_NAMESPACES_H
#define RUNTIME_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/spec.h"

/* Refuses what contradicts itself: a hostname without a namespace of its own, mappings
 * without a user namespace, ... */
int namespaces_check(const struct oci_spec *spec, struct err *e);

/* The CLONE_NEW... flags for clone3. */
uint64_t namespaces_clone_flags(const struct oci_spec *spec);

/* Parent, before and after clone3: what its children shall get, and back again. */
struct namespaces_detour {
    struct {
        int type, fd;
    } own[7]; /* namespaces to come back to */
    size_t n;
};
int namespaces_leave(const struct oci_spec *spec, struct namespaces_detour *ret,
                     struct err *e);
int namespaces_return(struct namespaces_detour *detour, struct err *e);

/* Child: joins the ones given by path, those of namespaces_leave excepted. */
int namespaces_join(const struct oci_spec *spec, struct err *e);

/* Helper of a container whose user namespace is somebody else's: joins it, and every other
 * one that is given by path; each with the rights over it from here or, failing that, from
 * there. */
int namespaces_join_from_helper(const struct oci_spec *spec, struct err *e);
bool namespaces_join_user(const struct oci_spec *spec); /* is it somebody else's? */
bool namespaces_have_user(const struct oci_spec *spec); /* or a new one? */

/* Child, in its user namespace: becomes the first user and group of it, 0 where that is
 * mapped, for only a mapped id may own files there. */
int namespaces_become_root(const struct oci_spec *spec, struct err *e);

/* Child, after it has joined its cgroups. */
int namespaces_unshare_cgroup(const struct oci_spec *spec, struct err *e);

/* Child: hostname and domain name; the loopback of a new network namespace goes up. */
int namespaces_settle(const struct oci_spec *spec, struct err *e);

/* Whether the child waits for its ids to be mapped; parent: writes the maps. */
bool namespaces_want_ids(const struct oci_spec *spec);
int namespaces_map_ids(const struct oci_spec *spec, pid_t pid, struct err *e);

#endif
