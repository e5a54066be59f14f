"""load and import: what other programs write, what they would unpack, and what happens when
it is interrupted, damaged, or done twice at once.

SPDX-License-Identifier: MIT
"""
import errno
import gzip
import hashlib
import io
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time

import pytest

import images
from machine import IMAGES
from stores import Store, store, tree  # noqa: F401 (a fixture)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="unpacking needs root")
BUSYBOX = IMAGES / "busybox.tar"
NAME = "docker.io/library/test:latest"


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"needs {program}")


def rich_layers():
    """Three layers with all that a layer can hold."""
    caps = "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    first = images.layer(
        images.directory("./", 0o750, uid=3, gid=4, mtime=1),
        images.directory("etc", mtime=1000000000),
        images.entry("etc/passwd", b"root:x:0:0::/:/bin/sh\n", mtime=1234567890),
        images.directory("tmp", 0o1777), images.directory("shared", 0o2775, gid=50),
        images.entry("shared/file", b"x", uid=1000, gid=1000),
        images.directory("shared/below"),
        images.entry("setuid", b"#!", 0o4755, uid=0), images.entry("setgid", b"#!", 0o2711, gid=7),
        images.entry("secret", b"s", 0o000, uid=65534, gid=65534),
        images.entry("ping", b"p", 0o755, pax_headers={"SCHILY.xattr.security.capability": caps}),
        images.entry("attr", b"a", pax_headers={"SCHILY.xattr.user.text": "value"}),
        images.entry("old", b"o", mtime=-5), images.entry("exact", b"e", mtime=1700000000.123456789),
        images.symlink("link", "etc/passwd"), images.symlink("dangling", "/no/where"),
        images.hardlink("hard", "etc/passwd"), images.hardlink("hard2", "hard"),
        images.entry("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
        images.entry("disk", type=tarfile.BLKTYPE, devmajor=7, devminor=99, mode=0o660, gid=6),
        images.entry("pipe", type=tarfile.FIFOTYPE, mode=0o622),
        images.directory("n" * 180), images.entry("n" * 180 + "/" + "m" * 200, b"long"), images.entry("empty", b""),
        images.entry("ünïcödé ☃", b"u"), images.entry("new\nline", b"n"),
        images.entry("big", os.urandom(3 << 20)))
    second = images.layer(images.entry("etc/.wh.passwd"), images.entry(".wh.big"),
                          images.entry("tmp/.wh..wh..opq"), images.entry("tmp/new", b"t"),
                          images.entry("setuid", b"replaced", 0o755))
    return [first, second, images.layer(images.directory("only"))]


def archive(tmp_path, layers=None, **more):
    path = tmp_path / "image.tar"
    images.archive(path, rich_layers() if layers is None else layers, **more)
    return path


def test_busybox_loads_and_says_so_as_docker_does(store):
    assert store.ok("load", "-i", BUSYBOX) == "Loaded image: busybox:latest"
    assert store.ok("load", input=BUSYBOX.read_bytes()) == "Loaded image: busybox:latest"
    layer, = store.layers("docker.io/library/busybox:latest")
    assert (layer / "bin/busybox").stat().st_nlink > 100
    assert store.record("docker.io/library/busybox:latest")["size"] > 1 << 20
    store.check()


def test_compressed_archives(store, tmp_path):
    data = archive(tmp_path).read_bytes()
    half = len(data) // 2
    assert "test:latest" in store.ok("load", input=gzip.compress(data))
    assert "test:latest" in store.ok("load", input=gzip.compress(data[:half]) + gzip.compress(data[half:]))
    zstd = subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True).stdout
    assert "test:latest" in store.ok("load", input=zstd)


