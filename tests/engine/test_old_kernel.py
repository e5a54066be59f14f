"""Kernels without the newer calls: a seccomp filter that answers ENOSYS makes this one such.
Filters that are older than a call answer so, too: a container in an old engine's container.

The filter is inherited by everything that is started under it: the command, the monitor, init.
So the fallbacks are taken by the real programs on the real start path.

SPDX-License-Identifier: MIT
"""
import ctypes
import os
import platform
import struct
import subprocess

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or platform.machine() != "x86_64",
                                reason="needs root, and knows x86-64's numbers")

# name: number on x86-64 (and on every newer machine from 424 on)
CALLS = {"open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
         "fspick": 433, "clone3": 435, "close_range": 436, "openat2": 437, "faccessat2": 439,
         "epoll_pwait2": 441, "mount_setattr": 442}
MOUNT_API = ["open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"]

SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW = 0x00050000, 0x7FFF0000
ENOSYS = 38


def deny(names):
    """For preexec_fn: from here on these calls do not exist (exit status 99 if that fails)."""
    def statement(code, k, yes=0, no=0):
        return struct.pack("HBBI", code, yes, no, k)

    program = statement(0x20, 0)  # ld [nr]
    for name in names:
        program += statement(0x15, CALLS[name], 0, 1) + statement(0x06, SECCOMP_RET_ERRNO | ENOSYS)
    program += statement(0x06, SECCOMP_RET_ALLOW)
    code = ctypes.create_string_buffer(program, len(program))
    libc = ctypes.CDLL(None, use_errno=True)

    def install():
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
        filter = struct.pack("HL", len(code) // 8, ctypes.addressof(code))
        if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0) != 0:
            os._exit(99)

    return install


def run(sampan, names, *args, **more):
    return sampan.run(*args, preexec_fn=deny(names), timeout=120, **more)


KERNELS = {
    "5.11: no mount_setattr": ["mount_setattr"],
    "no openat2": ["openat2"],
    "5.8: no close_range": ["close_range", "faccessat2", "mount_setattr"],
    "5.5: no openat2, no close_range": ["openat2", "close_range", "faccessat2",
                                            "mount_setattr"],
}

# Without these no container is made: Linux has had them since 5.2 and 5.3.
REFUSED = {"no new mount calls": MOUNT_API, "no clone3": ["clone3"], "none of them": list(CALLS)}


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_container_is_as_good_on_an_older_kernel(sampan, kernel, tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/file").write_text("shared\n")
    script = ("cat /data/file; touch /data/x 2>/dev/null || echo read-only; "
              "touch /new && ls /new; hostname; id -u; cat /proc/self/oom_score_adj; "
              "awk '$2 == \"/\" {print $3}' /proc/mounts; "
              "test -c /dev/null && test ! -e /proc/kcore -o -z \"$(head -c1 /proc/kcore)\" && "
              "echo masked; touch /proc/sys/x 2>/dev/null || echo no; "
              "grep -o 'Seccomp:.[0-9]' /proc/self/status; df -k /scratch | awk 'END {print $2}'; "
              "ls /proc | grep -c '^[0-9]'")
    done = run(sampan, KERNELS[kernel], "run", "--rm", "-v", f"{tmp_path}/shared:/data:ro", "--tmpfs",
               "/scratch:size=1m", "-h", "old", "-u", "0", "-m", "64m", "--oom-score-adj", "7",
               "busybox", "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["shared", "read-only", "/new", "old", "0", "7", "overlay", "masked",
                                   "no", "Seccomp:", "2", "1024", done.stdout.split()[-1]]
    assert int(done.stdout.split()[-1]) <= 5


@pytest.mark.parametrize("kernel", REFUSED)
def test_what_cannot_be_done_without_is_named_and_leaves_nothing(sampan, kernel):
    done = run(sampan, REFUSED[kernel], "run", "--rm", "busybox", "true")
    assert (done.returncode, done.stdout) == (125, "")
    assert "Function not implemented (needs Linux 5.10" in done.stderr
    assert sampan.ok("ps", "-aq") == ""


@pytest.mark.parametrize("kernel", ["no openat2", "5.5: no openat2, no close_range"])
def test_the_other_verbs_work_there_too(sampan, kernel):
    names = KERNELS[kernel]
    assert run(sampan, names, "run", "-d", "--name", "c", "busybox", "sleep", "1000").returncode == 0
    assert run(sampan, names, "exec", "c", "cat", "/etc/hostname").returncode == 0
    assert run(sampan, names, "exec", "-u", "nobody", "c", "id", "-un").stdout == "nobody\n"
    assert run(sampan, names, "pause", "c").returncode == 0
    assert run(sampan, names, "unpause", "c").returncode == 0
    assert run(sampan, names, "stop", "-t", "0", "c").returncode == 0
    assert run(sampan, names, "start", "c").returncode == 0
    assert run(sampan, names, "rm", "-f", "c").returncode == 0


@pytest.mark.parametrize("kernel", ["no openat2", "5.5: no openat2, no close_range"])
def test_links_of_the_image_lead_nowhere_else(sampan, kernel, tmp_path):
    """The container's root is the image author's: a link at a place of a mount is resolved below
    it, with openat2(2) or without."""
    import images
    tar = tmp_path / "links.tar"
    outside = tmp_path / "outside"
    outside.mkdir()
    images.archive(tar, [images.layer(
        images.directory("bin"), images.directory("proc"), images.directory("etc"),
        images.symlink("data", str(outside)), images.symlink("dev", "/../../../../tmp"),
        images.entry("bin/sh", images.program("/bin/busybox"), 0o755))], tags=("links:latest",))
    sampan.ok("load", "-q", "-i", tar)
    (tmp_path / "shared").mkdir()
    done = run(sampan, KERNELS[kernel], "run", "--rm", "-v", f"{tmp_path}/shared:/data", "links",
               "/bin/sh", "-c", "echo x >/data/x")
    assert done.returncode != 99 and not list(outside.iterdir())
    assert done.returncode != 0 or (tmp_path / "shared/x").exists(), done.stderr


def test_the_runtime_too(bundle_free_runtime_run):
    for names in KERNELS.values():
        bundle_free_runtime_run(deny(names))


@pytest.fixture
def bundle_free_runtime_run(sampan, tmp_path):
    """Runs /bin/true by sampan-runtime from a bundle of busybox, under a filter."""
    import json
    import shutil
    from machine import BIN
    layer = next(p for p in (sampan.root / "layers").iterdir() if p.is_dir() and p.name[0] != ".")
    bundle = tmp_path / "bundle"
    shutil.copytree(layer, bundle / "rootfs", symlinks=True)
    runtime = str(BIN / "sampan-runtime")
    subprocess.run([runtime, "spec", "--bundle", str(bundle)], check=True)
    config = json.loads((bundle / "config.json").read_text())
    config["process"].update(args=["/bin/true"], terminal=False)
    config["linux"]["cgroupsPath"] = f"/{os.environ['SAMPAN_CGROUP_PARENT']}/old"
    (bundle / "config.json").write_text(json.dumps(config))

    def call(install):
        done = subprocess.run([runtime, "--root", str(tmp_path / "state"), "run", "--bundle",
                               str(bundle), "old"], preexec_fn=install, capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    return call
