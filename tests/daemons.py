"""Servers of other engines, started by a test on our runtime.

A Place is a pair of namespaces, network and mounts, that a small process holds open: what a
server makes there (bridges, firewall rules, mounts, sockets below /run) is nobody else's and
ends with it. A Server is a daemon in a Place, with its own data, ended by its pid.

SPDX-License-Identifier: MIT
"""
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import time

import pytest

from machine import BIN, PATIENCE, TOP

RUNTIME = BIN / "sampan-runtime"
DEPLOY = TOP / "deploy"
BUSYBOX = "docker.io/library/busybox:latest"

# Where network plugins keep things whatever one tells them.
CNI = "/var/lib/cni"

# What a Place looks like: /run is its own (containerd and dockerd keep sockets and namespaces
# there whatever one tells them), but for the way to systemd.
FURNISH = f"""
new=$(mktemp -d)
mount -t tmpfs -o mode=755 place "$new"
for d in systemd dbus; do
    [ ! -d /run/$d ] || {{ mkdir "$new/$d"; mount --rbind /run/$d "$new/$d"; }}
done
mount -n --move "$new" /run
rmdir "$new"
mount -t tmpfs -o mode=755 place {CNI}
hostname "$1"
ip link set lo up
echo ready
exec sleep infinity
"""


def long_tests(reason):
    """A mark: skipped unless long tests are wanted."""
    return pytest.mark.skipif(not os.environ.get("SAMPAN_LONG_TESTS"),
                              reason=f"{reason}: SAMPAN_LONG_TESTS is not set")


def need(*programs):
    """Skips unless this is root and all the programs are there."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"no {program} here (tools/packages.txt names its package)")


def need_systemd():
    if not os.path.isdir("/run/systemd/system"):
        pytest.skip("no systemd runs here (tests/vm/run-in-vm --systemd has it)")


def talk_on_a_terminal(words, env=None):
    """A client whose program in the container says on which terminal it is, gets a word, says
    "got WORD", and ends with 3."""
    master, slave = pty.openpty()
    client = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave,
                              start_new_session=True, env=env)
    os.close(slave)
    text = b""
    try:
        while b"/dev/pts/0" not in text:
            text += os.read(master, 1000)
        os.write(master, b"word\n")
        while b"got word" not in text:
            text += os.read(master, 1000)
        assert client.wait(20 * PATIENCE) == 3
    finally:
        client.kill()
        client.wait()
        os.close(master)


def wait_for(condition, what, timeout=30):
    """The first true value of condition(); things that another process does in its time."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout} s in vain: {what}"
        time.sleep(0.02)


def nothing_new(look, before, what):
    """What a server is still cleaning up has some seconds; what else has gone meanwhile is
    nobody's concern."""
    def new():
        return sorted(set(look()) - set(before))
    try:
        wait_for(lambda: not new(), what, 15)
    except AssertionError:
        raise AssertionError(f"{what}: left behind: {new()}") from None


class Place:
    """A network, a mount and a host name namespace, as long as this object is open."""

    def __init__(self, hostname="place"):
        self.has_made_cni = not os.path.isdir(CNI)
        if self.has_made_cni:
            os.mkdir(CNI)
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--uts", "--mount", "--propagation", "slave", "sh", "-ec",
             FURNISH, "sh", hostname],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"

    def argv(self, *words):
        """The command as it is called inside: nsenter replaces itself by it."""
        return ["nsenter", "-t", str(self.holder.pid), "-n", "-u", "-m", *map(str, words)]

    def run(self, *words, timeout=60, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(self.argv(*words), capture_output=True, text=True,
                              timeout=timeout * PATIENCE, **more)

    def ok(self, *words, **more):
        done = self.run(*words, **more)
        assert done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def mounts(self):
        lines = pathlib.Path(f"/proc/{self.holder.pid}/mountinfo").read_text().splitlines()
        return sorted(" ".join(line.split()[3:5]) for line in lines)

    def interfaces(self):
        text = pathlib.Path(f"/proc/{self.holder.pid}/net/dev").read_text()
        return sorted(line.split(":")[0].strip() for line in text.splitlines()[2:])

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        if self.has_made_cni:
            os.rmdir(CNI)


class Server:
    """A daemon in a Place. Its output goes to a file, whose end a failure shows."""

    def __init__(self, place, argv, log, env=None):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                place.argv(*argv), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True, env={**os.environ, **(env or {})})

    def wait_until(self, is_ready, timeout=60):
        def look():
            assert self.process.poll() is None, \
                f"it ended with {self.process.returncode}:\n{self.end_of_log()}"
            return is_ready()
        try:
            return wait_for(look, f"{self.process.args}", timeout)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.end_of_log()}") from None

    def end_of_log(self):
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self, number=signal.SIGTERM, timeout=30):
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"it did not end in {timeout} s:\n{self.end_of_log()}")


def deploy_text(name, paths):
    """A file of deploy/, unchanged but for its paths: {"/usr/local/…": "/here"}."""
    text = (DEPLOY / name).read_text()
    for old, new in paths.items():
        assert old in text, f"deploy/{name} does not speak of {old}"
        text = text.replace(old, str(new))
    return text
