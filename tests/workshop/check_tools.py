"""What the tests of the checker share: building programs, running the checker.

SPDX-License-Identifier: MIT
"""
import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKSHOP = ROOT / "workshop"
LEVELS = WORKSHOP / "levels"
CHECK = WORKSHOP / "check"
PROGRAM = ROOT / "build" / "workshop" / "check"

sys.path.insert(0, str(LEVELS / "master"))
import derive  # noqa: E402

NAMES = derive.NAMES
IS_V2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()


def build_program():
    """Builds the checker, as its script does on first use. Returns the program's path."""
    subprocess.run(["make", "-s", "-C", WORKSHOP, "check-program"], check=True)
    return PROGRAM


def build_linux_module():
    """The folder that holds the module linux for the Python that runs the tests."""
    made = subprocess.run([sys.executable, ROOT / "python" / "linux_build.py", "compile"],
                          stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.splitlines()[-1]


@lru_cache(maxsize=None)
def folder(name=None):
    """A folder of this run of the tests alone, where ordinary users may look too."""
    if name is None:
        path = Path(tempfile.mkdtemp(prefix="workshop-tests-"))
        atexit.register(shutil.rmtree, path, ignore_errors=True)
    else:
        path = folder() / name
        path.mkdir()
    path.chmod(0o755)
    return path


def compile_c(source):
    program = source.with_suffix("")
    subprocess.run(["cc", "-std=gnu17", "-O1", "-w", "-I", LEVELS, "-o", program, source,
                    *LEVELS.glob("lib/*.c")], check=True)
    return program


@lru_cache(maxsize=None)
def solution(level):
    """The program that solves a level, compiled."""
    source = folder("solutions") / f"{level:02d}.c"
    source.write_text(solution_text(level))
    return compile_c(source)


def solution_text(level, program="rd.c"):
    return derive.derive((LEVELS / "master" / f"{program}.in").read_text(), level)


@lru_cache(maxsize=None)
def skeleton(level):
    source = folder("skeletons") / f"{level:02d}.c"
    source.write_text((LEVELS / NAMES[level] / "rd.c").read_text())
    return compile_c(source)


def mutant(patch):
    """A solution with a mistake in it, compiled."""
    level = NAMES.index(patch.parents[1].name)
    source = folder("mutants") / f"{level:02d}_{patch.stem}.c"
    source.write_text(solution_text(level))
    subprocess.run(["patch", "-s", "-p1", source, patch], check=True)
    return compile_c(source)


def run(*words, env=None, **options):
    """Runs the checker; its work folder is one of the tests' own."""
    command = [str(PROGRAM), *map(str, words)]
    if not {"--work", "--list-checks"} & set(command):
        command += ["--work", str(folder("work"))]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
    return subprocess.run(command, text=True, capture_output=True, timeout=300,
                          env={**clean, "LANG": "C.UTF-8", **(env or {})}, **options)


def verdicts(level, program):
    """The checks of a level, as the checker judges a program."""
    result = run(f"{level:02d}", "--json", "--cmd", program)
    assert result.returncode in (0, 1, 77), result.stdout + result.stderr
    return json.loads(result.stdout)["checks"]


def not_ok(checks):
    """What the checker did not like, or could not judge: for a test to compare with []."""
    return [f"{c['check']} {c['status']}: {c.get('seen') or c.get('reason')}"
            for c in checks if c["status"] != "ok"]


def bad(checks):
    return [f"{c['check']} {c['kind']}" for c in checks if c["status"] in ("fail", "warn")]


def checkers_groups():
    """Control groups of checkers, whoever runs them. Groups of others come and go while we
    look (os.walk passes over what has gone)."""
    return {os.path.join(folder, name) for folder, names, _ in os.walk("/sys/fs/cgroup")
            for name in names if re.match(r"check-\d+-[0-9a-f]+$", name)}
