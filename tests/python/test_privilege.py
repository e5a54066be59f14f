"""capget, capset, prctl, keyctl, add_key, seccomp.

SPDX-License-Identifier: MIT
"""
import errno
import os
import signal
import struct
import threading

import pytest

import linux
from .calls import COLUMN, filter_for, install
from .isolation import in_child, isolated
from .test_mount import fails

SESSION = linux.KEY_SPEC_SESSION_KEYRING


def status(field):
    with open("/proc/thread-self/status", errors="surrogateescape") as file:
        return dict(line.split(":", 1) for line in file)[field].strip()


# --- capabilities ------------------------------------------------------------------------

@isolated
def test_the_sets_are_those_of_proc():
    caps = linux.capget()
    assert caps == (caps.effective, caps.permitted, caps.inheritable)
    for name, value in zip(("CapEff", "CapPrm", "CapInh"), caps):
        assert int(status(name), 16) == value
    assert linux.capget(os.getpid()) == caps


@isolated
def test_the_sets_are_changed():
    keep = 1 << linux.CAP_NET_BIND_SERVICE | 1 << linux.CAP_BPF  # one in each half
    linux.capset(1 << linux.CAP_BPF, keep, 1 << linux.CAP_NET_BIND_SERVICE)
    assert linux.capget() == (1 << linux.CAP_BPF, keep, 1 << linux.CAP_NET_BIND_SERVICE)
    assert int(status("CapPrm"), 16) == keep
    linux.capset(*linux.capget())
    linux.capset(0, 0, 0)
    assert linux.capget() == (0, 0, 0)


@isolated
def test_errors_of_capabilities():
    fails(errno.EINVAL, linux.capget, -1)
    fails(errno.ESRCH, linux.capget, 9999)
    linux.capset(0, 1, 0)
    fails(errno.EPERM, linux.capset, 0, 2, 0)
    fails(errno.EPERM, linux.capset, 2, 1, 0)


@isolated
def test_bounding_and_ambient_sets_by_prctl():
    cap = linux.CAP_CHOWN
    linux.capset(*[1 << cap | 1 << linux.CAP_SETPCAP] * 3)
    linux.prctl(linux.PR_CAP_AMBIENT, linux.PR_CAP_AMBIENT_RAISE, cap)
    assert linux.prctl(linux.PR_CAP_AMBIENT, linux.PR_CAP_AMBIENT_IS_SET, cap) == 1
    assert int(status("CapAmb"), 16) == 1 << cap
    linux.prctl(linux.PR_CAP_AMBIENT, linux.PR_CAP_AMBIENT_CLEAR_ALL)
    assert linux.prctl(linux.PR_CAPBSET_READ, cap) == 1
    linux.prctl(linux.PR_CAPBSET_DROP, cap)
    assert linux.prctl(linux.PR_CAPBSET_READ, cap) == 0


# --- prctl -------------------------------------------------------------------------------

def options():
    linux.prctl(linux.PR_SET_NAME, "worker")
    assert linux.prctl(linux.PR_GET_NAME) == "worker" == status("Name")
    linux.prctl(linux.PR_SET_NAME, b"a name that is longer than fifteen")
    assert linux.prctl(linux.PR_GET_NAME) == "a name that is "
    linux.prctl(linux.PR_SET_NAME, b"\xff")
    assert os.fsencode(linux.prctl(linux.PR_GET_NAME)) == b"\xff"
    linux.prctl(linux.PR_SET_PDEATHSIG, 0)  # isolation.py has asked for one
    assert linux.prctl(linux.PR_GET_PDEATHSIG) == 0
    assert linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGTERM) == 0
    assert linux.prctl(linux.PR_GET_PDEATHSIG) == signal.SIGTERM
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    assert linux.prctl(linux.PR_GET_CHILD_SUBREAPER) == 1
    linux.prctl(linux.PR_SET_TIMERSLACK, 1 << 40)  # wider than an int
    assert linux.prctl(linux.PR_GET_TIMERSLACK) == 1 << 40
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    assert linux.prctl(linux.PR_GET_DUMPABLE) == 0
    assert linux.prctl(linux.PR_GET_NO_NEW_PRIVS) == 0
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    assert linux.prctl(linux.PR_GET_NO_NEW_PRIVS) == 1 == int(status("NoNewPrivs"))
    assert linux.prctl(linux.PR_GET_SECCOMP) == linux.SECCOMP_MODE_DISABLED


def test_options_of_prctl():
    in_child(options)


