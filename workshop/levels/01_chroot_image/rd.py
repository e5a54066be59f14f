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

# TODO 1: "import linux" for mount(2), and take what you need from lib.container, lib.files
# and lib.untar. Read the three first, they are short.
# end TODO 1
from lib.die import guarded
from lib.options import options_parse


def contain(opt):
    """The child: becomes the command. It comes back only if that failed."""
    # TODO 2: give this function a second parameter c, the container, and take leave of the
    # host's files:
    #   - untar() IMAGE_DIR/IMAGE.tar (opt.image_dir, opt.image) into c.root
    #   - print "Created a new root fs for our container: " and c.root, with flush=True:
    #     exec forgets what Python has not written yet
    #   - os.chroot() to it, and os.chdir() to "/", in that order. Why?
    #   - linux.mount() "proc" on /proc and "sysfs" on /sys: flags MS_NOSUID, MS_NODEV,
    #     MS_NOEXEC, and MS_RDONLY for /sys
    # A few small functions above this one are easier to read than a long one.
    # man 2 chroot; man 2 mount
    # end TODO 2
    try:
        os.execvp(opt.command[0], opt.command)
    except OSError as error:
        print(f"rd: {opt.command[0]}: {error.strerror}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126


def run(opt):
    """The parent: starts the child, waits for it, and ends as it has ended."""
    # TODO 3: container_name() gives the container an id and its paths: hand them on.
    # end TODO 3
    pid = os.fork()
    if pid == 0:
        os._exit(guarded(contain, opt))

    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = code if code >= 0 else 128 - code

    print(pid, "exited with status", status)
    return status


if __name__ == "__main__":
    sys.exit(run(options_parse(sys.argv)))