@pytest.mark.parametrize("cut", [3, 100, 5000])
def test_cut_or_damaged_compression(store, tmp_path, cut):
    data = gzip.compress(archive(tmp_path).read_bytes())
    store.refused("load", input=data[:-cut])
    store.refused("load", input=data[:len(data) // 2] + b"XXXX" + data[len(data) // 2 + 4:])
    assert "xz" in store.refused("load", input=b"\xfd7zXZ\0" + bytes(600))


@needs("umoci")
@needs("skopeo")
def test_the_tree_is_what_umoci_unpacks(store, tmp_path):
    """The first layer alone, so that overlay and one tree mean the same."""
    source = archive(tmp_path, rich_layers()[:1])
    store.ok("load", "-i", source)
    subprocess.run(["skopeo", "copy", "-q", f"docker-archive:{source}", f"oci:{tmp_path}/oci:t"], check=True)
    subprocess.run(["umoci", "unpack", "--image", f"{tmp_path}/oci:t", tmp_path / "bundle"],
                   check=True, capture_output=True)
    ours, theirs = tree(store.layers()[0]), tree(tmp_path / "bundle/rootfs")
    differ = {name: [(ours[name][k], theirs[name][k]) for k in ours[name]
                     if ours[name][k] != theirs[name][k]]
              for name in ours if ours[name] != theirs.get(name)}
    assert differ == {} and sorted(ours) == sorted(theirs)


@needs("umoci")
@needs("skopeo")
def test_the_overlay_of_several_layers_is_what_umoci_unpacks(store, tmp_path):
    source = archive(tmp_path)
    store.ok("load", "-i", source)
    subprocess.run(["skopeo", "copy", "-q", f"docker-archive:{source}", f"oci:{tmp_path}/oci:t"], check=True)
    subprocess.run(["umoci", "unpack", "--image", f"{tmp_path}/oci:t", tmp_path / "bundle"],
                   check=True, capture_output=True)
    lower = ":".join(map(str, reversed(store.layers())))
    (tmp_path / "merged").mkdir()
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower}",
                    tmp_path / "merged"], check=True)
    try:
        ours, theirs = tree(tmp_path / "merged"), tree(tmp_path / "bundle/rootfs")
    finally:
        subprocess.run(["umount", tmp_path / "merged"], check=True)
    assert sorted(ours) == sorted(theirs)
    assert {k: v["body"] for k, v in ours.items()} == {k: v["body"] for k, v in theirs.items()}
    assert "etc/passwd" not in ours and "big" not in ours and ours["hard"]["body"]


@needs("skopeo")
@needs("podman")
def test_archives_of_other_programs(store, tmp_path, request):
    runroot = tempfile.mkdtemp(prefix="sampan-")  # podman wants at most 50 letters
    request.addfinalizer(lambda: shutil.rmtree(runroot))
    podman = ["podman", "--root", f"{tmp_path}/podman", "--runroot", runroot,
              "--storage-driver", "vfs"]
    source = archive(tmp_path)
    subprocess.run([*podman, "load", "-q", "-i", source], check=True, capture_output=True)
    made = {
        "skopeo-oci": ["skopeo", "copy", "-q", f"docker-archive:{source}", "oci-archive:{}:test:latest"],
        "skopeo-docker": ["skopeo", "copy", "-q", f"docker-archive:{source}", "docker-archive:{}:test:latest"],
        "podman-docker": [*podman, "save", "-q", "-o", "{}", "test"],
        "podman-oci": [*podman, "save", "-q", "--format", "oci-archive", "-o", "{}", "test"],
    }
    trees = []
    for name, words in made.items():
        path = tmp_path / f"{name}.tar"
        subprocess.run([w.replace("{}", str(path)) for w in words], check=True, capture_output=True)
        said = store.ok("load", "-i", path)
        assert said in ("Loaded image: test:latest", "Loaded image: localhost/test:latest"), name
        full = NAME if "localhost" not in said else "localhost/test:latest"
        assert len(store.layers(full)) == 3
        trees.append([tree(layer) for layer in store.layers(full)])
    assert all(t == trees[0] for t in trees)
    store.check()


