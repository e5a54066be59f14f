/* rootfs.c - see rootfs.h; mount_namespaces(7), "Shared subtrees".
 *
 * The root is attached on top of "/": a place that every machine has, and of no matter,
 * because pivot_root(2) drops what lies under it a moment later. Only hooks that run before
 * that look for it where the bundle has it, and then it is attached there.
 *
 * Workshop: 02_mount_ns, 03_pivot_root
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/rootfs.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "linux/trace.h"
#include "runtime/attach.h"
#include "runtime/hooks.h"
#include "runtime/shared_root.h"

static const struct {
    const char *name;
    uint64_t propagation;
    bool is_recursive;
} propagations[] = {
    {"private",     MS_PRIVATE,    false},
    {"rprivate",    MS_PRIVATE,    true },
    {"slave",       MS_SLAVE,      false},
    {"rslave",      MS_SLAVE,      true },
    {"shared",      MS_SHARED,     false},
    {"rshared",     MS_SHARED,     true },
    {"unbindable",  MS_UNBINDABLE, false},
    {"runbindable", MS_UNBINDABLE, true },
};

/* The index of linux.rootfsPropagation, or -1: there is none; -EINVAL: unknown. */
enum { NONE = -1 };
static int
propagation_index(const struct oci_spec *spec)
{
    const char *name = spec->linux_.rootfs_propagation;
    if (!name || !*name)
        return NONE;
    for (size_t i = 0; i < ARRAY_LEN(propagations); i++)
        if (str_eq(propagations[i].name, name))
            return (int)i;
    return -EINVAL;
}

int
rootfs_check(const struct oci_spec *spec, struct err *e)
{
    if (propagation_index(spec) == -EINVAL)
        return err_set(e, ERR_INVALID, "linux.rootfsPropagation: unknown word: %s",
                       spec->linux_.rootfs_propagation);
    return 0;
}

int
rootfs_open(int bundle, const struct oci_spec *spec, struct err *e)
{
    LX_STEP("take the bundle's directory as the container's root", "03_pivot_root");
    auto_free char *directory = str_format("%s/.", spec->root.path); /* and nothing else */
    int root = attach_clone(bundle >= 0 ? bundle : AT_FDCWD, directory, true);
    return err_sys(e, root, "root.path: open %s", spec->root.path);
}

/* Without open_tree(2) the directory is bound on itself. */
static int
copy_root(int bundle, const struct oci_spec *spec, struct err *e)
{
    const char *path = spec->root.path;
    int dir = bundle >= 0 ? bundle : AT_FDCWD;
    int root = rootfs_open(bundle, spec, e);
    if (root != -ENOSYS)
        return root;

    auto_close int source = lx_openat(dir, path, O_PATH | O_DIRECTORY, 0);
    TRY(err_sys(e, source, "root.path: open %s", path));
    struct target self = {.root = source, .path = "/", .fd = source};
    TRY(attach_bind(source, &(struct mount_options){.is_recursive = true}, &self,
                    "root.path", e));
    return err_sys(e, lx_openat(dir, path, O_PATH | O_DIRECTORY, 0), "root.path: open %s",
                   path);
}

/* Where the root's mount goes: NO_FD for "/". */
static int
open_place(int root_mount, int bundle, const struct oci_spec *spec, struct err *e)
{
    bool is_lost = bundle < 0 && spec->root.path && spec->root.path[0] != '/';
    if (!spec->root.path || is_lost || !hooks_want_stop(spec))
        return NO_FD;
    int place = lx_openat(bundle >= 0 ? bundle : AT_FDCWD, spec->root.path,
                          O_PATH | O_DIRECTORY, 0);
    if (place == -EACCES && root_mount >= 0)
        return NO_FD; /* opened by root for us: our user namespace cannot get there */
    return err_sys(e, place, "root.path: open %s", spec->root.path);
}

/* Alone, so that nothing that is mounted in the root reaches a peer of it on the host. As a
 * slave, if the configuration wants that, it still gets what is mounted there. */
static int
cut_loose(int root, const struct oci_spec *spec)
{
    int i = propagation_index(spec);
    bool is_slave = i >= 0 && propagations[i].propagation == MS_SLAVE;
    uint64_t propagation = is_slave ? MS_SLAVE : MS_PRIVATE;
    struct lx_mount_attr attr = {.propagation = propagation};
    int r = lx_mount_setattr(root, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr);
    if (r != -ENOSYS)
        return r;
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", root);
    return lx_mount(NULL, path, NULL, propagation | MS_REC, NULL);
}

/* On its own path, in a namespace that is not ours alone: nothing else there is touched. */
static int
attach_in_place(int bundle, const struct oci_spec *spec, struct err *e)
{
    LX_STEP("mount the container's root on its own path: the mount namespace is shared",
            "");
    auto_close int root = copy_root(bundle, spec, e);
    TRY(root);
    auto_close int place = lx_openat(bundle >= 0 ? bundle : AT_FDCWD, spec->root.path,
                                     O_PATH | O_DIRECTORY, 0);
    TRY(err_sys(e, place, "root.path: open %s", spec->root.path));
    int r = lx_move_mount(root, "", place, "");
    if (r != -ENOSYS) /* then copy_root has put it in its place already */
        TRY(err_sys(e, r, "attach the container's root"));
    TRY(err_sys(e, cut_loose(root, spec), "make the root's mount private"));
    return take_fd(&root);
}

int
rootfs_attach(int root_mount, int bundle, const struct oci_spec *spec, struct err *e)
{
    if (shared_root_is_wanted(spec))
        return attach_in_place(bundle, spec, e);
    LX_STEP("cut our mounts loose: nothing mounted from here on reaches the host",
            "02_mount_ns");
    TRY(err_sys(e, lx_mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL),
                "make all mounts slaves"));
    auto_close int root = root_mount >= 0 ? lx_openat(root_mount, ".", O_PATH, 0)
                                          : copy_root(bundle, spec, e);
    TRY(root_mount >= 0 ? err_sys(e, root, "open the root's mount") : root);

    auto_close int place = open_place(root_mount, bundle, spec, e);
    TRY(place == NO_FD ? 0 : place);
    LX_STEP("attach the container's root, out of sight on top of \"/\"", "03_pivot_root");
    int mount = root_mount >= 0 ? root_mount : root;
    int r = place >= 0 ? lx_move_mount(mount, "", place, "")
                       : lx_move_mount(mount, "", AT_FDCWD, "/");
    if (r != -ENOSYS) /* then copy_root has put it in its place already */
        TRY(err_sys(e, r, "attach the container's root"));
    TRY(err_sys(e, cut_loose(mount, spec), "make the root's mount private"));
    return take_fd(&root);
}

int
rootfs_finish(const struct oci_spec *spec, struct err *e)
{
    LX_STEP("the root's last attributes", "03_pivot_root");
    int i = propagation_index(spec);
    if (i >= 0)
        TRY(err_sys(e,
                    lx_mount(NULL, "/", NULL,
                             propagations[i].propagation |
                                 (propagations[i].is_recursive ? MS_REC : 0),
                             NULL),
                    "linux.rootfsPropagation: make the root %s", propagations[i].name));
    if (!spec->root.readonly)
        return 0;
    struct lx_mount_attr attr = {.set = MOUNT_ATTR_RDONLY};
    int r = lx_mount_setattr(AT_FDCWD, "/", 0, &attr);
    if (r == -ENOSYS)
        r = lx_mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
    return err_sys(e, r, "root.readonly: make the root read-only");
}
