"""One dockerd for the tests of this directory, and more where a test ends its own.

SPDX-License-Identifier: MIT
"""
import contextlib

import pytest

from daemons import nothing_new
from dockerd import running


@pytest.fixture(scope="session")
def shared_dockerd(busybox_tar):
    with running(busybox_tar) as made:
        yield made


@pytest.fixture
def dockerd(shared_dockerd):
    before = shared_dockerd.mounts(), shared_dockerd.place.interfaces()
    yield shared_dockerd
    shared_dockerd.clean()
    nothing_new(shared_dockerd.mounts, before[0], "mounts")
    nothing_new(shared_dockerd.place.interfaces, before[1], "interfaces")
    nothing_new(shared_dockerd.records, [], "the runtime's records")


@pytest.fixture
def own_dockerd(busybox_tar):
    """own_dockerd(*options, config=...): one that a test may end."""
    with contextlib.ExitStack() as stack:
        yield lambda *options, **more: stack.enter_context(
            running(busybox_tar, *options, **more))
