"""Images that try to reach the host when they are run: rules R6, R7 and R9.

SPDX-License-Identifier: MIT
"""
import os
import shutil

import pytest

import images
from machine import is_sanitized

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def with_image(empty_sampan, tmp_path):
    """with_image(entries..., config={}) loads an image that has a static busybox and them."""
    busybox = images.program(shutil.which("busybox"))

    def load(*entries, config=None, shell=True):
        base = [images.directory("bin"), images.entry("bin/busybox", busybox, 0o755),
                images.symlink("bin/sh", "busybox")] if shell else []
        images.archive(tmp_path / "hostile.tar", [images.layer(*base, *entries)], config)
        empty_sampan.ok("load", "-q", "-i", tmp_path / "hostile.tar")
        return empty_sampan

    return load


@pytest.fixture
def victim(tmp_path):
    """A directory of the host with one file that must stay as it is."""
    directory = tmp_path / "victim"
    directory.mkdir()
    (directory / "file").write_text("untouched")
    yield directory
    assert (directory / "file").read_text() == "untouched"
    assert [p.name for p in directory.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["proc", "sys", "dev", "etc"])
def test_a_mount_target_that_is_a_link_to_the_host(with_image, victim, name):
    sampan = with_image(images.symlink(name, str(victim)))
    sampan.run("run", "--rm", "test", "/bin/busybox", "true")


def test_links_for_the_files_that_we_bind(with_image, victim):
    sampan = with_image(images.directory("etc"),
                        *(images.symlink(f"etc/{n}", f"{victim}/file")
                          for n in ("hosts", "hostname", "resolv.conf")))
    sampan.run("run", "--rm", "test", "/bin/busybox", "true")


def test_passwd_that_is_a_link_a_fifo_or_endless(with_image, victim):
    import tarfile
    for entry in (images.symlink("etc/passwd", f"{victim}/file"),
                  images.entry("etc/passwd", type=tarfile.FIFOTYPE),
                  images.symlink("etc/passwd", "/dev/zero")):
        sampan = with_image(images.directory("etc"), entry)
        done = sampan.run("run", "--rm", "--user", "someone", "test", "/bin/busybox", "true",
                          timeout=20)
        assert done.returncode == 125


def test_a_working_directory_that_leads_out(with_image, victim):
    sampan = with_image(images.symlink("out", f"../../../../../..{victim}"),
                        config={"WorkingDir": "/out/new"})
    sampan.run("run", "--rm", "test", "/bin/busybox", "true")


@pytest.mark.parametrize("directory", ["/proc/self/fd/7", "/proc/self/fd/8/../../..", "/proc/1/cwd"])
def test_a_working_directory_through_a_leaked_descriptor(with_image, directory):
    sampan = with_image()
    done = sampan.run("run", "--rm", "--workdir", directory, "test", "/bin/busybox", "sh", "-c",
                      "/bin/busybox ls etc/shadow ../etc/shadow ../../etc/shadow")
    assert done.returncode != 0
    assert "shadow\n" not in done.stdout


def test_a_volume_target_that_leads_out(with_image, victim, tmp_path):
    (tmp_path / "source").mkdir()
    sampan = with_image(images.symlink("data", f"../../../..{victim}"))
    done = sampan.run("run", "--rm", "-v", f"{tmp_path}/source:/data/inner", "test",
                      "/bin/busybox", "true")
    assert not (victim / "inner").exists(), done.stderr


def test_dev_null_of_the_image_is_not_what_masks_the_kernels_files(with_image):
    sampan = with_image(images.directory("dev"), images.symlink("dev/null", "/proc/kcore"))
    done = sampan.run("run", "--rm", "test", "/bin/busybox", "stat", "-c", "%t:%T", "/proc/kcore")
    assert done.stdout.strip() in ("1:3", "")


@pytest.mark.skipif(is_sanitized(), reason="built with the sanitizers it needs libraries")
@pytest.mark.parametrize("evil", ["link", "script"])
def test_the_runtime_cannot_be_overwritten_from_inside(with_image, payload, evil):
    """CVE-2019-5736: a program that is /proc/self/exe makes our own run in the container, where
    another one takes hold of its file."""
    sampan = with_image(images.symlink("evil", "/proc/self/exe") if evil == "link" else
                        images.entry("evil", b"#!/proc/self/exe\n", 0o755))
    name = sampan.ok("run", "-d", "-v", f"{payload('probe')}:/probe:ro", "test", "/probe", "seize:")
    for _ in range(200):
        sampan.run("exec", name, "/evil")
        if told := sampan.ok("logs", name):
            break
    sampan.ok("rm", "-f", name)
    assert told == "seize:=EROFS"


def test_labels_of_an_image_are_data(with_image):
    sampan = with_image(config={"Labels": {"run.oci.hooks": "/bin/evil",
                                           "io.kubernetes.cri-o.Devices": "/dev/sda"}})
    name = sampan.ok("create", "test", "/bin/busybox", "true")
    bundle = next((sampan.root / "containers").glob(f"{name[:12]}*/config.json"), None)
    assert bundle is not None
    assert "/bin/evil" not in bundle.read_text()
