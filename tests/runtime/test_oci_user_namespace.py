"""User namespaces: new and joined ones, of root and of ordinary users.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from machine import BIN, is_pure_v2

BASE, SIZE = 300000, 65536
NOBODY = 65534
SUBIDS = 400000


def give(bundle, uid=BASE):
    """The root file system belongs to the container's root, and can be reached."""
    os.chmod(bundle.directory, 0o755)
    for parent in bundle.directory.parents:
        if str(parent).startswith("/tmp/") and parent.stat().st_uid == os.geteuid():
            parent.chmod(parent.stat().st_mode | 0o011)
    for path in (bundle.rootfs, *bundle.rootfs.rglob("*")):
        os.chown(path, uid, uid, follow_symlinks=False)


def map_ids(bundle, uids, gids=None):
    linux = bundle.config["linux"]
    linux["namespaces"].append({"type": "user"})
    for name, maps in (("uidMappings", uids), ("gidMappings", gids or uids)):
        linux[name] = [{"containerID": c, "hostID": h, "size": n} for c, h, n in maps]


@pytest.fixture
def mapped(bundle):
    give(bundle)
    map_ids(bundle, [(0, BASE, SIZE)])
    return bundle


def test_the_ids_are_mapped(mapped):
    result = mapped.run("ids", "cat:/proc/self/uid_map", "cat:/proc/self/gid_map", "ns:user")
    assert result["ids"] == "0 0 0 0 0 0:"
    assert result["cat:/proc/self/uid_map"].split() == ["0", str(BASE), str(SIZE), "|"] or \
        result["cat:/proc/self/uid_map"].strip("|").split() == ["0", str(BASE), str(SIZE)]
    assert result["ns:user"] != os.readlink("/proc/self/ns/user")


