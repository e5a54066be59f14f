"""Other Python threads run while the kernel works; each function is one system call.

A thread makes the call under a seccomp filter that asks a listener first; the listener is
another thread of the same Python. It can only answer if the call does not hold the lock.

SPDX-License-Identifier: MIT
"""
import errno
import threading

import pytest

import linux
from .calls import CALLS, COLUMN, fail, install, receive, respond
from .isolation import in_child

# A child is made with the lock held, as os.fork does, so that it starts from a known state.
HOLDING = {"clone", "clone3"}
# The call that asks the listener about itself cannot be used to set the listener up twice.
BLOCKING = sorted(set(CALLS) - HOLDING)


def check(name):
    listeners, outcome = [], []
    ready = threading.Event()

    def call():
        listeners.append(install(name, linux.SECCOMP_RET_USER_NOTIF,
                                 linux.SECCOMP_FILTER_FLAG_NEW_LISTENER))
        ready.set()
        outcome.append(fail(name))

    sizes = linux.seccomp(linux.SECCOMP_GET_NOTIF_SIZES)
    assert sizes.seccomp_notif >= 80
    thread = threading.Thread(target=call)
    thread.start()
    ready.wait()
    identity, number, arguments = receive(listeners[0])
    assert outcome == []  # it waits in the kernel, and we run
    expected = CALLS[name][COLUMN]
    assert number == (expected[0] if isinstance(expected, tuple) else expected)
    respond(listeners[0], identity, errno.EDOM)
    thread.join()
    assert outcome[0].errno == errno.EDOM  # one request: one system call


@pytest.mark.skipif(COLUMN is None, reason="system call numbers of x86-64 and arm64 only")
@pytest.mark.parametrize("name", BLOCKING)
def test_other_threads_run_during_the_one_system_call(name):
    in_child(check, name)
