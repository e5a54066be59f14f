"""Limits bite: memory, processes, processor time, devices; on every cgroup mode.

SPDX-License-Identifier: MIT
"""
import json
import os

import pytest

from machine import is_pure_v2

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def inside(sampan, v1, v2, *options):
    """A control file of the container's own cgroup, as it sees it."""
    path = v2 if is_pure_v2() else v1
    return sampan.ok("run", "--rm", *options, "busybox", "cat", f"/sys/fs/cgroup/{path}")


@pytest.mark.parametrize("swap", [(), ("--memory-swap", "64m")])
def test_a_container_that_eats_more_than_its_memory_is_killed_and_says_why(sampan, payload, swap):
    eat = payload("eat")
    done = sampan.run("run", "--name", "glutton", "-m", "64m", *(swap or ("--memory-swap", "64m")),
                      "-v", f"{eat}:/eat:ro", "busybox", "/eat", "128")
    assert done.returncode == 137
    state = json.loads(sampan.ok("inspect", "glutton"))[0]["State"]
    assert state["OOMKilled"] is True
    assert state["ExitCode"] == 137


def test_within_its_memory_it_lives(sampan, payload):
    eat = payload("eat")
    out = sampan.ok("run", "--rm", "-m", "64m", "-v", f"{eat}:/eat:ro", "busybox", "/eat", "32")
    assert out == "ate 32 MiB"


def test_an_ordinary_kill_is_not_called_out_of_memory(sampan):
    sampan.ok("run", "-d", "--name", "c", "-m", "64m", "busybox", "sleep", "1000")
    sampan.ok("kill", "c")
    assert sampan.ok("wait", "c") == "137"
    assert sampan.ok("inspect", "-f", "{{.State.OOMKilled}}", "c") == "false"


def test_memory_is_seen_inside(sampan):
    assert inside(sampan, "memory/memory.limit_in_bytes", "memory.max", "-m", "64m") == str(64 << 20)


def test_memory_and_swap(sampan):
    value = inside(sampan, "memory/memory.memsw.limit_in_bytes", "memory.swap.max",
                   "-m", "64m", "--memory-swap", "96m")
    assert value == (str(32 << 20) if is_pure_v2() else str(96 << 20))


def test_processor_quota(sampan):
    value = inside(sampan, "cpu/cpu.cfs_quota_us", "cpu.max", "--cpus", "0.5")
    assert value == ("50000 100000" if is_pure_v2() else "50000")


def test_processor_shares(sampan):
    value = int(inside(sampan, "cpu/cpu.shares", "cpu.weight", "--cpu-shares", "512"))
    assert value == 512 if not is_pure_v2() else 1 < value < 100


def test_the_number_of_processes(sampan):
    done = sampan.run("run", "--rm", "--pids-limit", "6", "busybox", "sh", "-c",
                      "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; echo never")
    assert "can't fork" in done.stderr


def test_the_set_of_processors(sampan):
    done = sampan.run("run", "--rm", "--cpuset-cpus", "0", "busybox", "sh", "-c",
                      "grep Cpus_allowed_list /proc/self/status")
    assert done.stdout.split() == ["Cpus_allowed_list:", "0"], done.stderr


@pytest.mark.parametrize("options", [
    ("-m", "banana"), ("-m", "1k"), ("--cpus", "-1"), ("--cpus", "1000"), ("--pids-limit", "x"),
    ("--cpuset-cpus", "77"), ("-m", "64m", "--memory-swap", "32m"), ("--memory-swap", "1g"),
    ("--cpu-shares", "x"), ("--ulimit", "nofile"), ("--ulimit", "nofile=9:8"), ("--ulimit", "x=1"),
])
def test_a_limit_that_makes_no_sense_is_an_error_and_nothing_runs(sampan, options):
    done = sampan.run("run", "--rm", *options, "busybox", "echo", "ran")
    assert done.returncode == 125, f"{options}: {done}"
    assert "ran" not in done.stdout
    assert done.stderr.strip()
    assert sampan.ok("ps", "-aq") == ""


def test_ulimits(sampan):
    out = sampan.ok("run", "--rm", "--ulimit", "nofile=100:200", "busybox", "sh", "-c",
                    "ulimit -n; ulimit -Hn")
    assert out.split() == ["100", "200"]


def test_shared_memory_has_the_size_asked_for(sampan):
    out = sampan.ok("run", "--rm", "--shm-size", "8m", "busybox", "df", "-k", "/dev/shm")
    assert " 8192 " in out


def test_pause_and_unpause(sampan):
    sampan.ok("run", "-d", "--name", "c", "busybox", "sh", "-c", "while :; do :; done")
    pid = sampan.pid("c")

    def ticks():
        return sum(map(int, open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))

    sampan.ok("pause", "c")
    assert sampan.ok("inspect", "-f", "{{.State.Status}}", "c") == "paused"
    before = ticks()
    assert sampan.run("exec", "c", "true").returncode != 0
    assert ticks() == before
    sampan.ok("unpause", "c")
    sampan.wait_for(lambda: ticks() > before)
    sampan.ok("rm", "-f", "c")
