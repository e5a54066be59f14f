"""cgroup.py - which cgroups does this machine have?

SPDX-License-Identifier: MIT
"""
import os


def cg_version():
    """2: one tree at /sys/fs/cgroup. 1: one tree per controller, at /sys/fs/cgroup/cpu and
    so on; also where a version 2 tree without controllers is mounted beside them."""
    return 2 if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else 1