def test_the_layers_of_an_oci_archive_stay_as_they_came(store, tmp_path):
    path, _ = oci(tmp_path)
    store.ok("load", "-i", path)
    manifest = store.record("docker.io/library/o:1")["manifest"].removeprefix("sha256:")
    data = json.loads((store.root / f"images/blobs/sha256/{manifest}").read_text())
    assert data["layers"][0]["mediaType"].endswith("tar+gzip")
    store.check()


def oci(tmp_path, change=None, layer=None, name="docker.io/library/o:1"):
    """An OCI archive; change(parts) may spoil the manifest, the config or the descriptor."""
    plain = images.layer(images.entry("f", b"x")) if layer is None else layer
    packed = gzip.compress(plain, mtime=0)
    digest = lambda b: "sha256:" + hashlib.sha256(b).hexdigest()  # noqa: E731
    parts = {"config": {"os": "linux", "architecture": "amd64",
                        "rootfs": {"type": "layers", "diff_ids": [digest(plain)]}}, "layer": packed}
    parts["manifest"] = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                         "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                                     "digest": digest(packed), "size": len(packed)}]}
    if change:
        change(parts)
    config = json.dumps(parts["config"]).encode()
    parts["manifest"].setdefault("config", {"mediaType": "application/vnd.oci.image.config.v1+json",
                                            "digest": digest(config), "size": len(config)})
    manifest = json.dumps(parts["manifest"]).encode()
    descriptor = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(manifest),
                  "size": len(manifest), "annotations": {"org.opencontainers.image.ref.name": name},
                  **parts.get("descriptor", {})}
    blobs = {digest(b)[7:]: b for b in (config, manifest, packed)}
    blobs.update(parts.get("blobs", {}))
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
             "index.json": json.dumps({"schemaVersion": 2, "manifests": [descriptor]}).encode(),
             **{f"blobs/sha256/{k}": v for k, v in blobs.items()}}
    path = tmp_path / "oci.tar"
    with tarfile.open(path, "w") as tar:
        for member, data in files.items():
            info, _ = images.entry(member, data)
            tar.addfile(info, io.BytesIO(data))
    return path, digest(packed)[7:]


