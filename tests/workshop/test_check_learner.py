"""A learner's way through the checker: start, fail, ask, mend, go on.

SPDX-License-Identifier: MIT
"""
import os
import shutil
import subprocess
import time

import pytest
from check_tools import (CHECK, LEVELS, NAMES, PROGRAM, run, skeleton, solution,
                         solution_text)

pytestmark = [pytest.mark.usefixtures("checker"), pytest.mark.anywhere]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="containers need root")


@pytest.fixture
def work(tmp_path):
    return tmp_path


def test_the_script_in_the_workshop_builds_and_runs_the_program():
    result = subprocess.run([CHECK, "--help"], capture_output=True, text=True)
    assert result.returncode == 0 and "--strace" in result.stdout


def test_start_copies_the_skeleton_once(work):
    assert run("start", "03", "--work", work).returncode == 0
    mine = work / NAMES[3] / "rd.c"
    assert mine.read_text() == (LEVELS / NAMES[3] / "rd.c").read_text()
    mine.write_text("my own")
    assert run("start", "03", "--work", work).returncode == 1
    assert mine.read_text() == "my own"


def test_start_mine_carries_the_last_program_on(work):
    assert run("start", "04", "--mine", "--work", work).returncode == 1
    (work / NAMES[3]).mkdir()
    (work / NAMES[3] / "rd.c").write_text("my own")
    assert run("start", "04", "--mine", "--work", work).returncode == 0
    assert (work / NAMES[4] / "rd.c").read_text() == "my own"


def test_reset_keeps_a_backup(work):
    run("start", "00", "--work", work)
    mine = work / NAMES[0] / "rd.c"
    for text in ("first", "second"):
        mine.write_text(text)
        assert run("reset", "00", "--work", work).returncode == 0
    assert mine.read_text() == (LEVELS / NAMES[0] / "rd.c").read_text()
    assert (work / NAMES[0] / "rd.c.1").read_text() == "first"
    assert (work / NAMES[0] / "rd.c.2").read_text() == "second"


@pytest.mark.parametrize("level", range(len(NAMES)))
def test_hints_come_in_three_steps_and_the_last_is_the_code(level, work):
    first, second, third, again = (run("hint", f"{level:02d}", "--work", work).stdout
                                   for _ in range(4))
    assert first.startswith("1/3") and second.startswith("2/3") and third == again
    code = third.splitlines()[1:]
    assert code
    solved = solution_text(level)
    assert all(line in solved for line in code)


def test_diff_is_from_this_skeleton_to_the_next(work):
    text = run("diff", "03", "--work", work).stdout
    assert "+    if (syscall(SYS_pivot_root" in text
    assert "-    /* TODO 1: instead of chroot(2)" in text


def test_answer_gives_the_question_too(work):
    assert len(run("answer", "06", "--work", work).stdout.splitlines()) >= 2


def test_reveal_asks_and_is_noted(work):
    refused = run("reveal", "02", "--work", work, input="n\n")
    assert refused.returncode == 1 and "unshare(CLONE_NEWNS)" not in refused.stdout
    shown = run("reveal", "02", "--work", work, input="y\n")
    assert shown.returncode == 0 and "unshare(CLONE_NEWNS)" in shown.stdout
    assert "solution shown" in run("list", "--work", work).stdout


def test_what_reveal_shows_is_the_solution(work):
    text = run("reveal", "05", "--work", work, input="y\n").stdout
    shown = text[text.index("/* rd.c"):]
    assert [x for x in shown.splitlines() if x] == \
        [x for x in solution_text(5).splitlines() if x]


def test_without_a_program_there_is_a_word_on_how_to_begin(work):
    result = run("03", "--work", work)
    assert result.returncode == 2 and "./check start 03" in result.stdout


def test_a_program_that_does_not_compile_fails_with_the_compilers_words(work):
    run("start", "00", "--work", work)
    (work / NAMES[0] / "rd.c").write_text("int main(void) { return x; }\n")
    result = run("00", "--work", work)
    assert result.returncode == 1
    assert "rd.c:1:25: error:" in result.stdout
    assert "./check hint 00" in result.stdout


@needs_root
def test_passing_is_noted_and_names_what_comes_next(work):
    (work / NAMES[3]).mkdir()
    (work / NAMES[3] / "rd.c").write_text(solution_text(3))
    result = run("03", "--work", work)
    assert result.returncode == 0
    assert "./check start 04" in result.stdout and "./check answer 03" in result.stdout
    assert "03_pivot_root      passed" in run("list", "--work", work).stdout


@needs_root
def test_all_checks_what_was_begun(work):
    for level in (0, 3):
        (work / NAMES[level]).mkdir()
        (work / NAMES[level] / "rd.c").write_text(solution_text(level))
    result = run("all", "--work", work)
    assert result.returncode == 0
    assert "00_fork_exec" in result.stdout and "03_pivot_root" in result.stdout
    assert "01_chroot_image" not in result.stdout


@needs_root
def test_watch_checks_again_after_a_save_and_ends_with_success(work):
    run("start", "00", "--work", work)
    with open(work / "out", "w") as out:
        watch = subprocess.Popen([PROGRAM, "watch", "00", "--work", work], stdout=out)
    end = time.monotonic() + 60
    while "FAIL" not in (work / "out").read_text():
        assert time.monotonic() < end and watch.poll() is None
        time.sleep(0.05)
    saved = work / "saved.c"
    saved.write_text(solution_text(0))
    saved.rename(work / NAMES[0] / "rd.c")  # as editors save
    assert watch.wait(60) == 0
    assert "./check start 01" in (work / "out").read_text()


@needs_root
def test_keep_stands_still_where_it_failed(work):
    watch = subprocess.Popen([PROGRAM, "03", "--keep", "--cmd", skeleton(3), "--work", work],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    line = watch.stderr.readline()
    assert line.startswith("03 real-root")
    command = watch.stderr.readline().split()
    inside = subprocess.run([*command, "cat", "/proc/1/comm"], capture_output=True, text=True)
    assert inside.stdout == "check\n"
    watch.communicate("\n", timeout=60)
    assert watch.returncode == 1


@needs_root
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_strace_shows_the_call_that_failed(work):
    source = work / "rd.c"
    source.write_text(solution_text(4).replace("mkdir_p(work);", ""))
    (work / NAMES[4]).mkdir()
    source.rename(work / NAMES[4] / "rd.c")
    result = run("04", "--strace", "--work", work)
    assert result.returncode == 1
    assert 'mount("overlay"' in result.stdout and "ENOENT" in result.stdout


@needs_root
def test_another_implementation_is_judged_by_its_command():
    result = run("05", "--cmd", f"env LEVEL=5 {solution(5)}")
    assert result.returncode == 0


def test_doctor_speaks_of_this_machine():
    result = run("doctor")
    assert os.uname().release in result.stdout
    assert result.returncode in (0, 2)
