"""podman and buildah on our runtime, and on crun beside it.

A World is a place of its own for podman: a mount namespace where /etc, /run, /usr/local,
podman's data and its locks are private, and a network namespace. Ours is set up as
deploy/README.md tells a user to do it: the runtime in /usr/local/bin, deploy/containers.conf in
/etc/containers/containers.conf.d. So `podman run` there is what a user types.

SPDX-License-Identifier: MIT
"""
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import pytest

from machine import BIN, BUILD, CGROUPS, IMAGES, PATIENCE, TOP, is_pure_v2

CAP_SYS_RESOURCE = 24
USER = "sampan"

# What the tests add to the machine's own settings. Without CAP_SYS_RESOURCE podman's default
# of a million open files can't be had, by no runtime.
SETTINGS = """[engine]
events_logger = "file"
cgroup_manager = "cgroupfs"
{engine}
[containers]
{limits}
"""
LIMITS = 'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]'

STORAGE = """[storage]
driver = "{driver}"
graphroot = "{graphroot}"
runroot = "{runroot}"
rootless_storage_path = "{graphroot}"
"""

SET_UP = r"""
mount -t tmpfs -o mode=755 tests "$D"
mkdir "$D/upper" "$D/work" "$D/home" "$D/storage"
mount -t overlay -o "lowerdir=/etc,upperdir=$D/upper,workdir=$D/work" tests /etc
mkdir "$D/run"
mount -t tmpfs -o mode=755 tests "$D/run"
for d in systemd dbus; do
    [ ! -d /run/$d ] || { mkdir "$D/run/$d"; mount --rbind /run/$d "$D/run/$d"; }
done
mount -n --move "$D/run" /run
mount -t tmpfs -o mode=1777 tests /dev/shm
mount -t tmpfs -o mode=755 tests /usr/local
mkdir -p /run/lock /etc/containers/containers.conf.d
if [ -n "$HIDE" ]; then umount /sys/fs/cgroup/unified; fi
ip link set lo up
echo ready
exec sleep infinity
"""


def capabilities():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"CapEff:\s*(\w+)", status).group(1), 16)


class World:
    """Calls podman and buildah in the place of one runtime."""

    def __init__(self, directory, runtime):
        self.runtime = runtime
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        is_ours = runtime == "sampan"
        hide = not is_ours and not is_pure_v2() and (CGROUPS / "unified").is_dir()
        self.holder = subprocess.Popen(
            ["unshare", "-m", "-n", "--propagation", "slave", "sh", "-ec", SET_UP],
            env={**os.environ, "D": str(self.directory), "HIDE": "1" if hide else ""},
            stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        assert self.holder.stdout.readline() == "ready\n", "the world can't be set up"
        self.home = f"/proc/{self.holder.pid}/root"
        if is_ours:
            for program in ("bin/sampan-runtime", "libexec/sampan/sampan-systemd"):
                if (BUILD / program).exists():
                    self.write(f"/usr/local/{program}", (BUILD / program).read_bytes(), 0o755)
            self.write("/etc/containers/containers.conf.d/sampan.conf",
                       (TOP / "deploy/containers.conf").read_bytes())
        limited = not capabilities() >> CAP_SYS_RESOURCE & 1
        self.write("/etc/containers/containers.conf.d/tests.conf", SETTINGS.format(
            engine="" if is_ours else f'runtime = "{runtime}"',
            limits=LIMITS if limited else ""))
        self.write("/etc/containers/storage.conf", STORAGE.format(
            driver="overlay", graphroot=self.directory / "storage",
            runroot="/run/containers/storage"))

    def write(self, path, data, mode=0o644):
        """Writes a file of the world; data is text or bytes."""
        place = pathlib.Path(self.home + str(path))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data.encode() if isinstance(data, str) else data)
        place.chmod(mode)

    def argv(self, *words):
        return ["nsenter", f"--target={self.holder.pid}", "-m", "-n",
                "env", "--chdir=/", "DISABLE_HC_SYSTEMD=true", "TERM=xterm", *map(str, words)]

    def call(self, *words, timeout=60, **more):
        """Runs to the end, with its output in text. Into files, not pipes: a container that
        goes on would keep a pipe open."""
        more.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run(self.argv(*words), capture_output=True, text=True,
                              errors="replace", timeout=timeout * PATIENCE, **more)
        return done

    def run(self, *words, **more):
        return self.call("podman", *words, **more)

    def ok(self, *words, **more):
        """podman with these words must end well; gives its output without the last newline."""
        done = self.run(*words, **more)
        assert done.returncode == 0, f"podman {words}: exit {done.returncode}\n" \
                                     f"{done.stdout}{done.stderr}"
        return done.stdout.rstrip("\n")

    def on_terminal(self, *words, typed="", size=(24, 80), timeout=30):
        """podman on a terminal of its own; gives exit status and what the terminal showed."""
        master, slave = pty.openpty()
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        process = subprocess.Popen(self.argv("podman", *words), stdin=slave, stdout=slave,
                                   stderr=slave, start_new_session=True)
        os.close(slave)
        if typed:
            os.write(master, typed.encode())
        shown, deadline = b"", time.monotonic() + timeout * PATIENCE
        while time.monotonic() < deadline:
            if not select.select([master], [], [], 0.2)[0]:
                if process.poll() is not None:
                    break
                continue
            try:
                shown += os.read(master, 4096)
            except OSError:
                break
        os.close(master)
        process.wait(timeout=5 * PATIENCE)
        return process.returncode, shown.decode(errors="replace").replace("\r\n", "\n")

    def end(self, user):
        """Ends what the user's podman keeps running here: its pause process."""
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    mine = entry.stat().st_uid == user and \
                        os.readlink(entry / "ns/mnt") != os.readlink("/proc/self/ns/mnt")
                    if mine:
                        os.kill(int(entry.name), signal.SIGKILL)
                except OSError:
                    pass

    # ---- what may be left of a container ----

    def left(self):
        """Everything in the world that a container brings and must take along."""
        mounts = pathlib.Path(f"/proc/{self.holder.pid}/mountinfo").read_text().splitlines()
        state = pathlib.Path(self.home + "/run/sampan-runtime")
        parents = [CGROUPS / "libpod_parent", *CGROUPS.glob("*/libpod_parent")]
        groups = [os.path.join(base, name) for parent in parents
                  for base, names, _ in os.walk(parent) for name in names if name != "conmon"]
        return {
            "mounts": sorted(" ".join(line.split()[3:5]) for line in mounts
                             if line.split()[4] != "/run/netns"),  # podman's own, for good
            "state": sorted(p.name for p in state.iterdir()) if state.is_dir() else [],
            "cgroups": sorted(groups),
        }

    def clean(self):
        self.run("rm", "--force", "--all", "--time", "0")
        self.run("pod", "rm", "--force", "--all")
        self.run("volume", "rm", "--force", "--all")

    def close(self):
        self.clean()
        self.holder.terminate()
        self.holder.wait()
        for parent in [CGROUPS / "libpod_parent", *CGROUPS.glob("*/libpod_parent")]:
            for base, _, _ in os.walk(parent, topdown=False):
                try:
                    os.rmdir(base)
                except OSError:
                    pass


