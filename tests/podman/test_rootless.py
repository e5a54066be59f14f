"""podman of an ordinary user on our runtime.

As root these tests make a user for themselves; run by an ordinary user they are that user's own
(in a virtual machine with systemd and cgroup v2, where limits are delegated to users).

SPDX-License-Identifier: MIT
"""
import os
import shutil

import pytest

from machine import is_pure_v2
from worlds import wait_until

IMAGE = "localhost/busybox:latest"
QUIET = ("--network", "none")


@pytest.fixture(autouse=True)
def nothing_of_a_container_stays(user_podman):
    assert user_podman.state() == []
    yield
    user_podman.clean()
    wait_until(lambda: user_podman.state() == [], "the runtime's state to go")


def has_delegation():
    """Whether this user may make cgroups with limits: systemd hands them to a user's session."""
    return os.geteuid() != 0 and is_pure_v2() and "DBUS_SESSION_BUS_ADDRESS" in os.environ


def run(podman, *words):
    return podman.ok("run", "--rm", *QUIET, *words)


def start(podman, name, *words):
    podman.ok("run", "-d", "--name", name, *QUIET, *words, IMAGE, "sh", "-c",
              "trap 'exit 5' TERM; while :; do sleep 0.1; done")


@pytest.mark.cgroups
def test_info_names_ours(user_podman):
    shown = user_podman.ok("info", "--format", "{{.Host.OCIRuntime.Name}} {{.Host.Security.Rootless}}")
    assert shown == "sampan true"


def test_root_inside_is_the_user_outside(user_podman):
    out = run(user_podman, IMAGE, "sh", "-c", "id -u; cat /proc/self/uid_map; touch /made && echo made")
    first, *maps, made = out.split("\n")
    assert (first, made) == ("0", "made")
    uid = user_podman.uid if user_podman.is_made else os.getuid()
    assert maps[0].split() == ["0", str(uid), "1"] and maps[1].split()[0] == "1"


def test_other_users(user_podman):
    assert run(user_podman, "--user", "1000:1000", IMAGE, "id", "-u") == "1000"
    uid = str(user_podman.uid if user_podman.is_made else os.getuid())
    assert run(user_podman, "--userns", "keep-id", IMAGE, "id", "-u") == uid
    assert run(user_podman, "--uidmap", "0:1:1000", "--gidmap", "0:1:1000", IMAGE, "cat",
               "/proc/self/uid_map").split() == ["0", "1", "1000"]


def test_exit_codes(user_podman):
    assert user_podman.run("run", "--rm", *QUIET, IMAGE, "sh", "-c", "exit 42").returncode == 42
    missing = user_podman.run("run", "--rm", *QUIET, IMAGE, "nosuch")
    assert missing.returncode == 127 and "not found" in missing.stderr
    assert user_podman.run("run", "--rm", *QUIET, IMAGE, "/etc").returncode == 126


@pytest.mark.cgroups
def test_a_life(user_podman):
    start(user_podman, "life")
    assert user_podman.ok("exec", "life", "id", "-u") == "0"
    assert user_podman.ok("exec", "--user", "7", "life", "id", "-u") == "7"
    assert user_podman.run("exec", "life", "sh", "-c", "exit 3").returncode == 3
    assert "sleep" in user_podman.ok("top", "life")
    user_podman.ok("stop", "--time", "5", "life")
    assert user_podman.ok("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}",
                          "life") == "exited 5"
    user_podman.ok("start", "life")
    user_podman.ok("rm", "--force", "--time", "0", "life")


def test_shared_namespaces_and_volumes(user_podman):
    start(user_podman, "first")
    assert "sleep" in run(user_podman, "--pid", "container:first", IMAGE, "ps")
    run(user_podman, "-v", "jar:/jar", IMAGE, "sh", "-c", "echo kept >/jar/file")
    assert run(user_podman, "-v", "jar:/jar:ro", IMAGE, "cat", "/jar/file") == "kept"


def test_a_terminal_and_privileged(user_podman):
    status, shown = user_podman.on_terminal("run", "--rm", "-it", *QUIET, IMAGE, "sh", "-c",
                                            "tty; exit 3")
    assert (status, "/dev/pts/0" in shown) == (3, True), shown
    assert run(user_podman, "--privileged", IMAGE, "sh", "-c",
               "mkdir /m; mount -t tmpfs x /m && echo mounted") == "mounted"


def test_a_network_of_its_own(user_podman):
    if not shutil.which("slirp4netns"):
        pytest.skip("no slirp4netns")
    if os.stat("/dev/net/tun").st_mode & 0o006 != 0o006:
        pytest.skip("no user but root may open /dev/net/tun here")
    names = user_podman.ok("run", "--rm", "--network", "slirp4netns", IMAGE, "ls",
                           "/sys/class/net").split()
    assert sorted(names) == ["lo", "tap0"]


@pytest.mark.cgroups
def test_a_pod(user_podman):
    user_podman.ok("pod", "create", "--name", "pair", "--network", "none")
    user_podman.ok("run", "-d", "--pod", "pair", "--name", "left", IMAGE, "sleep", "1000")
    assert user_podman.ok("exec", "left", "hostname") == "pair"
    user_podman.ok("pod", "rm", "--force", "--time", "0", "pair")


@pytest.mark.cgroups
def test_limits_pause_and_update(user_podman):
    if not has_delegation():
        pytest.skip("no cgroups of this user: v1, or nothing is delegated")
    start(user_podman, "box", "--memory", "48m", "--pids-limit", "40")
    assert user_podman.ok("exec", "box", "cat", "/sys/fs/cgroup/memory.max",
                          "/sys/fs/cgroup/pids.max").split() == [str(48 << 20), "40"]
    user_podman.ok("pause", "box")
    assert user_podman.ok("inspect", "--format", "{{.State.Status}}", "box") == "paused"
    user_podman.ok("unpause", "box")
    user_podman.ok("update", "--memory", "64m", "box")
    assert user_podman.ok("exec", "box", "cat", "/sys/fs/cgroup/memory.max") == str(64 << 20)
    stats = user_podman.ok("stats", "--no-stream", "--format", "{{.PIDs}}", "box")
    assert int(stats) >= 1


@pytest.mark.cgroups
def test_buildah(user_podman, tmp_path):
    if not shutil.which("buildah"):
        pytest.skip("no buildah")
    text = f"FROM {IMAGE}\nRUN id -u >/who\nUSER 1000\nRUN id -u && test ! -w /\n"
    if user_podman.is_made:
        folder = user_podman.directory / "home/context"
        user_podman.write(folder / "Containerfile", text)
    else:
        folder = tmp_path
        (folder / "Containerfile").write_text(text)
    done = user_podman.call("buildah", "bud", "--isolation", "oci", "--network", "none",
                            "--ulimit", "nofile=512:512", "--tag", "localhost/built", folder,
                            timeout=120)
    assert done.returncode == 0, done.stderr
    assert run(user_podman, "localhost/built", "cat", "/who") == "0"
