"""The checker leaves nothing behind, and removes nothing but its own.

SPDX-License-Identifier: MIT
"""
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from check_tools import PROGRAM, checkers_groups, run, skeleton, solution

pytestmark = [pytest.mark.usefixtures("checker"),
              pytest.mark.skipif(os.geteuid() != 0, reason="containers and groups need root")]


def mounts():
    return sorted(Path("/proc/self/mountinfo").read_text().splitlines())


def switches():
    root = Path("/sys/fs/cgroup/cgroup.subtree_control")
    return root.read_text() if root.exists() else ""


def holders(work):
    """Processes that were started by the checker with this work folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(work).encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            pass  # it has just ended
    return found


@pytest.mark.parametrize("kind", [solution, skeleton], ids=lambda kind: kind.__name__)
def test_nothing_is_left_after_a_run(kind, tmp_path):
    program = kind(10)
    before = mounts(), switches()
    groups = checkers_groups()
    result = run("all", "--cmd", program, "--work", tmp_path)
    assert result.returncode == (0 if kind is solution else 1), result.stdout + result.stderr
    assert (mounts(), switches()) == before
    assert groups_that_stay(groups) == set()
    assert list((tmp_path / ".check").glob("ledger-*")) == []
    assert holders(tmp_path) == []


def groups_of(work):
    """The groups that the ledgers of this work folder name."""
    lines = [line for p in (work / ".check").glob("ledger-*")
             for line in p.read_text().splitlines()]
    return [line.split(" ", 1)[1] for line in lines if line.startswith("group ")]


def groups_that_stay(before):
    """Somebody else's checker may run on this machine just now: its groups go again."""
    end = time.monotonic() + 20
    while checkers_groups() - before and time.monotonic() < end:
        time.sleep(0.05)
    return checkers_groups() - before


def start_and_kill(work, delay):
    process = subprocess.Popen([PROGRAM, "all", "--cmd", solution(10), "--work", work],
                               stdout=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while not groups_of(work) and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while holders(work) and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.parametrize("delay", [0, 0.1, *(pytest.param(d, marks=pytest.mark.anywhere)
                                           for d in (0.01, 0.03, 0.3))])
def test_kill_9_leaves_no_process_and_no_mount_and_clean_removes_the_groups(delay, tmp_path):
    before = mounts(), switches()
    start_and_kill(tmp_path, delay)
    groups = groups_of(tmp_path)
    assert holders(tmp_path) == []
    assert groups
    result = run("clean", "--work", tmp_path)
    assert result.returncode == 0, result.stdout
    assert [g for g in groups if os.path.exists(g)] == []
    assert (mounts(), switches()) == before
    assert list((tmp_path / ".check").glob("ledger-*")) == []
    assert "nothing was left behind" in run("clean", "--work", tmp_path).stdout


def any_tree():
    root = Path("/sys/fs/cgroup")
    return root if (root / "cgroup.controllers").exists() else root / "memory"


@pytest.fixture
def group():
    path = any_tree() / f"check-{os.getpid()}-stranger"
    path.mkdir()
    yield path
    path.rmdir()


def write_ledger(work, *lines):
    folder = work / ".check"
    folder.mkdir()
    (folder / "ledger-1").write_text("".join(line + "\n" for line in lines))


def test_clean_spares_a_group_that_no_ledger_lists(group, tmp_path):
    write_ledger(tmp_path, "run 1 1")
    run("clean", "--work", tmp_path)
    assert group.exists()


def test_clean_spares_another_group_of_the_same_name(group, tmp_path):
    st = group.stat()
    write_ledger(tmp_path, "run 1 1", f"made {st.st_dev} {st.st_ino + 1} {group}")
    run("clean", "--work", tmp_path)
    assert group.exists()


def test_clean_spares_the_groups_of_a_run_that_still_goes_on(group, tmp_path):
    st = group.stat()
    start = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    write_ledger(tmp_path, f"run {os.getpid()} {start}",
                 f"made {st.st_dev} {st.st_ino} {group}")
    run("clean", "--work", tmp_path)
    assert group.exists()


def test_clean_removes_a_group_of_a_dead_run(tmp_path):
    path = any_tree() / f"check-{os.getpid()}-dead"
    path.mkdir()
    (path / "below").mkdir()
    st = path.stat()
    write_ledger(tmp_path, "run 1 1", f"group {path}", f"made {st.st_dev} {st.st_ino} {path}")
    result = run("clean", "--work", tmp_path)
    assert result.returncode == 0 and str(path) in result.stdout
    assert not path.exists()
