/* mounts.h - the mounts of config.json, in its order.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_MOUNTS_H
#define RUNTIME_MOUNTS_H

#include <stddef.h>

#include "base/error.h"
#include "oci/spec.h"
#include "runtime/cgroup.h"
#include "runtime/mount_words.h"

/* One entry of spec->mounts with its words read, and a bind's source as a detached copy
 * (or, without open_tree, as a descriptor). */
struct mounts_entry {
    const struct oci_mount *spec;
    char field[96]; /* "mounts[3] (/etc/hosts)", for errors */
    struct mount_options options;
    int source;             /* NO_FD if it is no bind */
    bool is_detached;       /* source is a detached mount */
    int made;               /* a file system that is not attached yet, or NO_FD */
    bool is_directory;      /* what the target must be */
    bool is_read_only_late; /* a tmpfs may be written until everything is in its place */
    int late;               /* it, until then */
};
struct mounts {
    const struct oci_spec *spec;
    struct mounts_entry *v;
    size_t n;
};
#define auto_mounts __attribute__((cleanup(mounts_done))) struct mounts
void mounts_done(struct mounts *mounts);

/* Reads all option words; touches nothing. For the parent: errors before clone3. */
int mounts_parse(const struct oci_spec *spec, struct mounts *ret, struct err *e);

/* Parent, in the host's user namespace: opens the sources that get other owners (idmapped
 * mounts) and gives them these. */
int mounts_open_mapped(struct mounts *mounts, int bundle, struct err *e);

/* Parent, where the child could not get there: copies the sources of the other binds. */
int mounts_open_sources(struct mounts *mounts, int bundle, struct err *e);

/* Child, as soon as it is in its mount namespace: copies the sources that are not open yet,
 * while the host's paths are there and "shared" still means shared with the host; and makes the
 * file systems. One after the other as config.json lists them: /proc/self/mountinfo of newer
 * kernels (6.8) lists mounts by their age. */
int mounts_make(struct mounts *mounts, int bundle, struct err *e);

/* Child, once root is attached: puts everything in its place below root. cgroup: where the
 * container lives. */
int mounts_attach(struct mounts *mounts, int root, const struct cgroup *cgroup,
                  struct err *e);

#endif
