"""linux.Error: what it is, what it holds, and by which names it is caught.

SPDX-License-Identifier: MIT
"""
import builtins
import errno
import pathlib
import pickle

import pytest

import linux
from .calls import fail

KINDS = {
    "BlockingIOError": [errno.EAGAIN], "ChildProcessError": [errno.ECHILD],
    "FileExistsError": [errno.EEXIST], "FileNotFoundError": [errno.ENOENT],
    "InterruptedError": [errno.EINTR], "IsADirectoryError": [errno.EISDIR],
    "NotADirectoryError": [errno.ENOTDIR], "PermissionError": [errno.EPERM, errno.EACCES],
    "ProcessLookupError": [errno.ESRCH], "TimeoutError": [errno.ETIMEDOUT],
}


def test_the_error_is_an_oserror_and_a_runtimeerror_with_two_args():
    error = fail("umount")
    assert isinstance(error, (linux.Error)) and isinstance(error, OSError)
    assert isinstance(error, RuntimeError)
    assert error.args == (2, "No such file or directory")
    assert (error.errno, error.strerror, error.filename) == (*error.args, "/nowhere")
    assert str(error) == "[Errno 2] No such file or directory: '/nowhere'"


def test_without_a_path_there_are_still_two_args_and_no_filename():
    error = fail("fsopen")
    assert error.args == (errno.ENODEV, "No such device") or error.errno == errno.EPERM
    assert error.filename is None and error.filename2 is None


def test_calls_with_two_paths_name_both():
    with pytest.raises(linux.Error) as caught:
        linux.mount(b"/from", pathlib.Path("/nowhere"), "tmpfs")
    assert (caught.value.filename, caught.value.filename2) == ("/nowhere", b"/from")
    with pytest.raises(linux.Error) as caught:
        linux.mount(None, "/nowhere")
    assert (caught.value.filename, caught.value.filename2) == ("/nowhere", None)
    with pytest.raises(linux.Error) as caught:
        linux.pivot_root("/nowhere", "/elsewhere")
    assert (caught.value.filename, caught.value.filename2) == ("/nowhere", "/elsewhere")
    assert caught.value.args == (caught.value.errno, caught.value.strerror)


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_both_a_linux_error_and_the_builtin_one(name):
    kind = getattr(linux, name)
    assert issubclass(kind, linux.Error) and issubclass(kind, getattr(builtins, name))
    assert kind is not getattr(builtins, name)
    assert kind.__module__ == "linux" and kind.__doc__


def test_the_kinds_are_those_of_the_standard_library():
    for number in errno.errorcode:
        builtin = type(OSError(number, ""))
        expected = builtin.__name__ if builtin is not OSError else None
        ours = [name for name, numbers in KINDS.items() if number in numbers]
        if ours:
            assert ours == [expected]


def test_errors_can_be_pickled_and_copied():
    error = fail("umount")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) is linux.FileNotFoundError
    assert (copy.args, copy.filename) == (error.args, error.filename)


def test_star_import_does_not_hide_the_builtin_exceptions():
    names = {}
    exec("from linux import *", names)
    assert names["Error"] is linux.Error and names["mount"] is linux.mount
    assert names["CLONE_NEWNS"] == linux.CLONE_NEWNS
    assert not set(KINDS) & set(names)
