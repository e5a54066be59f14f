"""openat2, close_range, memfd_create, add_seals, get_seals.

SPDX-License-Identifier: MIT
"""
import errno
import mmap
import os
import threading

import pytest

import linux
from .isolation import in_child, isolated
from .test_mount import fails, scratch


@pytest.fixture
def tree(tmp_path):
    """An image-like directory, as a descriptor."""
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/passwd").write_text("inside")
    (tmp_path / "passwd").write_text("outside")
    os.symlink("/etc/passwd", tmp_path / "root/absolute")
    os.symlink("../passwd", tmp_path / "root/upwards")
    os.symlink("loop", tmp_path / "root/loop")
    os.symlink("/proc/self/root", tmp_path / "root/magic")
    fd = os.open(tmp_path / "root", os.O_PATH)
    yield fd
    os.close(fd)


def read(fd):
    with os.fdopen(fd, "rb") as file:
        return file.read()


def test_a_path_is_walked_under_rules(tree):
    assert read(linux.openat2(tree, "etc/passwd")) == b"inside"
    assert read(linux.openat2(tree, "absolute", resolve=linux.RESOLVE_IN_ROOT)) == b"inside"
    assert read(linux.openat2(tree, "upwards")) == b"outside"
    fails(errno.ENOENT, linux.openat2, tree, "upwards", 0, 0, linux.RESOLVE_IN_ROOT)
    fails(errno.EXDEV, linux.openat2, tree, "upwards", 0, 0, linux.RESOLVE_BENEATH)
    fails(errno.EXDEV, linux.openat2, tree, "absolute", 0, 0, linux.RESOLVE_BENEATH)
    fails(errno.ELOOP, linux.openat2, tree, "absolute", 0, 0, linux.RESOLVE_NO_SYMLINKS)
    fails(errno.ELOOP, linux.openat2, tree, "magic", os.O_PATH, 0, linux.RESOLVE_NO_MAGICLINKS)
    fails(errno.EXDEV, linux.openat2, linux.AT_FDCWD, "/proc/self/stat", 0, 0,
          linux.RESOLVE_NO_XDEV)


def test_new_files_get_their_mode_and_are_close_on_exec(tree):
    old = os.umask(0)
    fd = linux.openat2(tree, "new", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640)
    os.umask(old)
    assert os.fstat(fd).st_mode & 0o777 == 0o640 and not os.get_inheritable(fd)
    os.close(fd)
    fails(errno.EEXIST, linux.openat2, tree, "new", os.O_CREAT | os.O_EXCL, 0o600)


def test_errors_of_openat2(tree):
    error = fails(errno.ENOENT, linux.openat2, tree, "missing")
    assert error.filename == "missing"
    fails(errno.ENOTDIR, linux.openat2, tree, "etc/passwd/below")
    fails(errno.EISDIR, linux.openat2, tree, "etc", os.O_WRONLY)
    fails(errno.ELOOP, linux.openat2, tree, "loop")
    fails(errno.EBADF, linux.openat2, -1, "etc")
    fails(errno.EINVAL, linux.openat2, tree, "etc", 1 << 50)
    fails(errno.EINVAL, linux.openat2, tree, "etc", 0, 0o644)
    fails(errno.EINVAL, linux.openat2, tree, "etc", 0, 0, 1 << 50)
    fails(errno.ENAMETOOLONG, linux.openat2, tree, "x" * 256)
    os.mkfifo("fifo", dir_fd=tree)
    fails(errno.ENXIO, linux.openat2, tree, "fifo", os.O_WRONLY | os.O_NONBLOCK)


@isolated
def test_more_errors_of_openat2():
    scratch("closed")
    fails(errno.EAGAIN, linux.openat2, linux.AT_FDCWD, "/tmp/never seen", os.O_CREAT, 0o600,
          linux.RESOLVE_CACHED)
    linux.mount(None, "/tmp", None, linux.MS_REMOUNT | linux.MS_RDONLY)
    fails(errno.EROFS, linux.openat2, linux.AT_FDCWD, "/tmp/new", os.O_CREAT, 0o600)
    linux.capset(0, 0, 0)
    fails(errno.EACCES, linux.openat2, linux.AT_FDCWD, "/proc/1/environ", os.O_WRONLY)


