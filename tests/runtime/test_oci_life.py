"""create, start, state, kill, exec, delete, list: the life of a container in verbs.

SPDX-License-Identifier: MIT
"""
import array
import json
import os
import pathlib
import socket

import pytest

from machine import wait_until


def test_create_start_kill_delete(bundle):
    name = bundle.create("wait")
    assert bundle.status(name) == "created"
    assert bundle.call("start", name).status == 0
    assert bundle.status(name) == "running"
    assert bundle.call("kill", name, "KILL").status == 0
    wait_until(lambda: bundle.status(name) == "stopped")
    assert bundle.call("delete", name).status == 0
    gone = bundle.call("state", name)
    assert gone.status == 1 and "does not exist" in gone.stderr


def test_state_is_the_specs_json(bundle):
    bundle.config["annotations"] = {"org.example.key": "value"}
    name = bundle.started()
    state = json.loads(bundle.call("state", name).stdout)
    assert state["ociVersion"].startswith("1.")
    assert state["id"] == name and state["status"] == "running"
    assert state["bundle"] == str(bundle.directory)
    assert state["annotations"] == {"org.example.key": "value"}
    assert pathlib.Path(f"/proc/{state['pid']}/comm").read_text().strip() == "probe"


def test_an_id_is_taken_once(bundle):
    name = bundle.started()
    again = bundle.call("run", "--bundle", bundle.directory, name)
    assert again.status == 1 and "exists" in again.stderr
    assert bundle.status(name) == "running"


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../x", "", "-a", "a" * 129, "a b"])
def test_a_bad_id_touches_nothing(bundle, name):
    bundle.state.mkdir()
    (bundle.state / "keep").mkdir()
    for verb in ("state", "delete", "kill", "start"):
        assert bundle.call(verb, "--", name).status == 1
    assert (bundle.state / "keep").is_dir()


def test_starting_twice_is_refused(bundle):
    name = bundle.started()
    assert bundle.call("start", name).status == 1


def test_a_running_container_is_deleted_by_force_only(bundle):
    name = bundle.started()
    assert "running" in bundle.call("delete", name).stderr
    assert bundle.call("delete", "--force", name).status == 0
    assert bundle.call("delete", "--force", name).status == 0


def test_list_shows_it(bundle):
    name = bundle.started()
    shown = json.loads(bundle.call("list", "--format", "json").stdout)
    assert [(c["id"], c["status"]) for c in shown] == [(name, "running")]
    assert bundle.call("list", "-q").stdout == name + "\n"


def test_exec_joins_every_namespace_and_the_cgroup(bundle):
    name = bundle.started()
    pid = json.loads(bundle.call("state", name).stdout)["pid"]
    spaces = ("pid", "net", "ipc", "uts", "cgroup", "mnt")
    result = bundle.call("exec", name, "/probe", *(f"ns:{n}" for n in spaces),
                         "cat:/proc/self/cgroup")
    for space in spaces:
        assert result[f"ns:{space}"] == os.readlink(f"/proc/{pid}/ns/{space}")
    assert all(line.endswith(":/") for line in
               result["cat:/proc/self/cgroup"].strip("|").split("|") if "sampan" in line)


def test_exec_gives_the_exit_status(bundle):
    name = bundle.started()
    assert bundle.call("exec", name, "/probe", "exit:9").status == 9


def test_exec_by_user_name_of_the_containers_files(bundle):
    (bundle.rootfs / "etc/passwd").write_text("eva:x:1234:77::/home/eva:/bin/sh\n")
    (bundle.rootfs / "etc/group").write_text("one:x:500:eva\ntwo:x:501:bob,eva\n")
    name = bundle.started()
    result = bundle.call("exec", "--user", "eva", name, "/probe", "ids")
    assert result["ids"] == "1234 1234 1234 77 77 77: 77 500 501"
    assert bundle.call("exec", "--user", "7:8", name, "/probe", "ids")["ids"].startswith(
        "7 7 7 8 8 8:")
    unknown = bundle.call("exec", "--user", "nobody", name, "/probe", "ids")
    assert unknown.status == 1 and "nobody" in unknown.stderr


def test_exec_process_file(bundle):
    name = bundle.started()
    process = dict(bundle.config["process"], args=["/probe", "cwd", "env"], cwd="/tmp",
                   env=["X=y"])
    (bundle.directory / "process.json").write_text(json.dumps(process))
    result = bundle.call("exec", "--process", bundle.directory / "process.json", name)
    assert result["cwd"] == "/tmp" and result["env"] == "X=y"


@pytest.mark.parametrize("program,status,words", [
    ("/not/there", 127, "no such file"), ("nowhere", 127, "not found in $PATH"),
    ("/etc", 126, "permission denied: it is a directory"), ("/etc/plain", 126, "permission denied"),
    ("/etc/junk", 126, "exec format error"),
])
def test_a_program_that_cannot_run(bundle, program, status, words):
    (bundle.rootfs / "etc/plain").write_text("x")
    (bundle.rootfs / "etc/junk").write_bytes(b"\x7fELF junk")
    os.chmod(bundle.rootfs / "etc/junk", 0o755)
    bundle.config["process"]["args"] = [program]
    result = bundle.run()
    assert result.status == status and words in result.stderr
    name = bundle.started()
    result = bundle.call("exec", name, program)
    assert result.status == status and words in result.stderr