def test_errors_of_prctl():
    def run():
        fails(errno.EINVAL, linux.prctl, 123456)
        fails(errno.EINVAL, linux.prctl, linux.PR_SET_PDEATHSIG, 1000)
        fails(errno.EINVAL, linux.prctl, linux.PR_SET_NO_NEW_PRIVS, 1, 1)
        fails(errno.EINVAL, linux.prctl, linux.PR_CAPBSET_READ, 1000)
        fails(errno.EINVAL, linux.prctl, linux.PR_SET_NO_NEW_PRIVS, -1)
    in_child(run)


@isolated
def test_prctl_without_the_capability():
    linux.capset(0, 0, 0)
    fails(errno.EPERM, linux.prctl, linux.PR_CAPBSET_DROP, linux.CAP_CHOWN)
    fails(errno.EPERM, linux.prctl, linux.PR_CAP_AMBIENT, linux.PR_CAP_AMBIENT_RAISE, 0)


# --- keys --------------------------------------------------------------------------------

def has_keys():
    try:
        linux.keyctl(linux.KEYCTL_GET_KEYRING_ID, SESSION, 0)
    except linux.Error as error:
        return error.errno not in (errno.ENOSYS, errno.EPERM)
    return True


needs_keys = pytest.mark.skipif(not has_keys(), reason="this kernel has no keys")


def keys():
    ring = linux.keyctl(linux.KEYCTL_JOIN_SESSION_KEYRING, "linux-module-test")
    assert ring == linux.keyctl(linux.KEYCTL_GET_KEYRING_ID, SESSION, 0)
    assert linux.keyctl(linux.KEYCTL_DESCRIBE, ring).endswith(";linux-module-test")
    key = linux.add_key("user", "name", b"\0secret", ring)
    assert linux.keyctl(linux.KEYCTL_READ, key) == b"\0secret"
    assert linux.keyctl(linux.KEYCTL_SEARCH, ring, "user", b"name") == key
    assert linux.keyctl(linux.KEYCTL_READ, ring) == struct.pack("=i", key)
    linux.keyctl(linux.KEYCTL_UPDATE, key, b"x" * 4000)  # longer than the first room
    assert linux.keyctl(linux.KEYCTL_READ, key) == b"x" * 4000
    inner = linux.add_key("keyring", "inner", None, ring)
    linux.keyctl(linux.KEYCTL_LINK, key, inner)
    linux.keyctl(linux.KEYCTL_UNLINK, key, ring)
    assert linux.keyctl(linux.KEYCTL_READ, inner) == struct.pack("=i", key)
    linux.keyctl(linux.KEYCTL_SETPERM, key, 0x3f3f0000)
    assert ";3f3f0000;name" in linux.keyctl(linux.KEYCTL_DESCRIBE, key)
    linux.keyctl(linux.KEYCTL_SET_TIMEOUT, key, 1000)
    linux.keyctl(linux.KEYCTL_CLEAR, inner)
    assert linux.keyctl(linux.KEYCTL_READ, inner) == b""
    assert linux.keyctl(linux.KEYCTL_JOIN_SESSION_KEYRING) != ring
    assert linux.keyctl(linux.KEYCTL_JOIN_SESSION_KEYRING, None) != ring


@needs_keys
def test_keys_are_made_read_found_and_linked():
    in_child(keys)


def errors_of_keys():
    ring = linux.keyctl(linux.KEYCTL_JOIN_SESSION_KEYRING, None)
    key = linux.add_key("user", "name", "text", ring)
    fails(errno.EOPNOTSUPP, linux.keyctl, 123456)
    fails(errno.ENOTDIR, linux.keyctl, linux.KEYCTL_CLEAR, key)
    fails(errno.ENOKEY, linux.keyctl, linux.KEYCTL_SEARCH, ring, "user", "missing")
    fails(errno.EDEADLK, lambda: linux.keyctl(
        linux.KEYCTL_LINK, ring, linux.add_key("keyring", "inner", None, ring)))
    linux.keyctl(linux.KEYCTL_UNLINK, key, ring)
    fails(errno.ENODEV, linux.add_key, "no such type", "name", b"", ring)
    fails(errno.EPERM, linux.add_key, ".type", "name", b"", ring)
    fails(errno.EINVAL, linux.add_key, "user", "name", None, ring)
    fails(errno.EINVAL, linux.add_key, "keyring", "name", b"content", ring)
    other = linux.add_key("user", "other", "text", ring)
    fails(errno.ENOTDIR, linux.add_key, "user", "name", b"x", other)
    linux.keyctl(linux.KEYCTL_SETPERM, other, 0x3d3d0000)  # not readable
    third = linux.add_key("user", "third", "text", ring)
    linux.keyctl(linux.KEYCTL_REVOKE, third)
    fails(errno.EKEYREVOKED, linux.keyctl, linux.KEYCTL_READ, third)


@needs_keys
def test_errors_of_keys():
    in_child(errors_of_keys)


