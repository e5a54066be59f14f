"""Many containers through podman: no failure, and nothing left.

SAMPAN_PODMAN_MANY=500 asks for that many; 25 otherwise.

SPDX-License-Identifier: MIT
"""
import concurrent.futures
import os
import pathlib

import pytest

IMAGE = "localhost/busybox:latest"
MANY = int(os.environ.get("SAMPAN_PODMAN_MANY", "25"))



@pytest.mark.slow
def test_many_containers_one_after_the_other_and_side_by_side(podman):
    """Half of them are run to the end, half live at the same time and are killed; four at a
    time, as far as podman's own locks let them."""
    def run(i):
        done = podman.run("run", "--rm", "--network", "none", IMAGE, "sh", "-c",
                          f"echo {i}; exit {i % 100}", timeout=300)
        return done.returncode, done.stdout, done.stderr

    def start(i):
        return podman.ok("run", "-d", "--network", "none", IMAGE, "sleep", "10000", timeout=300)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for i, outcome in enumerate(pool.map(run, range(MANY - MANY // 2))):
            assert outcome == (i % 100, f"{i}\n", "")
        ids = list(pool.map(start, range(MANY // 2)))
    assert len(set(ids)) == MANY // 2
    states = sorted(p.name for p in pathlib.Path(podman.home + "/run/sampan-runtime").iterdir())
    assert states == sorted(ids)
    podman.ok("rm", "--force", "--all", "--time", "0", timeout=600)
    assert podman.ok("ps", "-aq") == ""
