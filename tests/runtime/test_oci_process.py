"""What a process is given besides its rights: priorities, CPUs, clocks, labels.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import time

import pytest

from machine import is_pure_v2


@pytest.mark.parametrize("scheduler,shown", [
    ({"policy": "SCHED_OTHER", "nice": 7}, "0 0 7"), ({"policy": "SCHED_OTHER"}, "0 0 0"),
    ({"policy": "SCHED_BATCH", "nice": 3}, "3 0 3"), ({"policy": "SCHED_IDLE"}, "5 0 0"),
    ({"policy": "SCHED_OTHER", "nice": -5, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}, "1073741824 0 -5"),
])
def test_scheduler(bundle, scheduler, shown):
    bundle.config["process"]["scheduler"] = scheduler
    assert bundle.run("sched")["sched"] == shown


@pytest.mark.parametrize("policy,number", [("SCHED_FIFO", 1), ("SCHED_RR", 2)])
def test_real_time_scheduler(bundle, policy, number):
    bundle.config["process"]["scheduler"] = {"policy": policy, "priority": 5}
    result = bundle.run("sched")
    if result.status == 1:
        assert "process.scheduler: set it: Operation not permitted" in result.stderr
        pytest.skip("this machine's groups have no real-time budget")
    assert result["sched"].startswith(f"{number} 5 ")


@pytest.mark.parametrize("name,number", [("RT", 1), ("BE", 2), ("IDLE", 3)])
def test_io_priority(bundle, name, number):
    bundle.config["process"]["ioPriority"] = {"class": f"IOPRIO_CLASS_{name}", "priority": 4}
    assert bundle.run("ioprio")["ioprio"] == f"{number} 4"


def test_personality(bundle):
    bundle.config["linux"]["personality"] = {"domain": "LINUX32"}
    assert bundle.run("cat:/proc/self/personality")["cat:/proc/self/personality"] == "00000008|"


def cpus(result):
    return result["status:Cpus_allowed_list"]


@pytest.mark.skipif(os.cpu_count() < 2, reason="needs two CPUs")
@pytest.mark.parametrize("affinity,shown", [
    ({"initial": "0"}, "0"), ({"final": "1"}, "1"), ({"initial": "0-1", "final": "0"}, "0"),
    ({"initial": "1", "final": "0,1"}, "0-1"),
    ({"initial": "", "final": ""}, None), (None, None)])
def test_exec_runs_on_the_chosen_cpus(bundle, affinity, shown):
    name = bundle.started()
    process = dict(bundle.config["process"], args=["/probe", "status:Cpus_allowed_list"])
    if affinity:
        process["execCPUAffinity"] = affinity
    (bundle.directory / "process.json").write_text(json.dumps(process))
    result = bundle.call("exec", "--process", bundle.directory / "process.json", name)
    assert result.status == 0, result.stderr
    own = next(line.split()[1] for line in pathlib.Path("/proc/self/status").read_text().splitlines()
               if line.startswith("Cpus_allowed_list"))
    if affinity == {"initial": "0"} and is_pure_v2():
        return  # born in the container's group: what it has then is the kernel's choice
    assert cpus(result) == (shown or own)


@pytest.mark.parametrize("text", ("x", "1-", "-1", "3-1", "0,,1", "99999", "0-99999999999999999999"))
@pytest.mark.parametrize("which", ("initial", "final"))
def test_a_bad_list_of_cpus(bundle, text, which):
    bundle.config["process"]["execCPUAffinity"] = {which: text}
    result = bundle.run("ids")
    assert result.status == 1 and f"process.execCPUAffinity.{which}: no list of CPUs" in result.stderr


def test_the_affinity_is_not_for_the_first_process(bundle):
    bundle.config["process"]["execCPUAffinity"] = {"initial": "0", "final": "0"}
    result = bundle.run("status:Cpus_allowed_list")
    assert (cpus(result) == "0") == (os.sched_getaffinity(0) == {0})


@pytest.fixture
def clocks(bundle):
    if not os.path.exists("/proc/self/timens_offsets"):
        pytest.skip("this kernel has no time namespaces")
    bundle.config["linux"]["namespaces"].append({"type": "time"})
    return bundle


def test_clocks_of_its_own(clocks):
    clocks.config["linux"]["timeOffsets"] = {"monotonic": {"secs": 5000}, "boottime": {"secs": 100000, "nanosecs": 5}}
    name = clocks.started()
    boot, mono = time.clock_gettime(time.CLOCK_BOOTTIME), time.monotonic()
    result = clocks.call("exec", name, "/probe", "uptime", "ns:time")
    inside = [int(n) for n in result["uptime"].split()]
    assert abs(inside[0] - boot - 100000) < 10 and abs(inside[1] - mono - 5000) < 10
    assert result["ns:time"] != os.readlink("/proc/self/ns/time")


def test_a_time_namespace_is_joined(clocks):
    clocks.config["linux"]["timeOffsets"] = {"boottime": {"secs": 70000}}
    first = clocks.started()
    pid = json.loads(clocks.call("state", first).stdout)["pid"]
    config = clocks.config["linux"]
    del config["timeOffsets"], config["cgroupsPath"]
    config["namespaces"][-1]["path"] = f"/proc/{pid}/ns/time"
    result = clocks.run("uptime", "ns:time")
    assert result.status == 0, result.stderr
    assert result["ns:time"] == os.readlink(f"/proc/{pid}/ns/time")
    assert int(result["uptime"].split()[0]) > 70000


@pytest.mark.parametrize("kind", ("network", "ipc", "uts", "pid", "cgroup"))
def test_a_namespace_of_another_container_is_joined(bundle, kind):
    files = {"network": "net"}
    first = bundle.started()
    pid = json.loads(bundle.call("state", first).stdout)["pid"]
    path = f"/proc/{pid}/ns/{files.get(kind, kind)}"
    bundle.config["linux"].pop("cgroupsPath")
    bundle.config["hostname"] = "other"
    for space in bundle.config["linux"]["namespaces"]:
        if space["type"] == kind:
            space["path"] = path
    question = f"ns:{files.get(kind, kind)}"
    result = bundle.run(question)
    assert result.status == 0, result.stderr
    assert result[question] == os.readlink(path)


@pytest.mark.parametrize("kind,file", [("network", "ipc"), ("pid", "net"), ("uts", "mnt"), ("user", "net"),
                                       ("ipc", "uts"), ("cgroup", "pid"), ("time", "net")])
def test_a_namespace_of_the_wrong_type(bundle, kind, file):
    spaces = [n for n in bundle.config["linux"]["namespaces"] if n["type"] != kind]
    bundle.config["linux"]["namespaces"] = [*spaces, {"type": kind, "path": f"/proc/self/ns/{file}"}]
    result = bundle.run("ids")
    assert result.status == 1
    assert f"linux.namespaces[{len(spaces)}].path: /proc/self/ns/{file} is no {kind} namespace" in result.stderr


def test_a_namespace_that_is_not_there(bundle):
    bundle.config["linux"]["namespaces"][1]["path"] = "/not/there"
    result = bundle.run("ids")
    assert result.status == 1 and "linux.namespaces[1].path: open the network namespace /not/there" in result.stderr


@pytest.mark.skipif(os.path.exists("/sys/fs/resctrl/schemata"), reason="this machine has resctrl")
@pytest.mark.parametrize("rdt", [{}, {"closID": "x"}, {"l3CacheSchema": "L3:0=f"}])
def test_a_share_of_the_cache_without_such_a_cpu(bundle, rdt):
    bundle.config["linux"]["intelRdt"] = rdt
    result = bundle.run("ids")
    assert result.status == 1 and "linux.intelRdt: no resctrl file system is mounted" in result.stderr


@pytest.mark.parametrize("rdt,words", [
    ({"closID": "../x"}, "linux.intelRdt.closID"), ({"closID": ".."}, "linux.intelRdt.closID"),
    ({"closID": ""}, "linux.intelRdt.closID"), ({"closID": "info"}, "linux.intelRdt.closID"),
    ({"memBwSchema": "L3:0=f"}, "linux.intelRdt.memBwSchema"), ({"memBwSchema": "MB:0=1\nL3:0=f"},
                                                                "linux.intelRdt.memBwSchema"),
])
def test_a_bad_share_of_the_cache(bundle, rdt, words):
    bundle.config["linux"]["intelRdt"] = rdt
    result = bundle.run("ids")
    assert result.status == 1 and words in result.stderr


HAS_APPARMOR = os.path.exists("/sys/module/apparmor/parameters/enabled") and \
    pathlib.Path("/sys/module/apparmor/parameters/enabled").read_text().startswith("Y")
HAS_SELINUX = os.path.exists("/sys/fs/selinux/enforce")


@pytest.mark.skipif(HAS_APPARMOR, reason="this kernel has AppArmor")
def test_a_profile_without_apparmor(bundle):
    name = bundle.started()
    bundle.config["process"].update(apparmorProfile="x", args=["/probe", "ids"])
    (bundle.directory / "process.json").write_text(json.dumps(bundle.config["process"]))
    result = bundle.call("exec", "--process", bundle.directory / "process.json", name)
    assert result.status == 1 and "process.apparmorProfile: this kernel has no AppArmor" in result.stderr
    bundle.config["linux"].pop("cgroupsPath")
    assert "process.apparmorProfile: this kernel has no AppArmor" in bundle.run("ids").stderr


@pytest.mark.skipif(not HAS_APPARMOR, reason="this kernel has no AppArmor")
def test_a_profile_confines_the_program(bundle):
    """A profile that is loaded by nobody is an error; "unconfined" is always there."""
    bundle.config["process"]["apparmorProfile"] = "unconfined"
    result = bundle.run("cat:/proc/self/attr/apparmor/current")
    assert result.status == 0, result.stderr
    assert result["cat:/proc/self/attr/apparmor/current"].startswith("unconfined")
    bundle.config["process"]["apparmorProfile"] = "sampan-no-such-profile"
    bundle.config["linux"].pop("cgroupsPath")
    result = bundle.run("ids")
    assert result.status == 1 and "process.apparmorProfile" in result.stderr


@pytest.mark.skipif(not HAS_APPARMOR, reason="this kernel has no AppArmor")
def test_a_profile_that_denies(bundle):
    import shutil
    import subprocess
    if not shutil.which("apparmor_parser"):
        pytest.skip("no apparmor_parser to load a profile with (package apparmor)")
    name = f"sampan-test-{os.getpid()}"
    text = f"profile {name} {{ file, deny /tmp/secret rw, }}"
    subprocess.run(["apparmor_parser", "-r"], input=text, text=True, check=True)
    try:
        (bundle.rootfs / "tmp/secret").write_text("secret")
        bundle.config["process"]["apparmorProfile"] = name
        result = bundle.run("cat:/tmp/secret", "cat:/proc/self/attr/apparmor/current", "write:/tmp/other")
        assert result["cat:/tmp/secret"] == "EACCES" and result["write:/tmp/other"] == "ok"
        assert result["cat:/proc/self/attr/apparmor/current"].startswith(name)
        bundle.config["process"]["args"] = ["/probe", "wait"]
        bundle.config["linux"].pop("cgroupsPath")
        running = bundle.started()
        assert bundle.call("exec", running, "/probe", "cat:/tmp/secret")["cat:/tmp/secret"] == "EACCES"
    finally:
        subprocess.run(["apparmor_parser", "-R"], input=text, text=True, check=True)


@pytest.mark.skipif(HAS_SELINUX, reason="this kernel has SELinux")
@pytest.mark.parametrize("change,words", [
    (lambda c: c["process"].update(selinuxLabel="a:b:c:s0"), "process.selinuxLabel: this kernel has no SELinux"),
])
def test_labels_without_selinux(bundle, change, words):
    change(bundle.config)
    result = bundle.run("ids")
    assert result.status == 1 and words in result.stderr


@pytest.mark.skipif(HAS_SELINUX, reason="this kernel has SELinux")
def test_a_mount_label_means_nothing_without_selinux(bundle):
    bundle.config["linux"]["mountLabel"] = "system_u:object_r:svirt_sandbox_file_t:s0"
    assert bundle.run("look:/dev/null")["look:/dev/null"].startswith("20666 ")


def test_empty_labels_ask_for_nothing(bundle):
    bundle.config["process"].update(apparmorProfile="", selinuxLabel="")
    bundle.config["linux"]["mountLabel"] = ""
    assert bundle.run("ids").status == 0
