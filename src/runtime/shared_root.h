/* shared_root.h - the root of a container that lives in somebody else's mount namespace.
 *
 * config.json may list no mount namespace, or one by its path. Then there is no namespace that
 * takes the container's mounts along when it ends, and no root that pivot_root(2) could
 * exchange without taking everybody else's away. So the root is a mount of its own on root.path,
 * everything else lies below it, the container is chroot'ed into it, and whoever removes the
 * container unmounts it: by its id, for another mount may be there by then.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_SHARED_ROOT_H
#define RUNTIME_SHARED_ROOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/spec.h"

struct shared_root {
    char place[512]; /* where it is mounted; "": the container has a namespace of its own */
    char mount_ns[256]; /* the namespace's path; "": the caller's own */
    uint64_t before;    /* the mount that was there before */
    uint64_t mount;     /* the container's; 0: not there yet */
};

/* Whether config.json wants it so. */
bool shared_root_is_wanted(const struct oci_spec *spec);

/* Parent, before the child is made: where the root will be. Does nothing for a container with
 * a mount namespace of its own. */
int shared_root_locate(struct shared_root *ret, const char *bundle,
                       const struct oci_spec *spec, struct err *e);

/* Parent, once the child has said that it is ready, or has failed: remembers its mount. */
int shared_root_remember(struct shared_root *root, struct err *e);

/* Unmounts it with all that is below. A namespace that is gone has taken it along. */
int shared_root_detach(struct shared_root *root, struct err *e);

/* Another process of the container, after it has joined the namespaces: into the same root.
 * root: a descriptor of /proc/PID/root of the container's first process. */
int shared_root_enter(int root, struct err *e);

#endif
