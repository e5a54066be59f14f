"""Containers without a mount namespace of their own: the caller's, or one by its path.

Every test is followed by the leak check, so a mount that stays in the caller's namespace fails
it; what stays in a joined namespace is looked for here.

SPDX-License-Identifier: MIT
"""
import os
import pathlib
import signal
import subprocess

import pytest


def set_mount_namespace(bundle, path=None):
    listed = [ns for ns in bundle.config["linux"]["namespaces"] if ns["type"] != "mount"]
    bundle.config["linux"]["namespaces"] = listed + (
        [{"type": "mount", "path": path}] if path else [])


@pytest.fixture
def other():
    """A mount namespace that a process holds; its pid."""
    holder = subprocess.Popen(["unshare", "-m", "sh", "-c", "echo ready; exec sleep 1000"],
                              stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "ready\n"
    yield holder.pid
    holder.kill()
    holder.wait()
    holder.stdout.close()


def mounts_below(directory, pid="self"):
    lines = pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    return [line.split()[4] for line in lines if line.split()[4].startswith(str(directory))]


def test_the_callers_namespace_with_a_root_of_its_own(bundle):
    set_mount_namespace(bundle)
    result = bundle.run("ns:mnt", "list:/", "look:/dev/null", "cwd", "write:/proc/sys/x")
    assert result["ns:mnt"] == os.readlink("/proc/self/ns/mnt")
    assert "probe" in result["list:/"].split() and "usr" not in result["list:/"].split()
    assert result["look:/dev/null"] == "20666 1:3 0:0"
    assert mounts_below(bundle.directory) == []


def test_exec_goes_into_the_same_root(bundle):
    set_mount_namespace(bundle)
    name = bundle.started()
    assert bundle.rootfs / "proc" in map(pathlib.Path, mounts_below(bundle.directory))
    result = bundle.call("exec", name, "/probe", "list:/", "ns:mnt", "cwd")
    assert "probe" in result["list:/"].split() and "usr" not in result["list:/"].split()
    assert result["cwd"] == "/"
    assert bundle.call("delete", "--force", name).status == 0
    assert mounts_below(bundle.directory) == []


def test_a_namespace_by_its_path(bundle, other):
    set_mount_namespace(bundle, f"/proc/{other}/ns/mnt")
    name = bundle.started("ns:mnt", "wait")
    assert mounts_below(bundle.directory) == []
    assert str(bundle.rootfs) in mounts_below(bundle.directory, other)
    result = bundle.call("exec", name, "/probe", "ns:mnt", "list:/")
    assert result["ns:mnt"] == os.readlink(f"/proc/{other}/ns/mnt")
    assert "usr" not in result["list:/"].split()
    assert bundle.call("delete", "--force", name).status == 0
    assert mounts_below(bundle.directory, other) == []


def test_delete_after_the_namespace_is_gone(bundle, other):
    set_mount_namespace(bundle, f"/proc/{other}/ns/mnt")
    name = bundle.started()
    os.kill(other, signal.SIGKILL)
    assert bundle.call("delete", "--force", name).status == 0
    assert list(bundle.state.iterdir()) == []


@pytest.mark.parametrize("change", [
    lambda c: c["process"].update(args=["/not/there"]),
    lambda c: c["mounts"].append({"destination": "/x", "source": "/not/there", "type": "bind"}),
    lambda c: c["process"].update(cwd="/probe"),
])
def test_a_failure_leaves_no_mount(bundle, other, change):
    for path in (None, f"/proc/{other}/ns/mnt"):
        set_mount_namespace(bundle, path)
        change(bundle.config)
        assert bundle.run().status != 0
        assert mounts_below(bundle.directory) == [] == mounts_below(bundle.directory, other)


def test_not_with_a_user_namespace(bundle):
    set_mount_namespace(bundle)
    bundle.config["linux"]["namespaces"].append({"type": "user"})
    maps = [{"containerID": 0, "hostID": 100000, "size": 10}]
    bundle.config["linux"].update(uidMappings=maps, gidMappings=maps)
    result = bundle.run("ids")
    assert result.status == 1 and "there must be a new mount namespace" in result.stderr
