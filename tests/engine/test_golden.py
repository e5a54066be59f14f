"""The golden transcript: every kernel call that makes a container, in order.

A change of the start path shows here call by call. Three processes make a container (command,
monitor, init), and how their calls interleave is the scheduler's business: so each process has
its own part of the transcript. What differs from run to run (ids, pids, descriptors,
directories) is replaced by words. A file is named after the cgroup hierarchy and the kernel
whose calls it has. `make golden` writes those of this machine anew, `make golden-v2` those of
pure cgroup v2, in a virtual machine; read the difference before you commit it.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import pty
import re
import subprocess

import pytest

from machine import BIN, TOP, is_pure_v2, is_sanitized

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
GOLDEN = TOP / "tests" / "golden"
PROCESSES = ["command", "monitor", "init"]


def kernel_level():
    """Which optional calls this kernel has: the transcript depends on it."""
    major, minor = map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups())
    return "6.5" if (major, minor) >= (6, 5) else "5.12" if (major, minor) >= (5, 12) else "5.10"


def mode():
    if is_pure_v2():
        return "v2"
    return "hybrid" if pathlib.Path("/sys/fs/cgroup/unified").is_dir() else "v1"


# Steps whose calls depend on what this very kernel shows in /proc and /sys, and how many
# capabilities it knows: of them only the paths that are tried count, not what came of it.
OF_THE_MACHINE = {"make the kernel's switches read-only",
                  "hide what tells about, or changes, the whole machine",
                  "give up, for good, the capabilities that are not granted"}


# Its calls depend on who runs the tests: below nohup(1), or in the background of a shell, some
# signals are ignored.
OF_THE_CALLER = "ignore and block no signal that the caller does"


def neutral(event):
    if event["step"] == OF_THE_CALLER:
        return None
    if event["step"] not in OF_THE_MACHINE:
        return event
    if event["call"] == "openat2":
        return {**event, "result": 0}
    if event["args"].startswith("PR_CAPBSET_DROP"):
        return None
    return event if event["call"] == "prctl" else None


def masked(event, sampan):
    args = event["args"].replace(str(sampan.directory), "DIR").replace(str(BIN), "BIN")
    args = re.sub(r"\b[0-9a-f]{64}\b", "ID", args)
    args = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b", "ID", args)
    args = re.sub(r"/fd/\d+", "/fd/N", args)
    args = re.sub(r"sampan-test-\d+", "PARENT", args)
    args = re.sub(r"(cgroup|program|replaced)=-?\d+", r"\1=N", args)
    args = re.sub(r"hard=\d+", "hard=N", args)
    args = re.sub(r"(?<![\w#x.=:/-])\d+\b(?![:\w])", "N", args)
    failed = f" = {os.strerror(-event['result'])}" if event["result"] < 0 else ""
    return f"{event['call']} {args}{failed}".rstrip()


def transcript(sampan, *args):
    done = sampan.run(*args, env={"SAMPAN_TRACE": "json"})
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {event["who"] for event in events} == set(PROCESSES)
    lines = []
    for who in PROCESSES:
        lines += ["", f"== {who}"]
        step = None
        for event in filter(None, map(neutral, events)):
            if event["who"] != who:
                continue
            if event["step"] != step:
                step = event["step"]
                assert step, f"a call that no step explains: {event}"
                lines.append(f"# {step} [{event['file']}] {event['level']}".rstrip())
            lines.append("  " + masked(event, sampan))
    return lines[1:]


RUNS = {
    "run": ("--network", "none"),
    "run-limits": ("--network", "none", "-m", "64m", "--cpus", "0.5", "--pids-limit", "50",
                   "--user", "1000", "--read-only", "--tmpfs", "/t", "-h", "golden"),
}


@pytest.mark.parametrize("name", RUNS)
def test_the_calls_that_make_a_container(sampan, name):
    if is_sanitized():
        pytest.skip("the sanitizers open files of their own")
    run = ("run", "--rm", "--name", "golden", *RUNS[name], "busybox", "true")
    sampan.ok(*run)  # makes what is made once: the parent group, the kept device program, a pool
    sampan.wait_for_monitors()
    got = transcript(sampan, *run)
    path = GOLDEN / f"{name}.{mode()}.{kernel_level()}.txt"
    if os.environ.get("SAMPAN_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        path.write_text("\n".join(got) + "\n")
    if not path.exists():
        pytest.skip(f"no transcript for cgroup {mode()} on this kernel ({path.name}): make golden")
    assert got == path.read_text().splitlines()


def test_without_the_option_nothing_is_told(sampan):
    assert sampan.run("run", "--rm", "busybox", "true").stderr == ""


def test_explain_tells_who_did_what_and_where_it_is_taught(sampan):
    done = sampan.run("run", "--rm", "--explain", "busybox", "true")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {e["who"] for e in events} == set(PROCESSES)
    calls = [e["call"] for e in events]
    assert calls.index("clone3") < calls.index("pivot_root") < calls.index("execve")
    assert [e["us"] for e in events] == sorted(e["us"] for e in events)
    levels = {e["level"] for e in events} - {""}
    assert {"03_pivot_root", "04_overlay"} <= levels
    for event in events:
        assert set(event) == {"us", "who", "step", "level", "file", "call", "args", "result"}
        assert (TOP / event["file"]).exists() and event["step"]


def on_a_terminal(argv, env):
    """The program's standard error is a terminal, its output a pipe: what comes on either."""
    master, slave = pty.openpty()
    child = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=slave)
    os.close(slave)
    told = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        told += piece
    os.close(master)
    assert child.wait(60) == 0
    return child.stdout.read().decode(), told.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("env, has_colour", [({}, True), ({"NO_COLOR": "1"}, False)])
