"""What goes in: types, names, ranges, and the words for what is wrong.

SPDX-License-Identifier: MIT
"""
import inspect
import os
import pathlib

import pytest

import linux
from .calls import CALLS
from .isolation import isolated


@pytest.mark.parametrize("call, message", [
    (lambda: linux.mount(3, "/"), "mount: source should be str, bytes or os.PathLike (or None), not int"),
    (lambda: linux.mount(None, None), "mount: target should be str, bytes or os.PathLike, not NoneType"),
    (lambda: linux.mount(None, "/", pathlib.Path("tmpfs")), "mount: filesystemtype should be str or bytes (or None), not PosixPath"),
    (lambda: linux.mount(None, "/", None, "0"), "mount: mountflags should be an integer, not str"),
    (lambda: linux.umount2("/", 1.5), "umount2: flags should be an integer, not float"),
    (lambda: linux.unshare(None), "unshare: flags should be an integer, not NoneType"),
    (lambda: linux.setns("/proc/self/ns/uts"), "setns: fd should be an integer or have a fileno() method, not str"),
    (lambda: linux.sethostname(7), "sethostname: hostname should be str or bytes, not int"),
    (lambda: linux.clone(7, 0), "clone: callback should be callable, not int"),
    (lambda: linux.clone(int, 0, 7), "clone: callback_args should be a tuple, not int"),
    (lambda: linux.clone3(None, set_tid=["x"]), "clone3: a pid in set_tid should be an integer, not str"),
    (lambda: linux.prctl(linux.PR_SET_NAME, 7), "prctl: arg2 should be str or bytes, not int"),
    (lambda: linux.prctl(linux.PR_GET_NAME, 1, 2, 3, 4), "prctl: this option takes fewer arguments"),
    (lambda: linux.keyctl(linux.KEYCTL_READ, b"key"), "keyctl: arg2 should be an integer, not bytes"),
    (lambda: linux.fsconfig(3, linux.FSCONFIG_SET_BINARY, "key", "text"), "a bytes-like object is required, not 'str'"),
    (lambda: linux.seccomp(linux.SECCOMP_SET_MODE_STRICT, 0, 1), "seccomp: args should be None for this operation"),
    (lambda: linux.mount("a"), "mount() missing required argument 'target' (pos 2)"),
    (lambda: linux.umount("a", colour=1), "umount() takes at most 1 argument (2 given)"),
])
def test_a_wrong_type_is_a_type_error_that_names_function_and_argument(call, message):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize("call, message", [
    (lambda: linux.unshare(-1), "unshare: flags should be between 0 and 4294967295"),
    (lambda: linux.mount(None, "/", None, 1 << 64), "mount: mountflags should be between 0 and 18446744073709551615"),
    (lambda: linux.mount(None, "/", None, -1), "mount: mountflags should be between 0 and 18446744073709551615"),
    (lambda: linux.umount2("/", 1 << 31), "umount2: flags should be between -2147483648 and 2147483647"),
    (lambda: linux.close_range(1 << 32), "close_range: first should be between 0 and 4294967295"),
    (lambda: linux.setns(1 << 40), "setns: fd should be between -2147483648 and 2147483647"),
    (lambda: linux.pidfd_open(1 << 100), "pidfd_open: pid should be between -2147483648 and 2147483647"),
    (lambda: linux.seccomp(linux.SECCOMP_SET_MODE_FILTER, 0, [(1 << 16, 0, 0, 0)]), "seccomp: code of an instruction should be between 0 and 65535"),
])
def test_a_number_that_does_not_fit_is_an_overflow_error(call, message):
    with pytest.raises(OverflowError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize("call, message", [
    (lambda: linux.mount("a\0b", "/"), "mount: source holds a null byte"),
    (lambda: linux.umount(b"a\0b"), "umount: target holds a null byte"),
    (lambda: linux.sethostname("a\0b"), "sethostname: hostname holds a null byte"),
    (lambda: linux.clone(int, linux.CLONE_VM), "clone: CLONE_VM is refused: two Pythons cannot run in one memory"),
    (lambda: linux.clone(int, linux.CLONE_PIDFD), "clone: CLONE_PIDFD and CLONE_NEWTIME are refused: use clone3"),
    (lambda: linux.clone(int, linux.CLONE_NEWTIME), "clone: CLONE_PIDFD and CLONE_NEWTIME are refused: use clone3"),
    (lambda: linux.clone3(int, linux.CLONE_SETTLS), "clone3: CLONE_SETTLS is refused: the child keeps the thread storage it has"),
    (lambda: linux.clone3(set_tid=range(1, 40)), "clone3: set_tid should have at most 32 pids"),
    (lambda: linux.prctl(linux.PR_SET_SECCOMP, 1), "prctl: this option is refused: use linux.seccomp"),
    (lambda: linux.seccomp(linux.SECCOMP_SET_MODE_FILTER, 0, b"1234567"), "seccomp: a filter is at most 4096 instructions of 8 bytes each"),
    (lambda: linux.seccomp(linux.SECCOMP_SET_MODE_FILTER, 0, bytes(8 * 4097)), "seccomp: a filter is at most 4096 instructions of 8 bytes each"),
    (lambda: linux.seccomp(linux.SECCOMP_SET_MODE_FILTER, 0, [(1, 2, 3)]), "seccomp: an instruction should be (code, jt, jf, k)"),
])
def test_a_value_that_cannot_be_meant_is_a_value_error(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


def test_an_unencodable_text_is_a_unicode_error():
    with pytest.raises(UnicodeEncodeError):
        linux.umount("\ud800")


def test_an_exception_of_fspath_and_fileno_and_index_passes_through():
    class Bad:
        def __fspath__(self):
            raise KeyError("fspath")

        def fileno(self):
            raise KeyError("fileno")

        def __index__(self):
            raise KeyError("index")
    for call in (lambda: linux.umount(Bad()), lambda: linux.setns(Bad()),
                 lambda: linux.unshare(Bad())):
        with pytest.raises(KeyError):
            call()


@isolated
def test_paths_may_be_text_bytes_pathlike_and_not_utf8():
    linux.mount("tmpfs", "/tmp", "tmpfs")
    for name in ("/tmp/text", b"/tmp/bytes", pathlib.Path("/tmp/pathlike"), b"/tmp/\xff\xfe",
                 os.fsdecode(b"/tmp/\xff\xfd"), "/tmp/名字"):
        os.mkdir(name)
        linux.mount(b"tmpfs", name, b"tmpfs", 0, b"size=64k")
        assert os.path.ismount(name)
        linux.umount(name)
        assert not os.path.ismount(name)


@isolated
def test_everything_can_be_given_by_name():
    linux.mount(source="tmpfs", target="/tmp", filesystemtype="tmpfs", mountflags=0,
                mountopts="size=64k")
    linux.umount2(target="/tmp", flags=linux.MNT_DETACH)
    linux.unshare(flags=linux.CLONE_NEWUTS)
    linux.sethostname(hostname="box")
    with open("/proc/self/ns/uts") as namespace:
        linux.setns(fd=namespace, nstype=linux.CLONE_NEWUTS)
    pid = linux.clone(callback=lambda status: status, flags=0, callback_args=[3])
    assert os.waitpid(pid, 0)[1] == 3 << 8


def test_a_descriptor_may_be_an_object_with_fileno(tmp_path):
    directory = os.open(tmp_path, os.O_PATH)

    class Directory:
        def fileno(self):
            return directory
    (tmp_path / "file").write_text("text")
    fd = linux.openat2(Directory(), "file")
    assert os.read(fd, 10) == b"text"
    os.close(fd)
    os.close(directory)


def test_flags_may_be_any_integer_like():
    class Flags:
        def __index__(self):
            return linux.MFD_ALLOW_SEALING
    fd = linux.memfd_create("name", Flags())
    assert linux.get_seals(fd) == 0
    os.close(fd)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_each_function_has_a_signature_and_a_docstring_that_names_a_man_page(name):
    function = getattr(linux, name)
    assert inspect.signature(function).parameters
    assert "(2)" in function.__doc__