SPOILERS = {
    "a layer of another digest": lambda p: p.update(blobs={hashlib.sha256(p["layer"]).hexdigest(): b"other"}),
    "a layer of another size": lambda p: p["manifest"]["layers"][0].update(size=5),
    "a layer that is not there": lambda p: p["manifest"]["layers"][0].update(digest="sha256:" + "0" * 64),
    "a digest that is a path": lambda p: p["manifest"]["layers"][0].update(digest="sha256:../../../../etc/passwd"),
    "another diff_id": lambda p: p["config"]["rootfs"].update(diff_ids=["sha256:" + "1" * 64]),
    "a diff_id that is a path": lambda p: p["config"]["rootfs"].update(diff_ids=["sha256:../../x"]),
    "more diff_ids than layers": lambda p: p["config"]["rootfs"]["diff_ids"].append("sha256:" + "1" * 64),
    "an image for windows": lambda p: p["config"].update(os="windows"),
    "a manifest that is an index too": lambda p: p["manifest"].update(manifests=[]),
    "a manifest that calls itself an index": lambda p: p["manifest"].update(
        mediaType="application/vnd.oci.image.index.v1+json"),
    "a descriptor that calls it an index": lambda p: p.update(
        descriptor={"mediaType": "application/vnd.oci.image.index.v1+json"}),
    "a foreign layer": lambda p: p["manifest"]["layers"][0].update(
        mediaType="application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
    "schema 1": lambda p: p["manifest"].update(schemaVersion=1),
    "a manifest of another size": lambda p: p.update(descriptor={"size": 7}),
}


@pytest.mark.parametrize("what", SPOILERS)
def test_parts_that_do_not_belong_together(store, tmp_path, what):
    path, _ = oci(tmp_path, SPOILERS[what])
    store.refused("load", "-i", path)


def test_a_bad_name_in_an_archive(store, tmp_path):
    store.refused("load", "-i", archive(tmp_path, [images.layer(images.entry("f"))], tags=("UPPER:x",)))


def test_no_archive_at_all(store, tmp_path):
    assert "no image archive" in store.refused("load", input=images.layer(images.entry("f")))
    store.refused("load", input=b"")
    store.refused("load", input=os.urandom(5000))
    assert "No such file" in store.refused("load", "-i", tmp_path / "nothing")


def test_an_image_without_a_name_and_one_with_two(store, tmp_path):
    layer = [images.layer(images.entry("f"))]
    path = tmp_path / "image.tar"
    image = images.archive(path, layer, tags=())
    assert store.ok("load", "-i", path) == f"Loaded image ID: {image}"
    images.archive(path, layer, tags=("a:1", "localhost:5000/b:2"))
    assert store.ok("load", "-i", path).splitlines() == ["Loaded image: a:1",
                                                         "Loaded image: localhost:5000/b:2"]
    assert sorted(store.names()) == ["docker.io/library/a:1", "localhost:5000/b:2"]


def test_layers_linked_within_the_archive(store, tmp_path):
    """Old versions of Docker save a layer once and link it where it comes again."""
    source = archive(tmp_path, [images.layer(images.entry("f", b"x"))] * 2)
    with tarfile.open(source) as old, tarfile.open(tmp_path / "linked.tar", "w") as new:
        for info in old:
            if info.name == "1/layer.tar":
                info, _ = images.symlink(info.name, "../0/layer.tar")
            new.addfile(info, old.extractfile(info) if info.isreg() else None)
    store.ok("load", "-i", tmp_path / "linked.tar")
    assert len(store.layers()) == 2


# ---- import ----


def test_import_with_changes(store, tmp_path):
    tar = images.layer(images.entry("bin/sh", b"#!", 0o755))
    image = store.ok("import", "-c", 'CMD ["sh", "-l"]', "-c", "ENV A=1 B='two words'", "-c", "ENV A=3",
                     "--change", "EXPOSE 80 53/udp", "--change", "LABEL x=y", "-c", "WORKDIR /a",
                     "-c", "WORKDIR b", "-c", "USER me", "-c", "VOLUME /data", "-c", "ENTRYPOINT exec sh",
                     "-m", "hello", "-", "my/image:1", input=tar)
    assert store.names() == {"docker.io/my/image:1": image}
    config = json.loads((store.root / "images/blobs/sha256" / image[7:]).read_text())
    assert config["config"] == {
        "Cmd": ["sh", "-l"], "Env": ["A=3", "B=two words"], "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "Labels": {"x": "y"}, "WorkingDir": "/a/b", "User": "me", "Volumes": {"/data": {}},
        "Entrypoint": ["/bin/sh", "-c", "exec sh"]}
    assert config["history"][0]["comment"] == "hello"
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(tar).hexdigest()]
    store.check()


def test_import_of_compressed_tar_and_without_a_name(store, tmp_path):
    tar = images.layer(images.entry("f", b"x"))
    (tmp_path / "root.tar.gz").write_bytes(gzip.compress(tar))
    image = store.ok("import", tmp_path / "root.tar.gz")
    assert store.names() == {None: image}


@pytest.mark.parametrize("words", [["-c", "RUN x"], ["-c", "ENV"], ["-c", "ENV =x"], ["-c", "LABEL 'x"],
                                   ["--platform", "linux"]])
def test_import_refuses_bad_changes(store, words):
    store.refused("import", *words, "-", "x", input=images.layer(images.entry("f")))


@pytest.mark.parametrize("name, why", [("a:b:c", "two ':'"), ("Upper", "lower case"), ("a//b", "'/'"),
                                       ("a@sha256:12", "sha256")])
def test_import_refuses_bad_names_before_it_reads(store, name, why):
    assert why in store.refused("import", "/dev/zero", name)


# ---- crashes, races, full disks ----


def leftovers(store):
    return [p.name for p in (store.root / "layers").iterdir() if p.name.startswith(".")]


def remove_root(store):
    """A killed load's unpacking process, too, may still be making its last file."""
    while store.root.exists():
        try:
            shutil.rmtree(store.root)
        except OSError as error:
            assert error.errno in (errno.ENOTEMPTY, errno.ENOENT), error


