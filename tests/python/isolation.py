"""isolation.py - run a test in namespaces of its own.

The namespaces are made with ctypes, not with the module under test. A decorated test runs
in a grandchild that is root of a user namespace, pid 1 of a pid namespace, and has mounts,
host name, network and IPC of its own; whatever it leaves behind ends with it. Its failure
is shown by pytest as if it had run in place.

SPDX-License-Identifier: MIT
"""
import ctypes
import functools
import os
import pickle
import signal
import sys
import traceback

import pytest

libc = ctypes.CDLL(None, use_errno=True)

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
ALL = NEWUSER | NEWNS | NEWUTS | NEWIPC | NEWPID | NEWNET | NEWCGROUP
SECONDS = 120


def libc_call(name, *args):
    if getattr(libc, name)(*args) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def unshare(flags):
    uid, gid = os.geteuid(), os.getegid()
    libc_call("unshare", flags)
    if flags & NEWUSER:
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"0 {uid} 1")
        write("/proc/self/gid_map", f"0 {gid} 1")
    if flags & NEWNS:
        libc_call("mount", None, b"/", None, 0x44000, None)  # MS_REC | MS_PRIVATE


def can_unshare():
    """Why namespaces cannot be made here, or None."""
    pid = os.fork()
    if pid == 0:
        try:
            unshare(ALL)
            os._exit(0)
        except OSError:
            os._exit(1)
    if os.waitpid(pid, 0)[1] == 0:
        return None
    return "user namespaces are not allowed to this user here (see user_namespaces(7))"


NO_NAMESPACES = can_unshare()


def die_with_parent():
    """Process 1 of a pid namespace ignores SIGTERM and SIGALRM: ask for SIGKILL."""
    libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def finish(write_fd, function, args):
    """Run `function`, and write its outcome."""
    try:
        signal.alarm(SECONDS)
        function(*args)
        outcome = ("passed", "")
    except pytest.skip.Exception as skipped:
        outcome = ("skipped", str(skipped))
    except BaseException:
        outcome = ("failed", traceback.format_exc())
    os.write(write_fd, pickle.dumps(outcome)[:65536])
    sys.stdout.flush()


def be_child(write_fd, function, args, flags):
    try:
        unshare(flags)
    except OSError:
        os.write(write_fd, pickle.dumps(("failed", traceback.format_exc())))
        return
    if flags & NEWPID:
        inner = os.fork()
        if inner:
            os.close(write_fd)
            os.waitpid(inner, 0)
            return
        die_with_parent()
        libc_call("mount", b"proc", b"/proc", b"proc", 0, None)
    finish(write_fd, function, args)


def in_child(function, *args, flags=0):
    """Call `function` in a child, in new namespaces; its failure is raised here."""
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        # Whatever happens, also a pipe that nobody reads any more: the child is no second
        # pytest that goes on with the tests.
        try:
            os.close(read_fd)
            die_with_parent()
            be_child(write_fd, function, args, flags)
        finally:
            os._exit(0)
    os.close(write_fd)
    with os.fdopen(read_fd, "rb") as pipe:
        data = pipe.read()
    status = os.waitpid(pid, 0)[1]
    if not data:
        pytest.fail(f"the test's process died without a word, wait status {status:#x}")
    word, text = pickle.loads(data)
    if word == "skipped":
        pytest.skip(text)
    if word == "failed":
        pytest.fail(text, pytrace=False)


def isolated(test=None, *, flags=ALL):
    """Decorator: the test runs in new namespaces, by default in all kinds of them."""
    if test is None:
        return functools.partial(isolated, flags=flags)

    @functools.wraps(test)
    def wrapper(*args, **kwargs):
        if flags & NEWUSER and NO_NAMESPACES:
            pytest.skip(NO_NAMESPACES)
        in_child(functools.partial(test, *args, **kwargs), flags=flags)
    return wrapper
