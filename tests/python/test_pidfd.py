"""pidfd_open, pidfd_send_signal, pidfd_getfd.

SPDX-License-Identifier: MIT
"""
import errno
import os
import select
import signal

import pytest

import linux
from .isolation import in_child, isolated
from .test_mount import fails


@pytest.fixture
def sleeper():
    pid = os.fork()
    if pid == 0:
        signal.pause()
    yield pid
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def test_a_pidfd_tells_that_its_process_ended(sleeper):
    pidfd = linux.pidfd_open(sleeper)
    assert not os.get_inheritable(pidfd)
    assert select.select([pidfd], [], [], 0)[0] == []
    linux.pidfd_send_signal(pidfd, 0)
    linux.pidfd_send_signal(pidfd, signal.SIGTERM)
    assert select.select([pidfd], [], [], 30)[0] == [pidfd]
    assert os.WTERMSIG(os.waitpid(sleeper, 0)[1]) == signal.SIGTERM
    assert isinstance(fails(errno.ESRCH, linux.pidfd_send_signal, pidfd, 0), ProcessLookupError)
    os.close(pidfd)


def test_a_descriptor_is_copied_from_another_process(sleeper):
    pidfd = linux.pidfd_open(sleeper)
    copy = linux.pidfd_getfd(pidfd, 2)
    assert os.fstat(copy).st_ino == os.fstat(2).st_ino and not os.get_inheritable(copy)
    os.close(copy)
    fails(errno.EBADF, linux.pidfd_getfd, pidfd, 9999)
    fails(errno.EINVAL, linux.pidfd_getfd, pidfd, 2, 1)
    os.kill(sleeper, 9)
    os.waitpid(sleeper, 0)
    fails(errno.ESRCH, linux.pidfd_getfd, pidfd, 2)
    os.close(pidfd)


def test_errors():
    fails(errno.EINVAL, linux.pidfd_open, 0)
    fails(errno.EINVAL, linux.pidfd_open, -1)
    fails(errno.EINVAL, linux.pidfd_open, os.getpid(), 1 << 30)
    fails(errno.EBADF, linux.pidfd_send_signal, -1, 0)
    fails(errno.EBADF, linux.pidfd_getfd, -1, 0)
    pidfd = linux.pidfd_open(os.getpid())
    fails(errno.EINVAL, linux.pidfd_send_signal, pidfd, 1000)
    fails(errno.EINVAL, linux.pidfd_send_signal, pidfd, 0, 1 << 30)
    os.close(pidfd)


@isolated
def test_no_such_process():
    assert isinstance(fails(errno.ESRCH, linux.pidfd_open, 9999), ProcessLookupError)


def test_too_many_open_files_are_emfile():
    def run():
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
        for _ in range(8):
            try:
                os.dup(1)
            except OSError:
                break
        fails(errno.EMFILE, linux.pidfd_open, os.getpid())
        fails(errno.EMFILE, linux.memfd_create, "name")
        fails(errno.EMFILE, linux.openat2, linux.AT_FDCWD, "/")
    in_child(run)


def test_another_users_process_is_refused():
    def run():
        pidfd = linux.pidfd_open(os.getppid())
        os.setgid(4242)
        os.setuid(4242)
        fails(errno.EPERM, linux.pidfd_send_signal, pidfd, 0)
        fails(errno.EPERM, linux.pidfd_getfd, pidfd, 0)
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    in_child(run)
