"""The places that podman's tests run in, as fixtures; worlds.py says what they are.

SPDX-License-Identifier: MIT
"""
import shutil

import pytest

from machine import IMAGES
from worlds import UserWorld, make_world, wait_until


@pytest.fixture(scope="session")
def the_world(tmp_path_factory):
    world = make_world(tmp_path_factory.mktemp("podman"), "sampan")
    yield world
    world.close()


@pytest.fixture(scope="session")
def the_crun_world(tmp_path_factory):
    if not shutil.which("crun"):
        pytest.skip("no crun to compare with")
    world = make_world(tmp_path_factory.mktemp("crun"), "crun")
    yield world
    world.close()


@pytest.fixture
def podman(the_world):
    """podman on our runtime; a container, mount, cgroup or state that a test leaves fails it."""
    before = the_world.left()
    yield the_world
    the_world.clean()
    left = {}

    def is_clean():
        now = the_world.left()
        left.update({k: [x for x in now[k] if x not in before[k]] for k in now})
        return not any(left.values())

    try:
        wait_until(is_clean, "leaks")
    except AssertionError:
        assert not any(left.values()), f"left behind: {left}"


@pytest.fixture(scope="session")
def user_podman(tmp_path_factory):
    """podman of an ordinary user on our runtime."""
    for program in ("podman", "newuidmap", "setpriv"):
        if not shutil.which(program):
            pytest.skip(f"no {program}")
    if not (IMAGES / "busybox.tar").exists():
        pytest.skip("no build/images/busybox.tar (make images)")
    world = UserWorld(tmp_path_factory.mktemp("user"))
    with open(IMAGES / "busybox.tar", "rb") as image:
        world.ok("load", "--quiet", stdin=image)
    yield world
    world.close()


@pytest.fixture
def crun(the_crun_world):
    yield the_crun_world
    the_crun_world.clean()