def test_kill_at_any_moment(store, tmp_path):
    """kill -9 of a load at 40 moments; the next one always works and sweeps the rest."""
    many = images.layer(*(images.entry(f"d{i % 40}/f{i}", os.urandom(2000)) for i in range(3000)))
    source = archive(tmp_path, [many, *rich_layers()])
    began = time.monotonic()
    store.ok("load", "-i", source)
    whole = time.monotonic() - began
    dice = random.Random(7)
    for _ in range(40):
        remove_root(store)
        child = subprocess.Popen(store.argv("load", "-i", source), env=store.env(),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            child.wait(dice.random() * whole * 1.1)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
        if (store.root / "images/index.json").exists():
            store.check()
    for attempt in range(100):  # a killed load's unpacking process needs a moment to die
        store.ok("load", "-i", source)
        if not leftovers(store):
            break
        time.sleep(0.02)
    assert not leftovers(store)
    store.check()


def test_twenty_loads_at_once(store, tmp_path):
    paths = []
    for i in range(4):
        paths.append(tmp_path / f"{i}.tar")
        images.archive(paths[-1], rich_layers()[1:] + [images.layer(images.entry(f"f{i}", b"x" * i))],
                       tags=(f"image{i}:latest",))
    running = [subprocess.Popen(store.argv("load", "-i", paths[i % 4]), env=store.env(),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE) for i in range(20)]
    for child in running:
        out, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors
    assert sorted(store.names()) == [f"docker.io/library/image{i}:latest" for i in range(4)]
    assert not leftovers(store)
    store.check()


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", path], check=True)
    yield path
    subprocess.run(["umount", path], check=True)


def test_a_full_disk_leaves_what_was_there(disk, store, tmp_path):
    store = type(store)(disk / "root")
    store.ok("load", "-i", BUSYBOX)
    line = store.refused("load", "-i", archive(tmp_path, [images.layer(
        images.entry("big", os.urandom(20 << 20)))]))
    assert "No space left" in line or "nearly full" in line
    assert not leftovers(store)
    store.check()


def test_a_read_only_data_root(store, tmp_path):
    store.ok("load", "-i", BUSYBOX)
    subprocess.run(["mount", "--bind", store.root, store.root], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", store.root], check=True)
    try:
        assert "Read-only" in store.refused("load", "-i", archive(tmp_path))
    finally:
        subprocess.run(["umount", store.root], check=True)


@pytest.mark.parametrize("words, status", [
    (["load", "--bad"], 125), (["load", "extra"], 1), (["import"], 1), (["nothing"], 1),
    (["import", "a", "b", "c"], 1)])
def test_words_that_make_no_sense(store, words, status):
    assert store.run(*words).returncode == status


@pytest.mark.parametrize("words", [["load", "-i"], ["import"]], ids=["load", "import"])
def test_a_directory_instead_of_a_file(store, tmp_path, words):
    assert f"open {tmp_path}: Is a directory" in store.refused(*words, tmp_path)


def test_an_import_of_a_url_says_how_to_do_it(store):
    assert "curl -fL https://host/x.tar | sampan import -" in store.refused("import", "https://host/x.tar")


def test_a_file_that_is_no_archive(store, tmp_path):
    (tmp_path / "text").write_text("Once upon a time" * 100)
    assert "is it an image archive at all?" in store.refused("load", "-i", tmp_path / "text")


def test_without_root_it_says_so_before_it_begins():
    top = pathlib.Path(tempfile.mkdtemp(prefix="sampan-"))  # pytest's own are closed to others
    os.chown(top, 65534, 65534)
    argv = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *Store(top / "root").argv("load")]
    try:
        done = subprocess.run(argv, env=Store(top / "root").env(), stdin=subprocess.DEVNULL, capture_output=True)
    finally:
        shutil.rmtree(top)
    assert done.returncode == 1 and b"try it with sudo" in done.stderr, done.stderr
