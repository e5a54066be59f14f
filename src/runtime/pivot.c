/* pivot.c - leave the old root for good.
 *
 * A process that is only chroot'ed still lives in a namespace full of the host's mounts.
 * pivot_root(2) exchanges the namespace's root mount itself, and the detached old tree is
 * gone as soon as nobody stands in it: there is nothing left to break out to.
 *
 * Child, in its own mount namespace whose mounts propagate nothing outwards (rootfs.c).
 *
 * Workshop: 03_pivot_root
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/pivot.h"

#include "base/memory.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "linux/trace.h"

int
pivot_enter(int new_root, struct err *e)
{
    LX_STEP("make the image the root, and drop the host's", "03_pivot_root");
    auto_close int old_root = lx_open("/", O_PATH | O_DIRECTORY);
    TRY(err_sys(e, old_root, "open the old root"));
    TRY(err_sys(e, lx_fchdir(new_root), "enter the new root"));

    /* Both "."s are meant: the kernel stacks the old root on the new one, so the image
     * needs no directory to put it in. */
    TRY(err_sys(e, lx_pivot_root(".", "."),
                "pivot_root (is the machine's root a ramfs? then --no-pivot)"));
    TRY(err_sys(e, lx_fchdir(old_root), "step back into the old root"));
    TRY(err_sys(e, lx_umount2(".", MNT_DETACH), "detach the old root"));
    return err_sys(e, lx_chdir("/"), "enter the new root");
}

int
pivot_enter_by_chroot(int new_root, struct err *e)
{
    LX_STEP("make the image the root by chroot: the host's mounts stay below",
            "01_chroot_image");
    TRY(err_sys(e, lx_fchdir(new_root), "enter the new root"));
    TRY(err_sys(e, lx_chroot("."), "chroot into the new root"));
    return err_sys(e, lx_chdir("/"), "enter the new root");
}
