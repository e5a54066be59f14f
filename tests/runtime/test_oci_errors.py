"""Configurations that are missing something, mistyped, contradictory or hostile: each is refused
with the field's path, and nothing that was made on the way stays.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib

import pytest

from machine import CGROUPS

LONG = "x" * 5000
MAPS = [{"containerID": 0, "hostID": 300000, "size": 10}]


def at(*path, **changes):
    """A change: at config[path[0]][path[1]]... these members are set."""
    def change(config):
        for step in path:
            config = config[step] if isinstance(step, int) else config.setdefault(step, {})
        config.update(changes)
    return change


def without(*path):
    def change(config):
        for step in path[:-1]:
            config = config[step]
        del config[path[-1]]
    return change


def mount(**entry):
    return lambda config: config["mounts"].append(entry)


def namespace(**entry):
    return lambda config: config["linux"]["namespaces"].append(entry)


def no_namespace(kind, *more):
    def change(config):
        linux = config["linux"]
        linux["namespaces"] = [n for n in linux["namespaces"] if n["type"] != kind]
        for other in more:
            other(config)
    return change


def resources(**entry):
    return at("linux", "resources", **entry)


def device(**entry):
    return at("linux", devices=[{"path": "/dev/x", "type": "c", "major": 1, "minor": 3, **entry}])


def rule(**entry):
    return resources(devices=[{"allow": True, **entry}])


def both(*changes):
    return lambda config: [change(config) for change in changes]


CASES = {
    # the outermost
    "ociVersion": [(without("ociVersion"), "is missing"), (at(ociVersion=1), "must be a string"),
                   (at(ociVersion="0.9"), "only 1.x"), (at(ociVersion=""), "only 1.x"), (at(ociVersion="x1.0"), "")],
    "root": [(at(root="rootfs"), "must be an object"), (at(root=[]), "must be an object")],
    "root.path": [(at("root", path=5), "must be a string"), (at("root", path="nowhere"), "No such file"),
                  (without("root"), "is missing"), (at("root", path="rootfs/probe"), "Not a directory"),
                  (at("root", path=""), "is empty")],
    "root.readonly": [(at("root", readonly="yes"), "must be a boolean")],
    "hostname": [(at(hostname=5), "must be a string"), (no_namespace("uts"), "without a uts namespace"),
                 (at(hostname="h" * 65), "Invalid argument")],
    "domainname": [(both(no_namespace("uts"), without("hostname"), at(domainname="d")), "without a uts namespace"),
                   (at(domainname="d" * 65), "Invalid argument")],
    "annotations.a": [(at(annotations={"a": 1}), "must be a string")],
    "annotations": [(at(annotations=["a"]), "must be an object")],

    # process
    "process": [(without("process"), "is missing"), (at(process=[]), "must be an object")],
    "process.args": [(at("process", args=[]), "is empty"), (at("process", args="sh"), "must be an array"),
                     (without("process", "args"), "is empty")],
    "process.args[0]": [(at("process", args=[1]), "must be a string")],
    "process.args[1]": [(at("process", args=["/probe", {}]), "must be a string")],
    "process.env": [(at("process", env={"A": "1"}), "must be an array")],
    "process.env[0]": [(at("process", env=[5]), "must be a string")],
    "process.cwd": [(without("process", "cwd"), "is missing"), (at("process", cwd="tmp"), "must be an absolute path"),
                    (at("process", cwd="/probe"), "Not a directory"), (at("process", cwd=""), "absolute"),
                    (at("process", cwd="/" + LONG), "too long")],
    "process.terminal": [(at("process", terminal=1), "must be a boolean"),
                         (at("process", terminal="true"), "must be a boolean")],
    "process.consoleSize.width": [(at("process", consoleSize={"height": 1, "width": 70000}), "out of range")],
    "process.user": [(at("process", user="root"), "must be an object")],
    "process.user.uid": [(at("process", user={"gid": 0}), "is missing"),
                         (at("process", user={"uid": -1, "gid": 0}), "out of range"),
                         (at("process", user={"uid": 4294967295, "gid": 0}), "out of range"),
                         (at("process", user={"uid": 1.5, "gid": 0}), "not whole"),
                         (at("process", user={"uid": "0", "gid": 0}), "must be a number"),
                         (at("process", user={"uid": 1e30, "gid": 0}), "out of range")],
    "process.user.gid": [(at("process", user={"uid": 0}), "is missing"),
                         (at("process", user={"uid": 0, "gid": 4294967295}), "out of range")],
    "process.user.umask": [(at("process", "user", umask=4096), "out of range")],
    "process.user.additionalGids[1]": [(at("process", "user", additionalGids=[1, -1]), "out of range"),
                                       (at("process", "user", additionalGids=[1, "2"]), "must be a number")],
    "process.capabilities": [(at("process", capabilities=[]), "must be an object")],
    "process.capabilities.bounding": [(at("process", "capabilities", bounding="CAP_KILL"), "must be an array")],
    "process.capabilities.effective[0]": [(at("process", "capabilities", effective=[1]), "must be a string")],
    "process.rlimits[0].type": [(at("process", rlimits=[{"soft": 1, "hard": 1}]), "is missing"),
                                (at("process", rlimits=[{"type": "RLIMIT_ODD", "soft": 1, "hard": 1}]), "unknown")],
    "process.rlimits[0].soft": [(at("process", rlimits=[{"type": "RLIMIT_CORE", "soft": -1, "hard": 1}]), "range"),
                                (at("process", rlimits=[{"type": "RLIMIT_CORE", "hard": 1}]), "is missing")],
    "process.rlimits[0]": [(at("process", rlimits=[{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]), "above"),
                           (at("process", rlimits=[{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 2**63}]), "set")],
    "process.rlimits[1]": [(at("process", rlimits=[{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}] * 2), "twice")],
    "process.oomScoreAdj": [(at("process", oomScoreAdj=1001), "-1000 to 1000"),
                            (at("process", oomScoreAdj="1"), "must be a number")],
    "process.scheduler.policy": [(at("process", scheduler={}), "is missing"),
                                 (at("process", scheduler={"policy": "SCHED_ODD"}), "unknown word")],
    "process.scheduler.nice": [(at("process", scheduler={"policy": "SCHED_OTHER", "nice": 20}), "-20 to 19")],
    "process.scheduler.priority": [(at("process", scheduler={"policy": "SCHED_FIFO"}), "1 to 99"),
                                   (at("process", scheduler={"policy": "SCHED_OTHER", "priority": 1}), "SCHED_FIFO")],
    "process.scheduler.flags[0]": [(at("process", scheduler={"policy": "SCHED_OTHER", "flags": ["X"]}), "unknown")],
    "process.scheduler": [(at("process", scheduler={"policy": "SCHED_DEADLINE"}), "set it")],
    "process.ioPriority.class": [(at("process", ioPriority={"priority": 1}), "is missing"),
                                 (at("process", ioPriority={"class": "X"}), "unknown word")],
    "process.ioPriority.priority": [(at("process", ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 8}), "0 to 7")],
    "process.noNewPrivileges": [(at("process", noNewPrivileges="true"), "must be a boolean")],

    # mounts
    "mounts": [(at(mounts={}), "must be an array")],
    "mounts[5]": [(mount(destination="/proc/sys", source="/tmp", options=["bind"]), "may not be covered"),
                  (mount(destination="/x", type="nofs"), "nofs"), (mount(destination="/probe", type="tmpfs"), ""),
                  (mount(destination="/x", source="/not/there", options=["bind"]), "/not/there"),
                  (mount(destination="/x", type="tmpfs", options=["mode=odd"]), ""),
                  (mount(destination="/" + LONG, type="tmpfs"), "too long")],
    "mounts[5].destination": [(mount(type="tmpfs"), "is missing"), (mount(destination="", type="tmpfs"), "is empty"),
                              (mount(destination=5, type="tmpfs"), "must be a string")],
    "mounts[5].source": [(mount(destination="/x", options=["bind"]), "is missing"),
                         (mount(destination="/x", source=["/"], options=["bind"]), "must be a string")],
    "mounts[5].type": [(mount(destination="/x", source="/"), "is missing"), (mount(destination="/x", type=1), "string")],
    "mounts[5].options": [(mount(destination="/x", source="/", options=["bind", "odd"]), "unknown word"),
                          (mount(destination="/x", type="proc", options=["tmpcopyup"]), "tmpfs only"),
                          (mount(destination="/x", type="tmpfs", options="ro"), "must be an array")],
    "mounts[5].options[0]": [(mount(destination="/x", type="tmpfs", options=[None]), "must be a string")],
    "mounts[5].uidMappings[0].size": [
        (mount(destination="/x", source="/", options=["bind"], gidMappings=MAPS,
               uidMappings=[{"containerID": 0, "hostID": 0, "size": 0}]), "must not be 0")],

    # hooks
    "hooks": [(at(hooks=[]), "must be an object")],
    "hooks.poststop": [(at(hooks={"poststop": {}}), "must be an array")],
    "hooks.startContainer[0].path": [(at(hooks={"startContainer": [{"path": "x"}]}), "must be absolute")],
    "hooks.createRuntime[1].timeout": [(at(hooks={"createRuntime": [{"path": "/bin/true"}, {
        "path": "/x", "timeout": 0}]}), "greater than zero")],

    # namespaces
    "linux": [(at(linux=[]), "must be an object")],
    "linux.namespaces": [(both(no_namespace("mount"), namespace(type="user"), at("linux", uidMappings=MAPS, gidMappings=MAPS)),
                          "must be a new mount namespace"),
                         (at("linux", "namespaces", 5, path="/not/there"), "open the mount namespace /not/there")],
    "linux.namespaces[6]": [(namespace(type="pid"), "twice"), (namespace(type="pid", path="/proc/self/ns/pid"), "twice")],
    "linux.namespaces[6].type": [(namespace(type="odd"), "unknown word"), (namespace(path="/x"), "is missing")],
    "linux.namespaces[1].path": [(at("linux", "namespaces", 1, path="proc/self/ns/net"), "must be absolute"),
                                 (at("linux", "namespaces", 1, path="/proc/self/ns/ipc"), "is no network namespace"),
                                 (at("linux", "namespaces", 1, path="/etc/passwd"), ""),
                                 (at("linux", "namespaces", 1, path="/not/there"), "No such file")],
    "linux.uidMappings": [(namespace(type="user"), "missing for the new user namespace"),
                          (at("linux", uidMappings=MAPS), "without a user namespace"),
                          (both(namespace(type="user"), at("linux", gidMappings=MAPS, uidMappings=[
                              {"containerID": i, "hostID": i, "size": 1} for i in range(341)])), "more than 340")],
    "linux.gidMappings": [(both(namespace(type="user"), at("linux", uidMappings=MAPS)), "missing for the new")],
    "linux.uidMappings[1]": [(both(namespace(type="user"), at("linux", uidMappings=[*MAPS, *MAPS], gidMappings=MAPS)),
                              "overlaps")],
    "linux.uidMappings[0].size": [(both(namespace(type="user"), at("linux", gidMappings=MAPS, uidMappings=[
        {"containerID": 0, "hostID": 4294967290, "size": 100}])), "more ids than there are")],
    "linux.timeOffsets": [(at("linux", timeOffsets={"boottime": {"secs": 1}}), "without a new time namespace")],
    "linux.timeOffsets.odd": [(both(namespace(type="time"), at("linux", timeOffsets={"odd": {"secs": 1}})), "must be")],
    "linux.timeOffsets.boottime.nanosecs": [
        (both(namespace(type="time"), at("linux", timeOffsets={"boottime": {"nanosecs": 10**9}})), "out of range")],

    # devices
    "linux.devices[0].path": [(device(path="dev/x"), "must be absolute"), (device(path=None), "is missing")],
    "linux.devices[0].type": [(device(type="x"), "must be c, b, u or p"), (device(type=None), "is missing"),
                              (device(type=""), "must be c, b, u or p")],
    "linux.devices[0].major": [(device(major=-1), "must be 0 to"), (device(major=5000), "must be 0 to")],
    "linux.devices[0].minor": [(device(minor=2**32), "must be 0 to")],
    "linux.devices[0].fileMode": [(device(fileMode=-1), "out of range")],
    "linux.devices[0].uid": [(device(uid=4294967295), "out of range")],
    "linux.devices[0]": [(device(path="/dev/null", minor=5), "is something else"), (device(path="/dev/.."), ""),
                         (device(path="/dev/fd"), "is something else"), (device(path="/"), "names no file")],

    # paths of the kernel
    "linux.maskedPaths[4]": [(lambda c: c["linux"]["maskedPaths"].append("proc/x"), "must be absolute")],
    "linux.readonlyPaths[0]": [(at("linux", readonlyPaths=[""]), "must be absolute")],
    "linux.rootfsPropagation": [(at("linux", rootfsPropagation="odd"), "unknown word")],
    "linux.sysctl.kernel.panic": [(at("linux", sysctl={"kernel.panic": "1"}), "change the host")],
    "linux.sysctl.net.a": [(at("linux", sysctl={"net.a": 1}), "must be a string"),
                           (at("linux", sysctl={"net.a": "1\n2"}), "line break"),
                           (at("linux", sysctl={"net.a": "1"}), "No such file")],
    "linux.sysctl.net..x": [(at("linux", sysctl={"net..x": "1"}), "not a sysctl's name")],
    "linux.sysctl.net/../kernel/panic": [(at("linux", sysctl={"net/../kernel/panic": "1"}), "not a sysctl's name")],
    "linux.sysctl.net.ipv4.ip_forward": [(both(no_namespace("network"), at("linux", sysctl={
        "net.ipv4.ip_forward": "1"})), "shares that namespace")],
    "linux.personality.domain": [(at("linux", personality={}), "is missing"),
                                 (at("linux", personality={"domain": "VAX"}), "unknown word")],
    "linux.personality.flags": [(at("linux", personality={"domain": "LINUX", "flags": ["X"]}), "knows none")],
    "linux.mountLabel": [(at("linux", mountLabel=5), "must be a string")],
    "linux.intelRdt": [(at("linux", intelRdt="x"), "must be an object")],
    "linux.seccomp": [(at("linux", seccomp="no"), "must be an object")],
    "linux.seccomp.defaultAction": [(at("linux", seccomp={}), "is missing")],

    # cgroups
    "linux.cgroupsPath": [(at("linux", cgroupsPath="/a/../b"), ""), (at("linux", cgroupsPath="/../b"), ""),
                          (at("linux", cgroupsPath="a//b"), ""), (at("linux", cgroupsPath="/x/cgroup.procs"), ""),
                          (at("linux", cgroupsPath=5), "must be a string"), (at("linux", cgroupsPath="/" + LONG), "")],
    "linux.resources.memory": [(resources(memory=5), "must be an object")],
    "linux.resources.memory.limit": [(resources(memory={"limit": "1g"}), "must be a number"),
                                     (resources(memory={"limit": 1.5}), "not whole"),
                                     (resources(memory={"limit": 2**63}), "out of range")],
    "linux.resources.memory.swap": [(resources(memory={"limit": 2**28, "swap": 2**27}), "less than the limit")],
    "linux.resources.memory.swappiness": [(resources(memory={"swappiness": -1}), "out of range")],
    "linux.resources.memory.disableOOMKiller": [(resources(memory={"disableOOMKiller": 1}), "must be a boolean")],
    "linux.resources.cpu.shares": [(resources(cpu={"shares": -2}), "out of range")],
    "linux.resources.cpu.cpus": [(resources(cpu={"cpus": 1}), "must be a string"), (resources(cpu={"cpus": "9999"}), "")],
    "linux.resources.cpu.quota": [(resources(cpu={"quota": 1, "period": 100000}), "")],
    "linux.resources.pids.limit": [(resources(pids={"limit": "5"}), "must be a number")],
    "linux.resources.hugepageLimits[0].pageSize": [
        (resources(hugepageLimits=[{"pageSize": "../2MB", "limit": 1}]), "is no page size"),
        (resources(hugepageLimits=[{"limit": 1}]), "is missing")],
    "linux.resources.blockIO.weight": [(resources(blockIO={"weight": 70000}), "out of range")],
    "linux.resources.blockIO.throttleReadBpsDevice[0].rate": [
        (resources(blockIO={"throttleReadBpsDevice": [{"major": 1, "minor": 0}]}), "is missing")],
    "linux.resources.devices[0].allow": [(resources(devices=[{"access": "r"}]), "is missing")],
    "linux.resources.devices[0].access": [(rule(access="rx"), "is not made of"), (rule(access=7), "must be a string")],
    "linux.resources.devices[0].type": [(rule(type="z"), "is not a, b")],
    "linux.resources.devices[0].major": [(rule(type="c", major=-2), "is no device number")],
    "linux.resources.unified": [(resources(unified={"../cgroup.procs": "1"}), "is no setting"),
                                (resources(unified={"cgroup.procs": "1"}), "is no setting"),
                                (resources(unified=[]), "must be an object")],
    "linux.resources.unified.memory.max": [(resources(unified={"memory.max": 5}), "must be a string")],
}
FLAT = [(path, change, words) for path, cases in CASES.items() for change, words in cases]


def world(bundle):
    """What a refused container must leave as it was."""
    parent = os.environ["SAMPAN_CGROUP_PARENT"]
    tops = [CGROUPS, *(p for p in CGROUPS.iterdir() if p.is_dir())]
    below = [p for top in tops for p in (top / parent).glob("*/**/")]  # parents stay: decision 0006
    groups = below + [top / name for top in tops for name in ("a", "b", "x") if (top / name).exists()]
    files = [p.relative_to(bundle.directory) for p in bundle.directory.iterdir()]
    mounts = [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
              if str(bundle.directory) in line]  # nothing_stays looks at the others
    return sorted(groups), mounts, \
        sorted(f for f in files if str(f) != "state"), [n for n in os.listdir("/") if n in ("x", "probe")]


def test_the_table_is_long_enough():
    assert len(FLAT) >= 80


@pytest.mark.parametrize("number", range(len(FLAT)), ids=[f"{i}-{path}" for i, (path, _, _) in enumerate(FLAT)])
def test_a_bad_configuration(bundle, number):
    path, change, words = FLAT[number]
    bundle.write()
    change(bundle.config)
    (bundle.directory / "config.json").write_text(json.dumps(bundle.config))
    before = world(bundle)
    result = bundle.call("run", "--bundle", bundle.directory, "bad")
    assert result.status == 1, result.stdout
    message = result.stderr.strip()
    rest = message.removeprefix(f"sampan-runtime: {path}")
    assert rest != message and rest[:1] in (":", " ", ","), message
    assert words in message
    assert list(bundle.state.iterdir()) == []
    assert world(bundle) == before


@pytest.mark.parametrize("text,words", [
    ("", "line 1"), ("{", "line 1"), ("[]", "must be an object"), ("{}", "ociVersion: is missing"), ("null", ""),
    ('{"ociVersion": "1.0.2", "ociVersion": "1.0.2"}', "twice"), ('{"ociVersion": "1.0.2"} x', "line 1"),
    ('{"ociVersion": "1.0\\u00002"}', ""), ('{"ociVersion": "1.0.2", "process": {"cwd": "/\\u0000x"}}', ""),
    ('{"ociVersion": 01}', "line 1"), ("[" * 100 + "]" * 100, ""), ('{"ociVersion": "\\ud800"}', ""),
    ("\0" * 100, ""), ("\xff\xfe", ""),
])
def test_what_is_no_configuration(bundle, text, words):
    (bundle.directory / "config.json").write_text(text, encoding="latin-1")
    result = bundle.call("run", "--bundle", bundle.directory, "bad")
    assert result.status == 1 and words in result.stderr and len(result.stderr) < 2000
    assert list(bundle.state.iterdir()) == []


def test_no_configuration_at_all(bundle):
    result = bundle.call("run", "--bundle", bundle.directory, "bad")
    assert result.status == 1 and "config.json" in result.stderr


def test_unknown_fields_are_ignored(bundle):
    for part in (bundle.config, bundle.config["process"], bundle.config["linux"], bundle.config["mounts"][0]):
        part["com.example.unknown"] = {"deep": [1, None, "x"]}
    bundle.config["linux"]["resources"] = {"odd": 1, "memory": {"odd": []}}
    assert bundle.run("exit:5").status == 5


def test_null_is_absent(bundle):
    bundle.config.update(hooks=None, annotations=None, domainname=None)
    bundle.config["linux"].update(seccomp=None, resources=None, sysctl=None)
    assert bundle.run("exit:5").status == 5


def test_a_failure_late_leaves_nothing_either(bundle):
    """The cgroup, the process and the state are there when the program is looked for."""
    bundle.config["process"]["args"] = ["/not/there"]
    bundle.write()
    before = world(bundle)
    result = bundle.call("run", "--bundle", bundle.directory, "bad")
    assert result.status == 127
    assert list(bundle.state.iterdir()) == [] and world(bundle) == before
