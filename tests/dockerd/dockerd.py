"""dockerd with our runtime as its default, with its own data, network, containerd and
sockets, and deploy/daemon.json as its configuration.

SPDX-License-Identifier: MIT
"""
import contextlib
import json
import os
import pathlib
import shutil
import tempfile

from daemons import RUNTIME, Place, Server, deploy_text, need
from machine import is_pure_v2

IMAGE = "busybox"

# dockerd gives its containerd fifteen seconds, which a slow machine may exceed.
IMPATIENT = "timeout waiting for containerd to start"


class Dockerd:
    """One dockerd (and the containerd that it starts), and docker beside it."""

    def __init__(self, top, place, name="dockerd"):
        self.top, self.place = top / name, place
        self.top.mkdir()
        self.top.chmod(0o711)
        self.socket = self.top / "socket"
        self.exec_root = self.top / "exec"
        (self.top / "daemon.json").write_text(
            deploy_text("daemon.json", {"/usr/local/bin/sampan-runtime": RUNTIME}))
        self.server = None
        self.cgroup_parent = f"/{os.environ['SAMPAN_CGROUP_PARENT']}"
        self.cgroup_driver = "cgroupfs"

    def start(self, *options, config=None):
        """With the file of deploy/, unless another configuration is given. The cgroup
        driver is named, for dockerd's own choice depends on the machine."""
        file = self.top / ("daemon.json" if config is None else "other.json")
        if config is not None:
            file.write_text(json.dumps(config))
        for tries_left in (2, 1, 0):
            try:
                return self.start_once(file, options)
            except AssertionError:
                if not tries_left or IMPATIENT not in self.server.end_of_log():
                    raise

    def start_once(self, file, options):
        self.reap_containerd()
        self.server = Server(
            self.place, ["dockerd", "--config-file", file, "--host", f"unix://{self.socket}",
                         "--data-root", self.top / "data", "--exec-root", self.exec_root,
                         "--pidfile", self.top / "pid",
                         "--cgroup-parent", self.cgroup_parent,
                         "--exec-opt", "native.cgroupdriver=" + self.cgroup_driver, *options],
            self.top / "log")
        self.server.wait_until(lambda: self.run("version").returncode == 0)

    def reap_containerd(self):
        """The containerd of a killed dockerd ends with it, as an orphan of ours. As long as
        nobody reaps it, the next dockerd takes it for alive and waits for it."""
        with contextlib.suppress(FileNotFoundError, ChildProcessError):
            os.waitpid(int((self.exec_root / "containerd/containerd.pid").read_text()), 0)

    def env(self):
        return {**os.environ, "DOCKER_HOST": f"unix://{self.socket}", "DOCKER_BUILDKIT": "0",
                "DOCKER_CONFIG": str(self.top / "client"), "DOCKER_CLI_HINTS": "false"}

    def run(self, *words, **more):
        return self.place.run("docker", *words, env=self.env(), **more)

    def ok(self, *words, **more):
        return self.place.ok("docker", *words, env=self.env(), **more).rstrip("\n")

    def load(self, tar):
        self.ok("load", "-q", "-i", tar)

    def inspect(self, name, path):
        return json.loads(self.ok("inspect", "-f", "{{json %s}}" % path, name))

    def pid(self, name):
        return self.inspect(name, ".State.Pid")

    def is_running(self, name):
        return self.inspect(name, ".State.Running")

    def cgroup_file(self, name, controller, v1_name, v2_name):
        """A file of the group that the container's first process is in."""
        words = dict(line.split(":", 2)[1:] for line in
                     pathlib.Path(f"/proc/{self.pid(name)}/cgroup").read_text().split())
        if is_pure_v2():
            return pathlib.Path(f"/sys/fs/cgroup{words['']}/{v2_name}").read_text().strip()
        return pathlib.Path(
            f"/sys/fs/cgroup/{controller}{words[controller]}/{v1_name}").read_text().strip()

    # ---- what is there before and after a test ----

    def mounts(self):
        """Of its namespace; dockerd sweeps unused network namespaces up once a minute."""
        return [m for m in self.place.mounts() if f"{self.exec_root}/netns/" not in m]

    def records(self):
        """The runtime's records of containers."""
        return sorted(self.exec_root.glob("runtime-*/*/*"))

    def clean(self):
        ids = self.ok("ps", "-aq").split()
        if ids:
            self.ok("rm", "-f", "-v", *ids)
        self.ok("network", "prune", "-f")
        self.ok("volume", "prune", "-f")


@contextlib.contextmanager
def directory():
    # The root of a user namespace must come through to its bundle: no directory of pytest's.
    top = pathlib.Path(tempfile.mkdtemp(prefix="sampan-dockerd-"))
    top.chmod(0o711)
    try:
        yield top
    finally:
        shutil.rmtree(top)


@contextlib.contextmanager
def running(busybox_tar, *options, config=None, prepare=None):
    need("dockerd", "docker", "containerd", "iptables")
    place = Place()
    with directory() as top:
        made = Dockerd(top, place)
        try:
            if prepare:
                prepare(made)
            made.start(*options, config=config)
            made.load(busybox_tar)
            yield made
        finally:
            if made.server:
                made.server.stop()
            place.close()
