"""What the checker says: one table of checks, two languages, three forms of output.

SPDX-License-Identifier: MIT
"""
import json
import os
import pty
import re
import subprocess
import unicodedata

import pytest
from check_tools import PROGRAM, WORKSHOP, folder, run, skeleton

pytestmark = [pytest.mark.usefixtures("checker"), pytest.mark.anywhere]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="containers need root")


def table():
    lines = (WORKSHOP / "checker" / "CHECKS").read_text().splitlines()
    return [line.split(None, 5) for line in lines if line and line[0] != "#"]


def messages(language):
    lines = run("--list-messages").stdout.splitlines()
    return [line.split(" ", 1)[1] for line in lines if line.startswith(language + " ")]


def test_the_table_of_checks_is_the_one_in_the_program():
    listed = [line.split(None, 5) for line in run("--list-checks").stdout.splitlines()]
    assert listed == table()


def test_the_two_catalogues_have_the_same_keys_and_placeholders():
    assert messages("en") == messages("zh")
    assert not [m for m in messages("en") + messages("zh") if m.endswith("EMPTY")]


def test_every_kind_of_failure_is_explained_and_every_explanation_is_of_one():
    explained = {m.split(" ", 1)[1] for m in messages("en") if m.startswith("seen ")}
    explained = {re.sub(r"( \{\d\})+$", "", key) for key in explained}
    used = set()
    for level, check, _, _, kinds, _ in table():
        for kind in kinds.split(","):
            keys = {f"{level} {check} {kind}", f"{check} {kind}"} & explained
            assert keys, f"{level} {check} {kind}"
            used |= keys
    assert used == explained


def test_the_needs_of_a_check_stand_before_it():
    seen = set()
    for level, check, _, needs, _, _ in table():
        assert needs == "-" or (level, needs) in seen
        seen.add((level, check))


def test_phrases_that_nobody_says_do_not_exist():
    code = "".join(p.read_text() for p in (WORKSHOP / "checker").glob("*.c")
                   if not p.name.startswith("messages_"))
    for message in messages("en"):
        kind, key = message.split()[:2]
        assert kind != "phrase" or f'"{key}"' in code, key


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


@needs_root
@pytest.mark.parametrize("language, fail, why", [("en", "FAIL", "why"), ("zh", "失败", "原因")])
def test_people_are_told_what_was_seen_and_wanted_and_why(language, fail, why):
    result = run("03", "--cmd", skeleton(3), "--lang", language)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    failed = [i for i, line in enumerate(lines) if line.startswith(f"  {fail}")]
    assert len(failed) == 1
    assert any(line.strip().startswith(why) for line in lines[failed[0]:])
    assert "./check hint 03" in result.stdout
    assert max(map(columns, lines)) <= 92


@needs_root
def test_the_language_comes_from_the_environment():
    assert "失败" in run("03", "--cmd", skeleton(3), env={"LANG": "zh_CN.UTF-8"}).stdout
    assert "FAIL" in run("03", "--cmd", skeleton(3), env={"LANG": "de_DE.UTF-8"}).stdout


@needs_root
def test_tap_counts_its_lines_and_does_not_count_extras():
    result = run("03", "--tap", "--cmd", skeleton(3))
    lines = result.stdout.splitlines()
    tests = [line for line in lines if re.match(r"(not )?ok \d+ - ", line)]
    assert lines[0] == "TAP version 13"
    assert lines[-1] == f"1..{len(tests)}"
    assert [int(re.search(r"\d+", t)[0]) for t in tests] == list(range(1, len(tests) + 1))
    assert any("real-root" in t and t.startswith("not ok") for t in tests)
    assert any("# SKIP real-root" in t for t in tests)


@needs_root
def test_json_has_a_schema_number_and_all_checks_of_the_level():
    result = run("03", "--json", "--cmd", skeleton(3))
    data = json.loads(result.stdout)
    assert data["schema"] == 1
    ids = [row[1] for row in table() if row[0] == "03" and row[1] != "builds"]
    assert [c["check"] for c in data["checks"]] == ids
    [failed] = [c for c in data["checks"] if c["status"] == "fail"]
    assert {"level", "check", "status", "seen", "wanted", "seconds", "hints_used"} <= set(failed)
    assert failed["level"] == 3 and failed["kind"] == "chroot"


def on_a_terminal(env):
    """The checker's output with a terminal on its standard output."""
    parent, child = pty.openpty()
    process = subprocess.Popen([PROGRAM, "03", "--cmd", skeleton(3), "--work", folder("work")],
                               stdout=child, env={**os.environ, "TERM": "xterm", **env})
    os.close(child)
    text = b""
    while True:
        try:
            block = os.read(parent, 4096)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        text += block
    process.wait()
    os.close(parent)
    return text


@needs_root
def test_color_is_for_terminals_that_want_it():
    assert b"\033[" in on_a_terminal({"NO_COLOR": ""})
    assert b"\033[" not in on_a_terminal({"NO_COLOR": "1"})
    assert "\033[" not in run("03", "--cmd", skeleton(3)).stdout


@pytest.mark.parametrize("words", [["nonsense"], ["11"], ["start"], ["start", "42"], ["03", "x"],
                                   ["hint", "03", "4"], ["--no-such-option"],
                                   ["list", "--lang", "xx"], []])
def test_a_wrong_command_line_is_status_2(words):
    assert run(*words).returncode == 2


@pytest.mark.parametrize("words, said", [
    (["start"], "which level? 00 to 10, for example ./check start 00"),
    (["start", "42"], "there is no level 42"), (["42"], "there is no level 42")])
def test_a_level_that_is_not_named_or_not_there(words, said):
    done = run(*words)
    assert said in done.stdout + done.stderr


def test_the_hash_is_the_programs_own():
    wanted = subprocess.run(["sha256sum", PROGRAM], capture_output=True, text=True).stdout
    assert run("--hash").stdout.split()[0] == wanted.split()[0]
