"""The verbs on a running container, and a dockerd that comes and goes.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import signal
import time

import pytest

from daemons import RUNTIME, long_tests, need_systemd, wait_for
from dockerd import IMAGE
from machine import PATIENCE

LOOP = "while :; do sleep 0.05; done"


@pytest.fixture
def box(dockerd):
    """A container that runs and does nothing."""
    dockerd.ok("run", "-d", "--name", "box", IMAGE, "sleep", "1000")
    return dockerd


@pytest.mark.cgroups
def test_exec(box):
    done = box.run("exec", "-u", "33:44", "-w", "/tmp", "-e", "A=b", "box", "sh", "-c",
                   "id -u; id -g; pwd; echo $A; echo err >&2; exit 4")
    assert done.stdout.split() == ["33", "44", "/tmp", "b"]
    assert (done.stderr, done.returncode) == ("err\n", 4)


@pytest.mark.parametrize("program,statuses,words", [
    # dockerd before 23 says 126 to both
    ("nowhere", (126, 127), "executable file not found in $PATH"),
    ("/etc", (126,), "permission denied"), ("/etc/passwd", (126,), "permission denied"),
])
def test_exec_of_a_program_that_cannot_run(box, program, statuses, words):
    done = box.run("exec", "box", program)
    assert done.returncode in statuses and words in done.stdout + done.stderr


def test_exec_with_more_privileges_than_the_container(box):
    admin = 1 << 21

    def caps(*options):
        text = box.ok("exec", *options, "box", "grep", "CapEff", "/proc/self/status")
        return int(text.split()[1], 16)
    assert caps("--privileged") & admin and not caps() & admin


def test_exec_detached(box):
    box.ok("exec", "-d", "box", "sh", "-c", "echo done >/tmp/done")
    wait_for(lambda: box.run("exec", "box", "cat", "/tmp/done").stdout == "done\n", "it is done")


def test_top_shows_its_processes(box):
    box.ok("exec", "-d", "box", "sleep", "2000")
    wait_for(lambda: "sleep 2000" in box.ok("top", "box"), "the second process")
    lines = box.ok("top", "box", "-o", "pid,args").splitlines()[1:]
    assert sorted(line.split(None, 1)[1].strip() for line in lines) == ["sleep 1000", "sleep 2000"]
    assert str(box.pid("box")) in [line.split()[0] for line in lines]


def test_stop_asks_first(dockerd):
    dockerd.ok("run", "-d", "--name", "polite", IMAGE, "sh", "-c",
               f"trap 'exit 3' TERM; echo ready; {LOOP}")
    wait_for(lambda: "ready" in dockerd.ok("logs", "polite"), "it is ready")
    dockerd.ok("stop", "polite")
    assert dockerd.inspect("polite", ".State.ExitCode") == 3


def test_stop_kills_after_the_timeout(box):
    began = time.monotonic()
    box.ok("stop", "-t", "1", "box")
    assert 1 <= time.monotonic() - began < 8 * PATIENCE
    assert box.inspect("box", ".State.ExitCode") == 137


@pytest.mark.cgroups
def test_restart(box):
    first = box.pid("box")
    box.ok("restart", "-t", "0", "box")
    assert box.is_running("box") and box.pid("box") != first
    assert box.ok("exec", "box", "echo", "again") == "again"


def test_kill_with_a_signal(dockerd):
    dockerd.ok("run", "-d", "--name", "app", IMAGE, "sh", "-c",
               f"trap 'echo hup' HUP; trap 'exit 9' USR1; echo ready; {LOOP}")
    wait_for(lambda: "ready" in dockerd.ok("logs", "app"), "it is ready")
    dockerd.ok("kill", "-s", "HUP", "app")
    wait_for(lambda: "hup" in dockerd.ok("logs", "app"), "it heard")
    dockerd.ok("kill", "-s", "USR1", "app")
    assert dockerd.ok("wait", "app") == "9"


@pytest.mark.cgroups
def test_pause_stops_it_and_unpause_lets_it_go_on(dockerd):
    dockerd.ok("run", "-d", "--name", "app", IMAGE, "sh", "-c",
               "i=0; while :; do i=$((i+1)); echo $i >/tmp/n; done")
    file = pathlib.Path(f"/proc/{dockerd.pid('app')}/root/tmp/n")
    wait_for(file.exists, "it counts")
    dockerd.ok("pause", "app")
    assert dockerd.inspect("app", ".State.Status") == "paused"
    assert "is paused" in dockerd.run("exec", "app", "true").stderr
    first = file.read_text()
    time.sleep(0.1)
    assert file.read_text() == first
    dockerd.ok("unpause", "app")
    wait_for(lambda: file.read_text() not in (first, ""), "it counts again")


@pytest.mark.cgroups
def test_a_paused_container_is_removed_by_force(box):
    box.ok("pause", "box")
    box.ok("rm", "-f", "box")
    assert box.ok("ps", "-aq") == ""


@pytest.mark.cgroups
def test_stats(box):
    line = json.loads(box.ok("stats", "--no-stream", "--format", "{{json .}}", "box"))
    assert line["PIDs"] == "1"
    assert not line["MemUsage"].startswith("0B")


def test_logs_of_both_streams(dockerd):
    dockerd.ok("run", "--name", "app", IMAGE, "sh", "-c", "echo out; echo err >&2")
    done = dockerd.run("logs", "app")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


@pytest.mark.cgroups
def test_update_changes_the_limits_of_a_running_container(dockerd):
    dockerd.ok("run", "-d", "--name", "app", "-m", "64m", "--memory-swap", "64m", IMAGE,
               "sleep", "1000")

    def memory():
        return int(dockerd.cgroup_file("app", "memory", "memory.limit_in_bytes", "memory.max"))
    dockerd.ok("update", "-m", "96m", "--memory-swap", "96m", "--cpu-quota", "70000",
               "--cpu-period", "100000", "--pids-limit", "30", "app")
    assert memory() == 96 << 20
    assert dockerd.cgroup_file("app", "cpu", "cpu.cfs_quota_us", "cpu.max").split()[0] == "70000"
    assert dockerd.cgroup_file("app", "pids", "pids.max", "pids.max") == "30"
    dockerd.ok("update", "-m", "48m", "--memory-swap", "48m", "app")
    assert memory() == 48 << 20


def test_health_checks(dockerd):
    dockerd.ok("run", "-d", "--name", "app", "--health-cmd", "test -e /tmp/ok",
               "--health-interval", "200ms", "--health-retries", "2", IMAGE, "sh", "-c",
               "touch /tmp/ok; sleep 1000")
    wait_for(lambda: dockerd.inspect("app", ".State.Health.Status") == "healthy", "it is healthy")
    dockerd.ok("exec", "app", "rm", "/tmp/ok")
    wait_for(lambda: dockerd.inspect("app", ".State.Health.Status") == "unhealthy", "it is not")


def test_a_restart_policy_counts_its_failures(dockerd):
    dockerd.ok("run", "-d", "--name", "app", "--restart", "on-failure:2", IMAGE, "sh", "-c",
               "echo once; exit 5")
    wait_for(lambda: dockerd.inspect("app", ".State.Status") == "exited", "it gives up")
    assert dockerd.inspect("app", ".RestartCount") == 2
    assert dockerd.ok("logs", "app").split() == ["once"] * 3


def test_a_killed_container_comes_back(dockerd):
    dockerd.ok("run", "-d", "--name", "app", "--restart", "always", IMAGE, "sleep", "1000")
    first = dockerd.pid("app")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: dockerd.pid("app") not in (0, first), "it is started again")


def test_copy_commit_and_difference(box, tmp_path):
    (tmp_path / "note").write_text("hello\n")
    box.ok("cp", tmp_path / "note", "box:/tmp/note")
    assert box.ok("exec", "box", "cat", "/tmp/note") == "hello"
    assert "A /tmp/note" in box.ok("diff", "box")
    box.ok("commit", "box", "kept")
    try:
        assert box.ok("run", "--rm", "kept", "cat", "/tmp/note") == "hello"
    finally:
        box.ok("rm", "-f", "box")
        box.ok("rmi", "-f", "kept")


@pytest.mark.slow
@pytest.mark.parametrize("total", [20, pytest.param(500, marks=long_tests("takes minutes"))])
def test_many_containers_without_a_failure_or_a_leak(dockerd, total):
    for number in range(total):
        done = dockerd.run("run", "--rm", "--network", "none", IMAGE, "sh", "-c",
                           f"echo {number}; exit {number % 50}")
        assert (done.stdout, done.returncode) == (f"{number}\n", number % 50), done.stderr


# ---- the daemon comes and goes ----


def test_containers_outlive_a_killed_daemon(own_dockerd):
    dockerd = own_dockerd("--live-restore")
    dockerd.ok("run", "-d", "--name", "app", "-p", "127.0.0.1:8080:80", IMAGE, "sh", "-c",
               f"echo one; {LOOP}")
    pid = dockerd.pid("app")
    dockerd.server.stop(signal.SIGKILL)
    assert pathlib.Path(f"/proc/{pid}/comm").read_text() == "sh\n"
    dockerd.start("--live-restore")
    assert dockerd.is_running("app") and dockerd.pid("app") == pid
    assert dockerd.ok("exec", "app", "echo", "still here") == "still here"
    assert dockerd.ok("logs", "app") == "one"
    dockerd.ok("stop", "-t", "0", "app")
    assert dockerd.inspect("app", ".State.ExitCode") == 137
    dockerd.ok("rm", "app")


def test_without_live_restore_the_daemons_end_is_theirs(own_dockerd):
    dockerd = own_dockerd()
    dockerd.ok("run", "-d", "--name", "again", "--restart", "always", IMAGE, "sh", "-c",
               f"trap 'exit 0' TERM; {LOOP}")
    dockerd.ok("run", "-d", "--name", "once", IMAGE, "sh", "-c", f"trap 'exit 0' TERM; {LOOP}")
    first = dockerd.pid("again")
    dockerd.server.stop()
    assert not os.path.exists(f"/proc/{first}")
    dockerd.start()
    wait_for(lambda: dockerd.is_running("again"), "the restart policy holds")
    assert not dockerd.is_running("once")
    dockerd.clean()


def test_as_an_added_runtime(own_dockerd):
    """Beside the engine's own; what takes it says so by name."""
    dockerd = own_dockerd("--add-runtime", f"sampan={RUNTIME}", config={})
    assert json.loads(dockerd.ok("info", "-f", "{{json .DefaultRuntime}}")) == "runc"
    dockerd.ok("run", "-d", "--name", "app", "--runtime", "sampan", IMAGE, "sleep", "1000")
    assert dockerd.inspect("app", ".HostConfig.Runtime") == "sampan"
    assert dockerd.ok("exec", "app", "echo", "hello") == "hello"
    record = next(dockerd.exec_root.glob("runtime-*/moby/*/state.json"))
    assert json.loads(record.read_text())["pid"] == dockerd.pid("app")
    dockerd.ok("rm", "-f", "app")