def test_several_mappings_and_another_user(mapped):
    linux = mapped.config["linux"]
    linux["uidMappings"] = linux["gidMappings"] = [
        {"containerID": 0, "hostID": BASE, "size": 10},
        {"containerID": 1000, "hostID": BASE + 1000, "size": 1}]
    mapped.config["process"]["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [5, 7]}
    assert mapped.run("ids")["ids"] == "1000 1000 1000 1000 1000 1000: 5 7"


def test_what_root_writes_belongs_to_the_mapped_id(mapped):
    assert mapped.run("write:/tmp/file")["write:/tmp/file"] == "ok"
    st = (mapped.rootfs / "tmp/file").stat()
    assert (st.st_uid, st.st_gid) == (BASE, BASE)


def test_the_oom_score_of_init_and_of_exec(mapped):
    """A process in there could not set its own: /proc says that its file is the host's root's."""
    mapped.config["process"]["oomScoreAdj"] = 500
    name = mapped.started()
    pid = json.loads(mapped.call("state", name).stdout)["pid"]
    assert pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text() == "500\n"
    process = dict(mapped.config["process"], args=["/probe", "cat:/proc/self/oom_score_adj"],
                   oomScoreAdj=700)
    (mapped.directory / "process.json").write_text(json.dumps(process))
    result = mapped.call("exec", "--process", mapped.directory / "process.json", name)
    assert result["cat:/proc/self/oom_score_adj"] == "700|", result.stderr


def test_devices_are_there_although_nobody_may_make_them(mapped):
    mapped.config["linux"]["devices"] = [{"path": "/dev/zero", "type": "c", "major": 1, "minor": 5}]
    result = mapped.run("look:/dev/null", "write:/dev/null", "look:/dev/zero", "list:/dev")
    assert result["look:/dev/null"].startswith("20666 1:3 ")
    assert result["write:/dev/null"] == "ok"
    assert "urandom" in result["list:/dev"]


def test_a_source_only_root_can_reach_is_mounted(mapped):
    hidden = mapped.directory / "hidden"
    (hidden / "deep").mkdir(parents=True)
    (hidden / "deep/file").write_text("there")
    (hidden / "deep").chmod(0o755)
    os.chown(hidden, 12345, 12345)
    hidden.chmod(0o700)
    mapped.config["mounts"].append({"destination": "/mnt", "source": str(hidden / "deep"),
                                    "options": ["rbind", "ro"]})
    result = mapped.run("cat:/mnt/file", "write:/mnt/x")
    assert result["cat:/mnt/file"] == "there" and result["write:/mnt/x"] == "EROFS"


def test_a_bundle_only_root_can_reach_works(mapped):
    mapped.directory.chmod(0o700)
    assert mapped.run("cwd")["cwd"] == "/"


def test_exec_enters_it(mapped):
    name = mapped.started()
    pid = json.loads(mapped.call("state", name).stdout)["pid"]
    result = mapped.call("exec", name, "/probe", "ids", "ns:user", "ns:pid", "ns:mnt", "write:/tmp/x",
                         "cat:/proc/self/cgroup")
    assert result.status == 0, result.stderr
    assert result["ids"] == "0 0 0 0 0 0:"
    for space in ("user", "pid", "mnt"):
        assert result[f"ns:{space}"] == os.readlink(f"/proc/{pid}/ns/{space}")
    assert (mapped.rootfs / "tmp/x").stat().st_uid == BASE
    assert mapped.call("exec", name, "/probe", "exit:7").status == 7
    assert mapped.call("exec", "--user", "5:6", name, "/probe", "ids")["ids"] == "5 5 5 6 6 6: 6"


def test_hooks_run_with_it(mapped):
    mapped.config["hooks"] = {
        "prestart": [{"path": "/bin/sh", "args": ["sh", "-c", f"id -u >{mapped.directory}/a"]}],
        "startContainer": [{"path": "/probe", "args": ["probe", "write:/tmp/hook"]}]}
    assert mapped.run("ids").status == 0
    assert (mapped.directory / "a").read_text() == "0\n"
    assert (mapped.rootfs / "tmp/hook").stat().st_uid == BASE


@pytest.mark.skipif(not is_pure_v2(), reason="cgroup v1 cannot be delegated safely")
@pytest.mark.parametrize("writable", (True, False))
def test_the_containers_root_may_make_groups_but_not_raise_limits(mapped, writable):
    mapped.config["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                                    "options": [] if writable else ["ro"]})
    mapped.config["linux"]["resources"] = {"pids": {"limit": 20}}
    result = mapped.run("mkdir:/sys/fs/cgroup/own", "write:/sys/fs/cgroup/pids.max", "look:/sys/fs/cgroup/cgroup.procs")
    assert result.status == 0, result.stderr
    assert result["mkdir:/sys/fs/cgroup/own"] == ("ok" if writable else "EROFS")
    assert result["write:/sys/fs/cgroup/pids.max"] in ("EACCES", "EROFS")
    assert result["look:/sys/fs/cgroup/cgroup.procs"].split()[2].startswith("0:" if writable else "65534:")


@pytest.fixture
def holder():
    """Makes namespaces that stay as long as their process: holder(*options) -> pid. A user
    namespace is mapped as the tests have it."""
    made = []

    def make(*options):
        child = subprocess.Popen(["unshare", *options, "sh", "-c", "echo ready; exec sleep 100"],
                                 stdout=subprocess.PIPE, text=True)
        made.append(child)
        assert child.stdout.readline() == "ready\n"
        if "-U" in options:
            for name in ("uid_map", "gid_map"):
                pathlib.Path(f"/proc/{child.pid}/{name}").write_text(f"0 {BASE} {SIZE}")
        return child.pid

    yield make
    for child in made:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()


def join(bundle, pid, *types):
    files = {"network": "net", "mount": "mnt"}
    spaces = [n for n in bundle.config["linux"]["namespaces"] if n["type"] not in types]
    spaces += [{"type": t, "path": f"/proc/{pid}/ns/{files.get(t, t)}"} for t in types]
    bundle.config["linux"]["namespaces"] = spaces


@pytest.mark.parametrize("types", [("user",), ("user", "network", "ipc"), ("user", "uts")])
def test_a_user_namespace_is_joined_and_owns_the_new_ones(bundle, holder, types):
    give(bundle)
    flags = {"network": "-n", "ipc": "-i", "uts": "-u"}
    pid = holder("-U", *(flags[t] for t in types if t in flags))
    join(bundle, pid, *types)
    if "uts" in types:
        bundle.config["hostname"] = "joined"
    result = bundle.run("ids", "ns:user", "ns:net", "ns:ipc", "ns:uts", "host", "write:/tmp/x")
    assert result.status == 0, result.stderr
    assert result["ids"] == "0 0 0 0 0 0:"
    for space in ("user", "net", "ipc", "uts"):
        is_joined = {"net": "network"}.get(space, space) in types
        theirs = os.readlink(f"/proc/{pid}/ns/{space}")
        assert (result[f"ns:{space}"] == theirs) == is_joined
    assert (bundle.rootfs / "tmp/x").stat().st_uid == BASE


def test_namespaces_of_the_host_are_joined_by_a_new_user_namespace(mapped, holder):
    pid = holder("-n", "-i")
    join(mapped, pid, "network", "ipc")
    mapped.config["mounts"] = [m for m in mapped.config["mounts"] if m["destination"] != "/sys"]
    result = mapped.run("ns:net", "ns:ipc", "ns:user")
    assert result.status == 0, result.stderr
    assert result["ns:net"] == os.readlink(f"/proc/{pid}/ns/net")
    assert result["ns:ipc"] == os.readlink(f"/proc/{pid}/ns/ipc")


# ---- ordinary users ----


class Rootless:
    """The runtime as user nobody, who is granted SUBIDS."""

    def __init__(self, bundle, granted):
        self.bundle = bundle
        self.granted = bundle.directory / "granted"
        self.granted.write_text(granted)
        self.state = bundle.directory / "user-state"
        self.state.mkdir()
        os.chown(self.state, NOBODY, NOBODY)
        bundle.state = self.state
        self.program = bundle.directory / "sampan-runtime"
        shutil.copy(BIN / "sampan-runtime", self.program)
        self.program.chmod(0o755)
        give(bundle, NOBODY)

    def call(self, *words):
        mine = self.granted
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c",
             f"mount --bind {mine} /etc/subuid && mount --bind {mine} /etc/subgid && "
             f"exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups \"$@\"", "sh",
             str(self.program), "--root", str(self.state), *map(str, words)],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30, cwd="/")
        return self.bundle.result(done)

    def run(self, *questions):
        self.bundle.config["process"]["args"] = ["/probe", *questions]
        self.bundle.write()
        return self.call("run", "--bundle", self.bundle.directory, self.bundle.new_id())


