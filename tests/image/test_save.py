"""save: what others load, what we load again, the same bytes each time, and nothing half.

SPDX-License-Identifier: MIT
"""
import hashlib
import json
import os
import pty
import shutil
import subprocess
import tarfile
import tempfile

import pytest

import makers
from stores import Store, tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="unpacking needs root")
NAME = "docker.io/library/test:latest"


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"needs {program}")


@pytest.fixture
def rich(tmp_path):
    """A store with the image of six rich layers, gzip and zstd; and the same as plain layers."""
    store = Store(tmp_path / "root")
    layers = makers.rich(tmp_path, 6)
    makers.layout(tmp_path / "oci", layers, ["gzip", "zstd", "plain", "gzip", "zstd", "gzip"])
    store.ok("load", "-i", makers.pack(tmp_path / "oci", tmp_path / "oci.tar"))
    return store


def members(path):
    with tarfile.open(path) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}


def trees(store, name=NAME):
    """All files of all layers, but for the times of what no archive gives one: a layer's
    root and whiteouts."""
    found = [tree(layer) for layer in store.layers(name)]
    for layer in found:
        for facts in [layer["."], *(f for f in layer.values() if f["mode"] == "0o20000")]:
            facts.pop("mtime")
    return found


def test_what_we_save_we_load_the_same(rich, tmp_path):
    rich.ok("save", "-o", tmp_path / "a.tar", "test")
    other = Store(tmp_path / "other")
    assert other.ok("load", "-i", tmp_path / "a.tar") == "Loaded image: test:latest"
    assert other.names() == rich.names() and trees(other) == trees(rich)
    assert other.record(NAME)["config"] == rich.record(NAME)["config"]
    other.check()


def test_blobs_are_kept_as_they_are_and_each_is_there_once(rich, tmp_path):
    rich.ok("save", "-o", tmp_path / "a.tar", "test", "test:latest")
    found = members(tmp_path / "a.tar")
    for name, data in found.items():
        if name.startswith("blobs/"):
            assert hashlib.sha256(data).hexdigest() == name.split("/")[-1]
            assert data == (rich.root / "images" / name).read_bytes()
    assert set(found) == {f"blobs/sha256/{p.name}" for p in (rich.root / "images/blobs/sha256").iterdir()} | {
        "index.json", "manifest.json", "oci-layout"}
    with tarfile.open(tmp_path / "a.tar") as tar:
        names = tar.getnames()
        assert len(names) == len(set(names))
        assert {(m.uid, m.gid, m.mtime, m.uname) for m in tar} == {(0, 0, 0, "")}


def test_the_same_images_give_the_same_bytes(rich, tmp_path):
    first = rich.run("save", "test").stdout
    os.utime(rich.root / "images/index.json", (1, 1))
    assert rich.run("save", "test").stdout == first
    other = Store(tmp_path / "other")
    other.ok("load", input=first)
    assert other.run("save", "test").stdout == first


def test_names_ids_and_repositories(sampan, tmp_path):
    """A name without a tag means all its tags, an id no name at all: as docker."""
    sampan.ok("tag", "busybox", "host:5000/a/b:1")
    sampan.ok("tag", "busybox", "host:5000/a/b:2")

    def tags(*words):
        sampan.ok("save", "-o", tmp_path / "a.tar", *words)
        return [entry["RepoTags"] for entry in json.loads(members(tmp_path / "a.tar")["manifest.json"])]
    image = sampan.ok("images", "-q", "--no-trunc", "busybox")
    assert tags("host:5000/a/b") == [["host:5000/a/b:1", "host:5000/a/b:2"]]
    assert tags("host:5000/a/b:2", "busybox") == [["host:5000/a/b:2", "docker.io/library/busybox:latest"]]
    assert tags(image) == [None] and tags(image[7:19]) == [None]


def test_docker_types_become_ocis_in_an_oci_archive(tmp_path):
    store = Store(tmp_path / "root")
    _, manifest = makers.layout(tmp_path / "oci", makers.rich(tmp_path, 2), docker=True)
    store.ok("load", "-i", makers.pack(tmp_path / "oci", tmp_path / "oci.tar"))
    store.ok("save", "-o", tmp_path / "d.tar", "test")
    assert json.loads(members(tmp_path / "d.tar")["index.json"])["manifests"][0]["digest"] == manifest
    store.ok("save", "--format", "oci-archive", "-o", tmp_path / "o.tar", "test")
    found = members(tmp_path / "o.tar")
    entry, = json.loads(found["index.json"])["manifests"]
    assert "manifest.json" not in found and "docker" not in entry["mediaType"]
    assert "docker" not in found["blobs/sha256/" + entry["digest"][7:]].decode()


