"""linux.resources: what stands in the kernel's files for a container that runs.

SPDX-License-Identifier: MIT
"""
import os
import subprocess

import pytest

from machine import CGROUPS, is_pure_v2

V2 = is_pure_v2()


def group_file(bundle, controller, name):
    """A file of the container's group: of v2, or of the v1 hierarchy of a controller."""
    top = CGROUPS if V2 else CGROUPS / controller
    if not top.is_dir():
        pytest.skip(f"this machine has no {controller} controller")
    return top / bundle.config["linux"]["cgroupsPath"].lstrip("/") / name


def started(bundle, resources):
    bundle.config["linux"]["resources"] = resources
    return bundle.started()


@pytest.mark.parametrize("resources,controller,v1,v2", [
    ({"memory": {"limit": 64 << 20}}, "memory", ("memory.limit_in_bytes", "67108864"), ("memory.max", "67108864")),
    ({"memory": {"limit": 64 << 20, "reservation": 32 << 20}}, "memory",
     ("memory.soft_limit_in_bytes", "33554432"), ("memory.low", "33554432")),
    ({"pids": {"limit": 33}}, "pids", ("pids.max", "33"), ("pids.max", "33")),
    ({"pids": {"limit": -1}}, "pids", ("pids.max", "max"), ("pids.max", "max")),
    ({"cpu": {"shares": 2048}}, "cpu", ("cpu.shares", "2048"), ("cpu.weight", "174")),
    ({"cpu": {"quota": 20000, "period": 50000}}, "cpu", ("cpu.cfs_quota_us", "20000"), ("cpu.max", "20000 50000")),
    ({"cpu": {"quota": 20000, "period": 50000, "burst": 5000}}, "cpu", ("cpu.cfs_burst_us", "5000"),
     ("cpu.max.burst", "5000")),
    ({"cpu": {"idle": 1}}, "cpu", ("cpu.idle", "1"), ("cpu.idle", "1")),
    ({"cpu": {"cpus": "0", "mems": "0"}}, "cpuset", ("cpuset.cpus", "0"), ("cpuset.cpus", "0")),
])
def test_a_limit_stands_in_its_file(bundle, resources, controller, v1, v2):
    name, value = v2 if V2 else v1
    started(bundle, resources)
    assert group_file(bundle, controller, name).read_text().strip() == value


@pytest.mark.skipif(not V2, reason="the controllers are in v1 hierarchies here")
def test_unified_files(bundle):
    started(bundle, {"unified": {"memory.high": "50000000", "pids.max": "44", "cgroup.max.depth": "3"}})
    for name, value in (("memory.high", "49999872"), ("pids.max", "44"), ("cgroup.max.depth", "3")):
        assert group_file(bundle, "", name).read_text().strip() == value


@pytest.mark.skipif(V2, reason="the controllers are in the v2 hierarchy here")
def test_unified_without_the_controller(bundle):
    bundle.config["linux"]["resources"] = {"unified": {"memory.high": "5"}}
    result = bundle.run("ids")
    assert result.status == 1 and "linux.resources.unified.memory.high" in result.stderr


@pytest.mark.skipif(not V2, reason="cgroup v1 has them")
@pytest.mark.parametrize("resources,field", [
    ({"memory": {"swappiness": 5}}, "memory.swappiness"), ({"memory": {"kernelTCP": 5}}, "memory.kernelTCP"),
    ({"memory": {"disableOOMKiller": True}}, "memory.disableOOMKiller"), ({"network": {"classID": 5}}, "network.classID"),
    ({"cpu": {"realtimeRuntime": 5}}, "cpu.realtimeRuntime"), ({"blockIO": {"leafWeight": 50}}, "blockIO.leafWeight"),
])
def test_what_v2_has_no_word_for_is_refused(bundle, resources, field):
    bundle.config["linux"]["resources"] = resources
    result = bundle.run("ids")
    assert result.status == 1 and f"linux.resources.{field}: cgroup v2 has no such setting" in result.stderr


@pytest.mark.parametrize("rules,allowed", [
    ([{"allow": False, "access": "rwm"}], set()),
    ([{"allow": False, "access": "rwm"}, {"allow": True, "type": "b", "major": 7, "minor": 77, "access": "rwm"}], {"b"}),
    ([{"allow": False}, {"allow": True, "type": "c", "major": 10, "access": "rw"}], {"c"}),
    ([{"allow": True}], {"b", "c"}),
    ([{"allow": True}, {"allow": False, "type": "c", "major": 10}], {"b"}),
])
def test_device_rules(bundle, rules, allowed):
    """Nodes without a driver behind them: what is allowed fails with ENXIO or the like."""
    bundle.config["linux"]["resources"] = {"devices": rules}
    bundle.config["linux"]["devices"] = [
        {"path": "/dev/b", "type": "b", "major": 7, "minor": 77},
        {"path": "/dev/c", "type": "c", "major": 10, "minor": 254}]
    result = bundle.run("cat:/dev/b", "cat:/dev/c", "cat:/dev/null")
    assert result.status == 0, result.stderr
    assert {n for n in "bc" if result[f"cat:/dev/{n}"] != "EPERM"} == allowed
    assert result["cat:/dev/null"] == ""


def test_without_rules_only_the_usual_devices_open(bundle):
    bundle.config["linux"]["devices"] = [{"path": "/dev/c", "type": "c", "major": 10, "minor": 254}]
    result = bundle.run("cat:/dev/c", "cat:/dev/full")
    assert result["cat:/dev/c"] == "EPERM" and result["cat:/dev/full"] != "EPERM"


@pytest.mark.skipif(not os.path.exists("/sys/block/loop0") and not os.path.exists("/sys/block/vda"),
                    reason="no block device to limit")
def test_a_throttled_device(bundle):
    name = "vda" if os.path.exists("/sys/block/vda") else "loop0"
    numbers = open(f"/sys/block/{name}/dev").read().strip()
    major, minor = map(int, numbers.split(":"))
    started(bundle, {"blockIO": {"throttleReadBpsDevice": [{"major": major, "minor": minor, "rate": 1048576}]}})
    text = group_file(bundle, "blkio", "io.max" if V2 else "blkio.throttle.read_bps_device").read_text()
    assert numbers in text and "1048576" in text


@pytest.mark.parametrize("option", ["--l3-cache-schema=L3:0=f", "--mem-bw-schema=MB:0=50"])
def test_a_cache_schema_needs_a_class_to_change(bundle, option):
    name = bundle.started()
    result = bundle.call("update", option, name)
    assert result.status == 1 and "was made without linux.intelRdt" in result.stderr


@pytest.mark.skipif(V2, reason="v2 alone lies below nothing")
def test_hierarchies_that_lie_below_another_mount_are_not_used(bundle):
    """As in a container whose maker put cgroup2 over what was there."""
    bundle.config["process"]["args"] = ["/probe", "cat:/proc/self/cgroup"]
    bundle.write()
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", 'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"', "sh",
         *bundle.command("run", "--bundle", bundle.directory, bundle.new_id())],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20)
    assert done.returncode == 0, done.stderr
    assert "0::/|" in done.stdout
