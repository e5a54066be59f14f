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
import sys

import linux

from lib.container import container_name
from lib.die import guarded
from lib.files import mkdir_p
from lib.options import options_parse
from lib.untar import untar

# What every Linux program expects to find, in the order of mounting.
MOUNTS = [
    ("/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC, None),
    ("/sys", "sysfs", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC | linux.MS_RDONLY,
     None),
    # TODO 3: /dev becomes a tmpfs (MS_NOSUID | MS_STRICTATIME, "mode=0755"), with a devpts
    # of its own at /dev/pts (MS_NOSUID | MS_NOEXEC, "newinstance,mode=0620,ptmxmode=0666")
    # and a tmpfs at /dev/shm ("mode=1777"). man 5 tmpfs; man 4 pts
    # end TODO 3
]


def make_root(opt, c):
    """Make the directory that the container will call "/"."""
    untar(os.path.join(opt.image_dir, f"{opt.image}.tar"), c.root)
    # exec forgets what Python has not written yet: hence flush.
    print("Created a new root fs for our container:", c.root, flush=True)


def enter_root(root):
    """From here on the container's root is "/", and paths mean what they say."""
    os.chroot(root)
    os.chdir("/")


def mount_filesystems():
    for target, kind, flags, data in MOUNTS:
        mkdir_p(target)
        linux.mount(kind, target, kind, flags, data)


# TODO 4: a function that makes seven device nodes: null 1:3, zero 1:5, full 1:7,
# random 1:8, urandom 1:9, tty 5:0, ptmx 5:2, all of them with mode 0666.
#   - umask(2) takes bits away from every mode: set it to 0 first, to 022 afterwards
#   - os.mknod() wants stat.S_IFCHR | mode, and os.makedev(major, minor)
# man 2 mknod; man 2 umask; man 3 makedev
# end TODO 4


def contain(opt, c):
    """The child: becomes the command. It comes back only if that failed."""
    # TODO 1: linux.unshare() the mount namespace, here in the child, before the first
    # mount. Then make every mount in it private, recursively: linux.mount() on "/" with the
    # flags MS_REC | MS_PRIVATE. man 7 mount_namespaces
    # end TODO 1
    make_root(opt, c)
    enter_root(c.root)
    mount_filesystems()
    # TODO 5: make the devices.
    # end TODO 5

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
    # TODO 2: with the child its mounts are gone: remove_tree() c.dir.
    # end TODO 2

    print(pid, "exited with status", status)
    return status


if __name__ == "__main__":
    sys.exit(run(options_parse(sys.argv)))