class UserWorld(World):
    """podman of an ordinary user: one made for the world, or whoever runs these tests."""

    uid = 54321

    def __init__(self, directory):
        self.is_made = os.geteuid() == 0
        if self.is_made:
            super().__init__(directory, "sampan")
            self.set_up_user()
            return
        self.directory = pathlib.Path(directory)
        folder = self.directory / "config/containers/containers.conf.d"
        folder.mkdir(parents=True)
        text = (TOP / "deploy/containers.conf").read_text()
        (folder / "sampan.conf").write_text(
            text.replace("/usr/local/bin/sampan-runtime", str(BIN / "sampan-runtime")))
        (folder / "tests.conf").write_text('[engine]\nevents_logger = "file"\n')

    def set_up_user(self):
        self.write("/etc/subuid", f"{USER}:200000:65536\n")
        self.write("/etc/subgid", f"{USER}:200000:65536\n")
        self.write("/etc/containers/storage.conf", STORAGE.format(
            driver="vfs", graphroot=f"{self.directory}/home/storage",
            runroot=f"/run/user/{self.uid}/containers"))
        enter = ["nsenter", f"--target={self.holder.pid}", "-m", "sh", "-ec"]
        subprocess.run([*enter, f"""
            echo '{USER}:x:{self.uid}:{self.uid}::{self.directory}/home:/bin/sh' >>/etc/passwd
            echo '{USER}:x:{self.uid}:' >>/etc/group
            mkdir -p /run/user/{self.uid}
            chown {self.uid} '{self.directory}/home' /run/user/{self.uid}"""], check=True)
        for above in self.directory.parents:
            if above.stat().st_uid == 0 and str(above) not in ("/", "/tmp"):
                above.chmod(above.stat().st_mode | 0o011)

    def argv(self, *words):
        if not self.is_made:
            return ["env", f"XDG_CONFIG_HOME={self.directory}/config",
                    f"XDG_DATA_HOME={self.directory}/data", "DISABLE_HC_SYSTEMD=true",
                    *map(str, words)]
        home = self.directory / "home"
        return ["nsenter", f"--target={self.holder.pid}", "-m", "-n", "setpriv",
                f"--reuid={self.uid}", f"--regid={self.uid}", "--init-groups",
                "env", f"--chdir={home}", f"HOME={home}", f"USER={USER}", "TERM=xterm",
                f"XDG_RUNTIME_DIR=/run/user/{self.uid}", "DISABLE_HC_SYSTEMD=true",
                *map(str, words)]

    def state(self):
        run = f"{self.home}/run/user/{self.uid}" if self.is_made else os.environ["XDG_RUNTIME_DIR"]
        folder = pathlib.Path(run) / "sampan-runtime"
        return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []

    def close(self):
        self.clean()
        if not self.is_made:
            self.run("system", "migrate")  # ends its pause process
            return
        self.end(self.uid)
        self.holder.terminate()
        self.holder.wait()


def wait_until(condition, what, timeout=10):
    deadline = time.monotonic() + timeout * PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


def make_world(directory, runtime):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    for program in ("podman", "conmon", "unshare", "nsenter"):
        if not shutil.which(program):
            pytest.skip(f"no {program}")
    image = IMAGES / "busybox.tar"
    if not image.exists():
        pytest.skip("no build/images/busybox.tar (make images)")
    world = World(directory, runtime)
    world.ok("load", "--quiet", "--input", image)
    return world
