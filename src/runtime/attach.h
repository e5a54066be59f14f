/* attach.h - making a mount and putting it at a place below a container's root.
 *
 * A mount is made without a place (fsmount, open_tree), gets its attributes, and is then
 * moved onto a descriptor of its target. The target is opened with the container's root as
 * "/" by the kernel itself, so no link in an image leads outside, and nothing can change
 * between looking and mounting (rules R6, R7).
 *
 * Where a kernel, or a filter around us, has not the new calls (ENOSYS), mount(2) does it
 * through /proc/self/fd/N: the same descriptor, named by a path.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_ATTACH_H
#define RUNTIME_ATTACH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/mount_words.h"

/* Where a mount goes. Close fd (fd_close) when done; root and path are borrowed. */
struct target {
    int root;            /* the container's "/" */
    const char *path;    /* in it; relative paths count from "/" too */
    bool may_be_no_link; /* it must be a directory itself: a link there is an attack */
    int fd;              /* opened by attach_open_target */
};

/* Opens path below root (O_PATH), made with its parents if it is not there: a directory,
 * or an empty file. */
int attach_open_target(struct target *target, bool is_directory, struct err *e);

/* The same for a directory that is made if missing, with this mode. */
int attach_make_directory(int root, const char *path, mode_t mode, struct err *e);

/* Makes one directory below an open one of ours, if missing, and opens it (O_PATH). Returns
 * -errno without words in an err. */
int attach_make_below(int dir, const char *name, mode_t mode);

/* Opens the parent directory of path below root, made if missing; *ret_name points to the
 * last component, inside path. */
int attach_open_parent(int root, const char *path, const char **ret_name, struct err *e);

/* A new mount of a file system, with options, that is nowhere yet; and its place. -ENOSYS:
 * only attach_filesystem can make it here. */
int attach_make_filesystem(const char *type, const char *source,
                           const struct mount_options *options, const char *field,
                           struct err *e);
int attach_made_filesystem(int mount, const char *type, const struct target *target,
                           const char *field, struct err *e);

/* A new mount of a file system, with options, on target. Returns a descriptor of its root
 * directory. `field` is named in errors ("mounts[3]"). */
int attach_filesystem(const char *type, const char *source,
                      const struct mount_options *options, const struct target *target,
                      const char *field, struct err *e);

/* A detached copy of the mount at path (relative: from dir_fd; "": dir_fd itself), with
 * all mounts below if is_recursive. -ENOSYS is passed on without words in e. */
int attach_clone(int dir_fd, const char *path, bool is_recursive);

/* A descriptor belongs to the mount namespace that it was opened in, and only mounts of our
 * own can be copied: opens by its path the directory that fd is open on, after a change of
 * namespace, and makes sure that it is the same one (else -ESTALE). path: if it is known. */
int attach_reopen(int fd, const char *path);

/* Puts a detached mount on target, with options. */
int attach_mount(int mount, const struct mount_options *options,
                 const struct target *target, const char *field, struct err *e);

/* Clone and mount in one, by mount(2) where there is no open_tree. source: a descriptor. */
int attach_bind(int source, const struct mount_options *options,
                const struct target *target, const char *field, struct err *e);

/* "remount": changes flags and data of what is mounted on target; with "bind" only the
 * flags of that one mount. */
int attach_remount(const struct mount_options *options, const struct target *target,
                   const char *field, struct err *e);

/* A mount that is complete now. */
int attach_set_read_only(int mount, const char *field, struct err *e);

#endif