def test_explain_is_a_table_on_a_terminal(sampan, env, has_colour):
    out, told = on_a_terminal(sampan.argv("run", "--rm", "--explain", "busybox", "echo", "hi"),
                              sampan.env({"SAMPAN_TRACE": "", **env}))
    assert out == "hi\n"
    assert ("\033[" in told) == has_colour
    lines = re.sub(r"\033\[\d*m", "", told).splitlines()
    assert lines[0].split() == "us who what was done, and by which call".split()
    heading = re.compile(r"^ *\d+  (command|monitor|init) +\S.*  src/\w+/\w+\.c"
                         r"(  workshop \d\d_\w+)?$")
    call = re.compile(r"^ *\d+ {11}\w+ ?.* = .+$")
    kinds = ["heading" if heading.match(line) else "call" if call.match(line) else line
             for line in lines[1:]]
    assert set(kinds) == {"heading", "call"}, [k for k in kinds if k not in ("heading", "call")]
    assert kinds[0] == "heading"
    assert re.search(r"init +make the image the root, and drop the host's +src/runtime/pivot.c +"
                     r"workshop 03_pivot_root", "\n".join(lines))


def test_on_a_terminal_the_variable_still_asks_for_json(sampan):
    _, told = on_a_terminal(sampan.argv("run", "--rm", "busybox", "true"),
                            sampan.env({"SAMPAN_TRACE": "json"}))
    assert all(json.loads(line)["call"] for line in told.splitlines())


def test_what_went_wrong_is_told_too(sampan):
    """A failed start tells the story up to the call that failed."""
    done = sampan.run("run", "--rm", "--explain", "busybox", "/nosuch")
    assert done.returncode == 127
    *events, last = done.stderr.splitlines()
    assert last == 'sampan: exec: "/nosuch": no such file or directory'
    assert any(json.loads(line)["result"] == -2 for line in events)


def test_explain_tells_of_an_exec(sampan):
    sampan.ok("run", "-d", "--name", "c", "busybox", "sleep", "1000")
    done = sampan.run("exec", "--explain", "c", "true")
    calls = [json.loads(line)["call"] for line in done.stderr.splitlines()]
    assert calls.index("setns") < calls.index("execve")
