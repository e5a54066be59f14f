/* masks.c - see masks.h.
 *
 * A masked directory gets an empty read-only tmpfs: one is made, the others are copies of
 * it. A masked file gets the machine's own /dev/null, whose descriptor was checked: the
 * container's is a path that an image could have prepared (CVE-2025-31133).
 *
 * Child, everything mounted, before pivot_root.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/masks.h"

#include <stdbool.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "linux/trace.h"
#include "runtime/attach.h"

/* Opens it below root: 1, or 0 if it is not there. */
static int
open_if_there(struct target *target, struct err *e)
{
    target->fd = lx_open_in_root(target->root, target->path, O_PATH, 0);
    if (target->fd == -ENOENT || target->fd == -ENOTDIR)
        return 0;
    TRY(err_sys(e, target->fd, "open %s", target->path));
    return 1;
}

/* The first masked directory gets the tmpfs itself, the others get copies of it. */
static int
cover_directory(const struct target *target, int *empty, struct err *e)
{
    if (*empty >= 0)
        return attach_bind(*empty, &(struct mount_options){.set = MOUNT_ATTR_RDONLY},
                           target, target->path, e);
    auto_mount_options options = {.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
                                         MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
    list_add(&options.data, "size=0");
    list_add(&options.data, "nr_inodes=2");
    *empty = attach_filesystem("tmpfs", "tmpfs", &options, target, target->path, e);
    return *empty < 0 ? *empty : 0;
}

static int
mask(const struct target *target, int null, int *empty, struct err *e)
{
    struct stat st;
    TRY(err_sys(e, lx_fstatat(target->fd, "", &st, AT_EMPTY_PATH), "look at %s",
                target->path));
    if (S_ISDIR(st.st_mode))
        return cover_directory(target, empty, e);
    return attach_bind(null, &(struct mount_options){.set = MOUNT_ATTR_RDONLY}, target,
                       target->path, e);
}

static int
mask_all(int root, const struct list *paths, int null, struct err *e)
{
    auto_close int empty = NO_FD;
    for (size_t i = 0; i < paths->n; i++) {
        struct target target = {.root = root, .path = paths->v[i], .fd = NO_FD};
        int there = open_if_there(&target, e);
        int r = there > 0 ? mask(&target, null, &empty, e) : there;
        fd_close(&target.fd);
        if (r < 0)
            return err_wrap(e, r, "linux.maskedPaths[%zu]", i);
    }
    return 0;
}

static int
make_read_only(int root, const struct list *paths, struct err *e)
{
    struct mount_options options = {.set = MOUNT_ATTR_RDONLY, .is_recursive = true};
    for (size_t i = 0; i < paths->n; i++) {
        struct target target = {.root = root, .path = paths->v[i], .fd = NO_FD};
        int there = open_if_there(&target, e);
        int r = there > 0 ? attach_bind(target.fd, &options, &target, target.path, e)
                          : there;
        fd_close(&target.fd);
        if (r < 0)
            return err_wrap(e, r, "linux.readonlyPaths[%zu]", i);
    }
    return 0;
}

int
masks_apply(int root, const struct oci_linux *spec, int null, struct err *e)
{
    LX_STEP("make the kernel's switches read-only", "02_mount_ns");
    TRY(make_read_only(root, &spec->readonly_paths, e));
    LX_STEP("hide what tells about, or changes, the whole machine", "02_mount_ns");
    return mask_all(root, &spec->masked_paths, null, e);
}
