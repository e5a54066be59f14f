"""A container's life by the other verbs: create start stop kill rm wait pause exec logs top.

SPDX-License-Identifier: MIT
"""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest


@pytest.fixture
def sleeper(sampan):
    sampan.ok("run", "-d", "--name", "cc", "busybox", "sh", "-c",
              "trap 'exit 9' TERM; while :; do sleep 0.1; done")
    status = pathlib.Path(f"/proc/{sampan.pid('cc')}/status")
    sampan.wait_for(lambda: catches(status.read_text(), signal.SIGTERM))
    return "cc"


def catches(status, number):
    """Process 1 does not get a signal that it has set up no handler for, as it has not yet
    when a slow machine has only just started it."""
    return int(re.search(r"^SigCgt:\s*(\w+)", status, re.M).group(1), 16) >> (number - 1) & 1


def status(sampan, name):
    return sampan.ok("inspect", "-f", "{{.State.Status}}", name)


def test_create_then_start_joined(sampan):
    sampan.ok("create", "--name", "cc", "busybox", "sh", "-c", "echo hello; exit 4")
    assert status(sampan, "cc") == "created"
    for _ in range(2):
        done = sampan.run("start", "-a", "cc")
        assert (done.returncode, done.stdout) == (4, "hello\n")
    assert status(sampan, "cc") == "exited"
    assert sampan.ok("logs", "cc") == "hello\nhello"


def test_files_survive_a_restart(sampan):
    sampan.ok("run", "--name", "cc", "busybox", "sh", "-c", "echo x >>/f; wc -l </f")
    assert sampan.ok("start", "-a", "cc") == "2"


def test_start_joins_input_with_i(sampan):
    sampan.ok("create", "-i", "--name", "cc", "busybox", "cat")
    assert sampan.run("start", "-ai", "cc", input="through\n").stdout == "through\n"


def test_stop_sends_term_and_waits(sampan, sleeper):
    assert sampan.ok("stop", sleeper) == sleeper
    assert sampan.ok("inspect", "-f", "{{.State.ExitCode}}", sleeper) == "9"
    assert sampan.ok("stop", sleeper) == sleeper


def test_stop_kills_who_does_not_listen(sampan):
    sampan.ok("run", "-d", "--name", "deaf", "busybox", "sleep", "60")
    began = time.monotonic()
    sampan.ok("stop", "-t", "1", "deaf")
    assert 0.9 < time.monotonic() - began < 5
    assert sampan.ok("inspect", "-f", "{{.State.ExitCode}}", "deaf") == "137"


def test_stop_gives_more_time_than_a_clock_of_milliseconds_can_count(sampan):
    sampan.ok("run", "-d", "--name", "slow", "busybox", "sh", "-c",
              "trap 'sleep 1.5; exit 9' TERM; touch /ready; while :; do sleep 0.02; done")
    sampan.wait_for(lambda: sampan.run("exec", "slow", "test", "-e", "/ready").returncode == 0)
    sampan.ok("stop", "-t", "4294968", "slow")  # 704 ms, were it cut to 32 bits
    assert sampan.ok("inspect", "-f", "{{.State.ExitCode}}", "slow") == "9"


def test_kill_and_its_signals(sampan, sleeper):
    assert sampan.ok("kill", "-s", "TERM", sleeper) == sleeper
    assert sampan.ok("wait", sleeper) == "9"
    done = sampan.run("kill", sleeper)
    assert done.returncode == 1 and "is not running" in done.stderr
    assert "Invalid signal" in sampan.run("kill", "-s", "NOSUCH", sleeper).stderr


def test_wait_blocks_until_the_end(sampan, sleeper):
    waiting = sampan.popen("wait", sleeper, stdout=subprocess.PIPE, text=True)
    time.sleep(0.1)
    assert waiting.poll() is None
    sampan.ok("stop", sleeper)
    assert waiting.communicate(timeout=10)[0] == "9\n"


def test_rm_refuses_the_living_unless_forced(sampan, sleeper):
    done = sampan.run("rm", sleeper)
    assert done.returncode == 1 and "stop the container before removing" in done.stderr
    assert sampan.ok("rm", "-f", sleeper) == sleeper
    assert sampan.ok("ps", "-aq") == ""
    assert sampan.run("rm", sleeper).returncode == 1
    done = sampan.run("rm", "-f", sleeper)
    assert done.returncode == 0 and "No such container" in done.stderr


