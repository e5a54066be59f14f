"""The laws of the house (CONTRIBUTING.md), each a small check on the sources.

SPDX-License-Identifier: MIT
"""
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SRC = TOP / "src"
SOURCES = sorted(p for p in SRC.rglob("*") if p.suffix in (".c", ".h"))


def order():
    """room/file -> its line in src/ORDER."""
    names = [line.split()[0] for line in (SRC / "ORDER").read_text().splitlines()
             if line and line[0].islower()]
    assert len(names) == len(set(names)), "a file stands twice in src/ORDER"
    return {name: i for i, name in enumerate(names)}


def stem(path):
    return str(path.relative_to(SRC).with_suffix(""))


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def code(path):
    """A file's text without comments and strings, line by line."""
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', without_comments(path.read_text())).splitlines()


def test_order_names_every_source_file_once():
    names = set(order())
    files = {stem(p) for p in SOURCES}
    assert names - files == set(), "in src/ORDER, but no such file"
    assert files - names == set(), "not in src/ORDER"


@pytest.mark.parametrize("path", SOURCES, ids=stem)
def test_includes_point_to_earlier_files_only(path):
    place = order()
    for include in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
        name = include.removesuffix(".h").removesuffix(".c")
        if name == stem(path) or (TOP / "build" / "gen" / include).exists() or "/" not in include:
            continue
        assert (SRC / include).exists(), f"{include} does not exist"
        assert place[name] < place[stem(path)], f"{stem(path)} includes {name}, a later file"


# Headers that hold nothing but numbers (file system magics, audit architectures, priorities)
# may be read anywhere.
KERNEL_HEADERS = re.compile(r"#include <(linux/(?!magic|audit|ioprio)|asm/|sys/mount\.h|"
                            r"sys/syscall\.h|sched\.h|sys/prctl\.h)")
KERNEL_CALLS = re.compile(
    r"(?<![\w.>])(syscall|mount|umount2?|unshare|setns|clone|clone3|pivot_root|chroot|prctl|"
    r"setresuid|setresgid|setgroups|setuid|setgid|sethostname|capset|seccomp|bpf)\s*\(")


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parent.name != "linux"], ids=stem)
def test_only_the_kernel_room_touches_the_kernel(path):
    for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
        assert not KERNEL_HEADERS.search(line), f"{stem(path)}:{number}: kernel header: {line}"
    for number, line in enumerate(code(path), 1):
        assert not KERNEL_CALLS.search(line), f"{stem(path)}:{number}: kernel call: {line.strip()}"


def functions(path):
    """(name, body) of each function at line start."""
    text = "\n".join(code(path))
    for match in re.finditer(r"^(\w+)\(.*?^\}", text, re.M | re.S):
        yield match.group(1), match.group()


QUIET = re.compile(r"^(lx_get|lx_is_|lx_fs_message|lx_pty_number|lx_tty_get|lx_tty_make_raw|"
                   r"lx_tty_restore|lx_cap_bounding_has|lx_capget|lx_seccomp_has)")


@pytest.mark.parametrize("path", sorted((SRC / "linux").glob("*.c")), ids=stem)
def test_every_kernel_call_passes_the_trace_point(path):
    for name, body in functions(path):
        if name.startswith("lx_") and "syscall(" in body and not QUIET.match(name):
            assert "lx_trace" in body, f"{path.name}: {name} makes a call that no trace tells"


BANNED = {
    r"\b(system|popen)\s*\(": "no shell",
    r"\b(strcat|sprintf|gets|strtok|atoi|atol|strncpy)\s*\(": "an unbounded or lenient call",
    r"\b(usleep|nanosleep|sleep)\s*\(": "wait for events, never sleep",
    r"\bsetenv\s*\(|\bputenv\s*\(": "no global environment",
}


@pytest.mark.parametrize("path", SOURCES, ids=stem)
def test_no_banned_calls(path):
    for number, line in enumerate(code(path), 1):
        for pattern, why in BANNED.items():
            assert not re.search(pattern, line), f"{stem(path)}:{number}: {why}: {line.strip()}"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.suffix == ".c"], ids=stem)
