"""Pulls that are killed go on where they stopped; pulls of the same thing share the work.

SPDX-License-Identifier: MIT
"""
import os
import random
import subprocess
import time

import pytest

import images
from machine import wait_until
from registries import Image, client, digest, fake, fakes, large  # noqa: F401 (fixtures)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="unpacking needs root")

KILLS = 200 if os.environ.get("SAMPAN_LONG_TESTS") == "1" else 40


def start(client, *args):
    return subprocess.Popen(client.argv(*args), env=client.env(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.slow
def test_a_pull_killed_at_any_moment_leaves_nothing_half_and_goes_on(client, fakes):
    fake, seed = fakes(), random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    image = large(1, n=3)
    name = fake.put(image)
    size = sum(map(len, image.layers))
    began = time.monotonic()
    client.ok("pull", "-q", name)
    whole = time.monotonic() - began
    fake.pace, whole = 0.004, whole + 0.1
    resumed = 0
    for i in range(KILLS):
        process = start(client, "pull", "-q", name)
        time.sleep(chance.uniform(0, whole))
        process.kill()
        process.communicate()
        client.check()
        if client.names() or i % 8 == 7:
            # As after a loss of power: the next pull ends well, whatever is left.
            assert client.ok("pull", "-q", name) == name
            client.check()
            assert client.partial() == []
            assert client.names() == {name: digest(image.config)}
            resumed += sum("Range" in r[2] for r in fake.log)
            client.root.rename(client.root.with_name(f"old{i}"))
            (client.root / "images/blobs/sha256").mkdir(parents=True)
            (client.root / "images/blobs/sha256").rmdir()
            for d in ("images/blobs", "images", ""):
                (client.root / d).rmdir()
            client.run("pull", "-q", "127.0.0.1:1/makes-the-directories")
            fake.log.clear()
    assert resumed > 0, "no pull was continued"
    assert fake.sent < (KILLS + 2) * size


@pytest.mark.slow
def test_what_came_before_a_kill_is_not_asked_for_again(client, fake):
    image = large(3)
    name = fake.put(image)
    fake.pace = 0.02
    process = start(client, "pull", "-q", name)
    wait_until(lambda: fake.sent > 1 << 20)
    process.kill()
    process.communicate()
    assert client.partial() and not client.names()
    before = (client.root / "images/partial" / digest(image.layers[0])[7:]).stat().st_size
    fake.pace = None
    fake.log.clear()
    client.ok("pull", "-q", name)
    asked = fake.asked(f"GET .*{digest(image.layers[0])}")
    assert [r[2]["Range"] for r in asked] == [f"bytes={before}-"] and before > 500000


def test_a_whole_blob_that_no_image_has_yet_is_not_fetched(client, fake):
    image = large(1)
    name = fake.put(image)
    client.run("pull", "-q", "127.0.0.1:1/x")
    (client.root / "images/partial").mkdir(exist_ok=True)
    (client.root / "images/partial" / digest(image.layers[0])[7:]).write_bytes(image.layers[0])
    client.ok("pull", "-q", name)
    assert fake.asked(f"GET .*{digest(image.layers[0])}") == []
    client.check()


def test_old_parts_are_removed_and_young_ones_stay(client, fake):
    client.run("pull", "-q", "127.0.0.1:1/x")
    partial = client.root / "images/partial"
    partial.mkdir(exist_ok=True)
    old, young = partial / ("a" * 64), partial / ("b" * 64)
    for path, age in ((old, 15), (young, 13)):
        path.write_text("x")
        os.utime(path, (time.time() - age * 86400,) * 2)
    client.ok("pull", "-q", fake.put(large(1)))
    assert client.partial() == ["b" * 64]


def test_two_pulls_of_one_image_fetch_it_once(client, fake):
    image = large(2)
    name = fake.put(image)
    fake.pace = 0.01
    first = start(client, "pull", name)
    wait_until(lambda: fake.sent > 100000)
    second = start(client, "pull", name)
    outs = [p.communicate(timeout=60)[0].decode() for p in (first, second)]
    assert first.returncode == second.returncode == 0
    assert "Waiting for another pull" in outs[1] and "up to date" in outs[1]
    assert len(fake.asked("GET .*/blobs/")) == 2
    client.check()


def test_the_second_pull_goes_on_when_the_first_is_killed(client, fake):
    image = large(2)
    name = fake.put(image)
    fake.pace = 0.02
    first = start(client, "pull", name)
    wait_until(lambda: fake.sent > 500000)
    second = start(client, "pull", name)
    wait_until(lambda: len(fake.asked("GET .*/manifests/")) == 2)
    first.kill()
    first.communicate()
    fake.pace = None
    out = second.communicate(timeout=60)[0].decode()
    assert second.returncode == 0 and "Downloaded newer image" in out
    assert any("Range" in r[2] for r in fake.log)
    client.check()


def test_pulls_of_two_images_share_a_layer(client, fake):
    shared = images.layer(images.entry("big", os.urandom(2 << 20)))
    both = [Image([shared, images.layer(images.entry(x, x.encode()))], compress=bytes)
            for x in "ab"]
    names = [fake.put(image, tag=x) for image, x in zip(both, "ab")]
    fake.pace = 0.01
    both = [start(client, "pull", name) for name in names]
    for process in both:
        assert process.wait(60) == 0, process.stderr.read()
        process.communicate()
    assert len(fake.asked(f"GET .*{digest(shared)}")) == 1
    client.check()
