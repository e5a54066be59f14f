"""The other compiler and the other machine: no warning from either.

SPDX-License-Identifier: MIT
"""
import shutil
import subprocess

import pytest

from machine import TOP


@pytest.mark.parametrize("target, compiler", [("check-clang", "clang"),
                                              ("check-arm64", "aarch64-linux-gnu-gcc")])
def test_no_warning_from(target, compiler):
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler} here")
    done = subprocess.run(["make", "-s", "-C", str(TOP), target], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]
    assert "warning" not in done.stderr, done.stderr[:4000]