def test_a_call_waits_while_other_threads_run(tree):
    os.mkfifo("fifo", dir_fd=tree)
    got = []
    thread = threading.Thread(
        target=lambda: got.append(read(linux.openat2(tree, "fifo", os.O_RDONLY))))
    thread.start()
    writer = linux.openat2(tree, "fifo", os.O_WRONLY)
    os.write(writer, b"through")
    os.close(writer)
    thread.join()
    assert got == [b"through"]


def test_a_signal_interrupts_a_call():
    def run():
        import signal
        scratch_fifo = "/tmp/linux-module-test-%d" % os.getpid()
        os.mkfifo(scratch_fifo)
        try:
            signal.signal(signal.SIGALRM, lambda *_: None)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            error = fails(errno.EINTR, linux.openat2, linux.AT_FDCWD, scratch_fifo)
            assert isinstance(error, InterruptedError)
        finally:
            os.unlink(scratch_fifo)
    in_child(run)


def is_open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def test_close_range_closes_both_ends_of_the_range():
    def run():
        fds = [os.dup2(1, fd) for fd in range(100, 106)]
        linux.close_range(101, 102)
        assert [is_open(fd) for fd in fds] == [True, False, False, True, True, True]
        linux.close_range(104)
        assert [is_open(fd) for fd in fds] == [True, False, False, True, False, False]
    in_child(run)


def test_close_range_marks_and_unshares():
    def run():
        fd = os.open("/", os.O_PATH)
        os.set_inheritable(fd, True)
        linux.close_range(fd, fd, linux.CLOSE_RANGE_CLOEXEC | linux.CLOSE_RANGE_UNSHARE)
        assert not os.get_inheritable(fd)
        fails(errno.EINVAL, linux.close_range, 5, 4)
        fails(errno.EINVAL, linux.close_range, 5, 6, 1 << 20)
    in_child(run)


def test_a_memfd_is_sealed():
    fd = linux.memfd_create("name", linux.MFD_ALLOW_SEALING)
    assert not os.get_inheritable(fd)
    assert os.readlink(f"/proc/self/fd/{fd}") == "/memfd:name (deleted)"
    os.write(fd, b"text")
    assert linux.get_seals(fd) == 0
    with mmap.mmap(fd, 4):
        fails(errno.EBUSY, linux.add_seals, fd, linux.F_SEAL_WRITE)
    linux.add_seals(fd, linux.F_SEAL_WRITE | linux.F_SEAL_GROW)
    linux.add_seals(fd, linux.F_SEAL_SHRINK | linux.F_SEAL_SEAL)
    assert linux.get_seals(fd) == (linux.F_SEAL_WRITE | linux.F_SEAL_GROW
                                   | linux.F_SEAL_SHRINK | linux.F_SEAL_SEAL)
    with pytest.raises(PermissionError):
        os.write(fd, b"more")
    fails(errno.EPERM, linux.add_seals, fd, linux.F_SEAL_FUTURE_WRITE)
    os.close(fd)


def test_errors_of_memfd_and_seals():
    fails(errno.EINVAL, linux.memfd_create, "x" * 250)
    fails(errno.EINVAL, linux.memfd_create, "x", 1 << 20)
    fails(errno.EBADF, linux.add_seals, -1, 0)
    fails(errno.EBADF, linux.get_seals, -1)
    sealed = linux.memfd_create("cannot be sealed")
    assert linux.get_seals(sealed) & linux.F_SEAL_SEAL
    fails(errno.EPERM, linux.add_seals, sealed, linux.F_SEAL_WRITE)
    os.close(sealed)
    with open("/dev/null", "w") as plain:
        fails(errno.EINVAL, linux.add_seals, plain, linux.F_SEAL_WRITE)
        fails(errno.EINVAL, linux.get_seals, plain)
    fd = linux.memfd_create("name", linux.MFD_ALLOW_SEALING)
    fails(errno.EINVAL, linux.add_seals, fd, 1 << 20)
    os.close(fd)
