"""What a container is like from inside.

SPDX-License-Identifier: MIT
"""

import ctypes
import json
import os
import pathlib
import re
import signal
import struct
import subprocess

import pytest


def test_exit_status_is_the_programs(bundle):
    assert bundle.run("exit:7").status == 7



@pytest.mark.parametrize("name", ["pid", "net", "ipc", "uts", "cgroup", "mnt"])
def test_namespace_is_its_own(bundle, name):
    inside = bundle.run(f"ns:{name}")[f"ns:{name}"]
    assert inside != os.readlink(f"/proc/self/ns/{name}")
    assert inside.startswith(name)


def test_namespace_that_is_not_listed_is_shared(bundle):
    spaces = bundle.config["linux"]["namespaces"]
    bundle.config["linux"]["namespaces"] = [n for n in spaces if n["type"] != "network"]
    assert bundle.run("ns:net")["ns:net"] == os.readlink("/proc/self/ns/net")


def test_hostname(bundle):
    assert bundle.run("host")["host"] == "probe"


def test_ids_and_groups_are_exactly_those_of_the_config(bundle):
    bundle.config["process"]["user"] = {"uid": 1000, "gid": 1001, "umask": 0o27,
                                        "additionalGids": [7, 9]}
    result = bundle.run("ids", "umask")
    assert result["ids"] == "1000 1000 1000 1001 1001 1001: 7 9"
    assert result["umask"] == "0027"


def test_umask_is_022_where_none_is_given(bundle):
    assert bundle.run("umask")["umask"] == "0022"


@pytest.mark.parametrize("uid", [0, 1000])
def test_all_five_capability_sets(bundle, uid):
    bundle.config["process"]["user"]["uid"] = uid
    bundle.config["process"]["capabilities"] = {
        "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"],
        "permitted": ["CAP_CHOWN", "CAP_KILL"],
        "inheritable": ["CAP_KILL"],
        "effective": ["CAP_CHOWN", "CAP_KILL"],
        "ambient": ["CAP_KILL"],
    }
    sets = ("Bnd", "Prm", "Inh", "Eff", "Amb")
    result = bundle.run(*(f"status:Cap{s}" for s in sets))
    values = [int(result[f"status:Cap{s}"], 16) for s in sets]
    chown, kill, setuid = 1 << 0, 1 << 5, 1 << 7
    # execve(2): root keeps what it had, for no_new_privs lets nothing be gained; another
    # user keeps the ambient set alone
    permitted = chown | kill if uid == 0 else kill
    ambient = kill
    assert values == [chown | kill | setuid, permitted, kill, permitted, ambient]


def test_ambient_capabilities_that_are_not_inheritable_are_passed_over(bundle):
    bundle.config["process"]["capabilities"] = {
        "bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_CHOWN", "CAP_KILL"],
        "effective": ["CAP_CHOWN"], "inheritable": ["CAP_KILL"],
        "ambient": ["CAP_CHOWN", "CAP_KILL"],
    }
    bundle.config["process"]["user"] = {"uid": 1000, "gid": 1000}
    assert int(bundle.run("status:CapAmb")["status:CapAmb"], 16) == 1 << 5


