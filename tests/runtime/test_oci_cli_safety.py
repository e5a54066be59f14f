"""Two commands at once, a command that is killed half-way, a state that is damaged: nothing
is lost, and delete --force always brings back a clean house.

SPDX-License-Identifier: MIT
"""
import concurrent.futures
import fcntl
import json
import os
import signal
import subprocess
import time

import pytest

from machine import wait_until


def together(*calls):
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [f.result() for f in [pool.submit(c) for c in calls]]


def test_of_many_creates_of_one_id_one_wins(bundle):
    bundle.config["process"]["args"] = ["/probe", "wait"]
    bundle.write()
    name = bundle.new_id()
    words = bundle.command("create", "--bundle", bundle.directory, name)

    def create():
        return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=60).returncode

    assert sorted(together(*[create] * 6)) == [0, 1, 1, 1, 1, 1]
    assert bundle.status(name) == "created"


def test_of_many_starts_one_wins(bundle):
    name = bundle.create("wait")
    results = together(*[lambda: bundle.call("start", name).status] * 6)
    assert sorted(results) == [0, 1, 1, 1, 1, 1]
    assert bundle.status(name) == "running"


def test_start_against_delete_ends_in_one_of_two_ways(bundle):
    for _ in range(8):
        name = bundle.create("wait")
        start, delete = together(lambda: bundle.call("start", name),
                                 lambda: bundle.call("delete", "--force", name))
        assert delete.status == 0, delete.stderr
        assert start.status in (0, 1)
        assert not (bundle.state / name).exists()


def test_many_deletes_by_force_all_succeed(bundle):
    name = bundle.started()
    results = together(*[lambda: bundle.call("delete", "--force", name).status] * 6)
    assert results == [0] * 6


def test_a_container_deleted_under_a_run_that_stays(bundle):
    name, running = bundle.run_and_stay()
    assert bundle.call("delete", "--force", name).status == 0
    assert running.wait(timeout=10) == 128 + signal.SIGKILL
    assert list(bundle.state.iterdir()) == []


@pytest.mark.parametrize("room", ["4k", "8k", "12k"])
@pytest.mark.parametrize("verb", ["create", "run"])
def test_a_state_directory_that_is_full(bundle, room, verb):
    """Its first, second or third file does not fit: config.json, the filter, state.json."""
    bundle.config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}
    bundle.config["process"]["args"] = ["/probe", "wait"]
    bundle.write()
    bundle.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "full", bundle.state], check=True)
    try:
        (bundle.state / ".taken").write_bytes(b"x")  # a page
        done = bundle.call(verb, "--bundle", bundle.directory, bundle.new_id())
        assert done.status == 1 and "No space left" in done.stderr, done.stderr
        assert os.listdir(bundle.state) == [".taken"]
    finally:
        subprocess.run(["umount", bundle.state], check=True)


@pytest.mark.slow
def test_update_waits_for_its_turn_and_gives_up(bundle):
    name = bundle.started()
    with open(bundle.state / name / "config.json", "r+") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        done = bundle.call("update", "--memory", "1g", name)
    assert done.status == 1 and "another command" in done.stderr


def test_a_command_waits_for_its_turn_and_gets_it(bundle):
    name = bundle.started()
    held = open(bundle.state / name / "config.json", "r+")
    fcntl.lockf(held, fcntl.LOCK_EX)
    waiting = subprocess.Popen(bundle.command("delete", "--force", name))
    time.sleep(0.2)
    assert waiting.poll() is None
    held.close()
    assert waiting.wait(timeout=10) == 0


@pytest.mark.parametrize("text", [
    "", "{", "[]", "null", '{"pid":1}', '{"pid":"x","cgroup":{}}',
    '{"pid":-5,"pidStart":1,"created":1,"bundle":"/","cgroup":{"path":"x","made":1}}',
    '{"pid":99999999999,"pidStart":1,"created":1,"bundle":"/","cgroup":{"path":"x","made":1}}',
    '{"pid":5,"pidStart":1,"created":1,"bundle":"/","cgroup":{"path":"' + "x" * 600 + '","made":1}}',
])
def test_a_damaged_state_is_an_error_and_can_be_deleted_by_force(bundle, text):
    name = bundle.started()
    (bundle.state / name / "state.json").write_text(text)
    for verb in (["state"], ["start"], ["kill"], ["delete"], ["pause"], ["ps"]):
        done = bundle.call(*verb, name)
        assert done.status == 1 and "is damaged" in done.stderr, (verb, done.stderr)
        assert "delete --force" in done.stderr
    listed = bundle.call("list")
    assert listed.status == 0 and "is damaged" in listed.stderr
    # Its group is known from config.json, but not named after it: nothing is killed blindly.
    refused = bundle.call("delete", "--force", name)
    assert refused.status == 1 and "has processes" in refused.stderr
    for pid in members(bundle):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not members(bundle))
    assert bundle.call("delete", "--force", name).status == 0
    assert list(bundle.state.iterdir()) == []


