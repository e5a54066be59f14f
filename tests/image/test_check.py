"""system check: what it finds, and what --repair makes of it.

SPDX-License-Identifier: MIT
"""
import json
import os
import shutil
import subprocess

import pytest

import makers
from stores import Store

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
CLEAN = "no problems found"


@pytest.fixture
def rich(empty_sampan, tmp_path):
    """An engine with an image of three rich layers, test:latest; its Store as .store."""
    makers.archive(tmp_path / "image.tar", makers.rich(tmp_path, 3), "gzip")
    empty_sampan.ok("load", "-i", tmp_path / "image.tar")
    empty_sampan.store = Store(empty_sampan.root)
    return empty_sampan


def check(sampan, *words):
    done = sampan.run("system", "check", *words)
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout.splitlines()


def finds(sampan, *whys):
    """Each is said, twice the same, with exit 1, and nothing was touched."""
    status, lines = check(sampan)
    assert status == 1 and check(sampan) == (1, lines)
    for why in whys:
        assert any(why in line for line in lines), (why, lines)
    assert check(sampan, "-q") == (1, [])


def mends(sampan, *whys):
    status, lines = check(sampan, "--repair")
    assert status == 0 and CLEAN in lines[-1], lines
    for why in whys:
        assert any(line.startswith("repair: ") and why in line for line in lines), (why, lines)
    assert check(sampan)[0] == 0


def blob(sampan, part):
    record = sampan.store.record("docker.io/library/test:latest")
    digest = record["layers"][1]["blob"] if part == "layer" else record[part]
    return sampan.root / "images/blobs/sha256" / digest[7:]


def test_a_whole_store(rich):
    rich.ok("create", "test", "x")
    assert check(rich) == (0, ["1 images, 3 layers, 5 blobs: " + CLEAN])
    assert check(rich, "--repair") == check(rich)
    assert rich.run("system", "check", "more").returncode == 1


@pytest.mark.parametrize("damage", [
    lambda layer: shutil.rmtree(layer), lambda layer: (layer / "hard").unlink(),
    lambda layer: (layer / "zeros").write_bytes(b"short"), lambda layer: (layer / "new").write_bytes(b""),
    lambda layer: layer.with_name(layer.name + ".json").unlink(),
    lambda layer: layer.with_name(layer.name + ".json").write_text("{"),
    lambda layer: (shutil.rmtree(layer), layer.write_text("a file")),
])
def test_a_damaged_layer_is_unpacked_anew(rich, damage):
    layer = rich.store.layers()[0]
    before = sorted(os.listdir(layer))
    damage(layer)
    finds(rich, f"layer {layer.name} ")
    mends(rich, "unpacked the layers of image")
    assert sorted(os.listdir(layer)) == before


@pytest.mark.parametrize("part", ["config", "manifest", "layer"])
@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_an_image_with_a_bad_blob_goes_and_can_come_again(rich, tmp_path, part, how):
    path = blob(rich, part)
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    finds(rich, path.name, "image sha256:")
    mends(rich, "removed the name docker.io/library/test:latest", "load or pull it again")
    assert rich.store.seen() == ({}, [], [], [])
    rich.ok("load", "-i", tmp_path / "image.tar")
    assert check(rich)[0] == 0 and not rich.store.check()


def test_a_container_of_a_lost_image_still_starts(sampan):
    sampan.store = Store(sampan.root)
    sampan.ok("create", "--name", "c", "busybox", "echo", "hi")
    for path in (sampan.root / "images/blobs/sha256").iterdir():
        path.write_bytes(b"?")
    mends(sampan, "removed image")
    assert sampan.ok("start", "-a", "c") == "hi"
    shutil.rmtree(next(p for p in (sampan.root / "layers").iterdir() if p.is_dir()) / "bin")
    status, lines = check(sampan, "--repair")
    assert status == 1 and lines[0].startswith("layer ")  # nobody can bring it back


def test_what_a_running_container_stands_on_is_left_alone(sampan):
    sampan.ok("run", "-d", "busybox", "sleep", "1000")
    layer, = Store(sampan.root).layers("docker.io/library/busybox:latest")
    (layer / "bin/vi").unlink()
    status, lines = check(sampan, "--repair")
    assert status == 1 and any("a running container stands on it" in line for line in lines)


def test_records_and_names(rich):
    record = next((rich.root / "images/records").iterdir())
    record.write_text("{}")
    finds(rich, "image sha256:" + record.name[:64])
    mends(rich, "removed image")
    assert rich.store.seen() == ({}, [], [], [])


def test_a_name_without_an_image(rich):
    record = next((rich.root / "images/records").iterdir())
    record.unlink()
    finds(rich, "name docker.io/library/test:latest: there is no image", "leftover: layers/",
          "leftover: images/blobs/sha256/")
    mends(rich, "removed the name", "Deleted: sha256:")
    assert rich.store.seen() == ({}, [], [], [])


@pytest.mark.parametrize("text", ["", "{", '{"manifests": 3', "[1,"])
def test_a_table_of_names_that_cannot_be_read(rich, text):
    image = rich.ok("images", "-q")
    (rich.root / "images/index.json").write_text(text)
    assert rich.run("images").returncode == 1
    finds(rich, "the table of names is damaged")
    mends(rich, "made the table of names anew")
    assert rich.ok("images", "-q") == image
    rich.ok("tag", image, "again")
    assert check(rich)[0] == 0


def test_leftovers(rich):
    images, layers = rich.root / "images", rich.root / "layers"
    made = [images / ".new-index.json", images / "records/.new-x.json", images / "blobs/sha256" / ("0" * 64),
            layers / ("1" * 64 + ".json")]
    for path in made:
        path.write_text("{}")
    for path in (layers / ("2" * 64), layers / ".new-dead", layers / ".rm-dead"):
        (path / "below").mkdir(parents=True)
        made.append(path)
    finds(rich, *(f"leftover: {path.relative_to(rich.root)}" for path in made))
    copy = rich.root.with_name("copy")
    subprocess.run(["cp", "-a", rich.root, copy], check=True)
    mends(rich)
    assert not any(path.exists() for path in made)
    shutil.rmtree(rich.root)
    copy.rename(rich.root)
    rich.ok("image", "prune", "-f")  # the same by prune
    assert check(rich)[0] == 0 and not any(path.exists() for path in made)


def test_json_of_the_record_is_what_check_believes(rich):
    """A record whose layers are another image's would show one image's files as another's."""
    record = next((rich.root / "images/records").iterdir())
    data = json.loads(record.read_text())
    data["layers"][0]["chain"] = "../../etc"
    record.write_text(json.dumps(data))
    finds(rich, "is damaged")
    mends(rich, "removed image")
