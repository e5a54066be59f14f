"""What all black-box tests share: where the programs are, a sampan with a private root, and
the check that nothing stays behind.

A test says what it needs by the names of fixtures: `sampan` (an engine whose data and state
live in the test's own directory, with the busybox image loaded), `empty_sampan` (no image),
`runtime` (the OCI command line). Every test is followed by the leak check.

SPDX-License-Identifier: MIT
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from machine import BIN, CGROUPS, IMAGES, PATIENCE, TOP, is_pure_v2, wait_until

# When no further test may begin, in seconds since 1970: tests/run sets it for emulated machines.
UNTIL = float(os.environ.get("SAMPAN_TESTS_UNTIL", "inf"))

# ---- what is there before and after a test ----


def children():
    """Processes below this one: orphans of ours come here too (see pytest_configure)."""
    found, todo = {}, [os.getpid()]
    while todo:
        parent = todo.pop()
        for task in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                pids = [int(p) for p in task.read_text().split()]
            except OSError:
                continue
            for pid in pids:
                try:
                    state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
                    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                except OSError:
                    continue
                if state == "Z" and parent == os.getpid():
                    continue  # reaped by reap_orphans or by subprocess
                found[pid] = words.decode(errors="replace").strip() or "(kernel or zombie)"
                todo.append(pid)
    return found


def mounts():
    """Mounts of this mount namespace, without their ids."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    return sorted(" ".join(line.split()[3:5]) for line in lines)


def cgroups(parent):
    found = []
    for top in [CGROUPS, *(p for p in CGROUPS.iterdir() if p.is_dir() and not is_pure_v2())]:
        for base, names, _ in os.walk(top / parent.lstrip("/")):
            found += [os.path.join(base, name) for name in names]
    return sorted(found)


def interfaces():
    return sorted(os.listdir("/sys/class/net"))


def descriptors():
    return sorted(os.listdir("/proc/self/fd"))


def reap_orphans():
    """Collects dead processes that came to us as their subreaper; those that Popen waits for
    are its own children and still known to it, so only pids it does not know are taken."""
    known = {p.pid for p in getattr(subprocess, "_active", [])}
    for pid in [p for p, words in zombies().items() if p not in known]:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass


def zombies():
    found = {}
    for task in pathlib.Path("/proc/self/task").glob("*/children"):
        pids = []
        with contextlib.suppress(OSError):  # a thread of ours that has ended meanwhile
            pids = task.read_text().split()
        for pid in pids:
            try:
                state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if state == "Z":
                found[int(pid)] = True
    return found


def cgroup_parent():
    return f"sampan-test-{os.getpid()}"


def pytest_configure(config):
    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.environ["SAMPAN_CGROUP_PARENT"] = cgroup_parent()


def pytest_unconfigure(config):
    """The group that all containers of this run lay in: empty by now, or a test failed."""
    for top in [CGROUPS, *(p for p in CGROUPS.iterdir() if p.is_dir() and not is_pure_v2())]:
        try:
            (top / cgroup_parent()).rmdir()
        except OSError:
            pass


def pytest_runtest_setup(item):
    """What does not come to its turn in the time that this stage has is left out, and counted."""
    if time.time() > UNTIL:
        pytest.skip("the time of this stage was over before its turn")


@pytest.fixture(autouse=True)
def nothing_stays(request, tmp_path):
    """Fails a test after which a process, mount, cgroup or interface is left that was not
    there before. Waits five seconds at most (times PATIENCE) for what is still being cleaned."""
    before = children(), mounts(), cgroups(cgroup_parent()), interfaces()
    yield
    deadline = time.monotonic() + 5 * PATIENCE
    while True:
        reap_orphans()
        left = {
            "processes": {p: w for p, w in children().items() if p not in before[0]},
            "mounts": [m for m in mounts() if m not in before[1]],
            "cgroups": [c for c in cgroups(cgroup_parent()) if c not in before[2]],
            "interfaces": [i for i in interfaces() if i not in before[3]],
        }
        left = {what: those for what, those in left.items() if those}
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    for pid in left.get("processes", {}):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    assert not left, f"left behind: {left}"


# ---- the engine ----


class Sampan:
    """Calls build/bin/sampan with a data root and a state root of its own."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.root = self.directory / "root"
        self.state = self.directory / "state"
        self.program = str(BIN / "sampan")

    def argv(self, *args):
        return [self.program, "--root", str(self.root), "--state", str(self.state), *map(str, args)]

    def env(self, extra=None):
        return {**os.environ, "SAMPAN_STATE_TMPFS": "0", **(extra or {})}

    def run(self, *args, input=None, timeout=60, env=None, **more):
        """Runs to the end; text in and out. Standard input is empty unless given."""
        if input is None and "stdin" not in more:
            more["stdin"] = subprocess.DEVNULL
        return subprocess.run(
            self.argv(*args), input=input, text=True, timeout=timeout * PATIENCE, env=self.env(env),
            capture_output=True, **more)

    def ok(self, *args, **more):
        """Runs, insists on exit status 0, gives standard output without its last newline."""
        done = self.run(*args, **more)
        assert done.returncode == 0, f"{args}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.rstrip("\n")

    def popen(self, *args, env=None, **more):
        return subprocess.Popen(self.argv(*args), env=self.env(env), **more)

    def pid(self, container):
        return int(self.ok("inspect", "-f", "{{.State.Pid}}", container))

    def wait_for(self, condition, timeout=10):
        """Waits until condition() is true: for things that another process does."""
        wait_until(condition, timeout)

    def wait_for_monitors(self):
        """Until those of containers that ended are gone: they clean up after the exit status
        is out."""
        self.wait_for(lambda: not any("sampan-monitor" in words for words in children().values()))

    def clean(self):
        if not (self.root / "containers").exists() and not self.state.exists():
            return
        ids = self.run("ps", "-aq").stdout.split()
        if ids:
            self.run("rm", "-f", *ids)


@pytest.fixture
def empty_sampan(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    engine = Sampan(tmp_path)
    yield engine
    engine.clean()


@pytest.fixture(scope="session")
def busybox_tar():
    path = IMAGES / "busybox.tar"
    if not path.exists():
        pytest.skip("no build/images/busybox.tar (make images)")
    return path


@pytest.fixture(scope="session")
def debian_tar():
    path = IMAGES / "debian.tar"
    if not path.exists():
        pytest.skip("no build/images/debian.tar (make images; needs mmdebstrap and its mirror)")
    return path


@pytest.fixture
def sampan(empty_sampan, busybox_tar):
    empty_sampan.ok("load", "-q", "-i", busybox_tar)
    return empty_sampan


# ---- tiny static programs that tests run inside containers ----


@pytest.fixture(scope="session")
def payload(tmp_path_factory):
    """payload("name") compiles tests/payload/name.c statically and gives its path."""
    made = tmp_path_factory.mktemp("payload")
    compiler = shutil.which("musl-gcc") or shutil.which("gcc")

    def compile(name):
        program = pathlib.Path(os.environ.get("SAMPAN_PAYLOADS", made)) / name
        if not program.exists():
            subprocess.run([compiler, "-static", "-O1", "-o", str(program),
                            str(TOP / "tests" / "payload" / f"{name}.c")], check=True)
        return program

    return compile
