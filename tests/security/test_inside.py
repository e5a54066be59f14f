"""What a container by default can see and do: SECURITY rules, one fact a test.

SPDX-License-Identifier: MIT
"""
import os
import re
import subprocess

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def shell(sampan, script, *options):
    return sampan.ok("run", "--rm", *options, "busybox", "sh", "-c", script)


def status(sampan, *options):
    text = shell(sampan, "cat /proc/self/status", *options)
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


# chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service sys_chroot setfcap
DEFAULT_CAPS = "00000000800405fb"


def test_capabilities_are_the_short_list_and_none_is_inherited(sampan):
    facts = status(sampan)
    assert facts["CapBnd"] == facts["CapEff"] == facts["CapPrm"] == DEFAULT_CAPS
    assert int(facts["CapInh"], 16) == int(facts["CapAmb"], 16) == 0


def test_an_ordinary_user_has_no_capability_at_all(sampan):
    facts = status(sampan, "--user", "1000:1000")
    assert int(facts["CapEff"], 16) == int(facts["CapPrm"], 16) == int(facts["CapInh"], 16) == 0
    assert facts["Uid"].split() == facts["Gid"].split() == ["1000"] * 4


def test_seccomp_filters_and_can_be_turned_off_by_name_only(sampan):
    assert status(sampan)["Seccomp"] == "2"
    assert status(sampan, "--security-opt", "seccomp=unconfined")["Seccomp"] == "0"


def test_no_new_privs_is_an_option(sampan):
    assert status(sampan)["NoNewPrivs"] == "0"
    assert status(sampan, "--security-opt", "no-new-privileges")["NoNewPrivs"] == "1"


def test_only_three_descriptors_are_open(sampan):
    extra = [os.open("/", os.O_RDONLY), os.open("/etc/passwd", os.O_RDONLY)]
    for fd in extra:
        os.set_inheritable(fd, True)
    done = subprocess.run(
        sampan.argv("run", "--rm", "busybox", "sh", "-c", "ls /proc/self/fd | tr '\\n' ' '"),
        env=sampan.env(), capture_output=True, text=True, close_fds=False, stdin=subprocess.DEVNULL)
    for fd in extra:
        os.close(fd)
    assert done.stdout.split()[:3] == ["0", "1", "2"]
    assert len(done.stdout.split()) == 4, done.stdout  # and the one that ls opened


def test_every_namespace_is_its_own(sampan):
    kinds = ["mnt", "pid", "uts", "ipc", "net", "cgroup"]
    inside = shell(sampan, "for n in mnt pid uts ipc net cgroup; do readlink /proc/self/ns/$n; done")
    outside = [os.readlink(f"/proc/self/ns/{kind}") for kind in kinds]
    for own, host in zip(inside.split(), outside):
        assert own != host


def test_no_path_of_the_host_shows_in_the_mount_table(sampan):
    table = shell(sampan, "cat /proc/self/mountinfo")
    for line in table.splitlines():
        root, target = line.split()[3:5]
        if target in ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf"):
            continue
        if " - overlay " in line:
            continue  # its options name layers; they can't be opened from in there
        assert str(sampan.directory) not in line, line


@pytest.mark.parametrize("path", ["/proc/kcore", "/proc/keys", "/proc/timer_list",
                                  "/proc/interrupts", "/proc/sched_debug", "/proc/acpi",
                                  "/proc/scsi", "/sys/firmware"])
def test_masked_paths_show_nothing(sampan, path):
    out = shell(sampan, f"test -e {path} || exit 0; if [ -d {path} ]; then ls -A {path}; "
                        f"else cat {path}; fi")
    assert out == ""


@pytest.mark.parametrize("path", ["/proc/sys/kernel/hostname", "/proc/sysrq-trigger",
                                  "/proc/irq/default_smp_affinity", "/sys/kernel/profiling",
                                  "/sys/fs/cgroup/x"])
def test_kernel_settings_cannot_be_written(sampan, path):
    done = sampan.run("run", "--rm", "busybox", "sh", "-c", f"echo 1 > {path}")
    assert done.returncode != 0
    assert re.search(r"[Rr]ead-only|[Pp]ermission|nonexistent|No such", done.stderr), done.stderr


