"""`run` and `create` fetch an image that is not here.

SPDX-License-Identifier: MIT
"""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "image"))
import images  # noqa: E402
from registries import Image, fake, fakes  # noqa: E402, F401 (fixtures)


@pytest.fixture
def engine(empty_sampan, tmp_path, payload):
    """An engine whose settings are its own, and an image that says hello."""
    (tmp_path / "registries.conf").write_text("")
    variables = {"HOME": str(tmp_path), "SAMPAN_RETRY_DELAY": "5",
                 "CONTAINERS_REGISTRIES_CONF": str(tmp_path / "registries.conf")}
    env = empty_sampan.env
    empty_sampan.env = lambda extra=None: env({**variables, **(extra or {})})
    empty_sampan.conf = tmp_path / "registries.conf"
    return empty_sampan


@pytest.fixture
def image(busybox_tar):
    program = images.program("/bin/busybox")
    return Image([images.layer(images.directory("bin"), images.entry("bin/sh", program, 0o755))])


def test_run_pulls_a_missing_image(engine, fake, image):
    name = fake.put(image)
    done = engine.run("run", "--rm", name, "sh", "-c", "echo hello")
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
    assert done.stderr.startswith(f"Unable to find image '{name}' locally\n")
    assert "Pull complete" in done.stderr
    fake.log.clear()
    done = engine.run("run", "--rm", name, "sh", "-c", "echo again")
    assert (done.stdout, done.stderr, fake.log) == ("again\n", "", [])


def test_create_prints_the_id_alone(engine, fake, image):
    done = engine.run("create", fake.put(image), "sh")
    assert done.returncode == 0 and len(done.stdout) == 65
    assert "Pull complete" in done.stderr


def test_never_pulls_nothing(engine, fake, image):
    done = engine.run("run", "--rm", "--pull", "never", fake.put(image), "sh")
    assert done.returncode == 125 and "No such image" in done.stderr and fake.log == []


def test_always_asks_again(engine, fake, image):
    name = fake.put(image)
    for status in ("Downloaded newer image", "Image is up to date"):
        done = engine.run("run", "--rm", "--pull=always", name, "sh", "-c", "exit 3")
        assert done.returncode == 3 and status in done.stderr


def test_a_pull_that_fails_is_said_once(engine, fake, tmp_path):
    name = f"{fake.host}/nothing:1"
    done = engine.run("run", "--rm", "--cidfile", tmp_path / "cid", name)
    assert done.returncode == 125 and done.stdout == ""
    assert done.stderr.splitlines()[1].startswith(f"sampan: manifest for {name} is not at")
    assert done.stderr.count("nothing:1") == 2 and not (tmp_path / "cid").exists()


def test_a_short_name_is_looked_for_as_the_settings_say(engine, fake, image):
    fake.put(image, name="thing")
    engine.conf.write_text(f'unqualified-search-registries = ["{fake.host}"]\n')
    for _ in range(2):
        assert engine.ok("run", "--rm", "thing", "sh", "-c", "echo hello") == "hello"
    assert len(fake.asked("GET .*/manifests/")) == 1


def test_a_bad_word_for_pull(engine):
    done = engine.run("run", "--pull", "sometimes", "x")
    assert done.returncode == 125 and '"always", "missing" or "never"' in done.stderr
