"""Layers that try to leave their directory, lie about their lengths, or never end: rules
R1, R2, R3 and R5.

SPDX-License-Identifier: MIT
"""
import gzip
import hashlib
import io
import json
import os
import stat
import struct
import subprocess
import tarfile

import pytest

import images
from stores import store  # noqa: F401 (a fixture)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="unpacking needs root")


@pytest.fixture
def victim(tmp_path):
    directory = tmp_path / "victim"
    directory.mkdir()
    (directory / "file").write_text("untouched")
    before = os.stat(directory / "file")
    yield directory
    after = os.stat(directory / "file")
    assert (directory / "file").read_text() == "untouched"
    assert (before.st_mode, before.st_uid, before.st_mtime_ns, before.st_nlink) == \
        (after.st_mode, after.st_uid, after.st_mtime_ns, after.st_nlink)
    assert os.listdir(directory) == ["file"]


@pytest.fixture
def load(store, tmp_path):
    def put(*layers):
        layers = [x if isinstance(x, bytes) else images.layer(*x) for x in layers]
        images.archive(tmp_path / "image.tar", layers)
        return "-i", tmp_path / "image.tar"

    return put


@pytest.mark.parametrize("name", [
    "../victim/file", "a/../../victim/file", "a/..", "..", "a//b", "x/./../../victim/file",
    "a" * 256, "/".join(["a" * 200] * 21) + "/b"])
def test_names_that_are_refused(store, load, victim, name):
    line = store.refused("load", *load([images.entry(name, b"evil")]))
    assert "refused" in line or "too long" in line or "damaged" in line


def test_an_absolute_name_is_below_the_layer(store, load, victim):
    store.ok("load", *load([images.entry(f"{victim}/file", b"mine")]))
    assert (store.layers()[0] / str(victim).lstrip("/") / "file").read_text() == "mine"


@pytest.mark.parametrize("target", ["/", "../../../../../../../../..", "/proc/self/root",
                                    "/proc/self/cwd/../.."])
def test_writing_through_a_symbolic_link_stays_inside(store, load, victim, target):
    path = str(victim).lstrip("/")
    done = store.run("load", *load([images.symlink("out", target),
                                    images.entry(f"out/{path}/file", b"evil", 0o4777)]))
    assert done.returncode in (0, 1)
    store.check()


def test_a_file_replaces_a_link_of_its_name(store, load, victim):
    store.ok("load", *load([images.symlink("a", f"{victim}/file"), images.entry("a", b"mine")]))
    assert not (store.layers()[0] / "a").is_symlink()


def test_a_directory_over_a_link_does_not_follow_it(store, load, victim):
    store.ok("load", *load([images.symlink("a", str(victim)), images.directory("a", 0o777),
                            images.entry("a/new", b"x")]))
    assert (store.layers()[0] / "a" / "new").read_text() == "x"


@pytest.mark.parametrize("target", ["{victim}/file", "../../../../../../..{victim}/file", "/etc/passwd",
                                    "../victim/file"])
def test_hard_links_to_the_outside(store, load, victim, target):
    store.refused("load", *load([images.hardlink("a", target.format(victim=victim))]))


def test_a_hard_link_through_a_symbolic_link(store, load, victim):
    store.refused("load", *load([images.symlink("d", str(victim)), images.hardlink("a", "d/file")]))


def test_a_hard_link_to_a_symbolic_link_is_not_followed(store, load, victim):
    store.ok("load", *load([images.symlink("s", f"{victim}/file"), images.hardlink("h", "s")]))
    layer = store.layers()[0]
    assert (layer / "h").is_symlink()
    assert os.lstat(layer / "h").st_ino == os.lstat(layer / "s").st_ino


def test_a_hard_link_to_a_directory_is_refused(store, load):
    store.refused("load", *load([images.directory("d"), images.hardlink("a", "d")]))


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", ".wh..wh.", ".wh..wh.x",
                                  ".wh..wh.plnk", "a/.wh..", ".wh.a/b", "x/.wh.y/z"])
def test_whiteouts_of_no_plain_name(store, load, victim, name):
    store.refused("load", *load([images.directory("a"), images.entry(name)]))


def test_a_whiteout_through_a_link_stays_inside(store, load, victim):
    store.run("load", *load([images.symlink("d", str(victim)), images.entry("d/.wh.file")]))
    store.check()


def is_whiteout(path):
    st = os.lstat(path)
    return stat.S_ISCHR(st.st_mode) and st.st_rdev == 0


