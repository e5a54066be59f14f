"""The runtime's own program file: no container can write to it (CVE-2019-5736).

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import RUNTIME
from machine import is_sanitized, wait_until


def mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True)


@pytest.fixture(params=["writable", "read-only"])
def installed(request, tmp_path):
    """A copy of the runtime, in a directory that can be written to, or on a read-only mount."""
    directory = tmp_path / "sbin"
    directory.mkdir()
    shutil.copy(RUNTIME, directory)
    if request.param == "read-only":
        mount("--bind", directory, directory)
        mount("-o", "remount,bind,ro", directory)
    yield directory / "sampan-runtime"
    if request.param == "read-only":
        subprocess.run(["umount", directory], check=True)


@pytest.fixture
def installed_bundle(installed, bundle):
    bundle.program = installed
    bundle.command = lambda *words: [str(installed), "--root", str(bundle.state), *map(str, words)]
    return bundle


def is_read_only(path):
    """Whether the mount is by which one comes to this file: then not even root writes there."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def test_who_waits_at_the_gate_cannot_be_written_through(installed_bundle):
    name = installed_bundle.create("wait")
    pid = json.loads(installed_bundle.call("state", name).stdout)["pid"]
    assert is_read_only(f"/proc/{pid}/exe")


def test_who_stays_with_a_container_cannot_be_written_through(installed_bundle):
    name, running = installed_bundle.run_and_stay()
    file = f"/proc/{running.pid}/exe"
    found, is_protected = os.readlink(file), is_read_only(file)
    installed_bundle.call("kill", name, "KILL")
    assert running.wait(10) == 137 and is_protected
    # On a read-only mount nothing is to be protected, and the program is not started twice.
    program = installed_bundle.program
    assert (found == str(program)) == is_read_only(program)


@pytest.mark.skipif(is_sanitized(), reason="built with the sanitizers it needs libraries")
@pytest.mark.parametrize("evil", ["link", "script"])
def test_a_program_that_is_the_runtime_itself(installed_bundle, evil):
    """What the container then runs is our file, as a process of its own that anybody in there may
    look at: it waits for a reader of its log."""
    bundle = installed_bundle
    before = pathlib.Path(bundle.program).read_bytes()
    if evil == "link":
        (bundle.rootfs / "evil").symlink_to("/proc/self/exe")
    else:
        (bundle.rootfs / "evil").write_text("#!/proc/self/exe --log=/log\n")
        (bundle.rootfs / "evil").chmod(0o755)
    os.mkfifo(bundle.rootfs / "log")
    bundle.config["process"]["args"] = ["/probe", "seize:/log"]
    bundle.write()
    name, told = bundle.new_id(), bundle.directory / "told"
    with open(told, "w") as out:  # detached: as long as we run the file ourselves, it is busy
        subprocess.run(bundle.command("run", "-d", "--bundle", bundle.directory, name), check=True,
                       stdin=subprocess.DEVNULL, stdout=out, timeout=20)
    subprocess.run(bundle.command("exec", "-d", name, "/evil", "--log=/log", "no-verb"), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=20)
    wait_until(lambda: told.read_text())
    assert told.read_text() == "seize:/log=EROFS\n"
    assert pathlib.Path(bundle.program).read_bytes() == before
