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

from lib.die import guarded
from lib.options import options_parse


def contain(opt):
    """The child: becomes the command. It comes back only if that failed."""
    # TODO 2: replace this process by the command: opt.command is a list of words, and its
    # first word is looked up in PATH. If exec comes back, with an OSError, it has failed:
    # say so on stderr, and return 127 if there is no such command (FileNotFoundError),
    # otherwise 126, as a shell does. man 3 execvp, os.execvp()
    print(f"rd: {opt.command[0]}: nobody has written exec yet", file=sys.stderr)
    return 1
    # end TODO 2


def run(opt):
    """The parent: starts the child, waits for it, and ends as it has ended."""
    # TODO 1: make a second process. os.fork() returns twice: in the child 0, in the parent
    # the number of the child. Let the child os._exit() with what guarded(contain, opt)
    # returns, and never go on below. man 2 fork
    pid = 0
    status = guarded(contain, opt)
    # end TODO 1

    # TODO 3: wait for the child. What os.waitpid() gives is not yet the exit status: it
    # also says whether a signal ended the child. Turn it into what a shell would say: the
    # status, or 128 + the number of the signal. man 2 waitpid, os.waitstatus_to_exitcode()
    # end TODO 3

    print(pid, "exited with status", status)
    return status


if __name__ == "__main__":
    sys.exit(run(options_parse(sys.argv)))