def test_whiteouts_hide_lower_layers_only_whatever_the_order(store, load):
    store.ok("load", *load([images.entry("low")], [
        images.entry(".wh.gone"), images.entry(".wh.before"), images.entry("before", b"new"),
        images.entry("after", b"new"), images.entry(".wh.after"),
        images.directory("dir"), images.entry("dir/in", b"new"), images.entry(".wh.dir"),
        images.entry(".wh.dir2"), images.entry("dir2/in", b"new"),
        images.entry(".wh.dir3"), images.directory("dir3", 0o700)]))
    layer = store.layers()[1]
    assert is_whiteout(layer / "gone")
    for name in ("before", "after", "dir/in", "dir2/in"):
        assert (layer / name).read_text() == "new"
    for name in ("dir", "dir2", "dir3"):
        assert os.getxattr(layer / name, "trusted.overlay.opaque") == b"y"


def test_an_opaque_directory(store, load):
    store.ok("load", *load([images.entry("low")], [images.entry("d/.wh..wh..opq"),
                                                   images.entry("d/new", b"x")]))
    layer = store.layers()[1]
    assert os.getxattr(layer / "d", "trusted.overlay.opaque") == b"y"
    assert os.listdir(layer / "d") == ["new"]


def test_overlay_internals_of_the_image_are_dropped(store, load):
    kept = {"SCHILY.xattr.user.mine": "1"}
    evil = {"SCHILY.xattr.trusted.overlay.opaque": "y", "SCHILY.xattr.user.overlay.opaque": "y",
            "SCHILY.xattr.trusted.overlay.redirect": "/etc", "SCHILY.xattr.security.selinux": "x",
            "SCHILY.xattr.trusted.other": "x"}
    store.ok("load", *load([
        images.directory("d", pax_headers={**kept, **evil}),
        images.entry("f", b"", pax_headers={**kept, **evil}),
        images.entry("dev", type=tarfile.CHRTYPE, devmajor=0, devminor=0)]))
    layer = store.layers()[0]
    assert os.listxattr(layer / "d") == ["user.mine"]
    assert os.listxattr(layer / "f") == ["user.mine"]
    assert not os.path.lexists(layer / "dev")


# ---- lies ----


def block(name=b"f", size=b"0000000000\0", type=b"0", mode=b"0000644\0", uid=b"0000000\0",
          magic=b"ustar\x0000", fix=True):
    head = bytearray(512)
    for at, value in ((0, name), (100, mode), (108, uid), (116, b"0000000\0"), (124, size),
                      (136, b"00000000000\0"), (148, b" " * 8), (156, type), (257, magic)):
        head[at:at + len(value)] = value
    if fix:
        head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def pax(text, size=None):
    data = text.ljust(-(-len(text) // 512) * 512, b"\0")
    return block(b"PaxHeader", b"%011o" % (len(text) if size is None else size), b"x") + data


END = bytes(1024)
B256 = b"\x80" + bytes(3) + struct.pack(">Q", 1 << 62)
LIES = {
    "wrong checksum": block(fix=False) + END,
    "negative size in base 256": block(size=b"\xff" * 12) + END,
    "a size of 4 EiB": block(size=B256) + END,
    "letters for a size": block(size=b"zzzzzzzzzzz\0") + END,
    "an owner over 32 bits": block(uid=b"\x80\0\0\x01\0\0\0\0") + END,
    "an owner of -1": block(uid=b"\x80\0\0\0\xff\xff\xff\xff") + END,
    "ends in a header": block()[:300],
    "ends in a file": block(size=b"%011o" % 5000) + b"x" * 600,
    "an unknown type": block(type=b"Z") + END,
    "a pax header of 1 GiB": block(b"P", b"%011o" % (1 << 30), b"x") + END,
    "a GNU name of 1 GiB": block(b"L", b"%011o" % (1 << 30), b"L") + END,
    "pax length 0": pax(b"0 path=x\n") + block() + END,
    "pax length too large": pax(b"99 path=x\n") + block() + END,
    "pax length too small": pax(b"5 path=xxxx\n") + block() + END,
    "pax without =": pax(b"9 pathxx\n") + block() + END,
    "pax without newline": pax(b"9 path=x ") + block() + END,
    "pax length of many digits": pax(b"9" * 40 + b" path=x\n") + block() + END,
    "pax negative size": pax(b"11 size=-1\n") + block() + END,
    "pax size over the end": pax(b"16 size=9999999\n") + block() + END,
    "pax huge size": pax(b"29 size=18446744073709551615\n") + block() + END,
    "pax uid of -1": pax(b"18 uid=4294967295\n") + block() + END,
    "pax NUL in a name": pax(b"13 path=a\0bc\n") + block() + END,
    "pax ends in the stream": pax(b"9 path=x\n", 400)[:600],
    "sparse without a size": pax(b"22 GNU.sparse.major=1\n" b"22 GNU.sparse.minor=0\n") + block() + END,
    "sparse map out of order": pax(b"27 GNU.sparse.realsize=100\n" b"24 GNU.sparse.map=9,1,0,1\n")
    + block(size=b"%011o" % 2) + b"xx".ljust(512, b"\0") + END,
    "sparse map past the end": pax(b"25 GNU.sparse.realsize=4\n" b"22 GNU.sparse.map=9,2\n")
    + block(size=b"%011o" % 2) + b"xx".ljust(512, b"\0") + END,
    "sparse map of an odd length": pax(b"25 GNU.sparse.realsize=4\n" b"22 GNU.sparse.map=9,2,\n")
    + block() + END,
}


@pytest.mark.parametrize("what", LIES)
def test_lies_in_a_layer(store, load, what):
    store.refused("load", *load(LIES[what]))


@pytest.mark.parametrize("what", LIES)
def test_lies_in_the_archive_itself(store, what):
    store.refused("load", input=LIES[what])


def test_an_xattr_that_is_too_large(store, load):
    store.refused("load", *load([images.entry("f", pax_headers={
        "SCHILY.xattr.user.big": "x" * (64 * 1024 + 1)})]))


def test_sparse_files_of_every_format(store, load, tmp_path):
    (tmp_path / "in").mkdir()
    with open(tmp_path / "in/sparse", "wb") as file:
        for at in range(0, 40 << 20, 1 << 20):
            file.seek(at)
            file.write(b"data%d" % at)
        file.truncate(50 << 20)
    want = (tmp_path / "in/sparse").read_bytes()
    for words in (["--format=gnu"], ["--format=posix", "--sparse-version=0.0"],
                  ["--format=posix", "--sparse-version=0.1"], ["--format=posix", "--sparse-version=1.0"]):
        layer = subprocess.run(["tar", "-C", tmp_path / "in", "-S", *words, "-cf", "-", "sparse"],
                               stdout=subprocess.PIPE, check=True).stdout
        assert len(layer) < 2 << 20
        store.ok("load", *load(layer))
        got = store.layers()[0] / "sparse"
        assert got.read_bytes() == want
        assert got.stat().st_blocks * 512 < 2 << 20


# ---- bombs ----


def peak(store, *args):
    """Runs under a fresh child so that its peak memory (KiB) can be read."""
    done = subprocess.run(["/usr/bin/python3", "-c",
                           "import resource, subprocess, sys\n"
                           "r = subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL).returncode\n"
                           "print(r, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
                           *store.argv(*args)], env=store.env(), capture_output=True, text=True)
    return tuple(map(int, done.stdout.split()[-2:]))


def small_disk(tmp_path, size="64m"):
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], check=True)
    return path


