#!/usr/bin/env python3
"""derive.py - make the skeletons of all levels from one program.

    levels/master/derive.py            write NN_name/rd.c, NN_name/rd.py and 99_done
    levels/master/derive.py --check    say which of them differ from the master

The levels are one program that grows, and the law of the chain is: the skeleton of level
N, without its TODO blocks, is the solution of level N-1. So the program is kept once, in
master/rd.c.in and rd.py.in, and its lines say from where to where they hold:

    //@ 3-        lines of the solutions of level 3 and later, up to //@ end
    //@ 3-5       ... of levels 3 to 5
    //@ todo 4    lines of the skeleton of level 4 only: its TODO blocks

In rd.py.in the marks begin with "#@". Blocks nest. Never edit a skeleton: edit the master.

SPDX-License-Identifier: MIT
"""
import re
import sys
from pathlib import Path

MASTER = Path(__file__).resolve().parent
LEVELS = MASTER.parent
NAMES = ["00_fork_exec", "01_chroot_image", "02_mount_ns", "03_pivot_root", "04_overlay",
         "05_uts_namespace", "06_pid_namespace", "07_net_namespace", "08_cpu_cgroup",
         "09_memory_cgroup", "10_setuid"]
MARK = re.compile(r"\s*(?://|#)@ (.*?)\s*$")


def is_wanted(mark, solution, todo):
    """Does a block with this mark belong to the program?"""
    kind, *numbers = mark.split()
    if kind == "todo":
        return todo == int(numbers[0])
    first, dash, last = kind.partition("-")
    return int(first or -1) <= solution <= int(last if dash and last else 99 if dash else first)


def derive(text, solution, todo=None):
    """The solution of a level, or with todo the skeleton of the level after it."""
    lines, blocks = [], []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        mark = MARK.match(line)
        if mark and mark[1] == "end":
            blocks.pop()
        elif mark:
            blocks.append(is_wanted(mark[1], solution, todo))
        elif all(blocks):
            lines.append(line)
    if blocks:
        raise SystemExit(f"a block is not ended: {blocks}")
    return "".join(lines)


def programs():
    """All files that follow from the masters, as (path, text)."""
    for master in sorted(MASTER.glob("rd.*.in")):
        text = master.read_text()
        for level, name in enumerate(NAMES):
            yield LEVELS / name / master.stem, derive(text, level - 1, todo=level)
        yield LEVELS / "99_done" / master.stem, derive(text, len(NAMES) - 1)


def main():
    is_check = sys.argv[1:] == ["--check"]
    differing = 0
    for path, text in programs():
        if path.exists() and path.read_text() == text:
            continue
        differing += 1
        print(path.relative_to(LEVELS), "differs from the master" if is_check else "written")
        if not is_check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            path.chmod(0o755 if path.suffix == ".py" else 0o644)
    return 1 if is_check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
