"""make build, make install and pip install: offline, whole, and clear where they refuse.

SPDX-License-Identifier: MIT
"""
import csv
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

import pytest

from .conftest import ROOT

pytestmark = pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""),
                                reason="packages are not built with the sanitizers")

CHECK = "import linux; print(linux.__version__, linux.__file__)"


def run(*command, **environment):
    clean = {k: v for k, v in os.environ.items()
             if k not in ("PYTHONPATH", "BREAK_SYSTEM_PACKAGES", "DESTDIR", "MAKEFLAGS", "MFLAGS",
                          "MAKELEVEL", "MAKEOVERRIDES", "LINUX_MODULE")}
    return subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=300,
                          env={**clean, **environment})


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """A copy of what building needs, as a fresh clone has it."""
    root = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "src", root / "src")
    shutil.copytree(ROOT / "python", root / "python", ignore=shutil.ignore_patterns(
        "build", "dist", "_build", "__pycache__"))
    shutil.copy(ROOT / "LICENSE", root)
    return root / "python"


def venv(path, *options):
    base = getattr(sys, "_base_executable", sys.executable)
    made = run(base, "-m", "venv", *options, str(path))
    if made.returncode:
        pytest.skip(f"this Python makes no virtual environments: {made.stdout}")
    return str(path / "bin/python")


def without_network(*command, **environment):
    """In a network namespace that has nothing in it."""
    if run("unshare", "-Urn", "true").returncode:
        pytest.skip("no user namespaces: the network cannot be taken away")
    return run("unshare", "-Urn", *command, **environment)


def test_a_wheel_holds_the_extension_the_stub_and_metadata_only(source):
    built = without_network("make", "-C", str(source), "build", f"PYTHON={sys.executable}")
    assert built.returncode == 0, built.stderr
    wheel, = (source / "dist").glob("*.whl")
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    with zipfile.ZipFile(wheel) as archive:
        info = "sampan_linux-0.1.0.dist-info/"
        assert sorted(archive.namelist()) == sorted(
            [f"linux/__init__{suffix}", "linux/__init__.pyi", "linux/py.typed", info + "METADATA",
             info + "WHEEL", info + "LICENSE", info + "RECORD"])
        rows = list(csv.reader(archive.read(info + "RECORD").decode().splitlines()))
        assert sorted(row[0] for row in rows) == sorted(archive.namelist())
        assert "Name: sampan-linux\n" in archive.read(info + "METADATA").decode()
    first = wheel.read_bytes()
    again = run("make", "-C", str(source), "build", f"PYTHON={sys.executable}")
    assert again.returncode == 0 and wheel.read_bytes() == first


def test_make_install_into_a_bare_virtual_environment_and_again(source, tmp_path):
    python = venv(tmp_path / "venv", "--without-pip")
    for _ in range(2):
        made = without_network("make", "-C", str(source), "install", f"PYTHON={python}")
        assert made.returncode == 0, made.stderr
        assert "installed linux 0.1.0 into " in made.stdout
    used = run(python, "-c", CHECK)
    assert used.stdout.startswith(f"0.1.0 {tmp_path}/venv/"), used.stderr
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    assert sorted(path.name for path in site.iterdir()) == ["linux", "sampan_linux-0.1.0.dist-info"]


def test_from_the_top_it_goes_into_the_active_environment_or_the_python_that_is_named(
        source, tmp_path):
    active, named = (tmp_path / name for name in ("active", "named"))
    for path in (active, named):
        venv(path, "--without-pip")
    shutil.copy(ROOT / "Makefile", source.parent)
    top = ["make", "-s", "-C", str(source.parent), "python-install"]
    for options, place in ([], active), ([f"PYTHON={named}/bin/python3"], named):
        made = run(*top, *options, VIRTUAL_ENV=str(active))
        assert f"installed linux 0.1.0 into {place}/" in made.stdout, made.stderr


