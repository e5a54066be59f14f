"""The levels chain: the skeleton of a level, without its TODO blocks, is the solution of the
level before. Every skeleton, every solution and every mutant compiles as it stands.

SPDX-License-Identifier: MIT
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LEVELS = Path(__file__).resolve().parents[2] / "workshop" / "levels"
NAMES = sorted(p.name for p in LEVELS.iterdir() if re.fullmatch(r"\d\d_\w+", p.name))
CFLAGS = ["-std=gnu17", "-O2", "-Wall", "-Wextra", "-Wshadow", "-Wvla", "-Wstrict-prototypes",
          "-Werror", "-I", str(LEVELS)]
COMPILERS = [cc for cc in ("gcc", "clang") if shutil.which(cc)]
MUTANTS = sorted(LEVELS.glob("*/mutants/*.patch"))

OPENS = {"rd.c": re.compile(r"\s*/\* TODO (\d+): "), "rd.py": re.compile(r"\s*# TODO (\d+): ")}
CLOSES = {"rd.c": re.compile(r"\s*/\* end TODO (\d+) \*/$"),
          "rd.py": re.compile(r"\s*# end TODO (\d+)$")}


def split_todos(path):
    """The program without its TODO blocks, and the numbers of the blocks.

    A block that stood between empty lines takes those after it along.
    """
    rest, numbers, inside, skips_empty = [], [], None, False
    for line in path.read_text().splitlines():
        opens, closes = OPENS[path.name].match(line), CLOSES[path.name].match(line)
        if inside is None and opens:
            inside = opens[1]
            numbers.append(int(inside))
        elif inside is not None and closes:
            assert closes[1] == inside, f"{path}: TODO {inside} is ended as {closes[1]}"
            inside, skips_empty = None, rest[-1:] == [""]
        elif inside is None and (line or not skips_empty):
            skips_empty = False
            assert not closes, f"{path}: TODO {closes[1]} ends but does not begin"
            rest.append(line)
    assert inside is None, f"{path}: TODO {inside} does not end"
    return rest, sorted(numbers)


def solution(level, program):
    return split_todos(LEVELS / NAMES[level + 1] / program)[0]


def write_solution(level, path):
    path.write_text("\n".join(solution(level, path.name)) + "\n")


def programs():
    return [p for p in ("rd.c", "rd.py") if (LEVELS / NAMES[0] / p).exists()]


def test_there_are_eleven_levels_and_the_done_one():
    assert [int(n[:2]) for n in NAMES] == [*range(11), 99]


@pytest.mark.parametrize("program", programs())
@pytest.mark.parametrize("level", range(11))
def test_todo_blocks_are_numbered_from_one(level, program):
    numbers = split_todos(LEVELS / NAMES[level] / program)[1]
    assert numbers == list(range(1, len(numbers) + 1)) and numbers


@pytest.mark.parametrize("program", programs())
def test_the_done_level_has_nothing_to_do(program):
    assert split_todos(LEVELS / "99_done" / program)[1] == []


@pytest.mark.parametrize("program", programs())
@pytest.mark.parametrize("level", range(11))
def test_the_skeleton_without_todos_is_the_solution_before(level, program):
    master = (LEVELS / "master" / f"{program}.in").read_text()
    want = load_derive().derive(master, level).splitlines()
    assert solution(level, program) == want


@pytest.mark.parametrize("program", programs())
@pytest.mark.parametrize("level", range(11))
def test_a_level_leaves_something_to_do(level, program):
    own = split_todos(LEVELS / NAMES[level] / program)[0]
    assert own != solution(level, program)


def load_derive():
    sys.path.insert(0, str(LEVELS / "master"))
    try:
        import derive
    finally:
        sys.path.pop(0)
    return derive


def test_the_skeletons_follow_from_the_masters():
    subprocess.run([sys.executable, LEVELS / "master" / "derive.py", "--check"], check=True)


def compile_c(cc, source):
    done = subprocess.run([cc, *CFLAGS, "-fsyntax-only", source], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("cc", COMPILERS)
@pytest.mark.parametrize("name", NAMES)
def test_the_skeleton_compiles_without_a_warning(name, cc):
    compile_c(cc, LEVELS / name / "rd.c")


@pytest.mark.parametrize("cc", COMPILERS)
@pytest.mark.parametrize("level", range(11))
def test_the_solution_compiles_without_a_warning(level, cc, tmp_path):
    write_solution(level, tmp_path / "rd.c")
    compile_c(cc, tmp_path / "rd.c")


@pytest.mark.parametrize("name", NAMES)
def test_the_python_twin_is_valid(name):
    path = LEVELS / name / "rd.py"
    if not path.exists():
        pytest.skip("this level has no Python twin")
    compile(path.read_text(), path, "exec")


@pytest.mark.parametrize("patch", MUTANTS, ids=lambda p: f"{p.parts[-3]}-{p.stem}")
def test_the_mutant_applies_compiles_and_names_a_check(patch, tmp_path):
    level = NAMES.index(patch.parts[-3])
    write_solution(level, tmp_path / "rd.c")
    subprocess.run(["patch", "-s", "-p1", "-F0", "-d", tmp_path, "-i", patch], check=True)
    compile_c(COMPILERS[0], tmp_path / "rd.c")

    fails = re.search(r"^# fails: (\d\d) (\S+) (\S+)$", patch.read_text(), re.MULTILINE)
    assert fails, f"{patch} does not say which check it fails"
    table = (LEVELS.parent / "checker" / "CHECKS").read_text()
    kinds = {tuple(row.split()[:2]): row.split()[4].split(",")
             for row in table.splitlines() if row and not row.startswith("#")}
    assert fails[3] in kinds[fails[1], fails[2]]
    assert int(fails[1]) == level


@pytest.mark.parametrize("level", range(11))
def test_each_level_has_five_mutants(level):
    assert sum(p.parts[-3] == NAMES[level] for p in MUTANTS) >= 5


@pytest.mark.parametrize("level", range(11))
def test_the_answers_file_asks_what_the_readme_asks(level):
    readme = (LEVELS / NAMES[level] / "README.md").read_text()
    exercises = readme.split("## Exercises\n")[1].split("## Answers\n")[0]
    answers = readme.split("## Answers\n")[1].split("\n## ")[0]
    questions = re.findall(r"^\d+\. .*$", exercises, re.MULTILINE)
    assert questions == re.findall(r"^\d+\. .*$",
                                   (LEVELS / NAMES[level] / "answers.txt").read_text(),
                                   re.MULTILINE)
    assert len(questions) == len(re.findall(r"^\d+\. ", answers, re.MULTILINE))
