"""The checker tells right programs from wrong ones: skeletons fail, solutions pass, and each
mutant fails just the check that it names.

SPDX-License-Identifier: MIT
"""
import os
import re
import shutil
import sys
import time

import pytest
from check_tools import (IS_V2, LEVELS, NAMES, bad, folder, mutant, not_ok, run, skeleton,
                         solution, solution_text, verdicts)

MUTANTS = sorted(LEVELS.glob("*/mutants/*.patch"))

pytestmark = [pytest.mark.usefixtures("checker"),
              pytest.mark.skipif(os.geteuid() != 0, reason="containers of all levels need root")]


GROUPS = NAMES[8:10]  # the levels to which it matters what control groups there are


def each_level():
    return [pytest.param(level, marks=[] if name in GROUPS else pytest.mark.anywhere)
            for level, name in enumerate(NAMES)]


@pytest.mark.parametrize("level", each_level())
def test_a_skeleton_fails_its_level(level):
    assert run(f"{level:02d}", "--cmd", skeleton(level)).returncode == 1


@pytest.mark.parametrize("level", range(len(NAMES)))
def test_a_solution_passes_its_level(level):
    assert not_ok(verdicts(level, solution(level))) == []


@pytest.mark.slow
@pytest.mark.parametrize("level", range(1, len(NAMES)))
def test_a_solution_passes_the_levels_before(level):
    for earlier in range(level):
        checks = verdicts(earlier, solution(level))
        assert not_ok(checks) == [], f"level {earlier}"


def python_solution(level, linux_module):
    source = folder("python") / f"{level:02d}.py"
    source.write_text(solution_text(level, "rd.py"))
    return f"env PYTHONPATH={linux_module}:{LEVELS} {sys.executable} {source}"


@pytest.mark.parametrize("level", each_level())
def test_a_python_solution_passes_its_level(level, linux_module):
    assert not_ok(verdicts(level, python_solution(level, linux_module))) == []


@pytest.mark.slow
@pytest.mark.parametrize("level", range(1, len(NAMES)))
def test_a_python_solution_passes_the_levels_before(level, linux_module):
    command = python_solution(level, linux_module)
    for earlier in range(level):
        assert not_ok(verdicts(earlier, command)) == [], f"level {earlier}"


@pytest.mark.parametrize("level", each_level())
def test_a_python_skeleton_fails_its_level(level, linux_module):
    source = LEVELS / NAMES[level] / "rd.py"
    command = f"env PYTHONPATH={linux_module}:{LEVELS} {sys.executable} {source}"
    assert run(f"{level:02d}", "--cmd", command).returncode == 1


def header(patch, name):
    found = re.search(rf"^# {name}: (.*)$", patch.read_text(), re.M)
    return found[1] if found else None


def each_mutant():
    return [pytest.param(p, id=f"{p.parents[1].name}-{p.stem}",
                         marks=[] if p.parents[1].name in GROUPS else pytest.mark.anywhere)
            for p in MUTANTS]


@pytest.mark.parametrize("patch", each_mutant())
def test_a_mutant_fails_just_what_it_names(patch):
    version = header(patch, "cgroup")
    if version and version != ("v2" if IS_V2 else "v1"):
        pytest.skip(f"this mistake shows on cgroup {version} only")
    if not shutil.which("patch"):
        pytest.skip("patch is not installed")
    level, check, kind = header(patch, "fails").split()
    checks = verdicts(int(level), mutant(patch))
    assert bad(checks) == [f"{check} {kind}"]
    [failed] = [c for c in checks if c["check"] == check]
    assert failed["seen"] and failed["wanted"] and failed["hint"]
    assert not re.search(r"\{\d\}", failed["seen"] + failed["wanted"] + failed["hint"])


def test_there_are_at_least_five_mutants_for_each_level():
    for name in NAMES:
        assert len([p for p in MUTANTS if p.parents[1].name == name]) >= 5, name


def test_all_levels_take_less_than_twenty_seconds():
    """On a machine that sets up an empty scene in 20 ms; an emulated one gets more time."""
    scene = int(re.search(r"one scene +(\d+) ms", run("doctor").stdout)[1])
    start = time.monotonic()
    assert run("all", "--cmd", solution(10)).returncode == 0
    assert time.monotonic() - start < 20 * max(1, scene / 20)