# --- seccomp -----------------------------------------------------------------------------

ALLOW = [(linux.BPF_RET | linux.BPF_K, 0, 0, linux.SECCOMP_RET_ALLOW)]


def test_actions_and_sizes_are_told():
    assert linux.seccomp(linux.SECCOMP_GET_ACTION_AVAIL, 0, linux.SECCOMP_RET_ALLOW) == 0
    fails(errno.EOPNOTSUPP, linux.seccomp, linux.SECCOMP_GET_ACTION_AVAIL, 0, 0x12340000)
    sizes = linux.seccomp(linux.SECCOMP_GET_NOTIF_SIZES)
    assert sizes.seccomp_data == 64 and sizes.seccomp_notif >= 80
    assert sizes.seccomp_notif_resp >= 24


@pytest.mark.skipif(COLUMN is None, reason="system call numbers of x86-64 and arm64 only")
def test_a_filter_may_be_tuples_or_bytes():
    def run():
        program = filter_for("sethostname", linux.SECCOMP_RET_ERRNO | errno.EDOM)
        assert linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1) == 0
        assert linux.seccomp(linux.SECCOMP_SET_MODE_FILTER, 0, program) == 0
        fails(errno.EDOM, linux.sethostname, "box")
        packed = b"".join(struct.pack("=HBBI", *line) for line in filter_for(
            "setdomainname", linux.SECCOMP_RET_ERRNO | errno.ERANGE))
        linux.seccomp(linux.SECCOMP_SET_MODE_FILTER, 0, memoryview(packed))
        fails(errno.ERANGE, linux.setdomainname, "box")
        assert linux.prctl(linux.PR_GET_SECCOMP) == linux.SECCOMP_MODE_FILTER
        assert status("Seccomp") == "2" and status("Seccomp_filters") == "2"
    in_child(run)


@pytest.mark.skipif(COLUMN is None, reason="system call numbers of x86-64 and arm64 only")
def test_a_filter_can_end_the_process():
    pid = os.fork()
    if pid == 0:
        install("sethostname", linux.SECCOMP_RET_KILL_PROCESS)
        linux.sethostname("box")
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGSYS


def test_strict_mode_allows_no_more_than_four_calls():
    pid = os.fork()
    if pid == 0:
        linux.seccomp(linux.SECCOMP_SET_MODE_STRICT)
        os.getppid()
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL


def test_a_filter_for_all_threads():
    def run():
        ready, stop = threading.Event(), threading.Event()
        seen = []

        def other():
            ready.set()
            stop.wait()
            seen.append(status("Seccomp"))
        thread = threading.Thread(target=other)
        thread.start()
        ready.wait()
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        linux.seccomp(linux.SECCOMP_SET_MODE_FILTER, linux.SECCOMP_FILTER_FLAG_TSYNC, ALLOW)
        stop.set()
        thread.join()
        assert seen == ["2"]
    in_child(run)


def test_errors_of_seccomp():
    def run():
        fails(errno.EINVAL, linux.seccomp, 12345)
        fails(errno.EINVAL, linux.seccomp, linux.SECCOMP_SET_MODE_STRICT, 1)
        fails(errno.EINVAL, linux.seccomp, linux.SECCOMP_GET_NOTIF_SIZES, 1)
        fails(errno.EINVAL, linux.seccomp, linux.SECCOMP_GET_ACTION_AVAIL, 1, 0)
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        fails(errno.EINVAL, linux.seccomp, linux.SECCOMP_SET_MODE_FILTER, 0, [])
        fails(errno.EINVAL, linux.seccomp, linux.SECCOMP_SET_MODE_FILTER, 0, [(0xffff, 0, 0, 0)])
        fails(errno.EINVAL, linux.seccomp, linux.SECCOMP_SET_MODE_FILTER, 1 << 30, ALLOW)
        listener = linux.seccomp(linux.SECCOMP_SET_MODE_FILTER,
                                 linux.SECCOMP_FILTER_FLAG_NEW_LISTENER, ALLOW)
        assert not os.get_inheritable(listener)
        fails(errno.EBUSY, linux.seccomp, linux.SECCOMP_SET_MODE_FILTER,
              linux.SECCOMP_FILTER_FLAG_NEW_LISTENER, ALLOW)
        fails(errno.ENOMEM, lambda: [linux.seccomp(
            linux.SECCOMP_SET_MODE_FILTER, 0, ALLOW * 4000) for _ in range(100)])
    in_child(run)


@isolated
def test_a_filter_needs_a_privilege_or_no_new_privs():
    linux.capset(0, 0, 0)
    assert isinstance(fails(errno.EACCES, linux.seccomp, linux.SECCOMP_SET_MODE_FILTER, 0, ALLOW),
                      PermissionError)
