"""Ten thousand calls of each kind leave no memory, no object and no descriptor behind.

SPDX-License-Identifier: MIT
"""
import ctypes
import gc
import os
import sys

import pytest

import linux
from .calls import CALLS, fail
from .isolation import isolated, libc

TIMES = 10_000
WARM_UP = 200
SLACK = 16_384  # bytes of malloc: less than two for each call


class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]


def malloced():
    libc.mallinfo2.restype = Mallinfo
    info = libc.mallinfo2()
    return info.uordblks + info.hblkhd


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def measure():
    gc.collect()
    return sys.getallocatedblocks(), malloced(), descriptors()


def check(call, arguments=()):
    for _ in range(WARM_UP):
        call()
    before = measure()
    counts = [sys.getrefcount(argument) for argument in arguments]
    for _ in range(TIMES):
        call()
    after = measure()
    assert after[2] == before[2], "descriptors"
    assert after[0] - before[0] < TIMES // 20, "objects"
    assert after[1] - before[1] < SLACK, "bytes"
    for argument, count in zip(arguments, counts):  # None and small numbers have other users
        assert abs(sys.getrefcount(argument) - count) < TIMES // 10, "references"


pytestmark = pytest.mark.skipif(
    "libasan" in os.environ.get("LD_PRELOAD", "") or not hasattr(libc, "mallinfo2"),
    reason="counts what glibc's malloc gave out; AddressSanitizer has an allocator of its own")


def close(*fds):
    for fd in fds:
        os.close(fd)


def attached():
    fs = linux.fsopen("tmpfs")
    linux.fsconfig(fs, linux.FSCONFIG_SET_STRING, "size", "64k")
    linux.fsconfig(fs, linux.FSCONFIG_CMD_CREATE)
    mount = linux.fsmount(fs)
    linux.move_mount(mount, "", linux.AT_FDCWD, "/tmp", linux.MOVE_MOUNT_F_EMPTY_PATH)
    linux.mount_setattr(linux.AT_FDCWD, "/tmp", 0, linux.MOUNT_ATTR_NODEV)
    picked = linux.fspick(linux.AT_FDCWD, "/tmp")
    close(fs, mount, picked, linux.open_tree(linux.AT_FDCWD, "/tmp"))
    linux.umount2("/tmp", linux.MNT_DETACH)


def mounted():
    linux.mount("tmpfs", "/tmp", "tmpfs", 0, "size=64k")
    linux.umount("/tmp")


def namespaces():
    linux.unshare(linux.CLONE_NEWUTS)
    linux.sethostname("box")
    linux.setdomainname("example")
    with open("/proc/1/ns/uts") as namespace:
        linux.setns(namespace, linux.CLONE_NEWUTS)


def cloned():
    os.waitpid(linux.clone(len, 0, ("xy",)), 0)


def cloned3():
    child = linux.clone3(len, linux.CLONE_PIDFD, ("xy",))
    os.waitpid(child.pid, 0)
    close(child.pidfd)


def process_descriptors():
    pidfd = linux.pidfd_open(1)
    linux.pidfd_send_signal(pidfd, 0)
    close(linux.pidfd_getfd(pidfd, 0), pidfd)


def files():
    close(linux.openat2(linux.AT_FDCWD, "/"))
    fd = linux.memfd_create("name", linux.MFD_ALLOW_SEALING)
    linux.add_seals(fd, linux.F_SEAL_GROW)
    linux.get_seals(fd)
    linux.close_range(fd, fd)


def privileges():
    linux.capset(*linux.capget())
    linux.prctl(linux.PR_SET_NAME, "name")
    linux.prctl(linux.PR_GET_NAME)
    linux.prctl(linux.PR_GET_PDEATHSIG)
    linux.seccomp(linux.SECCOMP_GET_NOTIF_SIZES)
    linux.seccomp(linux.SECCOMP_GET_ACTION_AVAIL, 0, linux.SECCOMP_RET_ALLOW)


def keys():
    key = linux.add_key("user", "name", b"x" * 1000, linux.KEY_SPEC_PROCESS_KEYRING)
    linux.keyctl(linux.KEYCTL_READ, key)
    linux.keyctl(linux.KEYCTL_DESCRIBE, key)
    linux.keyctl(linux.KEYCTL_UPDATE, key, b"y")


@pytest.mark.parametrize("call", [
    attached, mounted, namespaces, cloned, cloned3, process_descriptors, files, privileges,
    keys])
def test_calls_that_succeed_leave_nothing(call):
    isolated(check)(call)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_calls_that_fail_leave_nothing(name):
    isolated(check)(lambda: fail(name), CALLS[name][2])


def wrong(name):
    """The call with a last argument of a wrong type, after good ones."""
    arguments = (*CALLS[name][2][:-1], object())

    def call():
        try:
            getattr(linux, name)(*arguments)
        except (TypeError, linux.Error):
            return
        raise AssertionError(f"{name} took an object()")
    return call, arguments


@pytest.mark.parametrize("name", sorted(CALLS))
def test_calls_with_a_wrong_type_leave_nothing(name):
    isolated(check)(*wrong(name))


def test_filters_leave_nothing():
    program = [(linux.BPF_LD, 0, 0, 5000)] * 4000  # refused by the kernel

    def call():
        for arguments in (program[:50], bytes(80), [(1, 2)], [("x",) * 4]):
            try:
                linux.seccomp(linux.SECCOMP_SET_MODE_FILTER, 0, arguments)
            except (linux.Error, ValueError, TypeError):
                continue
            raise AssertionError("a bad filter was taken")
    isolated(check)(call)


def test_importing_again_and_again_leaves_little():
    import importlib.util
    spec = linux.__spec__

    def load():
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert module.mount and module.Error is not linux.Error

    def run():
        for _ in range(20):
            load()
        before = measure()
        for _ in range(200):
            load()
        gc.collect()
        after = measure()
        # A named tuple's members stay with Python 3.9 to 3.11; 200 modules would be far more.
        assert after[0] - before[0] < 200 * 40 and after[1] - before[1] < 200 * 4096
    isolated(run)()
