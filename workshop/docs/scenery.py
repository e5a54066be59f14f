# SPDX-License-Identifier: MIT
"""scenery.py - the place where a page's commands are run.

Most blocks need an empty directory. Those of the levels' pages need what a learner has in
front of him: the folder workshop, the image, and ./rd, solved and compiled. They get a copy
of the workshop, so that nothing they make stays in this one.

In their text some things stand for others, because they differ from run to run:

  …       in a command, behind "rd run": the options that the page of all levels gives
  4711    any number of a process
  0.9 s   any time
  6ed1cf3c-0b1a-4d5e-9a43-7f0f5e0b6a10   any id of a container
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

WORKSHOP = Path(__file__).resolve().parent.parent
USUAL_OPTIONS = "-i busybox --image-dir images --container-dir /tmp/containers"
STAND_INS = {
    "4711": r"\d+",
    "0.9 s": r"\d+\.\d s",
    "6ed1cf3c-0b1a-4d5e-9a43-7f0f5e0b6a10": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}

# We are root already; and what apt-get would install is here, or the block says with=...
SUDO = """#!/bin/sh
while case $1 in *=*) true ;; *) false ;; esac; do export "$1"; shift; done
[ "$1" = apt-get ] || exec "$@"
"""

# A /tmp of our own, in which the directory we are in keeps its name.
OWN_TMP = """exec 9<.; __here=$PWD
mount -t tmpfs own /tmp && mkdir -p "$__here" /tmp/containers
mount -c --bind /proc/self/fd/9 "$__here" && cd "$__here/{where}" && exec 9<&-
PATH=$__here/bin:$PATH"""


def level_of(page):
    found = re.match(r"(\d\d)_", page.parent.name)
    return int(found[1]) if found else None


def solution(level, program):
    sys.path.insert(0, str(WORKSHOP / "levels" / "master"))
    try:
        import derive
    finally:
        sys.path.pop(0)
    master = WORKSHOP / "levels" / "master" / f"{program}.in"
    return derive.NAMES[level], derive.derive(master.read_text(encoding="utf-8"), level)


def build(directory, page):
    """A clone of the workshop below this directory, as a learner of this page has it."""
    copy = Path(directory, "workshop")
    shutil.copytree(WORKSHOP, copy, symlinks=True, ignore=shutil.ignore_patterns(
        "work", "*.tar", "__pycache__", "busybox", "debian", "ubuntu"))
    tools = Path(directory, "bin")
    tools.mkdir()
    (tools / "sudo").write_text(SUDO)
    (tools / "sudo").chmod(0o755)
    levels = [level_of(page)] if level_of(page) is not None else []
    if page.parent.name == "levels":
        levels = [0]
    for level in levels:
        for program in ("rd.c", "rd.py"):
            name, text = solution(level, program)
            (copy / "work" / name).mkdir(parents=True, exist_ok=True)
            (copy / "work" / name / program).write_text(text, encoding="utf-8")
    if levels:
        subprocess.run(["make", "-s", "-C", copy, "images/busybox.tar"], check=True)
        subprocess.run(["cc", "-O1", "-I", copy / "levels", "-o", copy / "rd",
                        copy / "work" / name / "rd.c", *copy.glob("levels/lib/*.c")], check=True)


def played(command):
    """The command as it is typed."""
    return re.sub(r"(\brd run) …", rf"\1 {USUAL_OPTIONS}", command)


def expect(text):
    """A pattern for one piece of the documented output."""
    return re.sub("|".join(re.escape(re.escape(word)) for word in STAND_INS),
                  lambda found: STAND_INS[found[0].replace("\\", "")], re.escape(text))
