"""containerd with our runtime below it: one server for all tests of this directory, with its
own data, namespaces and sockets, and deploy/containerd.toml as its configuration.

SPDX-License-Identifier: MIT
"""
import contextlib
import json
import os
import pathlib
import shutil
import tempfile
import uuid

import pytest

import images
from daemons import BUSYBOX, RUNTIME, Place, Server, deploy_text, need, nothing_new, wait_for

PAUSE = "docker.io/test/pause:1"

# What the test's server has beside the tables of deploy/containerd.toml.
MORE_CONFIG = """
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = {is_restricted}
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "{top}/cni"
"""

NETWORK = {
    "cniVersion": "0.4.0", "name": "pods",
    "plugins": [{"type": "bridge", "bridge": "pods0", "isGateway": True,
                 "ipam": {"type": "host-local", "dataDir": "/run/cni-addresses",
                          "ranges": [[{"subnet": "10.99.7.0/24"}]]}}],
}


def pause_image(path):
    """The image that holds a pod's namespaces: one program that waits."""
    busybox = images.program(shutil.which("busybox"))
    images.archive(path, [images.layer(images.directory("bin"),
                                       images.entry("bin/busybox", busybox, 0o755))],
                   {"Entrypoint": ["/bin/busybox", "sleep", "2147483647"], "Cmd": None},
                   tags=[PAUSE.removeprefix("docker.io/")])


def may_lower_oom_score():
    """A pod's first process wants less than 0, which takes CAP_SYS_RESOURCE."""
    words = pathlib.Path("/proc/self/status").read_text().split("CapBnd:")[1].split()
    return bool(int(words[0], 16) & 1 << 24)


class Containerd:
    """One containerd, and ctr beside it."""

    def __init__(self, top, place):
        self.top, self.place = top, place
        self.cgroup = f"/{os.environ['SAMPAN_CGROUP_PARENT']}"
        self.socket = top / "socket"
        (top / "cni").mkdir()
        (top / "cni/10-pods.conflist").write_text(json.dumps(NETWORK))
        (top / "config.toml").write_text(
            deploy_text("containerd.toml", {"/usr/local/bin/sampan-runtime": RUNTIME})
            + MORE_CONFIG.format(top=top, pause=PAUSE,
                                 is_restricted=str(not may_lower_oom_score()).lower()))
        # What asks for no runtime by name gets the one that is called runc.
        (top / "bin").mkdir()
        (top / "bin/runc").symlink_to(RUNTIME)
        self.server = None

    def start(self):
        path = {"PATH": f"{self.top}/bin:{os.environ['PATH']}"}
        self.server = Server(
            self.place, ["containerd", "--config", self.top / "config.toml",
                         "--address", self.socket, "--root", self.top / "root",
                         "--state", self.top / "state"], self.top / "log", path)
        self.server.wait_until(lambda: self.run("version").returncode == 0)

    def argv(self, *words):
        return ["ctr", "-a", self.socket, *words]

    def run(self, *words, **more):
        return self.place.run(*self.argv(*words), **more)

    def ok(self, *words, **more):
        return self.place.ok(*self.argv(*words), **more)

    def load(self, tar):
        for namespace in ("default", "k8s.io"):
            self.ok("-n", namespace, "images", "import", tar)

    def leftovers(self):
        """What the life of a container leaves if something is wrong."""
        here = pathlib.Path(f"/proc/{self.place.holder.pid}/root")
        return [
            *(f"record of the runtime {p}" for p in here.glob("run/containerd/runc/*/*")),
            *(f"bundle {p}" for p in self.top.glob("state/io.containerd.runtime.v2.task/*/*")),
            *(f"container {name}" for name in self.ok("containers", "ls", "-q").split()),
        ]


