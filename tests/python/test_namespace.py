"""unshare, setns, sethostname, setdomainname.

SPDX-License-Identifier: MIT
"""
import errno
import os
import threading

import pytest

import linux
from .isolation import ALL, NEWPID, isolated
from .test_mount import fails

KINDS = {
    "mnt": linux.CLONE_NEWNS, "uts": linux.CLONE_NEWUTS, "ipc": linux.CLONE_NEWIPC,
    "net": linux.CLONE_NEWNET, "cgroup": linux.CLONE_NEWCGROUP, "user": linux.CLONE_NEWUSER,
    "pid_for_children": linux.CLONE_NEWPID, "time_for_children": linux.CLONE_NEWTIME,
}


def identity(kind):
    return os.readlink(f"/proc/self/ns/{kind}")


@pytest.mark.parametrize("kind", KINDS)
def test_unshare_makes_a_new_namespace_of_each_kind(kind):
    @isolated
    def run():
        before = identity(kind) if os.path.exists(f"/proc/self/ns/{kind}") else None
        linux.unshare(KINDS[kind])
        if kind == "pid_for_children":  # exists from its first child on
            os.waitpid(os.fork() or os._exit(0), 0)
            assert not os.path.exists("/proc/self/ns/pid_for_children") or \
                identity(kind) != before
        else:
            assert identity(kind) != before
    run()


@isolated
def test_unshare_gives_a_descriptor_table_of_ones_own():
    linux.unshare(linux.CLONE_FILES | linux.CLONE_FS | linux.CLONE_SYSVSEM)


@isolated
def test_unshare_errors():
    fails(errno.EINVAL, linux.unshare, 1)
    fails(errno.EINVAL, linux.unshare, 1 << 31)
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    fails(errno.EINVAL, linux.unshare, linux.CLONE_NEWUSER)
    stop.set()
    thread.join()


@isolated
def test_too_many_namespaces_are_enospc():
    with open("/proc/sys/user/max_uts_namespaces", "w") as limit:
        limit.write("0")
    fails(errno.ENOSPC, linux.unshare, linux.CLONE_NEWUTS)


@isolated
def test_without_capabilities_a_namespace_is_refused():
    linux.capset(0, 0, 0)
    assert isinstance(fails(errno.EPERM, linux.unshare, linux.CLONE_NEWUTS), PermissionError)
    fails(errno.EPERM, linux.sethostname, "box")
    fails(errno.EPERM, linux.setdomainname, "box")
    with open("/proc/self/ns/uts") as namespace:
        fails(errno.EPERM, linux.setns, namespace, 0)


@isolated
def test_setns_goes_there_and_back():
    with open("/proc/self/ns/uts") as outer:
        before = identity("uts")
        linux.unshare(linux.CLONE_NEWUTS)
        assert identity("uts") != before
        linux.setns(outer, linux.CLONE_NEWUTS)
        assert identity("uts") == before
        linux.setns(outer.fileno(), 0)


@isolated
def test_setns_enters_several_namespaces_of_a_process_by_its_pidfd():
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        linux.unshare(linux.CLONE_NEWUTS | linux.CLONE_NEWIPC)
        linux.sethostname("inside")
        os.write(write_end, b"x")
        threading.Event().wait()
    os.read(read_end, 1)
    pidfd = linux.pidfd_open(pid)
    linux.setns(pidfd, linux.CLONE_NEWUTS | linux.CLONE_NEWIPC)
    assert os.uname().nodename == "inside"
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    fails(errno.ESRCH, linux.setns, pidfd, linux.CLONE_NEWUTS)


@isolated
def test_setns_errors():
    with open("/proc/self/ns/uts") as namespace, open("/dev/null") as file, \
            open("/proc/self/ns/user") as own:
        fails(errno.EINVAL, linux.setns, namespace, linux.CLONE_NEWNET)
        fails(errno.EINVAL, linux.setns, file, 0)
        fails(errno.EINVAL, linux.setns, own, linux.CLONE_NEWUSER)
        number = file.fileno()
    fails(errno.EBADF, linux.setns, number, 0)
    fails(errno.EBADF, linux.setns, -1, 0)


@isolated
def test_names_of_the_host_are_set():
    linux.sethostname("box")
    linux.setdomainname(b"example")
    with open("/proc/sys/kernel/domainname") as file:
        assert (os.uname().nodename, file.read()) == ("box", "example\n")
    linux.sethostname("x" * 64)
    assert os.uname().nodename == "x" * 64
    linux.sethostname("")
    assert os.uname().nodename == ""


@isolated
def test_names_that_are_too_long_are_refused():
    fails(errno.EINVAL, linux.sethostname, "x" * 65)
    fails(errno.EINVAL, linux.setdomainname, "x" * 65)


@isolated(flags=ALL & ~NEWPID)
def test_the_next_child_after_unshare_is_pid_1():
    linux.unshare(linux.CLONE_NEWPID)
    pid = os.fork()
    if pid == 0:
        os._exit(os.getpid())
    assert os.waitpid(pid, 0)[1] == 1 << 8
