/* overlay.c - see overlay.h; Documentation/filesystems/overlayfs.
 *
 * The layers are named by /proc/self/fd/N: no path, so no colon, comma or length in a path
 * can matter. How they are handed over depends on the kernel:
 *     6.5 and later    one fsconfig("lowerdir+") per layer, any number
 *     before           one string of at most 255 bytes: some fifteen layers
 *     more than that   mount(2), whose options may fill a page. It needs a place to mount
 *                      on, so a helper process does it in a mount namespace of its own and
 *                      sends back a detached copy (open_tree).
 *
 * An overlay of a single layer that nobody writes to is none for the kernel: that case is a
 * read-only copy of the layer's own mount.
 *
 * Workshop: 04_overlay
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/overlay.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "runtime/attach.h"
#include "runtime/mount_helper.h"

enum { VALUE_MOST = 255 }; /* of fsconfig */

static bool
is_writable(const struct overlay_plan *plan)
{
    return plan->upper >= 0;
}

static char *
fd_name(int fd)
{
    return str_format("/proc/self/fd/%d", fd);
}

static int
set_fd(int fs, const char *key, int fd)
{
    auto_free char *name = fd_name(fd);
    return lx_fsconfig_string(fs, key, name);
}

static void
join_lower(const struct overlay_plan *plan, struct text *out)
{
    for (size_t i = 0; i < plan->n_lower; i++)
        text_addf(out, "%s/proc/self/fd/%d", i ? ":" : "", plan->lower[i]);
}

/* The two ways to name the layers to fsconfig. */
static int
set_lower_each(int fs, const struct overlay_plan *plan)
{
    for (size_t i = 0; i < plan->n_lower; i++)
        TRY(set_fd(fs, "lowerdir+", plan->lower[i]));
    return 0;
}

static int
set_lower_joined(int fs, const struct overlay_plan *plan)
{
    auto_text joined = {0};
    join_lower(plan, &joined);
    return joined.len <= VALUE_MOST ? lx_fsconfig_string(fs, "lowerdir", joined.data)
                                    : -E2BIG;
}

static int
set_upper(int fs, const struct overlay_plan *plan)
{
    if (!is_writable(plan))
        return 0;
    TRY(set_fd(fs, "upperdir", plan->upper));
    TRY(set_fd(fs, "workdir", plan->work));
    return plan->is_volatile ? lx_fsconfig_flag(fs, "volatile") : 0;
}

static int
open_by_fsconfig(const struct overlay_plan *plan,
                 int (*set_lower)(int fs, const struct overlay_plan *plan), struct err *e)
{
    auto_close int fs = lx_fsopen("overlay");
    if (fs == -ENOSYS)
        return fs;
    TRY(err_sys(e, fs, "open file system type overlay (is the module there?)"));
    TRY(err_sys(e, lx_fsconfig_string(fs, "source", "overlay"), "name the overlay"));
    int r = set_lower(fs, plan);
    if (r == -E2BIG)
        return r;
    if (r >= 0)
        r = set_upper(fs, plan);
    if (r >= 0)
        r = lx_fsconfig_create(fs);
    if (r < 0) {
        char why[200];
        lx_fs_message(fs, why, sizeof why);
        err_sys(e, r, "make an overlay of %zu layers", plan->n_lower);
        return *why ? err_hint(e, r, " (%s)", why) : r;
    }
    return err_sys(e, lx_fsmount(fs, 0), "mount the overlay");
}

/* ---- many layers on an old kernel ---- */

/* In our own mount namespace; the kernel takes layers of no other. */
static int
reopen_all(struct overlay_plan *plan, int *lower)
{
    for (size_t i = 0; i < plan->n_lower; i++) {
        lower[i] = attach_reopen(plan->lower[i], NULL);
        TRY(lower[i]);
    }
    plan->lower = lower;
    if (!is_writable(plan))
        return 0;
    plan->upper = attach_reopen(plan->upper, NULL);
    TRY(plan->upper);
    plan->work = attach_reopen(plan->work, NULL);
    return plan->work;
}

/* In the helper: mounts on a directory that every machine has and that nobody needs here any
 * more, and gives a detached copy. */
static int
mount_in_helper(const void *data)
{
    struct overlay_plan plan = *(const struct overlay_plan *)data;
    int lower[OVERLAY_LOWER_MOST];
    TRY(lx_mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
    TRY(reopen_all(&plan, lower));
    auto_text options = {0};
    text_add(&options, "lowerdir=");
    join_lower(&plan, &options);
    if (is_writable(&plan))
        text_addf(&options, ",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d%s",
                  plan.upper, plan.work, plan.is_volatile ? ",volatile" : "");
    if (options.len >= (size_t)sysconf(_SC_PAGESIZE))
        return -E2BIG;

    TRY(lx_mount("overlay", "/proc", "overlay", 0, options.data));
    return lx_open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE);
}

static int
open_by_helper(const struct overlay_plan *plan, struct err *e)
{
    return err_sys(e, mount_helper_run(CLONE_NEWNS, mount_in_helper, plan),
                   "make an overlay of %zu layers by mount(2)", plan->n_lower);
}

/* ---- one layer, read-only ---- */

static int
open_single(int lower, struct err *e)
{
    auto_close int mount = lx_open_tree(lower, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    TRY(err_sys(e, mount, "copy the mount of the only layer"));
    struct lx_mount_attr attr = {.set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};
    TRY(err_sys(e, lx_mount_setattr(mount, "", AT_EMPTY_PATH, &attr),
                "make the only layer read-only"));
    return take_fd(&mount);
}

int
overlay_open(const struct overlay_plan *plan, struct err *e)
{
    LX_STEP("lay the image's layers and the container's own files on top of each other",
            "04_overlay");
    if (plan->n_lower == 0 || plan->n_lower > OVERLAY_LOWER_MOST)
        return err_set(e, ERR_INVALID, "an overlay needs 1 to %d layers, not %zu",
                       OVERLAY_LOWER_MOST, plan->n_lower);
    if (!is_writable(plan) && plan->n_lower == 1)
        return open_single(plan->lower[0], e);
    int r = open_by_fsconfig(plan, set_lower_each, e);
    if (r ==
        -EINVAL) /* a kernel that does not know "lowerdir+" may say so at the very end */
        r = open_by_fsconfig(plan, set_lower_joined, e);
    return r == -E2BIG || r == -ENOSYS ? open_by_helper(plan, e) : r;
}
