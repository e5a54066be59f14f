#!/usr/bin/python3
"""The OCI validation suite: its cases, how one is run, and what its report means.

    tests/conformance/suite.py [RUNTIME...]     a table of all cases, side by side
                                                (default: sampan-runtime crun runc)

A case is a program. It makes bundles, calls the runtime that $RUNTIME names, and reports by the
Test Anything Protocol; some cases say by their exit status or by an error above the first test
that they failed. A case passes if none of these is there, and no line says "not ok".

SPDX-License-Identifier: MIT
"""
import collections
import concurrent.futures
import io
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import machine  # noqa: E402

SUITE = machine.BUILD / "conformance"

CASES = """
config_updates_without_affect create default delete delete_only_create_resources
delete_resources hooks hooks_stdin hostname kill kill_no_effect killsig linux_cgroups_blkio
linux_cgroups_cpus linux_cgroups_devices linux_cgroups_hugetlb linux_cgroups_memory
linux_cgroups_network linux_cgroups_pids linux_cgroups_relative_blkio
linux_cgroups_relative_cpus linux_cgroups_relative_devices linux_cgroups_relative_hugetlb
linux_cgroups_relative_memory linux_cgroups_relative_network linux_cgroups_relative_pids
linux_devices linux_masked_paths linux_mount_label linux_ns_itype linux_ns_nopath linux_ns_path
linux_ns_path_type linux_process_apparmor_profile linux_readonly_paths
linux_rootfs_propagation linux_seccomp linux_sysctl linux_uid_mappings misc_props mounts pidfile
poststart poststart_fail poststop poststop_fail prestart prestart_fail process
process_capabilities process_capabilities_fail process_oom_score_adj process_rlimits
process_rlimits_fail process_user root_readonly_true start state
""".split()

# A signal must meet a shell after it has set its trap, and a hook's shell must write after the
# container's, and nothing makes them wait: passed means passed once in so many tries.
RACES = {"killsig": 8, "poststart": 8}

# `kill` must meet the container's "true" before it has ended: these cases get a root file system
# whose true(1) takes its time.
SLOW_TRUE = ["pidfile"]

LONGEST = ["delete", "kill", "pidfile"]  # first: they wait most of the time

TEST = re.compile(r"^(ok|not ok) \d+(?: - (.*?))?(?: # (SKIP|TODO)\b ?(.*))?$")


class Outcome:
    """What a case reported. passed and failed hold (description, n-th of that description)."""

    def __init__(self, status, out, errors):
        self.status, self.errors = status, errors
        self.passed, self.failed, self.skipped = [], [], []
        seen, early = collections.Counter(), []
        for line in out.splitlines():
            test = TEST.match(line)
            if not test:
                early += [line] if not seen else []
                continue
            word, name, directive, why = test.groups()
            seen[name] += 1
            if directive == "SKIP":
                self.skipped.append(why)
            elif directive != "TODO":
                (self.passed if word == "ok" else self.failed).append((name, seen[name]))
        error = re.search(r'"error": "(.*)"', "\n".join(early))
        self.error = error.group(1) if error else None
        self.is_skipped = bool(self.skipped) and not self.passed and not self.failed
        self.is_good = status == 0 and not self.failed and not self.error and not self.is_skipped

    def __str__(self):
        if self.is_skipped:
            return "skipped: " + self.skipped[0]
        if self.is_good:
            return f"passed: {len(self.passed)} tests" if self.passed else "passed"
        why = [f"not ok: {name}" for name, n in self.failed if n == 1]
        why += [self.error] if self.error else []
        last = self.errors.strip().splitlines()[:3]
        return f"failed ({len(self.passed)} tests passed): " + "; ".join(why + last)


