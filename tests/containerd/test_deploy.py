"""deploy/ for Kubernetes: the files fit together.

SPDX-License-Identifier: MIT
"""
import re

import pytest

from daemons import DEPLOY

tomllib = pytest.importorskip("tomllib", reason="Python before 3.11 reads no TOML")

PROGRAM = "/usr/local/bin/sampan-runtime"


def test_every_node_knows_the_handler_that_the_runtime_class_names():
    handler = re.search(r"^handler: (\S+)$", (DEPLOY / "runtimeclass.yaml").read_text(), re.M)[1]
    cri = tomllib.loads((DEPLOY / "containerd.toml").read_text())["plugins"]
    runtimes = cri["io.containerd.grpc.v1.cri"]["containerd"]["runtimes"]
    assert runtimes[handler]["options"]["BinaryName"] == PROGRAM
    crio = tomllib.loads((DEPLOY / "crio.conf").read_text())["crio"]["runtime"]["runtimes"]
    assert crio[handler]["runtime_path"] == PROGRAM


@pytest.mark.parametrize("name", ["containerd.toml", "crio.conf", "runtimeclass.yaml"])
def test_a_file_says_first_whether_it_is_tested(name):
    first = (DEPLOY / name).read_text().splitlines()[0]
    assert re.match(r"# (Tested: tests/\w+|Untested)", first), first


def test_the_readme_speaks_of_every_file():
    text = (DEPLOY / "README.md").read_text()
    assert [f.name for f in DEPLOY.iterdir() if f"`{f.name}`" not in text] == ["README.md"]