def test_with_user_namespaces(own_dockerd):
    """userns-remap: root of the containers is an ordinary user out here."""
    def give_ids(dockerd):
        for name in ("subuid", "subgid"):
            (dockerd.top / name).write_text("nobody:100000:65536\nnogroup:100000:65536\n")
            dockerd.place.ok("mount", "--bind", dockerd.top / name, f"/etc/{name}")
    dockerd = own_dockerd("--userns-remap", "nobody:nogroup", prepare=give_ids)
    dockerd.ok("run", "-d", "--name", "app", IMAGE, "sleep", "1000")
    assert dockerd.ok("exec", "app", "id", "-u") == "0"
    status = pathlib.Path(f"/proc/{dockerd.pid('app')}/status").read_text()
    assert "Uid:\t100000\t100000\t100000\t100000" in status
    assert dockerd.ok("run", "--rm", IMAGE, "sh", "-c",
                      "touch /x && stat -c %u /x; cat /proc/self/uid_map").split() == [
                          "0", "0", "100000", "65536"]
    dockerd.clean()


@pytest.mark.cgroups
def test_with_the_systemd_cgroup_driver(own_dockerd):
    need_systemd()

    def take_slice(dockerd):
        dockerd.cgroup_parent, dockerd.cgroup_driver = "sampan-dockerd.slice", "systemd"
    dockerd = own_dockerd(prepare=take_slice)
    try:
        name = dockerd.ok("run", "-d", "-m", "64m", "--pids-limit", "20", IMAGE, "sleep", "1000")
        unit = f"docker-{name}.scope"
        text = pathlib.Path(f"/proc/{dockerd.pid(name)}/cgroup").read_text()
        assert f"/sampan.slice/sampan-dockerd.slice/{unit}" in text
        assert dockerd.cgroup_file(name, "memory", "memory.limit_in_bytes",
                                   "memory.max") == str(64 << 20)
        dockerd.ok("update", "--pids-limit", "30", name)
        assert dockerd.cgroup_file(name, "pids", "pids.max", "pids.max") == "30"
        assert dockerd.ok("exec", name, "echo", "hello") == "hello"
        dockerd.ok("pause", name)
        dockerd.ok("unpause", name)
        assert dockerd.place.run("systemctl", "is-active", unit).stdout == "active\n"
        dockerd.ok("rm", "-f", name)
        wait_for(lambda: dockerd.place.run("systemctl", "is-active", unit).stdout ==
                 "inactive\n", "its scope goes")
    finally:
        dockerd.clean()
        dockerd.place.run("systemctl", "stop", "sampan.slice")