class Runtime:
    """A runtime with a state directory of its own, as the one word that the suite calls."""

    def __init__(self, name, directory):
        self.name = name
        program = machine.BIN / name if name == "sampan-runtime" else shutil.which(name)
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        for above in (self.directory, *self.directory.parents[:2]):
            above.chmod(above.stat().st_mode | 0o011)  # for containers in user namespaces
        self.program = self.directory / name
        state = self.directory / "state"
        self.program.write_text(f'#!/bin/sh\nexec {program} --root {state} "$@"\n')
        self.program.chmod(0o755)
        rootfs = f"rootfs-{architecture()}.tar.gz"
        for file in ("runtimetest", rootfs):
            shutil.copy(SUITE / file, self.directory)  # a link would be copied as a link
        self.slow = self.directory / "slow"
        self.slow.mkdir()
        shutil.copy(SUITE / "runtimetest", self.slow)
        with_slow_true(SUITE / rootfs, self.slow / rootfs)

    def run(self, case):
        """Its own clocks run ten seconds, whatever the machine: a slow one has more tries."""
        for _ in range(RACES.get(case, 1 if machine.PATIENCE == 1 else 3)):
            outcome = self.run_once(case)
            if outcome.is_good:
                break
        return outcome

    def remove_left(self):
        """The containers of cases that gave up half-way."""
        def call(*words):
            return subprocess.run([self.program, *words], capture_output=True, text=True).stdout
        for name in call("list", "-q").split():
            call("delete", "--force", name)

    def run_once(self, case):
        """The suite's cases leave mounts behind where a runtime does: these peers run in a
        mount namespace of their own, without the unified hierarchy, which crun can't have
        beside the others."""
        words = [str(SUITE / "cases" / case)]
        if self.name != "sampan-runtime":
            hide = "" if machine.is_pure_v2() else "umount /sys/fs/cgroup/unified 2>/dev/null; "
            words = ["unshare", "-m", "sh", "-c", hide + 'exec "$0"', *words]
        # Into files: what a case leaves running would keep a pipe open.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            running = subprocess.Popen(
                words, cwd=self.slow if case in SLOW_TRUE else self.directory,
                stdin=subprocess.DEVNULL, stdout=out, stderr=errors, start_new_session=True,
                env={**os.environ, "RUNTIME": str(self.program), "TMPDIR": str(self.directory)})
            try:
                status = running.wait(timeout=90 * machine.PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                status = running.wait()
            out.seek(0), errors.seek(0)
            return Outcome(status, out.read(), errors.read())

    def run_all(self, cases=CASES):
        """These cases, some at a time, for most of them wait. Those of cgroups share a path."""
        shared = [c for c in cases if c.startswith(("linux_cgroups", "delete_"))]
        found = {}

        def run(some):
            for case in some:
                found[case] = self.run(case)

        with concurrent.futures.ThreadPoolExecutor(6 if machine.PATIENCE == 1 else 2) as pool:
            jobs = [[c] for c in LONGEST if c in cases] + [shared]
            jobs += [[c] for c in cases if c not in LONGEST and c not in shared]
            for future in [pool.submit(run, job) for job in jobs]:
                future.result()
        self.remove_left()
        remove_groups()
        return {case: found[case] for case in cases}


def with_slow_true(archive, copy):
    """A copy of a root file system in which bin/true sleeps for five seconds."""
    script = b"#!/bin/sh\nexec sleep 5\n"
    with tarfile.open(archive) as old, tarfile.open(copy, "w:gz", compresslevel=1) as new:
        for member in old:
            file = old.extractfile(member) if member.isreg() else None
            if member.name.removeprefix("./") == "bin/true":
                member.type, member.size, file = tarfile.REGTYPE, len(script), io.BytesIO(script)
                member.mode = 0o755
            new.addfile(member, file)


def remove_groups():
    """The groups that the suite names and that nobody removes: parents of its containers'."""
    for name in ("testdir", "cgrouptest"):
        for top in (machine.CGROUPS / name, *machine.CGROUPS.glob(f"*/{name}")):
            for directory, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(directory)
                except OSError:
                    pass


def architecture():
    return {"x86_64": "amd64", "i686": "386"}.get(os.uname().machine, os.uname().machine)


def build():
    """Builds the suite. Gives the reason why it can't be run here, or None."""
    if architecture() not in ("amd64", "386"):
        return f"the suite brings no root file system for {os.uname().machine}"
    done = subprocess.run([HERE / "get-suite", SUITE], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode == 3:
        return done.stderr.strip()
    assert done.returncode == 0, done.stderr
    return None


def main(names):
    reason = build()
    if reason:
        sys.exit(reason)
    with tempfile.TemporaryDirectory(prefix="conformance.") as directory:
        results = {n: Runtime(n, f"{directory}/{n}").run_all() for n in names}
    print("| case |", " | ".join(names), "|\n|---|" + "---|" * len(names))
    for case in CASES:
        cells = [str(results[n][case]).split(":")[0] for n in names]
        print(f"| {case} |", " | ".join(cells), "|")
    for case in CASES:
        for n in names:
            if not results[n][case].is_good:
                print(f"\n{case}, {n}: {results[n][case]}")
    for n in names:
        good = sum(r.is_good for r in results[n].values())
        print(f"\n{n}: {good} of {len(CASES)} passed")


if __name__ == "__main__":
    main(sys.argv[1:] or ["sampan-runtime", "crun", "runc"])
