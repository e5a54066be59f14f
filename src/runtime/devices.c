/* devices.c - device nodes and links; see devices.h, null(4), tty(4).
 *
 * mknod(2) on a tmpfs is the cheap way. Where it is not permitted (a user namespace), the
 * host's node is bind mounted on an empty file instead.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/devices.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "linux/path.h"
#include "linux/trace.h"
#include "runtime/attach.h"

static const struct {
    const char *name;
    unsigned major, minor;
} nodes[] = {
    {"null",    1, 3},
    {"zero",    1, 5},
    {"full",    1, 7},
    {"random",  1, 8},
    {"urandom", 1, 9},
    {"tty",     5, 0},
};

static const struct {
    const char *name, *text;
} links[] = {
    {"fd",     "/proc/self/fd"  },
    {"stdin",  "/proc/self/fd/0"},
    {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},
    {"core",   "/proc/kcore"    },
    {"ptmx",   "pts/ptmx"       },
};

/* Binds the host's device on an empty file of the same name; checks that it is the one. */
static int
bind_node(int dir, const char *name, const char *host_path, mode_t type, dev_t dev,
          struct err *e)
{
    auto_close int source = lx_open(host_path, O_PATH | O_NOFOLLOW);
    TRY(err_sys(e, source, "open the host's %s", host_path));
    struct stat st;
    TRY(err_sys(e, lx_fstatat(source, "", &st, AT_EMPTY_PATH), "look at %s", host_path));
    if ((st.st_mode & S_IFMT) != type || st.st_rdev != dev)
        return err_set(e, ERR_INVALID, "the host's %s is another device", host_path);

    struct target target = {.root = dir, .path = name, .fd = NO_FD};
    TRY(attach_open_target(&target, false, e));
    int r = attach_bind(source, &(struct mount_options){0}, &target, host_path, e);
    fd_close(&target.fd);
    return r;
}

int
devices_fill_dev(int dev, struct err *e)
{
    LX_STEP("fill /dev: the six devices that every program may count on", "");
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
        dev_t number = makedev(nodes[i].major, nodes[i].minor);
        int r = lx_mknodat(dev, nodes[i].name, S_IFCHR | 0666, number);
        if (r == -EPERM) {
            char path[32];
            snprintf(path, sizeof path, "/dev/%s", nodes[i].name);
            TRY(bind_node(dev, nodes[i].name, path, S_IFCHR, number, e));
        } else {
            TRY(err_sys(e, r, "make /dev/%s", nodes[i].name));
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(links); i++)
        TRY(err_sys(e, lx_symlinkat(links[i].text, dev, links[i].name), "make /dev/%s",
                    links[i].name));
    return 0;
}

static mode_t
type_bits(const struct oci_device *d)
{
    return d->type[0] == 'b' ? S_IFBLK : d->type[0] == 'p' ? S_IFIFO : S_IFCHR;
}

/* /dev/ptmx is a link to the container's own pts(4). Engines that list every device of the
 * host (--privileged) list the host's node of that name too: the link is what they mean. */
static bool
is_own_ptmx(const struct stat *st, const struct oci_device *d, dev_t number)
{
    return S_ISLNK(st->st_mode) && type_bits(d) == S_IFCHR && number == makedev(5, 2) &&
           str_eq(d->path, "/dev/ptmx");
}

/* 1 if there is such a device already, 0 if nothing is there. */
static int
is_there(int parent, const char *name, const struct oci_device *d, dev_t number,
         struct err *e)
{
    struct stat st;
    int r = lx_fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW);
    if (r == -ENOENT)
        return 0;
    TRY(err_sys(e, r, "look at it"));
    if ((st.st_mode & S_IFMT) == type_bits(d) &&
        (S_ISFIFO(st.st_mode) || st.st_rdev == number))
        return 1;
    if (is_own_ptmx(&st, d, number))
        return 1;
    return err_set(e, ERR_CONFLICT, "is there and is something else");
}

static int
make_device(int root, const struct oci_device *d, struct err *e)
{
    const char *name;
    auto_close int parent = attach_open_parent(root, d->path, &name, e);
    TRY(parent);
    dev_t number = makedev((unsigned)d->major, (unsigned)d->minor);
    int there = is_there(parent, name, d, number, e);
    if (there != 0)
        return there < 0 ? there : 0;

    mode_t mode = d->file_mode.is_set ? (mode_t)(d->file_mode.value & 07777) : 0666;
    int r = lx_mknodat(parent, name, type_bits(d) | mode, number);
    if (r == -EPERM)
        return bind_node(parent, name, d->path, type_bits(d), number, e);
    TRY(err_sys(e, r, "make it"));
    if (!d->uid.is_set && !d->gid.is_set)
        return 0;
    uid_t uid = d->uid.is_set ? (uid_t)d->uid.value : (uid_t)-1;
    gid_t gid = d->gid.is_set ? (gid_t)d->gid.value : (gid_t)-1;
    return err_sys(e, lx_fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW),
                   "give it its owner");
}

int
devices_make(int root, const struct oci_devices *devices, struct err *e)
{
    if (devices->n > 0)
        LX_STEP("make the devices that the configuration adds", "");
    for (size_t i = 0; i < devices->n; i++) {
        int r = make_device(root, &devices->v[i], e);
        if (r < 0)
            return err_wrap(e, r, "linux.devices[%zu] (%s)", i, devices->v[i].path);
    }
    return 0;
}

int
devices_open_null(struct err *e)
{
    auto_close int fd = lx_open("/dev/null", O_PATH | O_NOFOLLOW);
    TRY(err_sys(e, fd, "open /dev/null"));
    struct stat st;
    TRY(err_sys(e, lx_fstatat(fd, "", &st, AT_EMPTY_PATH), "look at /dev/null"));
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
        return err_set(e, ERR_SYSTEM, "the machine's /dev/null is not the null device");
    return take_fd(&fd);
}