def test_several_names_go_on_after_an_error(sampan, sleeper):
    done = sampan.run("stop", "nosuch", sleeper)
    assert done.returncode == 1
    assert done.stdout == sleeper + "\n" and "No such container: nosuch" in done.stderr


def test_pause_and_unpause(sampan, sleeper):
    sampan.ok("pause", sleeper)
    assert status(sampan, sleeper) == "paused"
    assert "(Paused)" in sampan.ok("ps")
    assert "paused" in sampan.run("exec", sleeper, "true").stderr
    sampan.ok("unpause", sleeper)
    assert status(sampan, sleeper) == "running"
    sampan.ok("pause", sleeper)
    sampan.ok("rm", "-f", sleeper)


def test_exec_runs_inside(sampan, sleeper):
    assert sampan.ok("exec", sleeper, "cat", "/proc/1/comm") == "sh"
    assert sampan.run("exec", sleeper, "sh", "-c", "exit 5").returncode == 5
    assert sampan.run("exec", "-i", sleeper, "cat", input="typed").stdout == "typed"
    assert sampan.ok("exec", "-e", "A=1", "-w", "/tmp", "-u", "nobody", sleeper, "sh", "-c",
                     "echo $A; pwd; id -un") == "1\n/tmp\nnobody"
    assert sampan.run("exec", sleeper, "nosuch").returncode == 127
    assert sampan.run("exec", "nosuch", "true").returncode == 1


def test_exec_detached_goes_on(sampan, sleeper):
    assert sampan.ok("exec", "-d", sleeper, "sh", "-c", "sleep 0.2; touch /done") == ""
    sampan.wait_for(lambda: sampan.run("exec", sleeper, "test", "-e", "/done").returncode == 0)


def test_top_lists_processes(sampan, sleeper):
    head, *rows = sampan.ok("top", sleeper).splitlines()
    assert head.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert any("trap" in row for row in rows)


def test_logs_tail_times_and_streams(sampan):
    sampan.ok("run", "--name", "ll", "busybox", "sh", "-c", "seq 1 5; echo bad >&2; printf end")
    done = sampan.run("logs", "ll")
    assert done.stdout == "1\n2\n3\n4\n5\nend" and done.stderr == "bad\n"
    assert sampan.ok("logs", "--tail", "1", "ll") == "end"
    assert sampan.ok("logs", "-t", "-n", "1", "ll").split()[0].endswith("Z")
    assert sampan.run("logs", "--since", "1h", "ll").stdout == done.stdout
    assert sampan.run("logs", "--until", "1h", "ll").stdout == ""


def test_logs_keep_any_byte(sampan):
    sampan.ok("run", "-d", "--name", "ll", "busybox", "printf", r'a\000\377\001"\\b\n')
    sampan.ok("wait", "ll")
    raw = subprocess.run(sampan.argv("logs", "ll"), env=sampan.env(), capture_output=True).stdout
    assert raw == b'a\0\xff\1"\\b\n'


def test_logs_rotate_and_follow_to_the_end(sampan):
    sampan.ok("run", "-d", "--name", "ll", "--log-opt", "max-size=20k", "--log-opt", "max-file=3",
              "busybox", "sh", "-c", "sleep 0.3; seq 1 600; sleep 0.3")
    out = sampan.ok("logs", "-f", "ll").split()
    assert out == [str(i) for i in range(1, 601)]
    files = list(sampan.root.glob("containers/*/*-json.log*"))
    assert len(files) == 3 and all(f.stat().st_size <= 20 * 1024 for f in files)


def test_ps_filters_and_formats(sampan, sleeper):
    sampan.run("run", "--name", "gone", "--label", "k=v", "busybox", "sh", "-c", "exit 2")
    names = lambda *options: sampan.ok("ps", "--format", "{{.Names}}", *options).split()
    assert names() == [sleeper]
    assert names("-a") == ["gone", sleeper]
    assert names("-f", "status=exited") == ["gone"]
    assert names("-f", "exited=2") == ["gone"]
    assert names("-a", "-f", "label=k=v") == ["gone"]
    assert names("-a", "-f", "name=on", "-f", "name=cc") == ["gone", sleeper]
    assert names("-n", "1") == ["gone"]
    assert names("-a", "-f", "name=^c+$") == [sleeper]
    assert names("-f", f"since={sleeper}") == ["gone"]
    assert names("-f", "before=gone") == [sleeper]
    assert names("-a", "-f", "ancestor=busybox", "-f", "health=none", "-f", "is-task=false") == [
        "gone", sleeper]
    for bad in ("nope=1", "status=bogus", "exited=x", "since=nosuch", "label"):
        done = sampan.run("ps", "-f", bad)
        assert (done.returncode, done.stdout) == (1 if "=" in bad else 125, "")
        assert bad.split("=")[0 if bad == "nope=1" else -1] in done.stderr
    row = json.loads(sampan.ok("ps", "--format", "json"))
    assert row["Names"] == sleeper and row["State"] == "running"
    assert sampan.ok("ps", "-aq", "--no-trunc").split()[0] == sampan.ok("inspect", "-f", "{{.Id}}", "gone")