def test_devices_are_the_few_that_programs_need(sampan):
    names = shell(sampan, "ls /dev").split()
    assert set(names) <= {"console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random",
                          "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"}
    modes = shell(sampan, "stat -c '%a %t:%T' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty")
    assert modes.split("\n") == ["666 1:3", "666 1:5", "666 1:7", "666 1:8", "666 1:9", "666 5:0"]


def test_a_device_node_made_inside_cannot_be_used(sampan):
    """Even with the capability to make it, the device rules refuse to open it."""
    major = "7:0"  # a loop device: harmless
    done = sampan.run("run", "--rm", "--cap-add", "MKNOD", "busybox", "sh", "-c",
                      "mknod /loop b 7 0 && cat /loop")
    assert done.returncode != 0, major
    assert "Operation not permitted" in done.stderr


@pytest.mark.parametrize("command", [
    "mount -t tmpfs none /mnt", "mount -o remount,rw /sys", "umount /proc", "hostname other",
    "mknod /x c 1 3", "unshare -r true", "chroot / mount -t proc p /mnt", "ip link set lo down",
    "nice -n -5 true", "swapoff -a",
])
def test_what_root_in_there_may_not_do(sampan, command):
    sampan.ok("run", "--rm", "busybox", "mkdir", "-p", "/mnt")
    done = sampan.run("run", "--rm", "busybox", "sh", "-c", f"mkdir -p /mnt; {command}")
    assert done.returncode != 0, f"{command}: {done.stdout}{done.stderr}"


def test_the_environment_of_the_caller_stays_outside(sampan):
    out = sampan.ok("run", "--rm", "busybox", "env", env={"SECRET_OF_THE_HOST": "1"})
    names = {line.split("=")[0] for line in out.splitlines()}
    assert names <= {"PATH", "HOSTNAME", "HOME", "SHLVL", "PWD"}


def test_core_files_are_not_written_by_default(sampan):
    assert shell(sampan, "ulimit -c") == "0"


def test_other_users_cannot_read_the_store(sampan):
    for directory in (sampan.root, sampan.state):
        assert directory.stat().st_mode & 0o077 == 0, directory


def test_a_user_that_the_image_does_not_know_is_an_error(sampan):
    done = sampan.run("run", "--rm", "--user", "nobody-such", "busybox", "true")
    assert done.returncode == 125
    assert "nobody-such" in done.stderr


@pytest.mark.parametrize("user", ["-1", "4294967295", "4294967296", "0x10", "1 ", "a:b:c"])
def test_ids_that_are_none_never_become_root(sampan, user):
    done = sampan.run("run", "--rm", "--user", user, "busybox", "id", "-u")
    assert done.returncode == 125, done.stdout


def test_supplementary_groups_come_from_the_image_only(sampan):
    out = subprocess.run(
        sampan.argv("run", "--rm", "--user", "1000", "busybox", "sh", "-c",
                    "grep Groups /proc/self/status"),
        env=sampan.env(), capture_output=True, text=True, stdin=subprocess.DEVNULL,
        preexec_fn=lambda: os.setgroups([4, 27, 100]))
    assert out.stdout.split() == ["Groups:", "0"], out.stdout + out.stderr


def test_a_read_only_container_cannot_be_written_but_its_tmpfs_can(sampan):
    done = sampan.run("run", "--rm", "--read-only", "--tmpfs", "/scratch", "busybox", "sh", "-c",
                      "echo x > /scratch/x && echo good; echo x > /x")
    assert done.stdout == "good\n"
    assert "Read-only file system" in done.stderr


def test_privileged_lifts_the_walls_that_it_says_it_lifts(sampan):
    facts = status(sampan, "--privileged")
    assert facts["Seccomp"] == "0"
    assert int(facts["CapEff"], 16) & 1 << 21  # sys_admin
    assert shell(sampan, "mkdir -p /m; mount -t tmpfs none /m && echo ok", "--privileged") == "ok"
