"""conftest.py - the module under test: built here, or the one that LINUX_MODULE names.

SPDX-License-Identifier: MIT
"""
import ctypes
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def build():
    """The directory to import `linux` from."""
    made = subprocess.run([sys.executable, ROOT / "python/linux_build.py", "compile"],
                          capture_output=True, text=True)
    if made.returncode:
        raise pytest.UsageError(f"the module linux cannot be built: {made.stderr.strip()}")
    return made.stdout.splitlines()[-1]


MODULE = os.environ.get("LINUX_MODULE") or build()
sys.path.insert(0, MODULE)
# Programs that the tests start import the same module.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [MODULE, os.environ.get("PYTHONPATH")]))

import linux  # noqa: E402

if not linux.__file__.startswith(MODULE):
    raise pytest.UsageError(f"linux was imported from {linux.__file__}, not from {MODULE}")


@pytest.fixture(scope="session", autouse=True)
def own_mounts():
    """Others mount and unmount on this machine while we look for mounts that we left."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0 and libc.unshare(0x20000) == 0:  # CLONE_NEWNS
        assert libc.mount(None, b"/", None, 0x44000, None) == 0  # MS_REC | MS_PRIVATE
