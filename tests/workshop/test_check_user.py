"""Without root: what a user namespace allows is checked, the rest is skipped with a reason.

SPDX-License-Identifier: MIT
"""
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from check_tools import PROGRAM, folder, not_ok, solution

NOBODY = 65534


def may_make_user_namespaces():
    return subprocess.run(["unshare", "--user", "--map-root-user", "true"],
                          user=NOBODY if os.geteuid() == 0 else None,
                          capture_output=True).returncode == 0


pytestmark = [pytest.mark.usefixtures("checker"),
              pytest.mark.skipif(not may_make_user_namespaces(),
                                 reason="this kernel gives ordinary users no user namespace")]


@pytest.fixture
def run_as_user():
    # The checkout, and pytest's directories, may be where ordinary users cannot look: they get
    # a checker and a folder of their own.
    place = Path(tempfile.mkdtemp(dir=folder()))
    place.chmod(0o777)
    program = shutil.copy(PROGRAM, place / "check")
    root = os.geteuid() == 0

    def run(*words):
        result = subprocess.run([program, *map(str, words), "--json", "--work", place],
                                user=NOBODY if root else None, group=NOBODY if root else None,
                                extra_groups=[] if root else None,
                                capture_output=True, text=True, cwd="/", timeout=300,
                                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8",
                                     "WORKSHOP": str(place)})
        assert result.returncode in (0, 1, 77), result.stdout + result.stderr
        return result.returncode, json.loads(result.stdout)["checks"]
    return run


@pytest.mark.anywhere
@pytest.mark.parametrize("level", [0, 1])
def test_an_ordinary_user_can_do_the_first_levels(level, run_as_user):
    status, checks = run_as_user(f"{level:02d}", "--cmd", solution(level))
    assert not_ok(checks) == []
    assert status == 0


@pytest.mark.parametrize("level", [8, 9, *(pytest.param(n, marks=pytest.mark.anywhere)
                                          for n in (2, 3, 4, 5, 6, 7, 10))])
def test_what_needs_real_root_is_skipped_with_a_reason(level, run_as_user):
    status, checks = run_as_user(f"{level:02d}", "--cmd", solution(level))
    assert {c["status"] for c in checks} <= {"ok", "skip"}
    if status == 77:
        assert any(c.get("reason", "").startswith("skip-") for c in checks)
    else:
        assert status == 0
