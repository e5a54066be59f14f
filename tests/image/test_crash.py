"""kill -9 at any moment of load, rmi, commit and save, and a disk that fills up at any byte:
afterwards every command works, nothing half-made is to be seen, and what the dead left goes
with a retry or a prune.

SAMPAN_LONG_TESTS=1 kills each of them 200 times.

SPDX-License-Identifier: MIT
"""
import os
import random
import signal
import subprocess
import time

import pytest

import images
import makers
from machine import is_sanitized
from stores import Store

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="needs root"), pytest.mark.slow]
TIMES = 200 if os.environ.get("SAMPAN_LONG_TESTS") else 10
FILL = os.environ.get("SAMPAN_LONG_TESTS") and 60 or 12


def kill_at(sampan, seconds, *words):
    """Runs, kills after so long. True if it was still running."""
    process = sampan.popen(*words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    was_running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return was_running


def problems(sampan):
    done = sampan.run("system", "check")
    assert done.returncode in (0, 1) and done.stderr == "", (done.returncode, done.stderr)
    return [line for line in done.stdout.splitlines() if "no problems found" not in line]


def check_after(sampan):
    """Nothing but leftovers, and every command works; then prune mends all, once the killed
    one's children, which die with it and hold its lock until then, are gone too."""
    found = problems(sampan)
    assert all(line.startswith("leftover: ") for line in found), found
    for words in (["images"], ["ps", "-a"], ["system", "df"], ["images", "--tree"]):
        sampan.ok(*words)
    sampan.wait_for(lambda: sampan.run("image", "prune", "-f").returncode == 0 and not problems(sampan))


def many_times(sampan, prepare, words, check):
    """Kills `words` at TIMES moments, spread over the time that it takes."""
    rng, killed = random.Random(repr(words[0])), 0
    prepare()
    start = time.monotonic()
    sampan.ok(*words)
    took = time.monotonic() - start
    for i in range(TIMES):
        prepare()
        killed += kill_at(sampan, took * (i + rng.random()) / TIMES, *words)
        check()
        check_after(sampan)
    assert killed > TIMES / 4
    prepare()
    sampan.ok(*words)
    assert problems(sampan) == []


@pytest.fixture
def archive(tmp_path):
    layers = makers.rich(tmp_path, 5) + makers.many_files(tmp_path, 3, 2)
    makers.archive(tmp_path / "image.tar", layers, "gzip")
    return tmp_path / "image.tar"


def whole(sampan, names=("docker.io/library/test:latest",)):
    """The image is there whole, or not at all."""
    store = Store(sampan.root)
    assert set(store.names()) <= {*names, None, "docker.io/library/busybox:latest"}
    store.check()


def test_load(empty_sampan, archive):
    def prepare():
        empty_sampan.run("rmi", "-f", "test")
        empty_sampan.ok("image", "prune", "-f")
    many_times(empty_sampan, prepare, ["load", "-i", archive], lambda: None)


def test_rmi(sampan, archive):
    many_times(sampan, lambda: sampan.ok("load", "-q", "-i", archive), ["rmi", "test"],
               lambda: sampan.ok("run", "--rm", "busybox", "true"))


def test_commit(sampan):
    sampan.ok("run", "--name", "c", "busybox", "sh", "-c",
              "for i in $(seq 300); do head -c 20000 /dev/urandom >/f$i; done; rm -r /var; ln /f1 /g")
    many_times(sampan, lambda: sampan.run("rmi", "-f", "new"), ["commit", "c", "new"],
               lambda: None)
    assert sampan.ok("run", "--rm", "new", "sh", "-c", "ls / | grep -c ^f") == "300"


def test_commit_of_a_running_container(sampan):
    sampan.ok("run", "-d", "--name", "c", "busybox", "sh", "-c",
              "for i in $(seq 300); do head -c 20000 /dev/urandom >/f$i; done; touch /done; exec sleep 10000")
    sampan.wait_for(lambda: "/done" in sampan.ok("diff", "c"), 30)

    def go_on():
        """One that was paused by the dead is not lost: unpause lets it go on."""
        if sampan.ok("inspect", "-f", "{{.State.Status}}", "c") == "paused":
            sampan.ok("unpause", "c")
        assert sampan.ok("exec", "c", "echo", "alive") == "alive"
    many_times(sampan, lambda: sampan.run("rmi", "-f", "new"), ["commit", "c", "new"], go_on)
    sampan.ok("rm", "-f", "c")


def test_save(sampan, archive, tmp_path):
    sampan.ok("load", "-q", "-i", archive)
    out = tmp_path / "out.tar"
    sampan.ok("save", "-o", out, "test")
    good = out.read_bytes()

    def unchanged():
        assert out.read_bytes() == good
        for part in tmp_path.glob("out.tar.*.part"):
            part.unlink()
    many_times(sampan, lambda: None, ["save", "-o", out, "test"], unchanged)


def test_tag_and_untag(sampan):
    many_times(sampan, lambda: sampan.run("rmi", "x"), ["tag", "busybox", "x"],
               lambda: sampan.ok("image", "inspect", "busybox"))


# ---- a disk that fills up ----


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", path], check=True)
    yield path
    subprocess.run(["umount", path], check=True)


def resize(disk, size):
    subprocess.run(["mount", "-o", f"remount,size={size}k", disk], check=True)


def used(disk):
    fs = os.statvfs(disk)
    return (fs.f_blocks - fs.f_bfree) * fs.f_frsize >> 10


@pytest.mark.skipif(is_sanitized(), reason="the small steps take too long with the sanitizers")
@pytest.mark.parametrize("what", ["load", "commit", "import", "tag"])
def test_a_disk_that_is_full_at_any_byte(empty_sampan, disk, tmp_path, what):
    """From no room at all upwards until it fits: each failure is one line that says why, and
    leaves the store as it was."""
    sampan = empty_sampan
    sampan.root = disk / "root"
    makers.archive(tmp_path / "base.tar", [makers.write_layer(tmp_path / "l", [
        images.directory("bin"), images.entry("bin/sh", images.program("/bin/busybox"), 0o755)])], tags=["base:1"])
    makers.archive(tmp_path / "more.tar", makers.rich(tmp_path, 3), "gzip", tags=["more:1"])
    subprocess.run(["sh", "-c", f"head -c 2000000 /dev/urandom >{tmp_path}/f; tar cf {tmp_path}/t.tar -C {tmp_path} f"],
                   check=True)
    sampan.ok("load", "-i", tmp_path / "base.tar")
    sampan.ok("run", "--name", "c", "base:1", "/bin/sh", "-c", "head -c 1000000 /dev/urandom >/new")
    words = {"load": ["load", "-i", tmp_path / "more.tar"], "commit": ["commit", "c", "new"],
             "import": ["import", tmp_path / "t.tar", "new"], "tag": ["tag", "base:1", "new"]}[what]
    before, room = Store(sampan.root).seen(), used(disk)
    sampan.ok(*words)
    need = used(disk) - room + 200
    sampan.ok("rmi", "more:1" if what == "load" else "new")
    assert Store(sampan.root).seen() == before
    failures = 0
    for i in range(FILL):
        resize(disk, used(disk) + 4 + need * i // FILL)
        done = sampan.run(*words)
        resize(disk, 100 << 10)
        assert problems(sampan) == [], (i, done.stderr)
        if done.returncode == 0:
            sampan.ok("rmi", "more:1" if what == "load" else "new")
        else:
            failures += 1
            assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
            assert "No space left on device" in done.stderr, done.stderr
        assert Store(sampan.root).seen() == before
    assert failures > 0 or what == "tag"
    sampan.ok(*words)


@pytest.mark.parametrize("words", [["rmi", "busybox"], ["image", "prune", "-af"]])
def test_a_disk_without_a_free_block_can_be_freed(empty_sampan, busybox_tar, disk, words):
    """A shorter list of names must be written somewhere: ballast makes room for it."""
    sampan = empty_sampan
    sampan.root = disk / "root"
    for _ in range(2):  # and again: new ballast came with the image
        sampan.ok("load", "-i", busybox_tar)
        resize(disk, used(disk))
        assert "No space left" in sampan.run("tag", "busybox", "one-more-name").stderr
        sampan.ok(*words)
        assert used(disk) < 1024
        assert problems(sampan) == []
        resize(disk, 100 << 10)


def test_a_store_that_is_begun_on_a_full_disk_is_whole_later(empty_sampan, busybox_tar, disk):
    """At every number of free blocks: nothing half-made stays that would be in the way."""
    sampan = empty_sampan
    for pages in range(1, 13):
        sampan.root = disk / f"root{pages}"
        resize(disk, used(disk) + 4 * pages)
        sampan.run("images")
        resize(disk, 100 << 10)
        sampan.ok("load", "-i", busybox_tar)
        assert problems(sampan) == []
        sampan.ok("rmi", "busybox")
