"""Taking samples: commands started in turn, each only when the machine is idle.

SPDX-License-Identifier: MIT
"""
import ctypes
import json
import os
import pathlib
import shutil
import time

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
MS_REC, MS_PRIVATE, MNT_DETACH = 0x4000, 1 << 18, 2
libc = ctypes.CDLL(None, use_errno=True)
BUILD = pathlib.Path(os.environ.get("SAMPAN_BUILD",
                                    pathlib.Path(__file__).resolve().parents[2] / "build"))
SAMPLE = str(BUILD / "bench/sample")


def is_hybrid():
    return pathlib.Path("/sys/fs/cgroup/unified").is_dir()


def busy():
    """(busy, total) clock ticks of all processors."""
    ticks = list(map(int, open("/proc/stat").readline().split()[1:9]))
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def wait_until_idle(gap=0.04, longest=3.0):
    """Until at least three quarters of the machine were idle for `gap` seconds. False if they
    never were: then the sample says less."""
    deadline = time.monotonic() + longest
    while time.monotonic() < deadline:
        before = busy()
        time.sleep(gap)
        after = busy()
        total = after[1] - before[1]
        if total == 0 or (after[0] - before[0]) <= total / 4:
            return True
    return False


class Place:
    """A process that starts commands for us in a view of the system of its own, so that a
    peer that refuses this machine's cgroup layout can be measured beside those that don't."""

    def __init__(self, name, prepare=None):
        self.name = name
        ask, self.asked = os.pipe()
        self.answers, answer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.asked)
            os.close(self.answers)
            try:
                if prepare:
                    prepare()
                self.serve(os.fdopen(ask), os.fdopen(answer, "w", buffering=1))
            finally:
                os._exit(0)
        os.close(ask)
        os.close(answer)
        self.asked = os.fdopen(self.asked, "w", buffering=1)
        self.answers = os.fdopen(self.answers)

    def serve(self, ask, answer):
        null = os.open("/dev/null", os.O_RDWR)
        said = os.memfd_create("said")
        actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1),
                   (os.POSIX_SPAWN_DUP2, said, 2)]
        told_from, told_to = os.pipe()
        actions.append((os.POSIX_SPAWN_DUP2, told_to, 3))
        for line in ask:
            argv, env = json.loads(line)
            pid = os.posix_spawn(SAMPLE, [SAMPLE, *argv], env, file_actions=actions)
            if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
                wall, cpu, peak, status = 0, 0, 0, 125
            else:
                wall, cpu, peak, status = map(int, os.read(told_from, 200).split())
            answer.write(json.dumps({
                "wall": wall / 1e6, "cpu": cpu / 1e3, "rss": peak, "status": status,
                "said": os.pread(said, 2000, 0).decode(errors="replace")}) + "\n")
            os.ftruncate(said, 0)
            os.lseek(said, 0, os.SEEK_SET)

    def run(self, argv, env):
        self.asked.write(json.dumps([argv, env]) + "\n")
        return json.loads(self.answers.readline())

    def close(self):
        try:
            self.asked.close()
        except BrokenPipeError:
            pass  # it is gone already
        os.waitpid(self.pid, 0)


def own_mounts():
    if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "unshare")


def v1_view():
    own_mounts()
    libc.umount2(b"/sys/fs/cgroup/unified", MNT_DETACH)


def v2_view():
    own_mounts()
    libc.umount2(b"/sys/fs/cgroup", MNT_DETACH)
    libc.mount(b"cgroup2", b"/sys/fs/cgroup", b"cgroup2", 0, None)


class Case:
    """One command of a group. before and after: argvs that are run around it, untimed; argv: a
    list of argvs, timed together. "@N@" in them is a number of its own for each sample."""

    def __init__(self, name, argv, place="here", env=None, before=(), after=()):
        self.name, self.place, self.env = name, place, env or {}
        self.argv = argv if isinstance(argv[0], (list, tuple)) else [argv]
        self.before, self.after = before, after


class Bench:
    """Cases by group, and the processes that run them."""

    def __init__(self, directory, want_idle=True):
        self.dir = pathlib.Path(directory)
        self.env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "HOME": str(self.dir / "home"), "SAMPAN_STATE_TMPFS": "1"}
        self.places = {"here": Place("here")}
        self.cases, self.left_out, self.at_end = {}, [], []
        self.count = self.busy = 0
        self.want_idle = want_idle
        (self.dir / "home").mkdir()

    def place(self, name, prepare):
        if prepare and name not in self.places:
            self.places[name] = Place(name, prepare)
        return name if prepare else "here"

    def add(self, group, name, argv, place="here", **more):
        self.cases.setdefault(group, []).append(Case(name, argv, place, **more))

    def call(self, case, argv, n):
        words = [str(word).replace("@N@", str(n)) for word in argv]
        words[0] = shutil.which(words[0], path=self.env["PATH"]) or words[0]
        got = self.places[case.place].run(words, {**self.env, **case.env})
        if got["status"] != 0:
            raise SystemExit(f"bench: {case.name}: exit {got['status']}: {' '.join(words)}\n"
                             f"{got['said']}")
        return got

    def sample(self, case):
        self.count += 1
        n = self.count
        for argv in case.before:
            self.call(case, argv, n)
        if self.want_idle and not wait_until_idle():
            self.busy += 1
        got = [self.call(case, argv, n) for argv in case.argv]
        for argv in case.after:
            self.call(case, argv, n)
        return {"wall": sum(g["wall"] for g in got), "cpu": sum(g["cpu"] for g in got),
                "rss": max(g["rss"] for g in got)}

    def measure(self, group, rounds):
        cases = self.cases[group]
        samples = {case.name: [] for case in cases}
        for n in range(rounds + 1):
            for case in cases:
                got = self.sample(case)
                if n:  # the first round warms up
                    samples[case.name].append(got)
        return samples

    def close(self):
        for step in reversed(self.at_end):
            try:
                step()
            except (SystemExit, OSError) as problem:
                print(problem)
        # A place holds the pipes of those that were made before it.
        for place in reversed(self.places.values()):
            place.close()
