"""A real distribution in a container: the image that `make images` builds from packages.

SPDX-License-Identifier: MIT
"""
import os
import pathlib

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="needs root")]


@pytest.fixture
def debian(empty_sampan, debian_tar):
    empty_sampan.ok("load", "-q", "-i", debian_tar, timeout=300)
    return empty_sampan


def test_what_people_do_first_in_a_debian(debian):
    assert debian.ok("run", "--rm", "debian", "apt-get", "--version").startswith("apt ")
    assert debian.ok("run", "--rm", "debian", "bash", "-c", "echo $((6 * 7)) $BASHPID") == "42 1"
    assert "Debian" in debian.ok("run", "--rm", "debian", "cat", "/etc/os-release")


def test_a_python_script(debian, tmp_path):
    (tmp_path / "script.py").write_text(
        "import os\n"
        "print(os.getpid(), os.uname().nodename, sorted(os.listdir('/data')))\n")
    out = debian.ok("run", "--rm", "-h", "snake", "-v", f"{tmp_path}:/data:ro", "debian",
                    "python3", "/data/script.py")
    assert out == "1 snake ['root', 'script.py', 'state']"


def test_a_user_of_the_image_by_name(debian):
    assert debian.ok("run", "--rm", "--user", "www-data", "debian", "id", "-un") == "www-data"


def test_files_of_one_container_are_not_seen_in_another(debian):
    debian.ok("run", "--name", "first", "debian", "sh", "-c", "echo x > /etc/mine; rm /etc/motd; echo y >> /etc/profile")
    done = debian.run("run", "--rm", "debian", "sh", "-c",
                      "test ! -e /etc/mine && test -e /etc/motd && ! grep -qx y /etc/profile")
    assert done.returncode == 0
    debian.ok("start", "-a", "first")


def test_the_image_on_disk_stays_as_it_was(debian):
    def everything(layers):
        return sorted((str(p), p.lstat().st_mtime_ns, p.lstat().st_mode)
                      for p in pathlib.Path(layers).rglob("*"))

    before = everything(debian.root / "layers")
    debian.ok("run", "--rm", "debian", "sh", "-c", "chmod 777 /etc/passwd; rm -rf /usr/share/doc; touch /new")
    assert everything(debian.root / "layers") == before
