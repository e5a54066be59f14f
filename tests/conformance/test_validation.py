"""The OCI validation suite with our runtime: a test for each of its cases.

A case that ours does not pass is run with crun and runc too: where one of them passes a test
that ours does not, the case fails here. What nobody passes is skipped with the reason that
docs/conformance.md gives, and fails if that page gives none. On a slow machine (an emulated
one) the page is believed, and those cases are not run.

SPDX-License-Identifier: MIT
"""
import os
import re
import shutil

import pytest

import suite
from machine import PATIENCE, TOP, is_pure_v2

PEERS = ["crun", "runc"]


def table(heading):
    page = (TOP / "docs/conformance.md").read_text()
    section = page.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", section, re.M))


def reasons():
    """The page's tables of what nobody passes on this machine: case to reason."""
    found = table("What nobody passes")
    if is_pure_v2():
        found |= table("What nobody passes on cgroup v2")
    return found


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    reason = suite.build()
    if reason:
        pytest.skip(reason)
    assert sorted(p.name for p in (suite.SUITE / "cases").iterdir()) == sorted(suite.CASES)
    directory = tmp_path_factory.mktemp("conformance") / "sampan-runtime"
    known = set() if PATIENCE == 1 else set(reasons())
    return suite.Runtime("sampan-runtime", directory).run_all(
        [case for case in suite.CASES if case not in known])


def better_peers(case, ours, directory):
    """What a peer passes of a case, and ours does not."""
    found = []
    for name in filter(shutil.which, PEERS):
        peer = suite.Runtime(name, directory / name)
        theirs = peer.run(case)
        peer.remove_left()
        found += [f"{name} passes the case"] if theirs.is_good else []
        found += [f"{name} passes: {test}" for test in theirs.passed if test not in ours.passed]
    return found


@pytest.mark.cgroups
@pytest.mark.slow
@pytest.mark.parametrize("case", suite.CASES)
def test_every_case_that_a_peer_passes_passes(results, tmp_path, case):
    reason = reasons().get(case)
    if case not in results:
        pytest.skip(f"nobody passes {case}: {reason}; not run here")
    ours = results[case]
    if ours.is_good:
        return
    if ours.is_skipped:
        pytest.skip(f"by the suite: {ours.skipped[0]}")
    better = better_peers(case, ours, tmp_path)
    assert not better, f"{ours}\n" + "\n".join(better[:8])
    assert reason, f"{ours}\nno peer does better, but docs/conformance.md has no reason"
    pytest.skip(f"nobody passes {case}: {reason}")


def test_the_page_names_cases_of_the_suite_only():
    on_v2 = table("What nobody passes on cgroup v2")
    assert {*reasons(), *on_v2} <= set(suite.CASES)