def test_pip_builds_installs_lists_and_removes_it_without_network(source, tmp_path):
    python = venv(tmp_path / "venv")
    made = without_network(python, "-m", "pip", "install", "--no-index",
                           "--disable-pip-version-check", str(source))
    assert made.returncode == 0, made.stdout + made.stderr
    assert run(python, "-c", CHECK).stdout.startswith("0.1.0 ")
    assert "sampan-linux" in run(python, "-m", "pip", "list").stdout
    assert run(python, "-m", "pip", "uninstall", "-y", "sampan-linux").returncode == 0
    assert "No module named" in run(python, "-c", CHECK).stderr
    # What make install wrote, pip can remove as well.
    assert run("make", "-C", str(source), "install", f"PYTHON={python}").returncode == 0
    assert run(python, "-m", "pip", "uninstall", "-y", "sampan-linux").returncode == 0
    assert "No module named" in run(python, "-c", CHECK).stderr


def test_a_source_archive_is_whole(source, tmp_path):
    made = run(sys.executable, "-c", f"import sys; sys.path.insert(0, {str(source)!r}); "
               f"import linux_build; print(linux_build.build_sdist({str(tmp_path)!r}))")
    assert made.returncode == 0, made.stderr
    with tarfile.open(tmp_path / made.stdout.strip()) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "sampan_linux-0.1.0"
    assert (folder / "PKG-INFO").read_text().startswith("Metadata-Version")
    built = run(sys.executable, str(folder / "linux_build.py"), "wheel")
    assert built.returncode == 0, built.stdout + built.stderr
    assert list((folder / "dist").glob("*.whl"))


def managed():
    """A Python that belongs to its distribution, or None."""
    for python in {shutil.which("python3", path="/usr/bin"), sys.executable} - {None}:
        answer = run(python, "-c", "import os, sys, sysconfig; print(sys.prefix == sys.base_prefix"
                     " and os.path.exists(sysconfig.get_path('stdlib') + '/EXTERNALLY-MANAGED'))")
        if answer.stdout == "True\n":
            return python
    return None


def test_a_distributions_python_is_left_alone_with_a_clear_word(source, tmp_path):
    python = managed()
    if not python:
        pytest.skip("no Python here belongs to a distribution (PEP 668)")
    made = run("make", "-C", str(source), "install", f"PYTHON={python}", f"DESTDIR={tmp_path}")
    assert made.returncode != 0 and list(tmp_path.iterdir()) == []
    assert "belongs to the distribution (PEP 668): nothing was installed." in made.stderr
    assert "venv --without-pip ~/linux-venv\n" in made.stderr
    forced = run("make", "-C", str(source), "install", f"PYTHON={python}", f"DESTDIR={tmp_path}",
                 "BREAK_SYSTEM_PACKAGES=1")
    assert forced.returncode == 0, forced.stderr
    assert list(tmp_path.rglob("linux/py.typed"))


@pytest.mark.parametrize("arguments, words", [
    (["PYTHON={python}", "CC=no-such-compiler"], "no C compiler: no-such-compiler is not found"),
    (["PYTHON={python}", "CC=false"], "the compiler failed"),
])
def test_what_is_missing_is_said(source, arguments, words):
    made = run("make", "-C", str(source), "build", "BUILD_NAME=broken",
               *(text.format(python=sys.executable) for text in arguments), BUILD_NAME="broken")
    assert made.returncode != 0 and words in made.stderr


def test_an_unwritable_place_is_said(source, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root can write everywhere")
    python = venv(tmp_path / "venv", "--without-pip")
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    site.chmod(0o555)
    made = run("make", "-C", str(source), "install", f"PYTHON={python}")
    assert made.returncode != 0 and "Permission denied: install into a virtual" in made.stderr


def test_wrong_use_is_answered_with_the_usage():
    made = run(sys.executable, str(ROOT / "python/linux_build.py"), "everything")
    assert made.returncode == 1 and made.stderr.startswith("usage: linux_build.py compile|")
    assert pathlib.Path(ROOT / "python/packages.txt").read_text().split()