@pytest.fixture
def disk(tmp_path):
    path = small_disk(tmp_path)
    yield path
    subprocess.run(["umount", path], check=True)


def bomb(mib, byte=b"x"):
    """A layer that is small as it comes and large when unpacked."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(block(size=b"%011o" % (mib << 20)))
        for _ in range(mib):
            file.write(byte * (1 << 20))
        file.write(END)
    return out.getvalue()


def test_a_bomb_ends_with_the_disk_not_full_and_nothing_left(disk, store, tmp_path):
    store = type(store)(disk / "root")
    images.archive(tmp_path / "bomb.tar", [bomb(300)])
    line = store.refused("load", "-i", tmp_path / "bomb.tar")
    assert "No space left" in line or "nearly full" in line
    free = os.statvfs(disk)
    assert free.f_bavail * free.f_frsize > 60 << 20
    assert not list((disk / "root/layers").glob(".new-*"))


def test_zeros_become_holes(disk, store, tmp_path):
    """Layers have no holes (image-spec): what was one takes no room once it is unpacked."""
    store = type(store)(disk / "root")
    data = block(size=b"%011o" % (80 << 20)) + bytes(80 << 20) + END
    config = {"architecture": "amd64", "os": "linux", "rootfs": {
        "type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(data).hexdigest()]}}
    with tarfile.open(tmp_path / "image.tar", "w") as tar:
        for name, body in (("layer", gzip.compress(data, 1)), ("config", json.dumps(config).encode()), (
                "manifest.json", b'[{"Config": "config", "RepoTags": ["test:latest"], "Layers": ["layer"]}]')):
            tar.addfile(images.entry(name, body)[0], io.BytesIO(body))
    store.ok("load", "-i", tmp_path / "image.tar")
    file = next(p for p in store.layers()[0].iterdir())
    assert file.stat().st_size == 80 << 20 and file.stat().st_blocks <= 8


def test_an_endless_archive_is_stopped_by_the_reserve(disk, store, tmp_path):
    store = type(store)(disk / "root")
    line = store.refused("load", input=block(size=b"%011o" % (200 << 20)) + bytes(200 << 20))
    assert "No space left" in line or "nearly full" in line


def test_memory_stays_small_whatever_the_layer(store, tmp_path):
    (tmp_path / "layer.tar.gz").write_bytes(bomb(200))
    status, kib = peak(store, "import", tmp_path / "layer.tar.gz", "big")
    assert status == 0
    assert kib < 64 << 10