@pytest.fixture
def rootless(bundle):
    if pathlib.Path("/proc/sys/user/max_user_namespaces").read_text().strip() == "0":
        pytest.skip("the kernel gives ordinary users no user namespace")
    spaces = bundle.config["linux"]["namespaces"]
    bundle.config["linux"]["namespaces"] = [n for n in spaces if n["type"] != "cgroup"]
    return Rootless(bundle, f"nobody:{SUBIDS}:1000\n")


def test_an_ordinary_user_alone(rootless):
    map_ids(rootless.bundle, [(0, NOBODY, 1)])
    result = rootless.run("ids", "host", "write:/tmp/x", "look:/dev/null", "ns:pid")
    assert result.status == 0, result.stderr
    assert result["ids"] == "0 0 0 0 0 0:" and result["host"] == "probe"
    assert (rootless.bundle.rootfs / "tmp/x").stat().st_uid == NOBODY
    assert list(rootless.state.iterdir()) == []


def test_alone_no_groups_can_be_asked_for(rootless):
    map_ids(rootless.bundle, [(0, NOBODY, 1)])
    rootless.bundle.config["process"]["user"]["additionalGids"] = [0]
    result = rootless.run("ids")
    assert result.status == 1 and "process.user.additionalGids" in result.stderr


@pytest.mark.skipif(not shutil.which("newuidmap"), reason="needs newuidmap (package uidmap)")
def test_an_ordinary_user_with_granted_ids(rootless):
    map_ids(rootless.bundle, [(0, NOBODY, 1), (1, SUBIDS, 1000)])
    rootless.bundle.config["process"]["user"] = {"uid": 5, "gid": 6, "additionalGids": [7]}
    result = rootless.run("ids", "cat:/proc/self/uid_map")
    assert result.status == 0, result.stderr
    assert result["ids"] == "5 5 5 6 6 6: 7"


@pytest.mark.skipif(not shutil.which("newuidmap"), reason="needs newuidmap (package uidmap)")
def test_ids_that_are_not_granted_are_refused(rootless):
    map_ids(rootless.bundle, [(0, NOBODY, 1), (1, SUBIDS, 1001)])
    result = rootless.run("ids")
    assert result.status == 1
    assert "linux.uidMappings: newuidmap: failed with exit status 1: newuidmap: " in result.stderr
    assert list(rootless.state.iterdir()) == []


def test_the_life_of_an_ordinary_users_container(rootless):
    map_ids(rootless.bundle, [(0, NOBODY, 1)])
    bundle = rootless.bundle
    bundle.config["process"]["args"] = ["/probe", "wait"]
    bundle.write()
    name = bundle.new_id()
    script = (f"cd /; setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups {rootless.program} "
              f"--root {rootless.state} create --bundle {bundle.directory} {name} "
              f">/dev/null 2>{bundle.directory}/err")
    done = subprocess.run(["sh", "-c", script], stdin=subprocess.DEVNULL, timeout=20)
    assert done.returncode == 0, (bundle.directory / "err").read_text()
    assert rootless.call("start", name).status == 0
    state = json.loads(rootless.call("state", name).stdout)
    assert state["status"] == "running"
    result = rootless.call("exec", name, "/probe", "ids", "ns:pid", "exit:3")
    assert result.status == 3, result.stderr
    assert result["ns:pid"] == os.readlink(f"/proc/{state['pid']}/ns/pid")
    assert rootless.call("kill", "--all", name, "KILL").status == 0
    assert rootless.call("delete", "--force", name).status == 0


def test_an_ordinary_users_limit_that_cannot_be_set_is_an_error(rootless):
    map_ids(rootless.bundle, [(0, NOBODY, 1)])
    rootless.bundle.config["linux"]["resources"] = {"pids": {"limit": 10}}
    result = rootless.run("ids")
    assert result.status == 1 and "cgroup" in result.stderr
    assert list(rootless.state.iterdir()) == []


def test_without_a_user_namespace_an_ordinary_user_is_told(rootless):
    result = rootless.run("ids")
    assert result.status == 1 and "user namespace" in result.stderr
