"""The library that the levels are given: it unpacks what is meant, where it is meant.

Each test runs twice, on the C library through a tiny program and on the Python one.

SPDX-License-Identifier: MIT
"""
import ctypes
import io
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

LEVELS = Path(__file__).resolve().parents[2] / "workshop" / "levels"
DRIVER = """
#include "lib/files.h"
#include "lib/untar.h"
#include <string.h>
int
main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "untar") == 0)
        untar(argv[2], argv[3]);
    else if (argc == 3 && strcmp(argv[1], "remove_tree") == 0)
        remove_tree(argv[2]);
    else if (argc == 4 && strcmp(argv[1], "write_file") == 0)
        write_file(argv[2], "%s", argv[3]);
    else
        return 2;
    return 0;
}
"""
PYTHON_DRIVER = """
import sys
from lib.die import guarded
from lib.files import remove_tree, write_file
from lib.untar import untar
sys.exit(guarded(globals()[sys.argv[1]], *sys.argv[2:]) or 0)
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes owners, mounts: needs root")


@pytest.fixture(scope="session")
def c_driver(tmp_path_factory):
    folder = tmp_path_factory.mktemp("driver")
    (folder / "driver.c").write_text(DRIVER)
    subprocess.run(["cc", "-std=gnu17", "-O1", "-fsanitize=address,undefined", "-Wall",
                    "-Werror", "-I", LEVELS, "-o", folder / "driver", folder / "driver.c",
                    *sorted((LEVELS / "lib").glob("*.c"))], check=True)
    return [folder / "driver"]


@pytest.fixture(params=["C", "Python"])
def lib(request, c_driver, linux_module):
    """Call a function of the library: lib("untar", archive, directory)."""
    python = [sys.executable, "-c", PYTHON_DRIVER]
    command = c_driver if request.param == "C" else python
    env = {**os.environ, "PYTHONPATH": f"{LEVELS}:{linux_module}", "PYTHONDONTWRITEBYTECODE": "1",
           "ASAN_OPTIONS": "detect_leaks=0"}  # the levels are short-lived: they free nothing

    def call(*words, umask=0o022):
        return subprocess.run([*command, *words], env=env, umask=umask, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return call


def make_tar(path, members, form=tarfile.PAX_FORMAT):
    """members: (name, content or type, what to set)"""
    with tarfile.open(path, "w", format=form) as tar:
        for name, what, *changes in members:
            member = tarfile.TarInfo(name)
            member.mode = 0o644
            content = b""
            if isinstance(what, bytes) and len(what) != 1:
                content, member.size = what, len(what)
            else:
                member.type = what
            for change in changes:
                for key, value in change.items():
                    setattr(member, key, value)
            tar.addfile(member, io.BytesIO(content))
    return path


@needs_root
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_files_links_owners_and_modes_arrive(lib, tmp_path, form):
    tar = make_tar(tmp_path / "a.tar", [
        ("./", tarfile.DIRTYPE, {"mode": 0o755}),
        ("./bin/", tarfile.DIRTYPE, {"mode": 0o750, "uid": 7}),
        ("./bin/su", b"su!", {"mode": 0o4755, "gid": 5}),
        ("./bin/hard", tarfile.LNKTYPE, {"linkname": "./bin/su", "mode": 0o4755, "gid": 5}),
        ("./sh", tarfile.SYMTYPE, {"linkname": "/bin/su"}),
        ("./empty", b""),
        ("./big", b"x" * 200_000, {"mtime": 86400})], form)
    done = lib("untar", tar, tmp_path / "new" / "root", umask=0o077)
    assert done.returncode == 0, done.stdout
    root = tmp_path / "new" / "root"
    su = (root / "bin/su").stat()
    assert (su.st_mode & 0o7777, su.st_uid, su.st_gid, su.st_nlink) == (0o4755, 0, 5, 2)
    assert (root / "bin").stat().st_mode & 0o7777 == 0o750 and (root / "bin").stat().st_uid == 7
    assert root.stat().st_mode & 0o7777 == 0o755
    assert os.readlink(root / "sh") == "/bin/su"
    assert (root / "big").read_bytes() == b"x" * 200_000
    assert (root / "big").stat().st_mtime == 86400
    assert (root / "empty").read_bytes() == b""


@needs_root
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_arrive(lib, tmp_path, form):
    name, target = "d" * 120 + "/" + "f" * 130, "t" * 180
    tar = make_tar(tmp_path / "a.tar", [("d" * 120, tarfile.DIRTYPE, {"mode": 0o755}),
                                        (name, b"long"),
                                        ("link", tarfile.SYMTYPE, {"linkname": target})], form)
    done = lib("untar", tar, tmp_path / "root")
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "root" / name).read_bytes() == b"long"
    assert os.readlink(tmp_path / "root" / "link") == target


@needs_root
def test_devices_and_fifos_are_left_out(lib, tmp_path):
    tar = make_tar(tmp_path / "a.tar", [("null", tarfile.CHRTYPE, {"devmajor": 1, "devminor": 3}),
                                        ("disk", tarfile.BLKTYPE, {"devmajor": 8}),
                                        ("pipe", tarfile.FIFOTYPE), ("after", b"here")])
    assert lib("untar", tar, tmp_path / "root").returncode == 0
    assert os.listdir(tmp_path / "root") == ["after"]


@needs_root
@pytest.mark.parametrize("members", [
    [("../evil", b"evil!")],
    [("a/../../evil", b"evil!")],
    [("out", tarfile.SYMTYPE, {"linkname": ".."}), ("out/evil", b"evil!")],
    [("out", tarfile.SYMTYPE, {"linkname": "OUTSIDE"}), ("out/evil", b"evil!")],
    [("evil", tarfile.SYMTYPE, {"linkname": "OUTSIDE/evil"}), ("evil", b"evil!")],
    [("link", tarfile.LNKTYPE, {"linkname": "OUTSIDE/secret"}), ("link", b"evil!")],
], ids=["dot-dot", "dot-dot-inside", "link-up", "link-absolute", "write-through-link",
        "hard-link-out"])
def test_nothing_is_written_outside(lib, tmp_path, members):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    members = [(name, what, *({k: v.replace("OUTSIDE", str(outside)) for k, v in c.items()}
                              for c in changes)) for name, what, *changes in members]
    lib("untar", make_tar(tmp_path / "a.tar", members), tmp_path / "root")
    assert os.listdir(outside) == ["secret"]
    assert (outside / "secret").read_text() == "secret"
    assert (outside / "secret").stat().st_nlink == 1
    assert not (tmp_path / "evil").exists()


@needs_root
def test_a_name_that_comes_twice_is_replaced(lib, tmp_path):
    tar = make_tar(tmp_path / "a.tar", [("f", b"old"), ("f", b"newer")])
    assert lib("untar", tar, tmp_path / "root").returncode == 0
    assert (tmp_path / "root" / "f").read_bytes() == b"newer"


def test_a_missing_archive_leaves_nothing(lib, tmp_path):
    done = lib("untar", tmp_path / "none.tar", tmp_path / "root")
    assert done.returncode == 1 and "none.tar" in done.stdout
    assert not (tmp_path / "root").exists()


def test_a_damaged_archive_is_refused(c_driver, tmp_path):
    tar = make_tar(tmp_path / "a.tar", [("f", b"x" * 3000)])
    whole = tar.read_bytes()
    for name, data in {"cut": whole[:1000], "noise": os.urandom(10240).replace(b"\0", b"x"),
                       "empty": b""}.items():
        (tmp_path / name).write_bytes(data)
        done = subprocess.run([*c_driver, "untar", tmp_path / name, tmp_path / f"{name}.d"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, check=False)
        assert done.returncode == 1 and name in done.stdout, done.stdout


def test_a_tree_is_removed(lib, tmp_path):
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "f").write_text("")
    (tree / "link").symlink_to(tmp_path)
    (tmp_path / "kept").write_text("")
    assert lib("remove_tree", tree).returncode == 0
    assert not tree.exists() and (tmp_path / "kept").exists()
    assert lib("remove_tree", tree).returncode == 0, "what is not there is removed already"


@needs_root
def test_a_tree_with_a_mount_in_it_is_not_removed(lib, tmp_path):
    (tmp_path / "tree" / "mnt").mkdir(parents=True)
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "kept").write_text("")
    libc = ctypes.CDLL(None, use_errno=True)
    bind, detach = 0x1000, 2
    mount_point = str(tmp_path / "tree" / "mnt").encode()
    assert libc.mount(str(tmp_path / "host").encode(), mount_point, None, bind, None) == 0
    try:
        done = lib("remove_tree", tmp_path / "tree")
        assert done.returncode == 1 and "mounted" in done.stdout
        assert (tmp_path / "host" / "kept").exists()
    finally:
        assert libc.umount2(mount_point, detach) == 0


def test_a_write_that_the_kernel_refuses_is_an_error(lib):
    done = lib("write_file", "/dev/full", "lost")
    assert done.returncode == 1 and "/dev/full" in done.stdout


def test_a_file_that_is_not_there_is_not_made(lib, tmp_path):
    assert lib("write_file", tmp_path / "none", "text").returncode == 1
    assert not (tmp_path / "none").exists()


def test_busybox_is_an_image_of_plain_files():
    workshop = LEVELS.parent
    if not any(os.access(p, os.X_OK) for p in ("/bin/busybox", "/usr/bin/busybox")):
        pytest.skip("needs busybox-static")
    subprocess.run(["make", "-s", "-C", workshop, "images/busybox.tar"], check=True)
    with tarfile.open(workshop / "images" / "busybox.tar") as tar:
        members = {m.name.removeprefix("./"): m for m in tar}
    assert {"bin/sh", "bin/ps", "bin/breakout", "etc/passwd", "proc", "sys"} <= members.keys()
    assert not any(m.isdev() for m in members.values())
    links = [m for m in members.values() if m.issym()]
    assert links and not any(m.linkname.startswith("/") for m in links)
    assert members["home/ann"].uid == 2014 and stat.S_IMODE(members["bin/breakout"].mode) == 0o755
