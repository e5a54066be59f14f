"""The command line of sampan-runtime: every verb, every option, and what is refused.

SPDX-License-Identifier: MIT
"""
import fcntl
import json
import os
import pathlib
import pty
import signal
import socket
import subprocess
import termios
import time

import pytest

from conftest import RUNTIME  # noqa: of tests/runtime
from machine import CGROUPS, is_pure_v2, wait_until

VERBS = ("create start run exec state kill delete list ps pause resume update events spec "
         "features checkpoint restore").split()


def call(*words, **more):
    return subprocess.run([RUNTIME, *map(str, words)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=20, **more)


def group_file(bundle, v1, v2):
    """A file of the container's cgroup: ("memory", "memory.limit_in_bytes"), "memory.max"."""
    path = bundle.config["linux"]["cgroupsPath"].lstrip("/")
    if is_pure_v2():
        return (CGROUPS / path / v2).read_text().strip()
    return (CGROUPS / v1[0] / path / v1[1]).read_text().strip()


# ---- help, version, words ----


def test_help_names_every_verb():
    done = call("--help")
    assert done.returncode == 0 and done.stderr == ""
    assert all(f"\n  {verb} " in done.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb(verb):
    done = call(verb, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage:  sampan-runtime {verb}")
    assert all(len(line) <= 100 for line in done.stdout.splitlines())


@pytest.mark.parametrize("word", ["--version", "-v"])
def test_version_is_as_engines_read_it(word):
    lines = call(word).stdout.splitlines()
    assert lines[0].startswith("sampan-runtime version ") and "spec: 1.2.0" in lines


@pytest.mark.parametrize("words,told", [
    ([], "no verb is given"),
    (["strat", "x"], "did you mean start?"),
    (["--rot", "/x", "list"], "did you mean --root?"),
    (["--log-format", "xml", "list"], "--log-format: must be one of: text json"),
    (["--log-level", "loud", "list"], "--log-level: must be one of"),
    (["--cgroup-manager", "cgmanager", "list"], "--cgroup-manager: must be one of"),
    (["--log", "journald:x", "list"], "--log: only files are supported"),
    (["--rootless", "maybe", "list"], "--rootless: must be one of"),
    (["--systemd-cgroup", "--cgroup-manager=cgroupfs", "list"], "contradict"),
    (["--root"], "needs an argument"),
    (["create"], "requires exactly 1 argument"),
    (["start", "a", "b"], "requires exactly 1 argument"),
    (["kill", "a", "b", "c"], "requires at most 2 arguments"),
    (["list", "x"], "accepts no arguments"),
    (["create", "--preserve-fds", "x", "a"], "--preserve-fds"),
    (["create", "--preserve-fds", "-1", "a"], "must not be negative"),
    (["create", "--consol-socket", "x", "a"], "did you mean --console-socket?"),
    (["exec", "--tty=perhaps", "a", "b"], "--tty"),
    (["list", "--format", "yaml"], "must be table or json"),
    (["ps", "--format", "yaml", "a"], "must be table or json"),
    (["events", "--interval", "0", "a"], "--interval"),
    (["events", "--interval", "soon", "a"], "--interval"),
    (["kill", "a", "NOSIGNAL"], "unknown signal NOSIGNAL"),
    (["kill", "a", "65"], "unknown signal 65"),
    (["kill", "a", "RTMIN+40"], "unknown signal RTMIN+40"),
    (["kill", "a", "-3"], "unknown shorthand flag"),
    (["kill", "--regex", "("], "--regex: ("),
    (["delete", "--regex", "["], "--regex: ["),
    (["update", "a"], "nothing to change is named"),
    (["update", "--memory", "much", "a"], "--memory: not a size"),
    (["update", "--cpu-share", "-5", "a"], "--cpu-share: not a number"),
    (["update", "--pids-limit", "1x", "a"], "--pids-limit: not a number"),
    (["update", "--resources", "/not/there", "a"], "/not/there"),
    (["checkpoint", "a"], "checkpoint and restore are not supported"),
    (["restore", "--image-path", "/x", "a"], "unknown flag: --image-path"),
])
def test_bad_words_are_named(tmp_path, words, told):
    done = call("--root", tmp_path / "state", *words, cwd=tmp_path)
    assert done.returncode == 1 and told in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["start", "exec", "state", "kill", "delete", "ps", "pause",
                                  "resume", "update", "events"])
def test_a_container_that_is_not_there(tmp_path, verb):
    more = {"exec": ["x"], "update": []}.get(verb, [])
    options = ["--memory", "1g"] if verb == "update" else []
    done = call("--root", tmp_path / "state", verb, *options, "nobody", *more)
    assert done.returncode == 1
    assert "container does not exist: nobody" in done.stderr


@pytest.mark.parametrize("verb", ["create", "run", "start", "exec", "state", "kill", "delete",
                                  "ps", "pause", "resume", "update", "events"])
@pytest.mark.parametrize("name", ["..", "a/b", ".x", "x" * 129])
def test_every_verb_checks_the_id_before_any_file(tmp_path, verb, name):
    more = ["x"] if verb == "exec" else []
    options = ["--memory", "1g"] if verb == "update" else []
    state = tmp_path / "state"
    (state / "a").mkdir(parents=True)
    done = call("--root", state, verb, *options, name, *more)
    assert done.returncode == 1 and "container id" in done.stderr
    assert [p.name for p in state.iterdir()] == ["a"] and tmp_path.exists()


# ---- where state and messages go ----


def test_the_log_is_text_or_json(tmp_path):
    for form in ("text", "json"):
        log = tmp_path / form
        call("--root", tmp_path, "--log", log, "--log-format", form, "state", "nobody")
        line = log.read_text().splitlines()[-1]
        if form == "json":
            said = json.loads(line)
            assert said["level"] == "error" and said["msg"] == "container does not exist: nobody"
            assert said["time"].endswith("Z")
        else:
            assert 'level=error msg="container does not exist: nobody"' in line


def test_a_log_may_be_called_a_file(tmp_path):
    call("--root", tmp_path, f"--log=file:{tmp_path}/log", "state", "nobody")
    assert "nobody" in (tmp_path / "log").read_text()


def test_debug_logs_the_kernel_calls(bundle):
    log = bundle.directory / "log"
    bundle.config["process"]["args"] = ["/probe"]
    bundle.write()
    bundle.call("--debug", "--log", log, "--log-format", "json", "run", "--bundle",
                bundle.directory, bundle.new_id())
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["level"] for line in lines} == {"debug"}
    assert any("pivot_root" in line["msg"] for line in lines)


def test_an_ordinary_users_root_is_below_xdg_runtime_dir(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    os.chmod(tmp_path, 0o755)
    mine = tmp_path / "run"
    mine.mkdir()
    os.chown(mine, 12345, 12345)
    program = tmp_path / "runtime"
    program.write_bytes(pathlib.Path(RUNTIME).read_bytes())
    program.chmod(0o755)
    for parent in list(tmp_path.parents)[:2]:
        os.chmod(parent, 0o755)
    (mine / "sampan-runtime").mkdir(mode=0o700)
    (mine / "sampan-runtime" / "left").mkdir()
    os.chown(mine / "sampan-runtime", 12345, 12345)
    os.chown(mine / "sampan-runtime" / "left", 12345, 12345)
    done = subprocess.run([str(program), "list"], user=12345, group=12345, text=True,
                          capture_output=True, env={"XDG_RUNTIME_DIR": str(mine)}, timeout=20)
    assert done.returncode == 0 and "left was not finished" in done.stderr + done.stdout


# ---- state, list, ps ----


def test_state_has_what_engines_read(bundle):
    bundle.config["annotations"] = {"a.b": "c"}
    name = bundle.create("wait")
    state = json.loads(bundle.call("state", name).stdout)
    assert state.keys() >= {"ociVersion", "id", "status", "pid", "bundle", "rootfs", "created",
                            "owner", "annotations"}
    assert state["status"] == "created" and state["owner"] == "root"
    assert state["rootfs"] == str(bundle.directory / "rootfs")
    bundle.call("start", name)
    bundle.call("kill", name, "KILL")
    wait_until(lambda: bundle.status(name) == "stopped")
    assert json.loads(bundle.call("state", name).stdout)["pid"] == 0


def test_list_as_table_and_json(bundle):
    name = bundle.started()
    table = bundle.call("list").stdout.splitlines()
    assert table[0].split() == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
    assert table[1].split()[0] == name and table[1].split()[2] == "running"
    shown = json.loads(bundle.call("list", "-f", "json").stdout)[0]
    assert shown["owner"] == "root" and shown["bundle"] == str(bundle.directory)
    assert bundle.call("list", "--quiet").stdout.split() == [name]


def test_an_empty_list(tmp_path):
    assert call("--root", tmp_path / "no", "list", "-f", "json").stdout == "[]\n"
    assert call("--root", tmp_path / "no", "list", "-q").stdout == ""


def test_ps_shows_the_containers_processes_alone(bundle):
    name = bundle.started()
    pid = json.loads(bundle.call("state", name).stdout)["pid"]
    assert json.loads(bundle.call("ps", "--format", "json", name).stdout) == [pid]
    lines = bundle.call("ps", name).stdout.splitlines()
    assert "PID" in lines[0] and len(lines) == 2 and str(pid) in lines[1].split()
    lines = bundle.call("ps", name, "-o", "pid,args").stdout.splitlines()
    assert lines[0].split() == ["PID", "COMMAND"] and lines[1].split()[:2] == [str(pid), "/probe"]
    bad = bundle.call("ps", name, "-o", "args")
    assert bad.status == 1 and "no column PID" in bad.stderr
    bad = bundle.call("ps", name, env={**os.environ, "PATH": "/nowhere"})
    assert bad.status == 1 and "executable file not found in $PATH" in bad.stderr


# ---- kill ----


@pytest.mark.parametrize("word", ["TERM", "SIGTERM", "term", "15", "RTMIN+1", "SIGRTMAX-2", "35"])
def test_signals_by_any_name(bundle, word):
    name = bundle.started()  # the probe dies by any of them, but as pid 1 only of KILL
    assert bundle.call("kill", name, word).status == 0
    assert bundle.status(name) == "running"


def test_kill_of_what_has_ended_says_so(bundle):
    name = bundle.started()
    assert bundle.call("kill", name, "KILL").status == 0
    wait_until(lambda: bundle.status(name) == "stopped")
    done = bundle.call("kill", name, "TERM")
    assert done.status == 1 and "container not running" in done.stderr
    assert bundle.call("kill", "--all", name, "KILL").status == 0


def test_options_may_stand_behind_operands(bundle):
    name = bundle.started()
    assert bundle.call("kill", name, "KILL", "--all").status == 0
    wait_until(lambda: bundle.status(name) == "stopped")
    assert bundle.call("delete", name, "--force").status == 0


def test_kill_of_a_shared_pid_namespace_reaches_all(bundle):
    bundle.config["linux"]["namespaces"] = [
        ns for ns in bundle.config["linux"]["namespaces"] if ns["type"] != "pid"]
    name = bundle.started()
    subprocess.run(bundle.command("exec", "-d", name, "/probe", "wait"), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=20)
    pids = json.loads(bundle.call("ps", "-f", "json", name).stdout)
    assert len(pids) == 2
    assert bundle.call("kill", name, "KILL").status == 0
    wait_until(lambda: json.loads(bundle.call("ps", "-f", "json", name).stdout) == [])
    assert bundle.call("delete", name).status == 0


def test_regular_expressions(bundle):
    names = [bundle.started() for _ in range(1)]
    bundle.config["linux"].pop("cgroupsPath")
    names.append(bundle.started())
    assert bundle.call("kill", "--regex", "^t[0-9a-f]+$", "KILL").status == 0
    wait_until(lambda: all(bundle.status(name) == "stopped" for name in names))
    assert bundle.call("delete", "--regex", "^nothing").status == 0
    assert len(bundle.call("list", "-q").stdout.split()) == 2
    assert bundle.call("delete", "--regex", "^t").status == 0
    assert bundle.call("list", "-q").stdout == ""


# ---- pause, resume ----


def test_pause_and_resume(bundle):
    name = bundle.started()
    assert bundle.call("resume", name).stderr.strip().endswith("container not paused")
    assert bundle.call("pause", name).status == 0
    assert bundle.status(name) == "paused"
    again = bundle.call("pause", name)
    assert again.status == 1 and "it is paused" in again.stderr
    refused = bundle.call("exec", name, "/probe")
    assert refused.status == 1 and "paused" in refused.stderr
    assert bundle.call("resume", name).status == 0
    assert bundle.status(name) == "running"


def test_exec_ignoring_a_pause_runs_when_it_goes_on(bundle):
    name = bundle.started()
    assert bundle.call("pause", name).status == 0
    inside = subprocess.Popen(bundle.command("exec", "--ignore-paused", name, "/probe", "exit:5"),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    time.sleep(0.2)
    assert inside.poll() is None
    assert bundle.call("resume", name).status == 0
    assert inside.wait(timeout=10) == 5


def test_a_paused_container_is_deleted_by_force(bundle):
    name = bundle.started()
    assert bundle.call("pause", name).status == 0
    assert bundle.call("delete", "-f", name).status == 0


# ---- update, events ----


UPDATES = [
    (["--memory", "64m"], ("memory", "memory.limit_in_bytes"), "memory.max", str(64 << 20)),
    (["--memory", str(80 << 20)], ("memory", "memory.limit_in_bytes"), "memory.max",
     str(80 << 20)),
    (["--memory-reservation", "32m"], ("memory", "memory.soft_limit_in_bytes"), "memory.low",
     str(32 << 20)),
    (["--pids-limit", "44"], ("pids", "pids.max"), "pids.max", "44"),
    (["--pids-limit", "-1"], ("pids", "pids.max"), "pids.max", "max"),
    (["--cpu-share", "512"], ("cpu", "cpu.shares"), "cpu.weight", {"v1": "512", "v2": "59"}),
    (["--cpu-quota", "20000", "--cpu-period", "50000"], ("cpu", "cpu.cfs_quota_us"), "cpu.max",
     {"v1": "20000", "v2": "20000 50000"}),
    (["--cpuset-cpus", "0", "--cpuset-mems", "0"], ("cpuset", "cpuset.cpus"), "cpuset.cpus", "0"),
]


@pytest.mark.parametrize("options,v1,v2,value", UPDATES)
def test_update_by_options(bundle, options, v1, v2, value):
    name = bundle.started()
    done = bundle.call("update", *options, name)
    assert done.status == 0, done.stderr
    if isinstance(value, dict):
        value = value["v2" if is_pure_v2() else "v1"]
    assert group_file(bundle, v1, v2) == value


@pytest.mark.parametrize("source", ["file", "-"])
def test_update_by_resources(bundle, source):
    name = bundle.started()
    text = json.dumps({"memory": {"limit": 50 << 20}, "pids": {"limit": 9}})
    path = bundle.directory / "resources"
    path.write_text(text)
    done = subprocess.run(
        bundle.command("update", "--resources", path if source == "file" else "-", name),
        input=text, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert group_file(bundle, ("pids", "pids.max"), "pids.max") == "9"
    assert group_file(bundle, ("memory", "memory.limit_in_bytes"), "memory.max") == str(50 << 20)


@pytest.mark.parametrize("text,words", [
    ("{", "line 1"), ('{"memory":{"limit":"x"}}', "memory.limit"), ('{"cpu":5}', "cpu"),
])
def test_bad_resources_are_named(bundle, text, words):
    name = bundle.started()
    done = subprocess.run(bundle.command("update", "-r", "-", name), input=text,
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and words in done.stderr


def test_a_limit_added_by_update_goes_with_the_container(bundle):
    name = bundle.started()
    assert bundle.call("update", "--cpuset-cpus", "0", name).status == 0
    assert bundle.call("delete", "-f", name).status == 0  # the fixture looks for what stays


def test_update_of_a_stopped_container_is_refused(bundle):
    name = bundle.started()
    bundle.call("kill", name, "KILL")
    wait_until(lambda: bundle.status(name) == "stopped")
    done = bundle.call("update", "--memory", "1g", name)
    assert done.status == 1 and "container not running" in done.stderr


def test_stats_once(bundle):
    bundle.config["linux"]["resources"] = {"memory": {"limit": 64 << 20}, "pids": {"limit": 11}}
    name = bundle.started()
    event = json.loads(bundle.call("events", "--stats", name).stdout)
    assert event["type"] == "stats" and event["id"] == name
    data = event["data"]
    assert data["cpu"]["usage"]["total"] > 0
    assert data["memory"]["usage"]["usage"] > 0
    assert data["memory"]["usage"]["limit"] == 64 << 20
    assert data["pids"] == {"current": 1, "limit": 11}
    assert data["memory"]["raw"]


def test_events_come_until_the_end(bundle):
    name = bundle.started()
    watcher = subprocess.Popen(bundle.command("events", "--interval", "50ms", name),
                               stdout=subprocess.PIPE, text=True)
    lines = [json.loads(watcher.stdout.readline()) for _ in range(2)]
    assert [line["type"] for line in lines] == ["stats", "stats"]
    bundle.call("kill", name, "KILL")
    assert watcher.wait(timeout=10) == 0
    watcher.stdout.close()


# ---- exec ----


@pytest.mark.parametrize("options,questions,answers", [
    (["--cwd", "/tmp"], ["cwd"], {"cwd": "/tmp"}),
    (["--user", "7:8", "-g", "9", "--additional-gids", "10"], ["ids"],
     {"ids": "7 7 7 8 8 8: 8 9 10"}),
    (["-u", "7"], ["ids"], {"ids": "7 7 7 0 0 0: 0"}),
    (["--no-new-privs"], ["status:NoNewPrivs"], {"status:NoNewPrivs": "1"}),
])
def test_exec_options(bundle, options, questions, answers):
    name = bundle.started()
    result = bundle.call("exec", *options, name, "/probe", *questions)
    assert result.status == 0, result.stderr
    assert {q: result[q] for q in answers} == answers


def test_exec_sets_variables_beside_the_containers(bundle):
    name = bundle.started()
    done = bundle.call("exec", "--env", "A=1", "-e", "B=2", "-e", "PATH=/x", name, "/probe", "env")
    assert [line for line in done.stdout.splitlines() if line.startswith("env=")] == [
        "env=PATH=/x", "env=A=1", "env=B=2"]


def test_exec_adds_a_capability(bundle):
    name = bundle.started()
    before = int(bundle.call("exec", name, "/probe", "status:CapEff")["status:CapEff"], 16)
    after = int(bundle.call("exec", "--cap", "CAP_SYS_TIME", name, "/probe",
                            "status:CapEff")["status:CapEff"], 16)
    assert after & ~before == 1 << 25


@pytest.mark.parametrize("options,words", [
    (["--cap", "CAP_EVERYTHING"], "--cap: unknown capability CAP_EVERYTHING"),
    (["--env", "novalue"], "--env: must be NAME=VALUE"),
    (["--cwd", "relative"], "--cwd: must be absolute"),
    (["--additional-gids", "wheel"], "--additional-gids: no group id: wheel"),
    (["--user", "4294967295"], "4294967295"),
    (["--cgroup", "../x"], "--cgroup"),
    (["--cgroup", "not/there"], "--cgroup"),
    (["--cgroup", "cpu:x"], "--cgroup cpu:x: "),
    (["--detach", "--tty"], "--console-socket"),
    (["--console-socket", "/not/there"], "no process.terminal"),
    (["--tty", "--console-socket", "/not/there"], "/not/there"),
    (["--process", "/not/there"], "contradict"),
    (["--preserve-fds", "5"], "descriptor 3 is not open"),
])
def test_exec_refuses(bundle, options, words):
    name = bundle.started()
    result = bundle.call("exec", *options, name, "/probe")
    assert result.status == 1 and words in result.stderr, result.stderr


def test_exec_wants_a_program(bundle):
    name = bundle.started()
    result = bundle.call("exec", name)
    assert result.status == 1 and "no program is named" in result.stderr


def test_exec_in_what_does_not_run(bundle):
    name = bundle.create("wait")
    assert "it is created" in bundle.call("exec", name, "/probe").stderr
    bundle.call("start", name)
    bundle.call("kill", name, "KILL")
    wait_until(lambda: bundle.status(name) == "stopped")
    assert "container not running" in bundle.call("exec", name, "/probe").stderr


def test_exec_detached_writes_its_pid(bundle):
    name = bundle.started()
    path = bundle.directory / "exec.pid"
    subprocess.run(bundle.command("exec", "-d", "--pid-file", path, name, "/probe", "wait"),
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=20)
    pids = json.loads(bundle.call("ps", "-f", "json", name).stdout)
    assert int(path.read_text()) in pids and len(pids) == 2


def test_exec_in_a_group_below_the_containers(bundle):
    name = bundle.started()
    path = bundle.config["linux"]["cgroupsPath"].lstrip("/")
    tops = [CGROUPS] if is_pure_v2() else [p for p in CGROUPS.iterdir() if (p / path).is_dir()]
    for top in tops:
        (top / path / "below").mkdir(exist_ok=True)
    result = bundle.call("exec", "--cgroup", "/below", name, "/probe", "cat:/proc/self/cgroup")
    assert result.status == 0, result.stderr
    assert ":/below|" in result["cat:/proc/self/cgroup"]


def test_exec_in_a_group_of_single_controllers(bundle):
    if is_pure_v2():
        pytest.skip("on v2 a group is of all controllers")
    bundle.config["linux"]["resources"] = {"memory": {"limit": 1 << 26}, "pids": {"limit": 100}}
    name = bundle.started()
    path = bundle.config["linux"]["cgroupsPath"].lstrip("/")
    for controller, below in (("memory", "one"), ("pids", "two")):
        (CGROUPS / controller / path / below).mkdir()
    result = bundle.call("exec", "--cgroup", "memory:one", "--cgroup", "pids:/two", name,
                         "/probe", "cat:/proc/self/cgroup")
    assert result.status == 0, result.stderr
    groups = dict(line.split(":")[1:] for line in result["cat:/proc/self/cgroup"].split("|") if line)
    assert groups.pop("memory") == "/one" and groups.pop("pids") == "/two"
    assert set(groups.values()) <= {"/"}


@pytest.mark.parametrize("groups, words", [
    (["unheard:of"], 'the container has no group of its own in a v1 hierarchy of "unheard"'),
    ([":of"], 'the container has no group of its own in a v1 hierarchy of ""'),
    (["/a", "/b"], "--cgroup /a: a path for all controllers stands alone"),
    (["/absent"], "No such file or directory"),
    (["../.."], ".."),
])
def test_exec_names_a_group_that_cannot_be(bundle, groups, words):
    name = bundle.started()
    options = [word for group in groups for word in ("--cgroup", group)]
    result = bundle.call("exec", *options, name, "/probe", "ids")
    assert result.status == 1 and words in result.stderr and "--cgroup " in result.stderr


def test_exec_follows_the_first_process_into_a_group_of_its_own(bundle):
    """As systemd in a container does it: the container's group hands controllers down, and
    so may hold no process itself."""
    if not is_pure_v2():
        pytest.skip("groups of v1 hold processes and groups together")
    name = bundle.started()
    pid = json.loads(bundle.call("state", name).stdout)["pid"]
    group = CGROUPS / bundle.config["linux"]["cgroupsPath"].lstrip("/")
    (group / "init.scope").mkdir()
    (group / "init.scope/cgroup.procs").write_text(str(pid))
    (group / "cgroup.subtree_control").write_text("+pids")
    result = bundle.call("exec", name, "/probe", "cat:/proc/self/cgroup")
    assert result.status == 0, result.stderr
    assert result["cat:/proc/self/cgroup"].startswith("0::/init.scope|")


# ---- staying with the program ----


def terminal(words, rows=24, columns=80):
    """Runs words on a new terminal: its pid, and the master."""
    pid, master = pty.fork()
    if pid == 0:
        os.execv(words[0], words)
    termios.tcsetwinsize(master, (rows, columns)) if hasattr(termios, "tcsetwinsize") else \
        fcntl.ioctl(master, termios.TIOCSWINSZ, rows.to_bytes(2, "little") +
                    columns.to_bytes(2, "little") + bytes(4))
    return pid, master


def read_all(master):
    text = b""
    try:
        while part := os.read(master, 4096):
            text += part
    except OSError:
        pass  # the last one at the other end is gone
    os.close(master)
    return text.decode()


def exit_status(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("verb", ["run", "exec"])
def test_a_terminal_without_a_console_socket(bundle, verb):
    questions = ["/probe", "tty", "exit:9"]
    if verb == "run":
        bundle.config["process"].update(terminal=True, args=questions)
        bundle.write()
        words = bundle.command("run", "--bundle", bundle.directory, bundle.new_id())
    else:
        words = bundle.command("exec", "--tty", bundle.started(), *questions)
    pid, master = terminal(words)
    text = read_all(master)
    assert exit_status(pid) == 9
    assert "tty=/dev/pts/0 1" in text or "tty=/dev/console 1" in text, text


def test_output_comes_whole_when_standard_input_is_no_terminal(bundle):
    bundle.config["process"].update(terminal=True)
    result = bundle.run(*["cwd"] * 500, "exit:3")
    assert result.status == 3 and result.stdout.count("cwd=/\n") == 500


def test_a_terminal_that_nobody_watches_is_refused(bundle):
    bundle.config["process"]["terminal"] = True
    bundle.write()
    for words in (["create"], ["run", "--detach"]):
        result = bundle.call(*words, "--bundle", bundle.directory, bundle.new_id())
        assert result.status == 1 and "--console-socket" in result.stderr
    bundle.config["process"]["terminal"] = False
    bundle.write()
    result = bundle.call("create", "--console-socket", "/x", "--bundle", bundle.directory,
                         bundle.new_id())
    assert result.status == 1 and "no process.terminal" in result.stderr
    assert list(bundle.state.iterdir()) == []


def test_signals_reach_the_program(bundle):
    """As a child of its own reaper the program has no signal shield of pid 1: here it shares
    the caller's pid namespace instead."""
    bundle.config["linux"]["namespaces"] = [
        ns for ns in bundle.config["linux"]["namespaces"] if ns["type"] != "pid"]
    _, running = bundle.run_and_stay()
    wait_until(lambda: is_waiting_for_signals(running.pid))
    running.send_signal(signal.SIGUSR1)
    assert running.wait(timeout=10) == 128 + signal.SIGUSR1
    assert list(bundle.state.iterdir()) == []


def is_waiting_for_signals(pid):
    """In rt_sigtimedwait(2), by its number on x86-64 and arm64."""
    call = pathlib.Path(f"/proc/{pid}/syscall").read_text().split()[0]
    return call in ("128", "137")


def test_run_detached_and_kept(bundle):
    bundle.config["process"]["args"] = ["/probe", "wait"]
    bundle.write()
    name = bundle.new_id()
    path = bundle.directory / "pid"
    subprocess.run(bundle.command("run", "-d", "--pid-file", path, "-b", bundle.directory, name),
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=20)
    assert bundle.status(name) == "running"
    assert int(path.read_text()) == json.loads(bundle.call("state", name).stdout)["pid"]
    bundle.config["process"]["args"] = ["/probe", "exit:4"]
    bundle.config["linux"].pop("cgroupsPath")
    bundle.write()
    kept = bundle.new_id()
    assert bundle.call("run", "--keep", "-b", bundle.directory, kept).status == 4
    assert bundle.status(kept) == "stopped"
    assert bundle.call("delete", kept).status == 0


def test_another_config_file(bundle):
    bundle.config["process"]["args"] = ["/probe", "exit:6"]
    bundle.write()
    (bundle.directory / "config.json").rename(bundle.directory / "other.json")
    done = bundle.call("run", "-b", bundle.directory, "-f", "other.json", bundle.new_id())
    assert done.status == 6
    done = bundle.call("run", "-b", bundle.directory, bundle.new_id())
    assert done.status == 1 and "config.json" in done.stderr


def test_the_bundle_is_the_current_directory(bundle):
    bundle.config["process"]["args"] = ["/probe", "exit:6"]
    bundle.write()
    assert bundle.call("run", bundle.new_id(), cwd=bundle.directory).status == 6


@pytest.mark.parametrize("options", [["--no-pivot"], ["--no-new-keyring"], ["--no-subreaper"]])
def test_the_other_options_of_run(bundle, options):
    assert bundle.run("exit:3", options=options).status == 3


def test_no_cgroups_at_all(bundle):
    bundle.config["process"]["args"] = ["/probe", "wait"]
    bundle.write()
    name = bundle.new_id()
    subprocess.run(bundle.command("--cgroup-manager=disabled", "run", "-d", "-b",
                                  bundle.directory, name), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=20)
    path = bundle.config["linux"]["cgroupsPath"].lstrip("/")
    assert not list(CGROUPS.glob(f"*/{path}")) and not (CGROUPS / path).exists()
    pid = json.loads(bundle.call("state", name).stdout)["pid"]
    assert json.loads(bundle.call("ps", "-f", "json", name).stdout) == [pid]
    assert "without cgroups" in bundle.call("update", "--memory", "1g", name).stderr
    assert bundle.call("exec", name, "/probe", "exit:2").status == 2
    assert bundle.call("delete", "--force", name).status == 0


# ---- socket activation ----


def test_activated_sockets_are_passed_on(bundle):
    with socket.socket() as one, socket.socket() as two:
        words = bundle.command("run", "--bundle", bundle.directory, bundle.new_id())
        bundle.config["process"]["args"] = ["/probe", "env", "fds"]
        bundle.write()
        script = ('import os,sys; os.dup2(int(sys.argv[1]),3); os.dup2(int(sys.argv[2]),4); '
                  'os.environ.update(LISTEN_FDS="2", LISTEN_FDNAMES="a:b", '
                  'LISTEN_PID=str(os.getpid())); os.execv(sys.argv[3], sys.argv[3:])')
        done = subprocess.run(
            ["/usr/bin/python3", "-c", script, str(one.fileno()), str(two.fileno()), *words],
            pass_fds=(one.fileno(), two.fileno()), capture_output=True, text=True, timeout=20,
            stdin=subprocess.DEVNULL)
    assert "LISTEN_FDS=2" in done.stdout and "LISTEN_PID=1" in done.stdout, done.stderr
    assert "LISTEN_FDNAMES=a:b" in done.stdout
    fds = next(line for line in done.stdout.splitlines() if line.startswith("fds="))
    assert fds.split("=")[1].split()[:5] == ["0", "1", "2", "3", "4"]


def test_a_hole_among_preserved_descriptors_is_refused(bundle):
    """Else a directory of ours, opened as number 3, would reach the program."""
    for options, variables in ((["--preserve-fds", "1"], {}), ([], {"LISTEN_FDS": "1"})):
        result = bundle.run("fds", options=options, env={**os.environ, **variables})
        assert result.status == 1 and "descriptor 3 is not open" in result.stderr
    assert not bundle.state.exists()


@pytest.mark.parametrize("variables", [
    {"LISTEN_FDS": "1", "LISTEN_PID": "1"}, {"LISTEN_FDS": "x"}, {"LISTEN_FDS": "-1"}, {}])
def test_activation_that_is_not_meant_for_us_is_not_passed_on(bundle, variables):
    result = bundle.run("env", env={**os.environ, **variables, "NOTIFY_SOCKET": "/run/x"})
    assert result["env"] == "PATH=/bin"


# ---- spec and features ----


def test_spec_writes_a_config_that_is_valid(tmp_path):
    assert call("spec", "--bundle", tmp_path).returncode == 0
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["ociVersion"] == "1.2.0" and config["process"]["args"] == ["sh"]
    again = call("spec", "--bundle", tmp_path)
    assert again.returncode == 1 and "is there already" in again.stderr
    assert call("spec", "-b", tmp_path, "--file", "x.json").returncode == 0
    assert (tmp_path / "x.json").exists()
    assert call("spec", "--bundle", tmp_path / "no").returncode == 1


def test_spec_for_an_ordinary_user(tmp_path):
    assert call("spec", "--rootless", "--bundle", tmp_path).returncode == 0
    config = json.loads((tmp_path / "config.json").read_text())
    linux = config["linux"]
    assert linux["uidMappings"] == [{"containerID": 0, "hostID": os.geteuid(), "size": 1}]
    kinds = {ns["type"] for ns in linux["namespaces"]}
    assert "user" in kinds and "network" not in kinds and "resources" not in linux
    assert not any(o.startswith("gid=") for m in config["mounts"] for o in m["options"])


def test_features_are_whole_and_true():
    told = json.loads(call("features").stdout)
    assert told["ociVersionMin"] == "1.0.0" and told["ociVersionMax"] == "1.2.0"
    assert set(told["hooks"]) == {"prestart", "createRuntime", "createContainer",
                                  "startContainer", "poststart", "poststop"}
    assert {"ro", "rro", "bind", "rbind", "nosuid", "tmpcopyup", "rprivate", "noatime"} <= \
        set(told["mountOptions"])
    linux = told["linux"]
    assert set(linux["namespaces"]) == {"cgroup", "ipc", "mount", "network", "pid", "time",
                                        "user", "uts"}
    assert len(linux["capabilities"]) == 41 and "CAP_SYS_ADMIN" in linux["capabilities"]
    assert linux["cgroup"] == {"v1": True, "v2": True, "systemd": True, "systemdUser": True,
                               "rdma": True}
    seccomp = linux["seccomp"]
    assert seccomp["enabled"] and "SCMP_ACT_NOTIFY" in seccomp["actions"]
    assert "SCMP_CMP_MASKED_EQ" in seccomp["operators"] and "SCMP_ARCH_X86_64" in seccomp["archs"]
    assert set(seccomp["supportedFlags"]) <= set(seccomp["knownFlags"])
    assert "SECCOMP_FILTER_FLAG_LOG" in seccomp["supportedFlags"]
    assert linux["apparmor"] == linux["selinux"] == {"enabled": True}
    assert told["potentiallyUnsafeConfigAnnotations"] == ["org.systemd.property."]


@pytest.mark.parametrize("word", [w for w in (
    "ro rw nosuid suid nodev dev noexec exec nodiratime relatime noatime strictatime sync "
    "dirsync async rro rnosuid private rslave").split()])
def test_every_promised_mount_option_is_taken(bundle, word):
    assert word in json.loads(call("features").stdout)["mountOptions"]
    bundle.config["mounts"].append({"destination": "/mnt", "type": "tmpfs", "source": "tmpfs",
                                    "options": [word]})
    result = bundle.run("cwd")
    assert result.status == 0, result.stderr
