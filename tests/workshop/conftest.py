"""What the workshop's tests stand on: a mount table of their own, and programs built once.

SPDX-License-Identifier: MIT
"""
import ctypes
import os

import check_tools
import pytest

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x00020000, 0x4000, 1 << 18


@pytest.fixture(scope="session", autouse=True)
def usual_umask():
    """Ordinary users run what the tests build."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session", autouse=True)
def own_mounts():
    """Others mount and unmount on this machine while we look for mounts that we left. From
    here on our table is our own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0 and libc.unshare(CLONE_NEWNS) == 0:
        assert libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0


@pytest.fixture(scope="session")
def checker():
    """The checker's program. A test must not name a parameter of its own like this: the
    parameter would take the fixture's place, and in a fresh clone nothing would be built."""
    return check_tools.build_program()


@pytest.fixture(scope="session")
def linux_module():
    """Where the Python that runs the tests finds the module linux."""
    return check_tools.build_linux_module()