def ignore_and_block():
    """Also the signals that C libraries keep to themselves and do not let one change."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    SYS_rt_sigaction, SYS_rt_sigprocmask = {"x86_64": (13, 14), "aarch64": (134, 135)}[
        os.uname().machine]
    kernel = ctypes.CDLL(None)
    for number in (32, 33, 34):
        ignored = struct.pack("QQQQ", signal.SIG_IGN, 0, 0, 0)
        assert kernel.syscall(SYS_rt_sigaction, number, ignored, None, 8) == 0
    blocked = (signal.SIGUSR1, signal.SIGTERM, 32, 33)
    mask = struct.pack("Q", sum(1 << number - 1 for number in blocked))
    assert kernel.syscall(SYS_rt_sigprocmask, signal.SIG_BLOCK, mask, None, 8) == 0


def test_signals_that_the_caller_ignores_or_blocks_are_the_programs(bundle):
    """As below nohup(1), where a shell could not even trap SIGHUP."""
    questions = ("status:SigIgn", "status:SigBlk")
    result = bundle.run(*questions, preexec_fn=ignore_and_block)
    assert {int(result[q], 16) for q in questions} == {0}
    name = bundle.started()
    result = bundle.call("exec", name, "/probe", *questions, preexec_fn=ignore_and_block)
    assert {int(result[q], 16) for q in questions} == {0}


def lacking_capability():
    """One that this test itself may not pass on, and its number."""
    status = open("/proc/self/status").read()
    bounding = int(re.search(r"CapBnd:\s*(\w+)", status)[1], 16)
    for number, name in ((24, "CAP_SYS_RESOURCE"), (16, "CAP_SYS_MODULE"), (22, "CAP_SYS_BOOT")):
        if not bounding >> number & 1:
            return name
    return None


def test_capabilities_that_nobody_can_grant_are_left_out_with_a_warning(bundle):
    missing = lacking_capability()
    wanted = ["CAP_KILL", "CAP_NONSENSE", "CAP_NONSENSE"] + ([missing] if missing else [])
    sets = ("bounding", "permitted", "inheritable", "effective", "ambient")
    bundle.config["process"]["capabilities"] = {s: wanted for s in sets}
    log = bundle.directory / "log"
    bundle.config["process"]["args"] = ["/probe", "status:CapBnd", "status:CapAmb"]
    bundle.write()
    result = bundle.call("--log", log, "--log-format", "json", "run", "--bundle",
                         bundle.directory, bundle.new_id())
    assert {int(v, 16) for v in result.answers.values()} == {1 << 5}
    assert result.stderr == ""
    [line] = map(json.loads, log.read_text().splitlines())
    left_out = " ".join(([missing] if missing else []) + ["CAP_NONSENSE"])
    words = f"process.capabilities: cannot be granted here, left out: {left_out}"
    assert line["level"] == "warning" and line["msg"] == words
    assert bundle.call("exec", bundle.started(), "/probe", "status:CapBnd").stderr == \
        f"sampan-runtime: warning: {words}\n"


def test_no_capabilities_at_all(bundle):
    del bundle.config["process"]["capabilities"]
    result = bundle.run("status:CapBnd", "status:CapEff", "status:CapPrm")
    assert {int(v, 16) for v in result.answers.values()} == {0}


@pytest.mark.parametrize("wanted", [True, False])
def test_no_new_privileges(bundle, wanted):
    bundle.config["process"]["noNewPrivileges"] = wanted
    assert bundle.run("status:NoNewPrivs")["status:NoNewPrivs"] == str(int(wanted))


@pytest.mark.parametrize("nnp", [True, False])
@pytest.mark.parametrize("uid", [0, 1000])
def test_seccomp_denies_a_call_with_and_without_no_new_privileges(bundle, nnp, uid):
    bundle.config["process"]["noNewPrivileges"] = nnp
    bundle.config["process"]["user"]["uid"] = uid
    bundle.config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}],
    }
    result = bundle.run("socket:1", "status:Seccomp", "status:CapEff")
    assert result["socket:1"] == "ENOSYS"
    assert result["status:Seccomp"] == "2"
    admin = 1 << 21
    assert not int(result["status:CapEff"], 16) & admin


def test_rlimits(bundle):
    bundle.config["process"]["rlimits"] = [
        {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
    ]
    result = bundle.run("limit:7", "limit:4")
    assert result["limit:7"] == "100 200"
    assert result["limit:4"] == "0 0"


def test_only_standard_descriptors_reach_the_program(bundle):
    extra = os.open("/", os.O_RDONLY)
    os.set_inheritable(extra, True)
    try:
        assert bundle.run("fds", close_fds=False)["fds"] == "0 1 2"
    finally:
        os.close(extra)


def test_preserved_descriptors_do_reach_it(bundle):
    bundle.config["process"]["args"] = ["/probe", "fds"]
    bundle.write()
    done = subprocess.run(
        ["sh", "-c", 'exec 3</dev/null 4</dev/null; exec "$@"', "sh",
         *bundle.command("run", "--bundle", bundle.directory, "--preserve-fds", "1",
                         bundle.new_id())],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.stdout.strip() == "fds=0 1 2 3"


def test_dev_has_its_nodes_and_links(bundle):
    result = bundle.run("list:/dev", "look:/dev/null", "look:/dev/tty", "write:/dev/null")
    names = result["list:/dev"].split()
    for name in ("null", "zero", "full", "random", "urandom", "tty", "fd", "stdin", "ptmx"):
        assert name in names
    assert result["look:/dev/null"] == "20666 1:3 0:0"
    assert result["look:/dev/tty"] == "20666 5:0 0:0"
    assert result["write:/dev/null"] == "ok"


def test_extra_device_has_its_mode_and_owner(bundle):
    bundle.config["linux"]["devices"] = [
        {"path": "/dev/deep/mine", "type": "c", "major": 1, "minor": 5,
         "fileMode": 0o640, "uid": 5, "gid": 6}]
    result = bundle.run("look:/dev/deep/mine")
    assert result["look:/dev/deep/mine"] == "20640 1:5 5:6"


def test_a_listed_ptmx_is_the_containers_own(bundle):
    bundle.config["linux"]["devices"] = [
        {"path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2, "fileMode": 0o666}]
    assert bundle.run("look:/dev/ptmx")["look:/dev/ptmx"].startswith("120777 ")


def test_another_device_in_the_place_of_a_link_is_refused(bundle):
    bundle.config["linux"]["devices"] = [
        {"path": "/dev/ptmx", "type": "c", "major": 1, "minor": 3}]
    refused = bundle.run("look:/dev/ptmx")
    assert refused.status == 1 and "linux.devices[0] (/dev/ptmx): is there and is something else" in refused.stderr


def test_masked_paths_show_nothing(bundle):
    result = bundle.run("cat:/proc/keys", "list:/sys/firmware", "write:/sys/firmware/x")
    assert result["cat:/proc/keys"] == ""
    assert result["list:/sys/firmware"] == ""
    assert result["write:/sys/firmware/x"] == "EROFS"


def test_readonly_paths_cannot_be_written(bundle):
    result = bundle.run("write:/proc/sys/kernel/hostname")
    assert result["write:/proc/sys/kernel/hostname"] == "EROFS"


@pytest.mark.parametrize("readonly", [True, False])
def test_root_is_readonly_if_asked(bundle, readonly):
    bundle.config["root"]["readonly"] = readonly
    result = bundle.run("write:/tmp/x", "flags:/")
    assert result["write:/tmp/x"] == ("EROFS" if readonly else "ok")


def test_bind_mount_of_a_directory_with_options(bundle):
    source = bundle.directory / "shared"
    source.mkdir()
    (source / "note").write_text("hello")
    bundle.config["mounts"].append({"destination": "/made/here", "type": "bind",
                                    "source": str(source),
                                    "options": ["rbind", "ro", "nosuid", "nodev", "noexec"]})
    result = bundle.run("cat:/made/here/note", "write:/made/here/x", "flags:/made/here")
    assert result["cat:/made/here/note"] == "hello"
    assert result["write:/made/here/x"] == "EROFS"
    assert result["flags:/made/here"] == "ro nosuid nodev noexec"


def test_a_bind_takes_the_words_of_a_file_system_and_no_misspelt_ones(bundle):
    options = ["bind", "mode=755", "size=1k", "ro"]
    mount = {"destination": "/made/here", "source": str(bundle.directory), "options": options}
    bundle.config["mounts"].append(mount)
    assert bundle.run("write:/made/here/file")["write:/made/here/file"] == "EROFS"
    mount["options"] = ["bind", "read-only"]
    result = bundle.run("write:/made/here/file")
    assert result.status == 1
    assert "mounts[5].options: unknown word for a bind mount: read-only" in result.stderr


def test_bind_mount_of_a_file_relative_to_the_bundle(bundle):
    (bundle.directory / "one").write_text("1")
    bundle.config["mounts"].append({"destination": "/etc/one", "source": "one",
                                    "options": ["bind"]})
    assert bundle.run("cat:/etc/one")["cat:/etc/one"] == "1"


def test_a_link_in_the_root_leads_a_mount_nowhere_else(bundle):
    outside = bundle.directory / "outside"
    outside.mkdir()
    (bundle.rootfs / "trap").symlink_to(outside)
    bundle.config["mounts"].append({"destination": "/trap", "type": "tmpfs",
                                    "source": "tmpfs"})
    bundle.run("list:/")
    assert list(outside.iterdir()) == []
    assert not os.path.ismount(outside)


def test_proc_on_a_link_is_refused(bundle):
    (bundle.rootfs / "proc").rmdir()
    (bundle.rootfs / "proc").symlink_to("tmp")
    result = bundle.run("ids")
    assert result.status != 0
    assert "(/proc): must be a directory" in result.stderr


def test_covering_a_part_of_proc_is_refused(bundle):
    bundle.config["mounts"].append({"destination": "/proc/sys", "source": "/tmp",
                                    "options": ["bind"]})
    result = bundle.run("ids")
    assert result.status != 0 and "/proc/sys" in result.stderr


def test_tmpcopyup_keeps_what_the_image_has(bundle):
    (bundle.rootfs / "etc/kept").write_text("kept")
    os.chmod(bundle.rootfs / "etc/kept", 0o4711)
    os.symlink("kept", bundle.rootfs / "etc/link")
    bundle.config["mounts"].append({"destination": "/etc", "type": "tmpfs",
                                    "source": "tmpfs", "options": ["tmpcopyup"]})
    result = bundle.run("cat:/etc/link", "look:/etc/kept", "write:/etc/new")
    assert result["cat:/etc/link"] == "kept"
    assert result["look:/etc/kept"].startswith("104711 ")
    assert result["write:/etc/new"] == "ok"
    assert not (bundle.rootfs / "etc/new").exists()


def test_mounts_stay_inside(bundle):
    before = pathlib.Path("/proc/self/mountinfo").read_text()
    bundle.run("ids")
    assert pathlib.Path("/proc/self/mountinfo").read_text() == before


def test_sysctl_of_a_namespace_of_its_own(bundle):
    bundle.config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.shmmni": "77"}
    result = bundle.run("cat:/proc/sys/net/ipv4/ip_forward", "cat:/proc/sys/kernel/shmmni")
    assert result["cat:/proc/sys/net/ipv4/ip_forward"] == "1|"
    assert result["cat:/proc/sys/kernel/shmmni"] == "77|"


@pytest.mark.parametrize("name", ["kernel.panic", "vm.swappiness", "net/../kernel/panic",
                                  "kernel.+x", "fs.file-max"])
def test_sysctl_of_the_host_is_refused(bundle, name):
    bundle.config["linux"]["sysctl"] = {name: "1"}
    result = bundle.run("ids")
    assert result.status == 1
    assert f"linux.sysctl.{name}" in result.stderr


def test_sysctl_of_a_shared_namespace_is_refused(bundle):
    spaces = bundle.config["linux"]["namespaces"]
    bundle.config["linux"]["namespaces"] = [n for n in spaces if n["type"] != "network"]
    bundle.config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}
    assert "shares that namespace" in bundle.run("ids").stderr


def test_working_directory_is_made_if_missing(bundle):
    bundle.config["process"]["cwd"] = "/not/there/yet"
    assert bundle.run("cwd")["cwd"] == "/not/there/yet"


def test_working_directory_cannot_lead_out(bundle):
    for fd in range(3, 12):
        bundle.config["process"]["cwd"] = f"/proc/self/fd/{fd}"
        result = bundle.run("cwd")
        assert result.status != 0, f"descriptor {fd} led to {result.stdout}"


def test_environment_is_exactly_the_configs(bundle):
    bundle.config["process"]["env"] = ["A=1", "PATH=/"]
    lines = [x for x in bundle.run("env").stdout.splitlines()]
    assert lines == ["env=A=1", "env=PATH=/"]


def test_program_is_found_in_the_containers_path(bundle):
    os.rename(bundle.rootfs / "probe", bundle.rootfs / "bin/probe")
    bundle.config["process"]["args"] = ["probe", "cwd"]
    assert bundle.run()["cwd"] == "/"


def test_oom_score_is_set(bundle):
    bundle.config["process"]["oomScoreAdj"] = 500
    assert bundle.run("cat:/proc/self/oom_score_adj")["cat:/proc/self/oom_score_adj"] == "500|"


def test_an_oom_score_that_we_may_not_give_is_refused(bundle):
    caps = pathlib.Path("/proc/self/status").read_text().split("CapEff:")[1].split()[0]
    if int(caps, 16) & 1 << 24:
        pytest.skip("CAP_SYS_RESOURCE may give any score")
    bundle.config["process"]["oomScoreAdj"] = -900
    refused = bundle.run("ids")
    assert refused.status == 1 and "process.oomScoreAdj" in refused.stderr
    assert list(bundle.state.iterdir()) == []


def test_host_paths_do_not_show_in_the_mount_table(bundle):
    table = bundle.run("cat:/proc/self/mountinfo")["cat:/proc/self/mountinfo"]
    assert len(table.split("|")) < 20


@pytest.mark.skipif(not pathlib.Path("/sys/fs/cgroup/devices/devices.list").exists(),
                    reason="no v1 devices hierarchy on this machine")
def test_a_device_that_is_allowed_by_number_shows_in_devices_list(bundle):
    bundle.config["linux"]["resources"] = {"devices": [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]}
    name = bundle.started()
    path = bundle.config["linux"]["cgroupsPath"]
    listed = pathlib.Path(f"/sys/fs/cgroup/devices{path}/devices.list").read_text().split("\n")
    assert listed[0] == "c 10:229 rwm"
    assert "a *:* rwm" not in listed
    assert bundle.call("delete", "--force", name).status == 0
    assert not pathlib.Path(f"/sys/fs/cgroup/devices{path}").exists()


@pytest.mark.skipif(not pathlib.Path("/sys/fs/cgroup/unified").is_dir(),
                    reason="not a hybrid machine: the groups of pods are the engine's own")
def test_groups_of_pods_in_the_unified_hierarchy_go_with_their_last_container(bundle):
    pod = f"/{os.environ['SAMPAN_CGROUP_PARENT']}/pods/one"
    unified = pathlib.Path(f"/sys/fs/cgroup/unified{pod}")
    names = []
    for part in ("first", "second"):
        bundle.config["linux"]["cgroupsPath"] = f"{pod}/{part}"
        names.append(bundle.started())
    assert (unified / "first").is_dir() and (unified / "second").is_dir()
    bundle.call("delete", "--force", names[0])
    assert unified.is_dir()
    bundle.call("delete", "--force", names[1])
    assert not unified.parent.exists() and unified.parent.parent.exists()
    for hierarchy in pathlib.Path("/sys/fs/cgroup").iterdir():  # the engine's part
        for group in (pod, str(pathlib.Path(pod).parent)):
            if hierarchy.name != "unified" and pathlib.Path(f"{hierarchy}{group}").is_dir():
                os.rmdir(f"{hierarchy}{group}")