def test_every_open_is_close_on_exec(path):
    text = "\n".join(code(path))
    for match in re.finditer(r"(?<![\w])(open|openat|memfd_create|socket|accept4|epoll_create1|"
                             r"inotify_init1|signalfd|eventfd|pipe2|dup3)\(([^;]*?)\);", text, re.S):
        call = match.group()
        if match.group(1) == "dup3" or "CLOEXEC" in call or "LX_" in call:
            continue
        line = text[:match.start()].count("\n") + 1
        pytest.fail(f"{stem(path)}:{line}: a descriptor without CLOEXEC: {call.split(chr(10))[0]}")


@pytest.mark.parametrize("path", SOURCES, ids=stem)
def test_every_file_opens_with_its_idea_and_licence(path):
    text = path.read_text()
    assert text.startswith(f"/* {path.name} - "), "the first line is /* name - idea"
    assert "SPDX-License-Identifier: MIT" in text[:3000]
    assert "TODO" not in text and "FIXME" not in text and "XXX" not in text


def verbs(room):
    return {p.stem for p in (SRC / room).glob("*.c")}


# Words of the command line whose work has another name or place below.
COMMAND_ONLY = {
    "command", "commands", "options", "table", "explain", "progress", "story", "stream", "helper",  # words
    "run",  # create and start
    "ps", "images", "rmi", "tag", "history", "load", "import", "version", "info", "rm", "help",
}


def test_a_verb_has_the_same_name_on_every_floor():
    if not (SRC / "engine").exists() or not verbs("engine"):
        pytest.skip("no engine yet")
    lost = {v for v in verbs("cli") - COMMAND_ONLY if "_" not in v} - verbs("engine")
    assert not lost, f"commands without an engine file of the same name: {sorted(lost)}"


LEVELS = sorted(p.parent.name for p in (TOP / "workshop" / "levels").glob("[0-9]*_*/README.md"))


@pytest.mark.parametrize("path", SOURCES, ids=stem)
def test_links_to_workshop_levels_are_true(path):
    if not LEVELS:
        pytest.skip("no workshop levels yet")
    for line in re.findall(r"^ \* Workshop: (.*)$", path.read_text(), re.M):
        for level in re.split(r",\s*", line.strip()):
            assert level in LEVELS, f"{stem(path)} names level {level}"
    for level in re.findall(r'LX_STEP\([^;]*?"(\d\d_\w+)"\)', path.read_text(), re.S):
        assert level in LEVELS, f"{stem(path)}: LX_STEP names level {level}"


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_names_engine_files_that_link_back(level):
    text = (TOP / "workshop" / "levels" / level / "README.md").read_text()
    files = set(re.findall(r"src/\w+/\w+\.c", text))
    assert files, "a level names the engine file that does the same job for real"
    for name in files:
        assert (TOP / name).exists(), f"{level} names {name}, which does not exist"
    back = [name for name in files
            if re.search(rf"^ \* Workshop: .*{level}", (TOP / name).read_text(), re.M)]
    assert back, f"none of {sorted(files)} says 'Workshop: {level}'"


def tracked():
    out = subprocess.run(["git", "-C", str(TOP), "ls-files", "-z"], capture_output=True, text=True)
    return [TOP / name for name in out.stdout.split("\0") if name]


def test_no_file_names_a_registry_host_or_a_path_of_a_machine():
    hosts = re.compile("|".join([
        r"deb\.debian" + r"\.org", r"archive\.ubuntu" + r"\.com", r"registry\.npmjs" + r"\.org",
        r"pypi" + r"\.org", r"/work/" + r"(main|wt|shared)", r"/root/\." + "pyenv"]))
    for path in tracked():
        if not path.is_file() or path.stat().st_size > 2_000_000:
            continue
        found = hosts.search(path.read_text(errors="replace"))
        assert not found, f"{path.relative_to(TOP)}: {found.group()}"


def test_the_formatter_has_nothing_to_change():
    """make format, before a commit."""
    version = subprocess.run(["clang-format", "--version"], capture_output=True, text=True) \
        if shutil.which("clang-format") else None
    if not version or " 14." not in version.stdout:
        pytest.skip("no clang-format 14, whose idea of our style this is")
    files = [p for p in tracked() if p.suffix in (".c", ".h") and p.is_relative_to(TOP / "src")]
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *map(str, files)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]
