"""zstd frames ask for memory: what is usual is given to several layers at once, more to one
alone, and what would not fit into 64 MiB is refused with a word about what to do (rule R5).

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import subprocess
import tarfile
import time

import pytest

import images
import makers
from registries import Image, client, fake, fakes, needs  # noqa: F401 (fixtures)
from stores import store  # noqa: F401 (fixture)

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="unpacking needs root"), needs("zstd")]

MIB = 1 << 20
GOOD = {"8 MiB": ["-19"], "16 MiB": ["-1", "--long=24"], "32 MiB": ["-1", "--long=25"],
        "ultra": ["--ultra", "-20"]}
TOO_MUCH = {"64 MiB": ["-1", "--long=26"], "128 MiB": ["-1", "--long=27"], "ultra": ["--ultra", "-22"]}
WORDS = ("window of more than 32 MiB", "--ultra -20", "gzip")

good = pytest.mark.parametrize("options", GOOD.values(), ids=GOOD)
too_much = pytest.mark.parametrize("options", TOO_MUCH.values(), ids=TOO_MUCH)


def zstd(*options):
    """From a pipe, so that the window is the one asked for however short the data is."""
    return lambda data: subprocess.run(["zstd", "-q", "-c", *options], input=data, check=True,
                                       capture_output=True).stdout


def layer(n, size=1000):
    return images.layer(images.entry(f"file{n}", (b"%d " % n * size)[:size]))


def image(*layers_and_options):
    made = Image([data for data, _ in layers_and_options], compress=bytes, suffix="+zstd")
    made.layers = [zstd(*options)(data) for data, options in layers_and_options]
    for entry, blob in zip(made.json["layers"], made.layers):
        entry.update(digest="sha256:" + makers.hashlib.sha256(blob).hexdigest(), size=len(blob))
    return made


def refusal(line):
    return all(words in line for words in WORDS)


# ---- what is taken ----


@good
def test_a_pull_of_a_layer_with_a_good_window(client, fake, options):
    client.ok("pull", "-q", fake.put(image((layer(0), options))))
    client.check()


def test_many_layers_of_all_windows(client, fake):
    client.ok("pull", "-q", fake.put(image(*[
        (layer(n), [*GOOD.values()][n % len(GOOD)]) for n in range(12)])))
    client.check()


def test_a_later_frame_with_a_larger_window(client, fake):
    data = layer(0, 3 * MIB)
    made = image((data, ["-1"]))
    blob = zstd("-1")(data[:MIB]) + zstd("-1", "--long=25")(data[MIB:])
    made.layers = [blob]
    made.json["layers"][0].update(digest="sha256:" + makers.hashlib.sha256(blob).hexdigest(),
                                  size=len(blob))
    client.ok("pull", "-q", fake.put(made))
    client.check()


def test_a_large_window_while_the_layer_still_comes(client, fake):
    made = image(*[(images.layer(images.entry(f"f{n}", os.urandom(MIB))), options)
                   for n, options in enumerate([["-1"], ["-1", "--long=25"], ["-1", "--long=25"]])])
    fake.pace = 0.02
    client.ok("pull", "-q", fake.put(made))
    client.check()


@good
def test_a_load_of_an_archive_with_a_good_window(store, tmp_path, options):
    path = write_archive(tmp_path, [layer(0), layer(1)], inner=zstd(*options))
    store.ok("load", input=zstd(*options)(path.read_bytes()))
    store.check()


# ---- what is refused ----


def write_archive(directory, layers, inner=bytes):
    """A docker-archive of layers as `inner` compresses them."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {
        "type": "layers", "diff_ids": [
            "sha256:" + makers.hashlib.sha256(x).hexdigest() for x in layers]}}).encode()
    table = [{"Config": "c.json", "RepoTags": ["test:latest"],
              "Layers": [f"{n}.tar" for n in range(len(layers))]}]
    path = pathlib.Path(directory) / "archive.tar"
    with tarfile.open(path, "w") as tar:
        for name, data in [("c.json", config), ("manifest.json", json.dumps(table).encode()),
                           *[(f"{n}.tar", inner(x)) for n, x in enumerate(layers)]]:
            info, _ = images.entry(name, data)
            tar.addfile(info, makers.io.BytesIO(data))
    return path


@too_much
def test_a_pull_of_a_layer_with_too_large_a_window(client, fake, options):
    line = client.refused("pull", "-q", fake.put(image((layer(0), ["-1"]), (layer(1), options))))
    assert refusal(line) and "layer " in line


@too_much
def test_a_load_of_a_layer_with_too_large_a_window(store, tmp_path, options):
    path = write_archive(tmp_path, [layer(0), layer(1)], inner=zstd(*options))
    line = store.refused("load", "-i", path)
    assert refusal(line) and "layer 1 of 2" in line


@too_much
@pytest.mark.parametrize("words", [["load"], ["import", "-"]], ids=["load", "import"])
def test_an_archive_with_too_large_a_window(store, tmp_path, options, words):
    path = write_archive(tmp_path, [layer(0)])
    assert refusal(store.refused(*words, input=zstd(*options)(path.read_bytes())))


# ---- memory ----


def memory(pid):
    """What a process and all below it hold (PSS), in KiB."""
    total = 0
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += sum(memory(int(child)) for child in (task / "children").read_text().split())
    except OSError:
        pass
    return total


class Peak:
    """Runs a command and looks at its memory all the time."""

    def __init__(self, client, *words, **more):
        with subprocess.Popen(client.argv(*words), env=client.env(), stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, **more) as process:
            self.mib = 0
            while process.poll() is None:
                self.mib = max(self.mib, memory(process.pid) / 1024)
                time.sleep(0.002)
            assert process.returncode == 0, process.stderr.read()


def big(n, mib=48):
    """Compresses well and fills any window."""
    return images.layer(images.entry(f"big{n}", bytes(range(256)) * (mib << 12)),
                        images.entry(f"name{n}", str(n).encode()))


MIXES = {
    "four of 8 MiB": [["-1", "--long=23"]] * 6,
    "large ones between small ones": [["-1", "--long=25"], ["-1", "--long=23"]] * 3,
    "large ones only": [["--long=25", "-1"]] * 4,
}


@pytest.mark.parametrize("options", MIXES.values(), ids=[x.replace(" ", "-") for x in MIXES])
def test_the_peak_of_a_pull_is_below_64_mib(client, fake, options):
    name = fake.put(image(*[(big(n), words) for n, words in enumerate(options)]))
    peak = Peak(client, "pull", "-q", name)
    assert 16 < peak.mib < 64
    client.check()


def test_the_peak_of_a_load_is_below_64_mib(store, tmp_path):
    path = write_archive(tmp_path, [big(n) for n in range(4)], inner=zstd("-1", "--long=25"))
    packed = tmp_path / "packed"
    packed.write_bytes(zstd("-1", "--long=25")(path.read_bytes()))
    peak = Peak(store, "load", "-i", packed)
    assert 16 < peak.mib < 64
    store.check()