def test_ps_shows_the_command_as_it_was_typed(sampan, sleeper):
    out = sampan.ok("ps", "--no-trunc", "--format", "{{.Command}}")
    assert out == "\"sh -c 'trap 'exit 9' TERM; while :; do sleep 0.1; done'\""
    head, row = sampan.ok("ps", "--format", "table {{.Names}}\t{{.State}}").splitlines()
    assert (head, row) == ("NAMES     STATE", "cc        running")
    both = sampan.run("ps", "-q", "--format", "{{.Names}}")
    assert len(both.stdout.strip()) == 12 and "ignoring --format" in both.stderr


def test_inspect_shows_what_was_not_said_too(sampan, sleeper):
    out = sampan.ok("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.Memory}} "
                    "{{.HostConfig.ShmSize}} {{.HostConfig.NetworkMode}}", sleeper)
    assert out == "no 0 67108864 none"


def test_restart_is_a_new_life_of_the_same_container(sampan, sleeper):
    before = sampan.pid(sleeper)
    assert sampan.ok("restart", sleeper) == sleeper
    assert status(sampan, sleeper) == "running" and sampan.pid(sleeper) != before
    sampan.ok("stop", sleeper)
    sampan.ok("restart", "-t", "0", sleeper)
    assert status(sampan, sleeper) == "running"
    assert sampan.run("restart", "nosuch").returncode == 1


def test_an_exec_makes_no_directory(sampan, sleeper):
    done = sampan.run("exec", "-w", "/nosuch", sleeper, "pwd")
    assert done.returncode != 0 and "/nosuch: No such file or directory" in done.stderr


def test_an_id_may_be_shortened(sampan, sleeper):
    whole = sampan.ok("inspect", "-f", "{{.Id}}", sleeper)
    assert len(whole) == 64
    assert sampan.ok("inspect", "-f", "{{.Name}}", whole[:6]) == "/cc"


def test_rename(sampan, sleeper):
    sampan.ok("rename", sleeper, "other")
    assert sampan.ok("ps", "--format", "{{.Names}}") == "other"
    sampan.ok("run", "--name", sleeper, "busybox", "true")
    assert sampan.run("rename", "other", sleeper).returncode == 1


def test_the_names_come_back_when_the_state_is_lost(sampan):
    """A boot empties the state root."""
    sampan.ok("run", "--name", "kept", "busybox", "true")
    while sampan.state.exists():  # the monitor may still be removing its own files there
        shutil.rmtree(sampan.state, ignore_errors=True)
    assert sampan.ok("inspect", "-f", "{{.Name}}", "kept") == "/kept"


def test_rmi_refuses_an_image_in_use(sampan, sleeper):
    done = sampan.run("rmi", "busybox")
    assert done.returncode == 1 and "is using it" in done.stderr


def test_ps_does_not_wait_for_a_stopped_monitor(sampan, sleeper):
    import os, signal
    state = next(sampan.root.glob("containers/*/state.json"))
    monitor = json.loads(state.read_text())["Sampan"]["MonitorPid"]
    os.kill(monitor, signal.SIGSTOP)
    try:
        assert sampan.run("ps", timeout=2).returncode == 0
    finally:
        os.kill(monitor, signal.SIGCONT)


def test_a_container_that_ends_at_this_very_moment_is_stopped_and_removed(sampan):
    """Its first process is gone, and its monitor not yet done: there is nothing to be killed."""
    for i in range(60):
        name = sampan.ok("run", "-d", "busybox", "true")
        if i % 2:
            sampan.ok("stop", name)
        sampan.ok("rm", "-f", name)
