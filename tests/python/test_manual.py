"""The manual, the type stub and the module say the same, in both languages.

SPDX-License-Identifier: MIT
"""
import ast
import inspect
import os
import re
import shutil
import subprocess
import sys

import pytest

import linux
from .calls import CALLS
from .conftest import MODULE, ROOT
from .isolation import NO_NAMESPACES

DOCS = ROOT / "python/docs"
LANGUAGES = ("en", "zh-CN")
PAGES = sorted(page.name for page in (DOCS / "en").glob("*.rst"))
EXAMPLES = sorted(path.stem for path in (DOCS / "examples").glob("*.py"))
STUB = ast.parse((ROOT / "python/linux/__init__.pyi").read_text())


def constants():
    return {name for name in linux.__all__ if isinstance(getattr(linux, name), int)}


def table():
    rows = [line.split("\t") for line in (DOCS / "constants.tsv").read_text().splitlines()
            if not line.startswith("= ")]
    assert all(len(row) == 4 for row in rows)
    return rows


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_the_manual_says(name):
    if NO_NAMESPACES or not shutil.which("unshare"):
        pytest.skip(NO_NAMESPACES or "unshare(1) is not here")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    # The mount hides what is in /tmp, perhaps this repository; the module comes along.
    environment["PYTHONPATH"] = "/tmp/module"
    with open(DOCS / f"examples/{name}.py") as program:
        run = subprocess.run(
            ["unshare", "-Urmuinpf", "--mount-proc", "sh", "-c",
             "mount -t tmpfs tmpfs /tmp; mkdir /tmp/module; cp -r linux /tmp/module; "
             'exec "$0" -', sys.executable],
            stdin=program, capture_output=True, text=True, timeout=60, env=environment,
            cwd=MODULE)
    assert run.stderr == ""
    assert run.stdout == (DOCS / f"examples/{name}.out").read_text()


def test_each_function_has_an_example_and_each_example_a_place():
    assert set(EXAMPLES) == set(CALLS) | {"errors"}
    for language in LANGUAGES:
        text = "".join((DOCS / language / page).read_text() for page in PAGES)
        shown = re.findall(r"literalinclude:: \.\./examples/(\w+)\.py", text)
        assert set(shown) == set(EXAMPLES)


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_have_the_same_skeleton(page):
    def skeleton(language):
        text = (DOCS / language / page).read_text()
        parts = r"^(\.\. \S+::.*|   \.\. \S+::.*|   :param \w+|   - ``E\w+``|[-=]{3,}$)"
        return [re.sub(r"^([-=])+$", r"\1", line) for line in re.findall(parts, text, re.M)] + \
            re.findall(r":manpage:`[^`]+`|:ref:`[^`]+`", text)
    assert skeleton("en") == skeleton("zh-CN")
    assert len(skeleton("en")) > 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_manual_has_the_signature_and_the_parameters_of_each_function(language):
    documented = {}
    for page in PAGES:
        for block in re.split(r"^\.\. py:function:: ", (DOCS / language / page).read_text(),
                              flags=re.M)[1:]:
            name, signature = re.match(r"(\w+)(\(.*\))", block).groups()
            documented[name] = signature
            parameters = re.findall(r"^   :param (\w+):", block, re.M)
            assert parameters == list(inspect.signature(getattr(linux, name)).parameters)
            assert re.search(r":manpage:`\w+\(2\)`", block)
    assert documented == {name: str(inspect.signature(getattr(linux, name))) for name in CALLS}