@contextlib.contextmanager
def running(busybox_tar):
    need("containerd", "ctr", "containerd-shim-runc-v2")
    # The root of a user namespace must come through to its bundle: no directory of pytest's.
    top = pathlib.Path(tempfile.mkdtemp(prefix="sampan-containerd-"))
    top.chmod(0o711)
    place = Place()
    made = Containerd(top, place)
    try:
        made.start()
        made.load(busybox_tar)
        pause_image(made.top / "pause.tar")
        made.load(made.top / "pause.tar")
        yield made
    finally:
        if made.server:
            made.server.stop()
        place.close()
        shutil.rmtree(top)


@pytest.fixture(scope="session")
def containerd(busybox_tar):
    with running(busybox_tar) as made:
        yield made


@pytest.fixture
def own_containerd(busybox_tar):
    """One that a test may end."""
    with running(busybox_tar) as made:
        yield made


class Ctr:
    """ctr for one test: names of its own, a cgroup below the test's, our runtime.

    What programs write goes to a file, both streams: ctr's own pipes lose the output of one
    in a hundred short programs, whatever the runtime (it cancels them when the program ends,
    opened or not).
    """

    def __init__(self, containerd):
        self.containerd, self.place = containerd, containerd.place
        self.ids = []

    def new_id(self):
        self.ids.append("c" + uuid.uuid4().hex[:10])
        return self.ids[-1]

    def words(self, name, *more, options=(), runtime=RUNTIME, image=BUSYBOX):
        return self.containerd.argv("run", "--runc-binary", runtime, "--cgroup",
                                    f"{self.containerd.cgroup}/{name}", *options, image, name,
                                    *more)

    def once(self, *program, options=()):
        """ctr run --rm, to its end; .stdout is all that the program wrote."""
        name = self.new_id()
        log = self.containerd.top / f"{name}.log"
        return self.with_output(log, self.place.run(*self.words(
            name, *program, options=["--rm", "--log-uri", f"file://{log}", *options])))

    @staticmethod
    def with_output(log, done):
        if log.exists():
            done.stdout = log.read_text()
            log.unlink()
        return done

    def out(self, *program, options=()):
        done = self.once(*program, options=options)
        assert done.returncode == 0, f"{program}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def started(self, *program, options=()):
        name = self.new_id()
        self.place.ok(*self.words(name, *program, options=["-d", *options]))
        return name

    def task(self, *words, **more):
        return self.containerd.run("tasks", *words, **more)

    def exec(self, name, *program, options=()):
        number = "e" + uuid.uuid4().hex[:8]
        log = self.containerd.top / f"{number}.log"
        return self.with_output(log, self.task(
            "exec", "--exec-id", number, "--log-uri", f"file://{log}", *options, name, *program))

    def status(self, name):
        for line in self.containerd.ok("tasks", "ls").splitlines()[1:]:
            if line.split()[0] == name:
                return line.split()[2]
        return None

    def pid(self, name):
        return int(self.containerd.ok("tasks", "ls").split(name)[1].split()[0])

    def pids(self, name):
        """All its processes, as the runtime's `ps` tells them."""
        return [int(line.split()[0]) for line in self.task("ps", name).stdout.splitlines()[1:]]

    def remove(self, name):
        if self.status(name) not in (None, "STOPPED"):
            self.task("kill", "-s", "KILL", name)
            wait_for(lambda: self.status(name) == "STOPPED", "the task stops")
        self.task("rm", name)
        self.containerd.run("containers", "rm", name)

    def close(self):
        for name in set(self.ids) & set(self.containerd.ok("containers", "ls", "-q").split()):
            self.remove(name)


@pytest.fixture
def own_ctr(own_containerd):
    made = Ctr(own_containerd)
    yield made
    made.close()


@pytest.fixture
def ctr(containerd):
    before = containerd.place.mounts(), containerd.place.interfaces()
    made = Ctr(containerd)
    yield made
    made.close()
    nothing_new(containerd.place.mounts, before[0], "mounts")
    nothing_new(containerd.place.interfaces, before[1], "interfaces")
    nothing_new(containerd.leftovers, [], "what a container leaves")
