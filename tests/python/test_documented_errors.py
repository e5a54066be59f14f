"""Every errno that the manual lists for a call arrives as the manual says.

A seccomp filter makes the kernel give the answer, so that errors are seen which nobody can
provoke at will, such as ENOMEM. What provokes the others is in the files of the calls.

SPDX-License-Identifier: MIT
"""
import errno
import os
import re

import pytest

import linux
from .calls import CALLS, COLUMN, fail, install
from .conftest import ROOT
from .isolation import in_child


def documented():
    """{function: [errno names]} of the English manual."""
    result = {}
    for page in sorted((ROOT / "python/docs/en").glob("*.rst")):
        name = None
        for line in page.read_text().splitlines():
            if found := re.match(r"\.\. py:function:: (\w+)", line):
                name = found[1]
                result[name] = []
            elif found := re.match(r"   - ``(E[A-Z0-9]+)``", line):
                result[name].append(found[1])
    return result


DOCUMENTED = documented()


def check(name, number):
    install(name, linux.SECCOMP_RET_ERRNO | number)
    error = fail(name)
    builtin = type(OSError(number, ""))
    assert isinstance(error, (linux.Error, builtin))
    assert isinstance(error, builtin) and isinstance(error, RuntimeError)
    assert error.args == (number, os.strerror(number))
    assert error.errno == number and error.strerror == os.strerror(number)
    paths = [arg for arg in CALLS[name][2] if isinstance(arg, str) and "where" in arg]
    assert error.filename == (paths[0] if paths else None)


def test_every_function_of_the_module_has_documented_errors():
    functions = {name for name in linux.__all__ if callable(getattr(linux, name))
                 and not isinstance(getattr(linux, name), type)}
    assert functions == set(DOCUMENTED) == set(CALLS)
    assert all(DOCUMENTED.values())


@pytest.mark.skipif(COLUMN is None, reason="system call numbers of x86-64 and arm64 only")
@pytest.mark.parametrize(
    "name, word", [(name, word) for name, words in DOCUMENTED.items() for word in words])
def test_a_documented_errno_becomes_the_right_exception(name, word):
    in_child(check, name, getattr(errno, word))
