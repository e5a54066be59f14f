"""podman with systemd's cgroup driver on our runtime: containers are scopes, pods slices.

Needs systemd as process 1 (tests/run engines_v2 boots one).

SPDX-License-Identifier: MIT
"""
import pathlib

import pytest

from daemons import need_systemd
from machine import CGROUPS
from worlds import wait_until

pytestmark = pytest.mark.cgroups

IMAGE = "localhost/busybox:latest"


@pytest.fixture
def managed(podman):
    """podman --cgroup-manager systemd with these words; it must end well."""
    need_systemd()

    def call(*words):
        return podman.ok("--cgroup-manager", "systemd", *words)

    yield call
    podman.run("--cgroup-manager", "systemd", "pod", "rm", "--force", "--all")
    podman.run("--cgroup-manager", "systemd", "rm", "--force", "--all", "--time", "0")


def start(managed, name, *words):
    return managed("run", "--detach", "--name", name, "--network", "none", *words, IMAGE, "sh",
                   "-c", "trap 'exit 5' TERM; while :; do sleep 0.1; done")


def group(managed, name):
    """The directory of the group that the container's first process is in."""
    pid = managed("inspect", "--format", "{{.State.Pid}}", name)
    words = dict(line.split(":", 2)[1:] for line in
                 pathlib.Path(f"/proc/{pid}/cgroup").read_text().split())
    return CGROUPS / words[""].lstrip("/")


def is_active(podman, unit):
    return podman.call("systemctl", "is-active", unit).stdout == "active\n"


def test_a_container_is_a_scope_with_its_limits(podman, managed):
    name = start(managed, "box", "--memory", "64m", "--pids-limit", "20", "--cpus", "0.5")
    unit, place = f"libpod-{name}.scope", group(managed, "box")
    assert f"/machine.slice/{unit}" in str(place)
    values = [(place / file).read_text().strip() for file in ("memory.max", "pids.max", "cpu.max")]
    assert values == [str(64 << 20), "20", "50000 100000"]
    managed("update", "--memory", "48m", "box")
    assert (place / "memory.max").read_text().strip() == str(48 << 20)
    assert is_active(podman, unit)
    managed("rm", "--force", "--time", "0", "box")
    wait_until(lambda: not is_active(podman, unit), "its scope goes")


def test_its_life(podman, managed):
    start(managed, "box")
    assert managed("exec", "box", "echo", "hello") == "hello"
    managed("pause", "box")
    assert (group(managed, "box") / "cgroup.events").read_text().endswith("frozen 1\n")
    managed("unpause", "box")
    assert int(managed("stats", "--no-stream", "--format", "{{.PIDs}}", "box")) >= 1
    managed("stop", "--time", "5", "box")
    assert managed("inspect", "--format", "{{.State.ExitCode}}", "box") == "5"
    managed("start", "box")
    assert managed("exec", "box", "echo", "again") == "again"


def test_a_pod_is_a_slice(podman, managed):
    pod = managed("pod", "create", "--name", "pair", "--network", "none")
    managed("run", "--detach", "--pod", "pair", "--name", "left", IMAGE, "sleep", "1000")
    pod_slice = f"machine-libpod_pod_{pod}.slice"
    assert f"/machine.slice/{pod_slice}/libpod-" in str(group(managed, "left"))
    managed("pod", "rm", "--force", "--time", "0", "pair")
    wait_until(lambda: not is_active(podman, pod_slice), "its slice goes")
