"""Where things are, what kind of machine this is, and how to wait for it.

SPDX-License-Identifier: MIT
"""
import os
import pathlib
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("SAMPAN_BUILD", TOP / "build"))
BIN = BUILD / "bin"
IMAGES = pathlib.Path(os.environ.get("SAMPAN_IMAGES", TOP / "build" / "images"))
CGROUPS = pathlib.Path("/sys/fs/cgroup")

# How many times longer than usual the tests wait for others to come to an end: an emulated
# machine is ten times slower.
PATIENCE = float(os.environ.get("SAMPAN_TESTS_PATIENCE", 1))


def is_pure_v2():
    return (CGROUPS / "cgroup.controllers").exists()


def is_sanitized():
    """Programs built with the sanitizers: slower, and with far more memory of their own."""
    return "sanitize" in str(BUILD)


def wait_until(condition, timeout=10):
    """Until condition() is true: for things that another process does in its time."""
    deadline = time.monotonic() + timeout * PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
