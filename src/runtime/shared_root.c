/* shared_root.c - see shared_root.h; mount_namespaces(7), umount(2), proc_pid_fdinfo(5).
 *
 * The parent visits the namespace to look and to unmount, and comes back: setns(2) puts a
 * process at the root of the namespace it enters, so where it stood is kept as a descriptor.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/shared_root.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "oci/config.h"

/* ---- a visit ---- */

struct visit {
    int own, stood; /* our namespace and working directory; NO_FD: we have not left */
};

static int
visit_begin(const char *mount_ns, struct visit *ret, struct err *e)
{
    *ret = (struct visit){.own = NO_FD, .stood = NO_FD};
    if (!*mount_ns)
        return 0;
    auto_close int ns = lx_open(mount_ns, O_RDONLY);
    TRY(err_sys(e, ns, "linux.namespaces: open the mount namespace %s", mount_ns));
    auto_close int own = lx_open("/proc/self/ns/mnt", O_RDONLY);
    TRY(err_sys(e, own, "open our own mount namespace"));
    auto_close int stood = lx_open(".", O_PATH | O_DIRECTORY);
    TRY(err_sys(e, stood, "open the working directory"));
    TRY(err_sys(e, lx_setns(ns, CLONE_NEWNS),
                "linux.namespaces: visit the mount namespace %s", mount_ns));
    ret->own = take_fd(&own);
    ret->stood = take_fd(&stood);
    return 0;
}

static int
visit_end(struct visit *visit, struct err *e)
{
    if (visit->own < 0)
        return 0;
    int back = lx_setns(visit->own, CLONE_NEWNS);
    int there = back < 0 ? 0 : lx_fchdir(visit->stood);
    fd_close(&visit->own);
    fd_close(&visit->stood);
    TRY(err_sys(e, back, "return to our own mount namespace"));
    return err_sys(e, there, "return to the working directory");
}

/* ---- which mount is there ---- */

static int
mount_at(const char *place, uint64_t *ret, struct err *e)
{
    char path[48];
    auto_free char *text = NULL;
    auto_close int dir = lx_open(place, O_PATH | O_DIRECTORY);
    TRY(err_sys(e, dir, "root.path: open %s", place));
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", dir);
    TRY(err_sys(e, file_read_at(AT_FDCWD, path, 4096, &text, NULL), "read %s", path));
    char *id = strstr(text, "mnt_id:\t");
    if (!id)
        return err_set(e, ERR_SYSTEM, "%s does not tell the mount", path);
    id += strlen("mnt_id:\t");
    id[strcspn(id, "\n")] = '\0';
    return num_parse_u64(id, ret) == 0 ? 0 : err_set(e, ERR_SYSTEM, "%s: %s", path, id);
}

static int
look(const struct shared_root *root, uint64_t *ret, struct err *e)
{
    struct visit visit;
    struct err second;
    TRY(visit_begin(root->mount_ns, &visit, e));
    int r = mount_at(root->place, ret, e);
    int back = visit_end(&visit, &second);
    if (back < 0 && r >= 0)
        *e = second;
    return r < 0 ? r : back;
}

/* ---- the root ---- */

bool
shared_root_is_wanted(const struct oci_spec *spec)
{
    const struct oci_namespace *ns = oci_spec_namespace(spec, CLONE_NEWNS);
    return !ns || (ns->path && *ns->path);
}

int
shared_root_locate(struct shared_root *ret, const char *bundle, const struct oci_spec *spec,
                   struct err *e)
{
    *ret = (struct shared_root){.mount = 0};
    if (!shared_root_is_wanted(spec))
        return 0;
    const struct oci_namespace *ns = oci_spec_namespace(spec, CLONE_NEWNS);
    const char *path = spec->root.path;
    if (!path || (path[0] != '/' && !bundle))
        return err_set(e, ERR_INVALID,
                       "root.path: is missing, and a shared mount namespace needs it");
    auto_free char *place = path[0] == '/' ? str_copy(path)
                                           : str_format("%s/%s", bundle, path);
    if (strlen(place) >= sizeof ret->place ||
        (ns && strlen(ns->path) >= sizeof ret->mount_ns))
        return err_set(e, ERR_INVALID,
                       "root.path: longer than %zu bytes, in a shared mount namespace",
                       sizeof ret->place - 1);
    snprintf(ret->mount_ns, sizeof ret->mount_ns, "%s", ns ? ns->path : "");
    memcpy(ret->place, place, strlen(place) + 1);
    return look(ret, &ret->before, e);
}

int
shared_root_remember(struct shared_root *root, struct err *e)
{
    uint64_t now = 0;
    if (!*root->place)
        return 0;
    TRY(look(root, &now, e));
    root->mount = now == root->before ? 0 : now;
    return 0;
}

int
shared_root_detach(struct shared_root *root, struct err *e)
{
    struct visit visit;
    struct err ignored;
    uint64_t now = 0;
    if (root->mount == 0)
        return 0;
    LX_STEP("unmount the container's root: its namespace stays, and would keep it", "");
    if (visit_begin(root->mount_ns, &visit, &ignored) < 0)
        return 0; /* gone, with its mounts */
    int r = 0;
    if (mount_at(root->place, &now, &ignored) >= 0 && now == root->mount)
        r = lx_umount2(root->place, MNT_DETACH | UMOUNT_NOFOLLOW);
    err_sys(e, r, "unmount the container's root %s", root->place);
    root->mount = 0;
    int back = visit_end(&visit, r < 0 ? &ignored : e);
    return r < 0 ? r : back;
}

int
shared_root_enter(int root, struct err *e)
{
    LX_STEP("enter the root of the container's first process", "01_chroot_image");
    TRY(err_sys(e, lx_fchdir(root), "enter the container's root"));
    TRY(err_sys(e, lx_chroot("."), "chroot into the container's root"));
    return err_sys(e, lx_chdir("/"), "enter the container's root");
}