def members(bundle):
    from machine import CGROUPS, is_pure_v2
    path = bundle.config["linux"]["cgroupsPath"].lstrip("/")
    top = CGROUPS if is_pure_v2() else CGROUPS / "memory"
    return [int(pid) for pid in (top / path / "cgroup.procs").read_text().split()]


@pytest.mark.parametrize("places", [
    pytest.param(None, id="of a version that kept none"),
    pytest.param([], id="none"),
    pytest.param(["memory=/not/there"], id="gone"),
    pytest.param(["memory=/tmp", "pids=/tmp", "cpu=/tmp", "cpuacct=/tmp", "v2=/tmp"],
                 id="something else by now")])
def test_groups_are_found_without_what_was_written_of_them(bundle, places):
    name = bundle.started()
    file = bundle.state / name / "state.json"
    state = json.loads(file.read_text())
    kept = state["cgroup"].pop("places")
    assert all(os.path.isdir(word.rsplit("=", 1)[1]) for word in kept)
    if places is not None:
        state["cgroup"]["places"] = places
    file.write_text(json.dumps(state))
    assert bundle.call("exec", name, "/probe", "exit:3").status == 3
    assert bundle.call("delete", "--force", name).status == 0
    with pytest.raises(FileNotFoundError):
        members(bundle)


def test_places_that_are_none(bundle):
    name = bundle.started()
    file = bundle.state / name / "state.json"
    state = json.loads(file.read_text())
    file.write_text(json.dumps({**state, "cgroup": {**state["cgroup"], "places": [1]}}))
    done = bundle.call("exec", name, "/probe")
    assert done.status == 1 and "cgroup.places" in done.stderr
    file.write_text(json.dumps(state))


def test_a_group_with_the_containers_name_is_emptied(bundle):
    bundle.config["process"]["args"] = ["/probe", "wait"]
    name = bundle.new_id()
    bundle.config["linux"]["cgroupsPath"] = f"/{os.environ['SAMPAN_CGROUP_PARENT']}/x-{name}"
    bundle.write()
    subprocess.run(bundle.command("run", "-d", "-b", bundle.directory, name), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=20)
    (bundle.state / name / "state.json").unlink()
    assert bundle.call("delete", name).status == 1
    assert bundle.call("delete", "--force", name).status == 0
    assert list(bundle.state.iterdir()) == []


@pytest.mark.parametrize("left", [[], ["config.json"], ["config.json", "gate"]])
def test_what_a_dead_create_left_is_removed_by_force(bundle, left):
    bundle.write()
    name = bundle.new_id()
    (bundle.state / name).mkdir(parents=True)
    if "config.json" in left:
        (bundle.state / name / "config.json").write_text(json.dumps(bundle.config))
    if "gate" in left:
        (bundle.state / name / "gate").write_text("")
    assert bundle.call("delete", name).status == 1
    assert bundle.call("state", name).status == 1
    assert bundle.call("delete", "--force", name).status == 0
    assert list(bundle.state.iterdir()) == []


def test_a_create_that_waits_in_a_hook_is_creating(bundle):
    """A hook asks for the state of its own container: the lock is not in its way."""
    script = bundle.directory / "hook"
    out = bundle.directory / "hook.out"
    script.write_text(f"#!/bin/sh\n{' '.join(bundle.command('state', '$1'))} >{out}\n")
    script.chmod(0o755)
    name = bundle.new_id()
    bundle.config["process"]["args"] = ["/probe", "exit:0"]
    bundle.config["hooks"] = {"createRuntime": [{"path": str(script), "args": ["hook", name]}]}
    bundle.write()
    done = bundle.call("run", "--bundle", bundle.directory, name)
    assert done.status == 0, done.stderr
    assert json.loads(out.read_text())["status"] == "creating"


@pytest.mark.slow
def test_create_killed_at_any_moment_leaves_what_force_cleans(bundle):
    """Kills create -9 after more and more of its time, with a group named after each id."""
    bundle.config["process"]["args"] = ["/probe", "wait"]
    parent = os.environ["SAMPAN_CGROUP_PARENT"]
    for step in range(40):
        name = bundle.new_id()
        bundle.config["linux"]["cgroupsPath"] = f"/{parent}/{name}"
        bundle.write()
        made = subprocess.Popen(bundle.command("create", "--bundle", bundle.directory, name),
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        time.sleep(step * 0.0005)
        made.kill()
        made.wait()
        done = bundle.call("delete", "--force", name)
        assert done.status == 0, done.stderr
        assert not (bundle.state / name).exists()
