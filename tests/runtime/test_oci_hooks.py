"""Hooks: which run when, where, with what, and what becomes of a container whose hook fails.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import time

import pytest

INSIDE = ("createContainer", "startContainer")
BEFORE_START = ("prestart", "createRuntime", "createContainer", "startContainer")
MOMENTS = (*BEFORE_START, "poststart", "poststop")


def shell(script, **more):
    return {"path": "/bin/sh", "args": ["sh", "-c", script], **more}


@pytest.fixture
def hooks(bundle):
    """A bundle whose hooks write to files in its directory."""
    bundle.config["hooks"] = {}
    return bundle


def add(bundle, moment, hook):
    bundle.config["hooks"].setdefault(moment, []).append(hook)


def note(bundle, moment, name="log"):
    """A hook that adds the moment's name to a file; in the container it is the probe's."""
    if moment == "startContainer":
        hook = {"path": "/probe", "args": ["probe", "save:/start"]}
    else:
        hook = shell(f"echo {moment} >>{bundle.directory}/{name}")
    add(bundle, moment, hook)


def lines(path):
    return path.read_text().split() if path.exists() else []


def test_each_runs_at_its_moment(hooks):
    log = hooks.directory / "log"
    started = hooks.rootfs / "start"
    for moment in MOMENTS:
        note(hooks, moment)
    name = hooks.create("wait")
    assert lines(log) == ["prestart", "createRuntime", "createContainer"]
    assert not started.exists()
    assert hooks.call("start", name).status == 0
    assert started.exists()
    assert lines(log)[3:] == ["poststart"]
    assert hooks.call("delete", "--force", name).status == 0
    assert lines(log)[4:] == ["poststop"]


def test_run_runs_them_all_in_order(hooks):
    for moment in MOMENTS:
        for i in (1, 2):
            if moment == "startContainer":
                note(hooks, moment)
            else:
                add(hooks, moment, shell(f"echo {moment}{i} >>{hooks.directory}/log"))
    assert hooks.run("exit:3").status == 3
    assert lines(hooks.directory / "log") == [
        f"{m}{i}" for m in MOMENTS if m != "startContainer" for i in (1, 2)]
    assert (hooks.rootfs / "start").read_text().count("ociVersion") == 2


def test_the_state_is_on_standard_input(hooks):
    hooks.config["annotations"] = {"org.example.a": "b \"c\""}
    for moment in MOMENTS:
        if moment == "startContainer":
            note(hooks, moment)
        else:
            add(hooks, moment, shell(f"cat >{hooks.directory}/{moment}.json"))
    name = hooks.create("wait")
    pid = json.loads(hooks.call("state", name).stdout)["pid"]
    hooks.call("start", name)
    hooks.call("delete", "--force", name)
    (hooks.rootfs / "start").rename(hooks.directory / "startContainer.json")
    expected = {"prestart": ("created", pid), "createRuntime": ("created", pid),
                "createContainer": ("created", 1), "startContainer": ("created", 1),
                "poststart": ("running", pid), "poststop": ("stopped", None)}
    for moment in MOMENTS:
        state = json.loads((hooks.directory / f"{moment}.json").read_text())
        assert state["id"] == name and state["bundle"] == str(hooks.directory)
        assert state["annotations"] == {"org.example.a": "b \"c\""}
        assert (state["status"], state.get("pid")) == expected[moment], moment
        assert state["ociVersion"].startswith("1.")


@pytest.mark.parametrize("moment", MOMENTS)
def test_namespaces_are_those_of_the_moment(hooks, moment):
    """The container's for create- and startContainer, else the host's."""
    if moment == "startContainer":
        add(hooks, moment, {"path": "/probe", "args": ["x", "ns:mnt", "ns:net", "exit:9"]})
        result = hooks.run("ids")
        inside = dict(word.split("=") for word in result.stderr.split() if word.startswith("ns:"))
        spaces = inside["ns:mnt"], inside["ns:net"]
    else:
        add(hooks, moment, shell(f"readlink /proc/self/ns/mnt /proc/self/ns/net "
                                 f">{hooks.directory}/spaces"))
        assert hooks.run("ids").status == 0
        spaces = lines(hooks.directory / "spaces")
    own = [os.readlink(f"/proc/self/ns/{n}") for n in ("mnt", "net")]
    for space, mine in zip(spaces, own):
        assert (space == mine) == (moment not in INSIDE)


@pytest.mark.parametrize("moment", ("prestart", "createContainer"))
def test_the_mounts_are_there_before_pivot_root(hooks, moment):
    hooks.config["mounts"].append({"destination": "/mnt", "type": "tmpfs", "source": "tmpfs"})
    pid = f"$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/')" if moment == "prestart" else "self"
    add(hooks, moment, shell(f"cat /proc/{pid}/mountinfo >{hooks.directory}/mounts"))
    assert hooks.run("ids").status == 0
    points = [line.split()[4] for line in (hooks.directory / "mounts").read_text().splitlines()]
    assert f"{hooks.rootfs}/mnt" in points and f"{hooks.rootfs}/proc" in points


def test_what_a_create_container_hook_mounts_is_there(hooks):
    (hooks.directory / "extra").mkdir()
    (hooks.directory / "extra/file").write_text("extra")
    add(hooks, "createContainer", shell(f"mount --bind {hooks.directory}/extra {hooks.rootfs}/tmp"))
    assert hooks.run("cat:/tmp/file")["cat:/tmp/file"] == "extra"


def test_arguments_environment_and_directory(hooks):
    out = hooks.directory / "out"
    add(hooks, "prestart", {
        "path": "/bin/sh", "env": ["A=1", "B=2 3"],
        "args": ["the name", "-c", f'{{ echo "$0|$1|$A|$B|$HOME|$PWD"; }} >{out}', "the name", "x y"]})
    assert hooks.run("ids").status == 0
    assert out.read_text().strip() == f"the name|x y|1|2 3||{hooks.directory}"


def test_a_hook_without_arguments_is_called_by_its_path(hooks):
    script = hooks.directory / "hook"
    script.write_text(f"#!/bin/sh\necho $0 $# >{hooks.directory}/out\n")
    script.chmod(0o755)
    add(hooks, "prestart", {"path": str(script)})
    assert hooks.run("ids").status == 0
    assert lines(hooks.directory / "out") == [str(script), "0"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_no_descriptor_of_ours_reaches_a_hook(hooks, moment):
    if moment == "startContainer":
        add(hooks, moment, {"path": "/probe", "args": ["x", "fds", "exit:9"]})
        assert "fds=0 1 2" in hooks.run("ids").stderr
        return
    extra = os.open("/", os.O_RDONLY)
    os.set_inheritable(extra, True)
    try:
        add(hooks, moment, shell(f"ls /proc/$$/fd >{hooks.directory}/fds"))
        assert hooks.run("ids", close_fds=False).status == 0
    finally:
        os.close(extra)
    assert [f for f in lines(hooks.directory / "fds") if f not in "012"] in ([], ["255"], ["10"])


@pytest.mark.parametrize("moment", BEFORE_START)
@pytest.mark.parametrize("kind,words", [
    ("exit", "failed with exit status 7: it is broken"), ("kill", "killed by signal 9"),
    ("missing", "No such file or directory"),
])
def test_a_failing_hook_ends_the_container(hooks, moment, kind, words):
    hook = {"exit": shell("echo it is broken >&2; exit 7"), "kill": shell("kill -9 $$"),
            "missing": {"path": "/not/there"}}[kind]
    if moment == "startContainer" and kind != "missing":
        hook = {"path": "/probe", "args": ["x", "kill:9" if kind == "kill" else "exit:7"]}
        words = "killed by signal 9" if kind == "kill" else "failed with exit status 7"
    add(hooks, moment, hook)
    note(hooks, "poststop")
    result = hooks.run("write:/ran")
    assert result.status == 1
    assert f"hooks.{moment}[0]: {hook['path']}: " in result.stderr and words in result.stderr
    assert not (hooks.rootfs / "ran").exists()
    assert list(hooks.state.iterdir()) == []
    assert lines(hooks.directory / "log") == ["poststop"]


def test_hooks_after_one_that_fails_do_not_run(hooks):
    add(hooks, "prestart", shell("exit 1"))
    note(hooks, "prestart")
    note(hooks, "createRuntime")
    assert "hooks.prestart[0]" in hooks.run("ids").stderr
    assert lines(hooks.directory / "log") == []


def test_a_failing_start_container_hook_stops_a_created_container(hooks):
    add(hooks, "startContainer", {"path": "/probe", "args": ["x", "exit:7"]})
    name = hooks.create("write:/ran")
    result = hooks.call("start", name)
    assert result.status == 1 and "hooks.startContainer[0]" in result.stderr
    assert hooks.status(name) == "stopped"
    assert not (hooks.rootfs / "ran").exists()
    assert hooks.call("delete", name).status == 0


@pytest.mark.parametrize("moment", ("poststart", "poststop"))
def test_a_late_hook_that_fails_is_a_warning_and_the_others_run(hooks, moment):
    add(hooks, moment, shell("echo oh no; exit 4"))
    note(hooks, moment)
    log = hooks.directory / "log.json"
    hooks.config["process"]["args"] = ["/probe", "exit:5"]
    hooks.write()
    result = hooks.call("--log", log, "--log-format", "json", "run", "--bundle", hooks.directory,
                        hooks.new_id())
    assert result.status == 5
    words = f"hooks.{moment}[0]: /bin/sh: failed with exit status 4: oh no"
    entry = json.loads(log.read_text())
    assert entry["level"] == "warning" and words in entry["msg"]
    assert result.stderr == ""
    result = hooks.call("run", "--bundle", hooks.directory, hooks.new_id())
    assert f"sampan-runtime: warning: {words}" in result.stderr
    assert lines(hooks.directory / "log") == [moment] * 2


def test_a_timeout_ends_a_hook_that_talks_faster_than_anybody_listens(hooks):
    add(hooks, "createRuntime", shell("for i in $(seq 16); do yes & done; wait", timeout=1))
    before = time.monotonic()
    result = hooks.run("ids")
    assert result.status == 1 and 0.9 < time.monotonic() - before < 5
    assert "hooks.createRuntime[0]: /bin/sh: did not end within its timeout of 1 s" in result.stderr


@pytest.mark.parametrize("moment", ("prestart", "createContainer", "poststop"))
def test_a_timeout_kills_the_whole_hook(hooks, moment):
    """Also what it started in a session of its own, and what that started."""
    mark = f"4{os.getpid() % 1000:03d}{MOMENTS.index(moment)}"
    add(hooks, moment, shell(
        f"setsid sh -c 'sleep {mark} & sleep {mark}' & sleep {mark} & sleep {mark}", timeout=1))
    before = time.monotonic()
    result = hooks.run("ids")
    assert 0.9 < time.monotonic() - before < 5
    assert f"hooks.{moment}[0]: /bin/sh: did not end within its timeout of 1 s" in result.stderr
    assert result.status == (0 if moment == "poststop" else 1)
    alive = [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline")
             if mark.encode() in p.read_bytes().split(b"\0")]
    assert alive == []


def test_a_hook_may_leave_a_daemon_that_holds_its_output(hooks):
    add(hooks, "prestart", shell(f"sleep 3 & echo $! >{hooks.directory}/pid", timeout=10))
    before = time.monotonic()
    assert hooks.run("ids").status == 0
    assert time.monotonic() - before < 2
    pid = int((hooks.directory / "pid").read_text())
    os.kill(pid, 0)
    os.kill(pid, 9)


def test_a_hook_that_talks_much_or_reads_nothing_blocks_nobody(hooks):
    hooks.config["annotations"] = {f"k{i}": "v" * 1000 for i in range(300)}
    add(hooks, "prestart", shell("head -c 300000 /dev/zero | tr '\\0' x; exit 1", timeout=10))
    result = hooks.run("ids")
    assert "hooks.prestart[0]" in result.stderr and "exit status 1" in result.stderr
    assert len(result.stderr) < 1000


@pytest.mark.parametrize("change,words", [
    ({"path": "relative"}, "hooks.prestart[0].path: must be absolute"),
    ({"path": ""}, "hooks.prestart[0].path: must be absolute"),
    ({"path": 5}, "hooks.prestart[0].path: must be a string"),
    ({}, "hooks.prestart[0].path: is missing"),
    ({"path": "/x", "timeout": 0}, "hooks.prestart[0].timeout: must be greater than zero"),
    ({"path": "/x", "timeout": -1}, "hooks.prestart[0].timeout: must be greater than zero"),
    ({"path": "/x", "timeout": "1"}, "hooks.prestart[0].timeout: must be a number"),
    ({"path": "/x", "args": "a"}, "hooks.prestart[0].args: must be an array"),
    ({"path": "/x", "env": [1]}, "hooks.prestart[0].env[0]: must be a string"),
])
def test_a_bad_hook_is_refused(hooks, change, words):
    add(hooks, "prestart", change)
    result = hooks.run("ids")
    assert result.status == 1 and words in result.stderr
