# SPDX-License-Identifier: MIT
"""The commands that the documents show are run, and print what the documents say."""

import os
import re
import subprocess
import sys

import pytest

from machine import BIN, BUILD, IMAGES, TOP

sys.path.insert(0, str(TOP / "workshop" / "docs"))
import check_docs  # noqa: E402


def each_page():
    for page in check_docs.pages_with_commands():
        has_groups = any({"v1", "v2"} & set(block.info.split())
                         for block in check_docs.read_page(page).blocks)
        yield pytest.param(page, id=check_docs.name_of(page),
                           marks=[] if has_groups else pytest.mark.anywhere)


@pytest.mark.parametrize("page", each_page())
def test_documented_commands_do_what_the_page_says(page):
    skipped = []
    assert list(check_docs.check_commands_of(page, skipped)) == []
    for where, why in skipped:
        print(f"skip {where}: {why}")


@pytest.mark.anywhere
def test_each_level_shows_commands_that_are_run():
    shown = {page.parent.name for page in check_docs.pages_with_commands()}
    levels = {p.name for p in (TOP / "workshop" / "levels").glob("[01][0-9]_*")}
    assert levels - shown == set()


# Nothing of this machine is touched: where the commands write there is a tmpfs.
CAGE = ["unshare", "--mount", "--propagation", "private", "--net", "--uts", "--ipc", "sh", "-ec",
        "for d in /usr/local /var/lib /run; do mount -t tmpfs own $d; done; ip link set lo up; "
        'exec "$@"', "cage"]


def front_page_blocks():
    page = check_docs.read_page(TOP / "README.md")
    return [block.body for block in page.blocks if any("sampan " in line for line in block.body)]


@pytest.mark.slow
def test_the_commands_of_the_front_page_work(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    if not (BIN / "sampan").exists() or not (IMAGES / "busybox.tar").exists():
        pytest.skip(f"needs {BUILD} and the BusyBox image (make all images-busybox)")
    lines = [line.partition("#")[0].strip() for body in front_page_blocks() for line in body]
    lines = [line.replace("build/images", str(IMAGES)).replace("build/bin", str(BIN))
             for line in lines if line]
    # What needs an installed sampan comes after the block that shows a first run.
    first = [line for line in lines if line.startswith(f"sudo {BIN}")]
    rest = [line for line in lines if line not in first and "make run" not in line
            and "make test" not in line]
    assert rest and rest[0].startswith("sudo make install")
    (tmp_path / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "sudo").chmod(0o755)
    script = ["set -e"]
    for line in rest[:2] + first + rest[2:]:
        if re.search(r" -it? ", line) and " load " not in line:
            line = f"echo exit | script -qec '{line}' /dev/null"
        script += [f"echo '$ {line.replace(chr(39), '')}'", line]
    done = subprocess.run([*CAGE, "bash", "-c", "\n".join(script)], cwd=TOP, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300,
                          env={**os.environ, "PATH": f"{tmp_path}:/usr/local/bin:/usr/sbin:"
                                                     "/usr/bin:/sbin:/bin", "TERM": "dumb"})
    assert done.returncode == 0, done.stdout
