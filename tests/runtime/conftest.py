"""Black-box tests of sampan-runtime: a config is a dict, the payload one static program.

SPDX-License-Identifier: MIT
"""

import copy
import json
import os
import pathlib
import shutil
import subprocess
import uuid

import pytest

from machine import wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SAMPAN_BUILD", TOP / "build"))
RUNTIME = BUILD / "bin/sampan-runtime"

CAPS = ["CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_CHOWN", "CAP_SETUID", "CAP_SETGID"]

BASE = {
    "ociVersion": "1.2.0",
    "process": {
        "user": {"uid": 0, "gid": 0},
        "args": ["/probe"],
        "env": ["PATH=/bin"],
        "cwd": "/",
        "capabilities": {"bounding": CAPS, "effective": CAPS, "permitted": CAPS},
        "noNewPrivileges": True,
    },
    "root": {"path": "rootfs"},
    "hostname": "probe",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
         "options": ["nosuid", "noexec", "nodev", "mode=1777"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs",
         "options": ["nosuid", "noexec", "nodev", "ro"]},
    ],
    "linux": {
        "namespaces": [{"type": t} for t in
                       ("pid", "network", "ipc", "uts", "cgroup", "mount")],
        "maskedPaths": ["/proc/keys", "/proc/acpi", "/sys/firmware", "/not/there"],
        "readonlyPaths": ["/proc/sys"],
    },
}


@pytest.fixture
def probe(payload):
    return payload("probe")


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.stdout, self.stderr = done.stdout, done.stderr
        self.answers = dict(line.split("=", 1) for line in done.stdout.splitlines()
                            if "=" in line)

    def __getitem__(self, question):
        return self.answers[question].strip()


class Bundle:
    """A bundle with the probe as its only program, and the runtime to run it."""

    result = Result

    def __init__(self, directory, probe):
        self.directory = directory
        self.state = directory / "state"
        self.rootfs = directory / "rootfs"
        self.config = copy.deepcopy(BASE)
        self.ids = []
        for name in ("proc", "dev", "sys", "bin", "etc", "tmp"):
            (self.rootfs / name).mkdir(parents=True)
        shutil.copy(probe, self.rootfs / "probe")

    def command(self, *words):
        return [str(RUNTIME), "--root", str(self.state), *map(str, words)]

    def call(self, *words, **options):
        done = subprocess.run(self.command(*words), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=20, **options)
        return Result(done)

    def write(self):
        parent = os.environ["SAMPAN_CGROUP_PARENT"]
        self.config["linux"].setdefault("cgroupsPath", f"/{parent}/{uuid.uuid4().hex[:12]}")
        (self.directory / "config.json").write_text(json.dumps(self.config))

    def new_id(self):
        self.ids.append("t" + uuid.uuid4().hex[:12])
        return self.ids[-1]

    def run(self, *questions, options=(), **keywords):
        """Asks the probe inside a new container."""
        if questions:
            self.config["process"]["args"] = ["/probe", *questions]
        self.write()
        return self.call("run", "--bundle", self.directory, *options, self.new_id(),
                         **keywords)

    def create(self, *questions, options=()):
        """A created container's id; its standard streams are /dev/null."""
        self.config["process"]["args"] = ["/probe", *questions]
        self.write()
        name = self.new_id()
        errors = self.directory / "create.err"  # a pipe would wait for the container's end
        with open(errors, "w") as out:
            done = subprocess.run(
                self.command("create", "--bundle", self.directory, *options, name),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out, timeout=20)
        assert done.returncode == 0, errors.read_text()
        return name

    def started(self, *questions):
        name = self.create(*(questions or ("wait",)))
        assert self.call("start", name).status == 0
        return name

    def run_and_stay(self):
        """A running container's id, and the command that stays with it until its end."""
        self.config["process"]["args"] = ["/probe", "wait"]
        self.write()
        name = self.new_id()
        running = subprocess.Popen(self.command("run", "--bundle", self.directory, name),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_until(lambda: (self.state / name / "state.json").exists() and
                   self.status(name) == "running")
        return name, running

    def status(self, name):
        return json.loads(self.call("state", name).stdout)["status"]

    def close(self):
        for name in self.ids:
            self.call("delete", "--force", name)


@pytest.fixture
def bundle(tmp_path, probe):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    made = Bundle(tmp_path, probe)
    yield made
    made.close()
