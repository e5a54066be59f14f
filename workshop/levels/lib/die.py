"""die.py - say what went wrong, and stop.

SPDX-License-Identifier: MIT
"""
import sys


class Refused(Exception):
    """What the user asked for makes no sense; the text says why."""


def guarded(function, *arguments):
    """Call a function. What it returns is an exit status; an error becomes one line, and 1.

    A system call that failed raises OSError, and a container that is set up by half is
    worse than none: so nobody catches it on the way, it ends here.
    """
    try:
        return function(*arguments)
    except (OSError, Refused) as error:
        print("rd:", error, file=sys.stderr, flush=True)
        return 1
