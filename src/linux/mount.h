/* mount.h - mounts, by the old call and by the new ones, and pivot_root.
 *
 * The new calls (fsopen, fsconfig, fsmount, open_tree, move_mount: Linux 5.2;
 * mount_setattr: 5.12) work on descriptors: a file system is made, given its attributes
 * and only then attached, at a place that was opened safely before. The old mount(2)
 * follows a path at the moment of the call; it remains as the fallback.
 *
 * All return >= 0 (a descriptor, close-on-exec, where one is opened) or -errno.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINUX_MOUNT_H
#define LINUX_MOUNT_H

#include <fcntl.h>
#include <linux/mount.h> /* MS_*, MOUNT_ATTR_*, MOVE_MOUNT_*, OPEN_TREE_CLONE, FSCONFIG_* */
#include <stdint.h>

#ifndef MNT_DETACH
#define MNT_FORCE       1
#define MNT_DETACH      2
#define MNT_EXPIRE      4
#define UMOUNT_NOFOLLOW 8
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* mount(2). source, type and data may be NULL. */
int lx_mount(const char *source, const char *target, const char *type, unsigned long flags,
             const char *data);
int lx_umount2(const char *target, int flags);

/* fsopen(2), fsconfig(2) with each command we need, fsmount(2). A value is at most 255
 * bytes long: the kernel's limit for FSCONFIG_SET_STRING. */
int lx_fsopen(const char *type);
int lx_fsconfig_string(int fs_fd, const char *key, const char *value);
int lx_fsconfig_flag(int fs_fd, const char *key);
int lx_fsconfig_create(int fs_fd);
int lx_fsmount(int fs_fd, unsigned attributes); /* MOUNT_ATTR_* */

/* The kernel's own words about the last failure on fs_fd ("overlay: ..."), without the
 * "e " before them, into buf; "" if it has none. Returns buf. */
const char *lx_fs_message(int fs_fd, char *buf, size_t size);

/* open_tree(2); OPEN_TREE_CLOEXEC is added. */
int lx_open_tree(int dir_fd, const char *path, unsigned flags);

/* move_mount(2). "" with MOVE_MOUNT_F_EMPTY_PATH / T_EMPTY_PATH (added here when the
 * path is empty) means the descriptor itself. */
int lx_move_mount(int from_fd, const char *from, int to_fd, const char *to);

/* mount_setattr(2): attributes MOUNT_ATTR_* to set and clear, propagation MS_PRIVATE etc.
 * or 0, user namespace for MOUNT_ATTR_IDMAP or -1. flags: AT_RECURSIVE, AT_EMPTY_PATH.
 * -ENOSYS before Linux 5.12. */
struct lx_mount_attr {
    uint64_t set, clear, propagation;
    int userns_fd; /* with MOUNT_ATTR_IDMAP only */
};
int lx_mount_setattr(int dir_fd, const char *path, unsigned flags,
                     const struct lx_mount_attr *attr);

int lx_pivot_root(const char *new_root, const char *put_old);

#endif
