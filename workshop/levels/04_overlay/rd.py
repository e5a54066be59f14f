#!/usr/bin/env python3
"""rd.py - run a command in a container, made with our own hands.

One program that grows from level to level: each skeleton is the solution of the level
before, with TODO blocks that say what comes next. README.md beside it explains.

The story is in two functions: run() is the parent, on the host; contain() is the child,
which takes leave of the host step by step and then becomes the command. If a step fails
the child ends with status 1 (lib/die.py), and the parent sees that like any other status.

The folder above is on PYTHONPATH, with lib; the module "linux" is this project's own.

SPDX-License-Identifier: MIT
"""
import os
import signal
import stat
import sys

import linux

from lib.container import container_name
from lib.die import guarded
from lib.files import mkdir_p, remove_tree
from lib.options import options_parse
from lib.untar import untar

# What every Linux program expects to find, in the order of mounting.
MOUNTS = [
    ("/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC, None),
    ("/sys", "sysfs", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC | linux.MS_RDONLY,
     None),
    ("/dev", "tmpfs", linux.MS_NOSUID | linux.MS_STRICTATIME, "mode=0755"),
    ("/dev/pts", "devpts", linux.MS_NOSUID | linux.MS_NOEXEC,
     "newinstance,mode=0620,ptmxmode=0666"),
    ("/dev/shm", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC, "mode=1777"),
]

# man 4 null, random, tty, ptmx. The kernel knows a device by its numbers, not its name.
DEVICES = [
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
    ("/dev/ptmx", 5, 2),
]

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


# TODO 1: write a function that returns the directory of the unpacked image,
# IMAGE_DIR/IMAGE/rootfs, and unpacks it only if it is not there yet.
#   - unpack beside it (IMAGE_DIR/.IMAGE.ID/rootfs), and os.rename() the finished tree into
#     its place: then there is either no tree or a whole one, even after kill -9
#   - ENOTEMPTY or EEXIST from rename: another container was faster; remove ours, use its
# man 2 rename
# end TODO 1


def make_root(opt, c):
    """Make the directory that the container will call "/"."""
    # TODO 2: no longer unpack into the container. Make CONTAINER_DIR/ID/rootfs, upper and
    # work (c.dir is CONTAINER_DIR/ID), and mount an overlay on c.root: type "overlay", flag
    # MS_NODEV, data "lowerdir=...,upperdir=...,workdir=...".
    # https://docs.kernel.org/filesystems/overlayfs.html
    # end TODO 2
    untar(os.path.join(opt.image_dir, f"{opt.image}.tar"), c.root)
    # exec forgets what Python has not written yet: hence flush.
    print("Created a new root fs for our container:", c.root, flush=True)


def enter_root(root):
    """From here on the container's root is "/", and paths mean what they say."""
    linux.mount(root, root, None, linux.MS_BIND | linux.MS_REC)
    # TODO 3: the bind mount above has become useless. Why? Remove it.
    # end TODO 3
    old_root = os.path.join(root, ".old_root")
    os.mkdir(old_root, 0o700)
    linux.pivot_root(root, old_root)
    os.chdir("/")
    linux.umount2("/.old_root", linux.MNT_DETACH)
    os.rmdir("/.old_root")


def mount_filesystems():
    for target, kind, flags, data in MOUNTS:
        mkdir_p(target)
        linux.mount(kind, target, kind, flags, data)


def make_devices():
    os.umask(0)  # a node gets the mode that we ask for, whatever our caller's umask
    for path, major, minor in DEVICES:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(major, minor))
    os.umask(0o022)


def forget_host():
    """Nothing else of the host goes with us: no open file, no environment but our own."""
    term = os.environ.get("TERM")
    os.environ.clear()
    os.environ.update(PATH=PATH, HOME="/root")
    if term:
        os.environ["TERM"] = term
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it; exec would keep that
    linux.close_range(3)


def contain(opt, c):
    """The child: becomes the command. It comes back only if that failed."""
    # From here on what we mount is seen by nobody else. Where "/" is shared, as systemd
    # makes it, a mount in the copy would still travel back: hence private, down the tree.
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)

    make_root(opt, c)
    enter_root(c.root)
    mount_filesystems()
    make_devices()
    forget_host()

    try:
        os.execvp(opt.command[0], opt.command)
    except OSError as error:
        print(f"rd: {opt.command[0]}: {error.strerror}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126


def run(opt):
    """The parent: starts the child, waits for it, and ends as it has ended."""
    c = container_name(opt)
    pid = os.fork()
    if pid == 0:
        os._exit(guarded(contain, opt, c))

    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = code if code >= 0 else 128 - code
    remove_tree(c.dir)

    print(pid, "exited with status", status)
    return status


if __name__ == "__main__":
    sys.exit(run(options_parse(sys.argv)))