@needs("skopeo")
def test_skopeo_and_umoci_read_both_forms(rich, tmp_path):
    rich.ok("save", "-o", tmp_path / "d.tar", "test")
    rich.ok("save", "--format", "oci-archive", "-o", tmp_path / "o.tar", "test")
    for i, source in enumerate([f"docker-archive:{tmp_path}/d.tar:test:latest", f"oci-archive:{tmp_path}/d.tar:latest",
                                f"oci-archive:{tmp_path}/o.tar:latest"]):
        subprocess.run(["skopeo", "copy", "-q", source, f"oci:{tmp_path}/copy{i}:t"], check=True)
        index = json.loads((tmp_path / f"copy{i}/index.json").read_text())
        blobs = tmp_path / f"copy{i}/blobs/sha256"
        digest = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_text())["config"]["digest"]
        ours = rich.root / "images/blobs/sha256" / rich.record(NAME)["config"][7:]
        assert json.loads((blobs / digest[7:]).read_text())["rootfs"] == json.loads(ours.read_text())["rootfs"]
        assert i == 0 or digest == rich.record(NAME)["config"]  # skopeo writes a docker-archive's anew


@needs("podman")
@pytest.mark.slow
def test_podman_loads_and_saves_for_us(sampan, tmp_path):
    runroot = tempfile.mkdtemp(prefix="sampan-")  # podman wants at most 50 letters

    def podman(*words):
        return subprocess.run(
            ["podman", "--root", tmp_path / "p", "--runroot", runroot, "--storage-driver", "vfs", *words],
            check=True, capture_output=True, text=True).stdout
    sampan.ok("save", "-o", tmp_path / "a.tar", "busybox")
    assert "docker.io/library/busybox:latest" in podman("load", "-q", "-i", tmp_path / "a.tar")
    for form in ("docker-archive", "oci-archive"):
        podman("save", "-q", "--format", form, "-o", tmp_path / f"{form}.tar", "docker.io/library/busybox")
        sampan.ok("rmi", "busybox")
        assert "busybox:latest" in sampan.ok("load", "-i", tmp_path / f"{form}.tar")
        assert sampan.ok("run", "--rm", "busybox", "echo", "hi") == "hi"
    shutil.rmtree(runroot)


def test_a_terminal_is_refused(sampan):
    master, slave = pty.openpty()
    done = subprocess.run(sampan.argv("save", "busybox"), env=sampan.env(), stdout=slave,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    os.close(master)
    os.close(slave)
    assert done.returncode == 1 and "refusing to save to a terminal" in done.stderr


def test_what_fails_leaves_the_old_file_and_nothing_new(sampan, tmp_path):
    out = tmp_path / "a.tar"
    out.write_text("old")
    for words, why in ((["nosuch"], "No such image: nosuch"), (["busybox", "no/such:1"], "No such image"),
                       (["Bad Name"], "Bad Name"), (["--format", "zip", "busybox"], "docker-archive or oci-archive")):
        done = sampan.run("save", "-o", out, *words)
        assert done.returncode == 1 and why in done.stderr, done.stderr
    blob = max((sampan.root / "images/blobs/sha256").iterdir(), key=lambda p: p.stat().st_size)
    with open(blob, "r+b") as file:
        file.write(b"damage")
    done = sampan.run("save", "-o", out, "busybox")
    assert done.returncode == 1 and f"sha256:{blob.name} in the store is damaged" in done.stderr
    assert out.read_text() == "old" and not list(tmp_path.glob("a.tar.*"))
    done = sampan.run("save", "-o", tmp_path / "no/such/a.tar", "busybox")
    assert done.returncode == 1 and "No such file" in done.stderr


def test_a_full_disk_is_told(sampan):
    for words in (["-o", "/dev/full"], []):
        with open("/dev/full", "w") as full:
            done = subprocess.run(sampan.argv("save", *words, "busybox"), env=sampan.env(), stdout=full,
                                  stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 1 and "No space left on device" in done.stderr