def test_exec_makes_no_working_directory(bundle):
    name = bundle.started()
    result = bundle.call("exec", "--cwd", "/not/there", name, "/probe", "cwd")
    assert result.status == 1
    assert "process.cwd: enter /not/there: No such file or directory" in result.stderr
    assert not (bundle.rootfs / "not").exists()


def test_errors_name_the_field_and_go_to_the_log(bundle):
    bundle.config["process"]["cwd"] = 5
    bundle.write()
    log = bundle.directory / "log"
    result = bundle.call("--log", log, "--log-format", "json", "run", "--bundle",
                         bundle.directory, bundle.new_id())
    assert result.status == 1
    line = json.loads(log.read_text().splitlines()[-1])
    assert line["level"] == "error" and "process.cwd: must be a string" in line["msg"]


@pytest.mark.parametrize("change,words", [
    (lambda c: c.pop("process"), "process: is missing"),
    (lambda c: c["process"].update(args=[]), "process.args: is empty"),
    (lambda c: c["process"]["user"].update(uid=4294967295), "process.user.uid"),
    (lambda c: c["process"]["user"].update(uid=-1), "process.user.uid"),
    (lambda c: c["linux"].update(seccomp="no"), "linux.seccomp: must be an object"),
    (lambda c: c["linux"]["namespaces"].append({"type": "pid"}), "twice"),
    (lambda c: c["linux"]["namespaces"].append({"type": "x"}), "namespaces[6].type"),
    (lambda c: c["linux"].update(rootfsPropagation="x"), "linux.rootfsPropagation"),
    (lambda c: c["mounts"].append({"destination": "/x", "source": "/", "type": "bind",
                                   "options": ["odd"]}), "mounts[5].options"),
    (lambda c: c["mounts"].append({"destination": "/x", "source": "/not/there",
                                   "type": "bind"}), "/not/there"),
    (lambda c: c["mounts"].append({"destination": "/x", "type": "nofs"}), "nofs"),
    (lambda c: c.update(ociVersion="2.0.0"), "ociVersion"),
    (lambda c: c["root"].update(path="nowhere"), "root.path"),
    (lambda c: c["process"].update(rlimits=[{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]),
     "rlimits[0]"),
])
def test_a_bad_config_is_refused_and_leaves_nothing(bundle, change, words):
    change(bundle.config)
    bundle.write()
    result = bundle.call("run", "--bundle", bundle.directory, bundle.new_id())
    assert result.status == 1
    assert words in result.stderr
    assert list(bundle.state.iterdir()) == []


def receive_terminal(listener):
    connection, _ = listener.accept()
    with connection:
        _, control, _, _ = connection.recvmsg(100, socket.CMSG_SPACE(4))
    fds = array.array("i")
    fds.frombytes(control[0][2][:4])
    return fds[0]


def test_terminal_over_the_console_socket(bundle):
    path = bundle.directory / "console"
    bundle.config["process"]["terminal"] = True
    bundle.config["process"]["consoleSize"] = {"height": 11, "width": 22}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        name = bundle.create("tty", "look:/dev/console", "fds", "exit:0",
                             options=["--console-socket", path])
        master = receive_terminal(listener)
        try:
            assert os.get_terminal_size(master) == (22, 11)
            assert bundle.call("start", name).status == 0
            wait_until(lambda: bundle.status(name) == "stopped")
            text = os.read(master, 4096).decode()
        finally:
            os.close(master)
    assert "tty=/dev/pts/0 1" in text or "tty=/dev/console 1" in text
    assert "look:/dev/console=20620 136:0" in text
    assert "fds=0 1 2 " in text


def test_pid_file(bundle):
    path = bundle.directory / "pid"
    name = bundle.create("wait", options=["--pid-file", path])
    assert int(path.read_text()) == json.loads(bundle.call("state", name).stdout)["pid"]


def test_the_trace_tells_the_story(bundle):
    trace = bundle.directory / "trace"
    bundle.config["process"]["args"] = ["/probe"]
    bundle.write()
    with open(trace, "a") as out:
        bundle.call("run", "--bundle", bundle.directory, bundle.new_id(),
                    env={**os.environ, "SAMPAN_TRACE_FD": str(out.fileno())},
                    pass_fds=(out.fileno(),))
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    calls = [(e["who"], e["call"]) for e in events]
    assert calls.index(("command", "clone3")) < calls.index(("init", "pivot_root"))
    assert ("init", "execve") in calls
    pivot = next(e for e in events if e["call"] == "pivot_root")
    assert pivot["level"] == "03_pivot_root" and pivot["result"] == 0