def test_each_constant_has_one_line_in_both_languages_and_no_line_lacks_its_constant():
    rows = table()
    assert len(rows) == len({row[0] for row in rows})
    assert {row[0] for row in rows} == constants()
    assert all(re.search("[\u4e00-\u9fff]", row[3]) and row[2].isascii() for row in rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_group_of_constants_is_shown(language):
    groups = re.findall(r"^= (\w+)$", (DOCS / "constants.tsv").read_text(), re.M)
    page = (DOCS / language / "constants.rst").read_text()
    assert re.findall(r"^\.\. constants:: (\w+)$", page, re.M) == groups


def test_the_constants_have_the_kernels_values():
    expected = {"CLONE_NEWNS": 0x20000, "CLONE_NEWTIME": 0x80, "CLONE_INTO_CGROUP": 1 << 33,
                "MS_REC": 0x4000, "MS_PRIVATE": 1 << 18, "MS_LAZYTIME": 1 << 25,
                "MS_NOUSER": 1 << 31, "MNT_DETACH": 2, "UMOUNT_NOFOLLOW": 8,
                "MOVE_MOUNT_BENEATH": 0x200, "FSCONFIG_CMD_CREATE_EXCL": 8,
                "MOUNT_ATTR_IDMAP": 0x100000, "RESOLVE_IN_ROOT": 16, "AT_FDCWD": -100,
                "CAP_SYS_ADMIN": 21, "CAP_CHECKPOINT_RESTORE": 40, "PR_SET_NO_NEW_PRIVS": 38,
                "SECCOMP_RET_KILL_PROCESS": 0x80000000, "SECCOMP_RET_ALLOW": 0x7fff0000,
                "KEY_SPEC_SESSION_KEYRING": -3, "PIDFD_THREAD": 0o200, "BPF_RET": 6,
                "AUDIT_ARCH_X86_64": 0xc000003e, "F_SEAL_EXEC": 0x20, "MFD_EXEC": 0x10,
                "PR_SET_MDWE": 65, "PR_SET_MEMORY_MERGE": 67}
    assert {name: getattr(linux, name) for name in expected} == expected
    for flag in ("CLONE_NEWUTS", "CLONE_NEWPID", "CLONE_FS"):
        if hasattr(os, flag):  # from Python 3.12 on
            assert getattr(os, flag) == getattr(linux, flag)


def test_the_stub_names_what_the_module_has():
    names = {node.name for node in STUB.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    names |= {node.target.id for node in STUB.body if isinstance(node, ast.AnnAssign)}
    public = {name for name in dir(linux) if not name.startswith("__")} | {"__version__"}
    assert {name for name in names if not name.startswith("_") or name == "__version__"} == public


def test_the_stub_has_the_signatures_of_the_module():
    for node in STUB.body:
        if isinstance(node, ast.FunctionDef):
            arguments = [argument.arg for argument in node.args.args]
            defaults = [ast.literal_eval(default) for default in node.args.defaults]
            parameters = inspect.signature(getattr(linux, node.name)).parameters.values()
            assert arguments == [parameter.name for parameter in parameters]
            assert defaults == [parameter.default for parameter in parameters
                                if parameter.default is not parameter.empty]


def test_the_stub_satisfies_a_type_checker(tmp_path):
    if not shutil.which("mypy"):
        pytest.skip("mypy is not installed")
    package = tmp_path / "linux"
    package.mkdir()
    shutil.copy(ROOT / "python/linux/__init__.pyi", package)
    (tmp_path / "program.py").write_text(
        "import linux, pathlib\n"
        "linux.mount(None, pathlib.Path('/'), b'tmpfs', linux.MS_REC, None)\n"
        "pid: int = linux.clone(lambda a: 3, 0, (1,))\n"
        "fd: int = linux.openat2(open('/'), '.', resolve=linux.RESOLVE_BENEATH)\n"
        "caps = linux.capget()\nlinux.capset(*caps)\nwhole: int = caps.effective\n")
    (tmp_path / "wrong.py").write_text("import linux\nlinux.umount(3)\nlinux.unshare('x')\n")
    check = [shutil.which("mypy"), "--strict", "--no-incremental", "--python-version", "3.9"]
    environment = {**os.environ, "MYPYPATH": str(tmp_path), "LD_PRELOAD": ""}
    good = subprocess.run([*check, "program.py"], cwd=tmp_path, capture_output=True, text=True,
                          env=environment)
    assert good.returncode == 0, good.stdout + good.stderr
    bad = subprocess.run([*check, "wrong.py"], cwd=tmp_path, capture_output=True, text=True,
                         env=environment)
    assert bad.stdout.count("error:") == 2, bad.stdout


def test_help_shows_the_functions_and_their_words():
    run = subprocess.run([sys.executable, "-c", "import linux; help(linux)"],
                         capture_output=True, text=True, timeout=60)
    assert "mount(source, target, filesystemtype=None, mountflags=0, mountopts=None)" in run.stdout
    assert "see pivot_root(2)" in run.stdout and "CLONE_NEWNS = 131072" in run.stdout


def test_the_example_of_the_readme_prints_what_its_comments_say():
    if NO_NAMESPACES:
        pytest.skip(NO_NAMESPACES)
    programs = [re.search(r"```python\n(.*?)```", (ROOT / "python" / name).read_text(), re.S)[1]
                for name in ("README.md", "README.zh-CN.md")]
    assert programs[0] == programs[1]
    run = subprocess.run([sys.executable, "-c", programs[0]], capture_output=True, text=True,
                         timeout=60)
    assert run.stdout.splitlines() == re.findall(r"# (.*)", programs[0]) and run.stderr == ""
