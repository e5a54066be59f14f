"""ctr on our runtime: what containerd's own client does with a container.

SPDX-License-Identifier: MIT
"""
import os
import pty
import re
import signal
import subprocess
import time

import pytest

from daemons import long_tests, need_systemd, talk_on_a_terminal, wait_for
from machine import PATIENCE, is_pure_v2


def test_run_gives_output_and_exit_status(ctr):
    done = ctr.once("sh", "-c", "echo out; echo err >&2; exit 7")
    assert (sorted(done.stdout.split()), done.returncode) == (["err", "out"], 7)


def test_run_takes_standard_input_and_gives_both_streams_apart(ctr):
    """By ctr's pipes; the pause is for them (see Ctr)."""
    done = ctr.place.run(*ctr.words(
        ctr.new_id(), "sh", "-c", "read line; echo got $line; echo err >&2; sleep 0.5",
        options=["--rm"]), input="one\ntwo\n", stdin=None)
    assert (done.stdout, done.stderr, done.returncode) == ("got one\n", "err\n", 0)


@pytest.mark.parametrize("program,words", [
    ("nowhere", 'exec: "nowhere": executable file not found in $PATH'),
    ("/etc", "is a directory"), ("/etc/passwd", "permission denied"),
])
def test_a_program_that_cannot_run_is_named(ctr, program, words):
    done = ctr.once(program)
    assert done.returncode == 1 and words in done.stderr


def test_working_directory_environment_and_read_only_root(ctr):
    done = ctr.once("sh", "-c", "pwd; echo $A; touch /x 2>&1",
                    options=["--cwd", "/tmp", "--env", "A=b c", "--read-only"])
    assert done.stdout == "/tmp\nb c\ntouch: /x: Read-only file system\n"
    assert done.returncode == 1


def test_terminal(ctr):
    words = ctr.words(ctr.new_id(), "sh", "-c", "tty; read line; echo got $line; exit 3",
                      options=["--rm", "-t"])
    talk_on_a_terminal(ctr.place.argv(*words))


@pytest.mark.cgroups
def test_exec_has_its_own_exit_status_user_and_directory(ctr):
    name = ctr.started("sleep", "1000")
    done = ctr.exec(name, "sh", "-c", "id -u; id -g; pwd; exit 4",
                    options=["--user", "33:44", "--cwd", "/tmp"])
    assert (done.stdout, done.returncode) == ("33\n44\n/tmp\n", 4)
    missing = ctr.exec(name, "nowhere")
    assert missing.returncode == 1 and "executable file not found" in missing.stderr


def test_exec_with_a_terminal(ctr):
    name = ctr.started("sleep", "1000")
    master, slave = pty.openpty()
    client = subprocess.Popen(
        ctr.place.argv(*ctr.containerd.argv("tasks", "exec", "-t", "--exec-id", "e", name, "tty")),
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    try:
        assert client.wait(20 * PATIENCE) == 0
        assert b"/dev/pts/0" in os.read(master, 1000)
    finally:
        os.close(master)


def test_kill_reaches_the_program(ctr):
    name = ctr.started("sh", "-c", "trap 'exit 9' USR1; echo ready; while :; do sleep 0.05; done")
    wait_for(lambda: ctr.exec(name, "true").returncode == 0, "it runs")
    assert ctr.task("kill", "-s", "USR1", name).returncode == 0
    wait_for(lambda: ctr.status(name) == "STOPPED", "it stops")
    assert "non-zero exit code 9" in ctr.task("rm", name).stderr


@pytest.mark.cgroups
def test_kill_all_ends_every_process_of_a_shared_pid_namespace(ctr):
    options = ["--with-ns", f"pid:/proc/{ctr.place.holder.pid}/ns/pid"]
    name = ctr.started("sh", "-c", "sleep 1000 & sleep 1000 & wait", options=options)
    mine = wait_for(lambda: (p := ctr.pids(name)) and len(p) == 3 and p, "three processes")
    assert ctr.task("kill", "-a", "-s", "KILL", name).returncode == 0
    wait_for(lambda: ctr.status(name) == "STOPPED", "it stops")
    wait_for(lambda: not any(os.path.exists(f"/proc/{p}") for p in mine), "all of them end")


@pytest.mark.cgroups
def test_ps_lists_the_processes_by_their_pids_out_here(ctr):
    name = ctr.started("sh", "-c", "sleep 1000 & sleep 1000; true")
    pids = wait_for(lambda: (p := ctr.pids(name)) and len(p) == 3 and p, "three processes")
    names = sorted(open(f"/proc/{pid}/comm").read().strip() for pid in pids)
    assert names == ["sh", "sleep", "sleep"]


@pytest.mark.cgroups
def test_pause_stops_it_and_resume_lets_it_go_on(ctr):
    name = ctr.started("sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >/tmp/n; done")
    file = f"/proc/{ctr.pid(name)}/root/tmp/n"
    assert ctr.task("pause", name).returncode == 0
    assert ctr.status(name) == "PAUSED"
    first = open(file).read()
    time.sleep(0.1)
    assert open(file).read() == first
    assert ctr.task("resume", name).returncode == 0
    assert ctr.status(name) == "RUNNING"
    wait_for(lambda: open(file).read() not in (first, ""), "it counts again")


@pytest.mark.cgroups
def test_metrics_come_from_its_cgroup(ctr):
    name = ctr.started("sleep", "1000", options=["--memory-limit", str(64 << 20)])
    text = ctr.task("metrics", name).stdout
    if is_pure_v2():
        assert re.search(r"memory\.usage_limit\s+67108864", text), text
        assert re.search(r"pids\.current\s+1\b", text), text
    else:
        assert re.search(r"memory\.limit_in_bytes\s+67108864", text), text
        assert re.search(r"pids\.current\s+1\b", text), text


@pytest.mark.cgroups
def test_more_memory_than_the_limit_is_killed(ctr):
    done = ctr.once("sh", "-c", "dd if=/dev/zero of=/dev/null bs=200M count=1",
                    options=["--memory-limit", str(32 << 20)])
    assert done.returncode == 137


@pytest.mark.cgroups
def test_cpu_limits_are_written(ctr):
    name = ctr.started("sleep", "1000", options=["--cpus", "0.5", "--cpu-shares", "512"])
    pid = ctr.pid(name)
    words = dict(l.split(":", 2)[1:] for l in open(f"/proc/{pid}/cgroup").read().split())
    if is_pure_v2():
        assert open(f"/sys/fs/cgroup{words['']}/cpu.max").read().split() == ["50000", "100000"]
    else:
        assert open(f"/sys/fs/cgroup/cpu{words['cpu']}/cpu.cfs_quota_us").read() == "50000\n"
        assert open(f"/sys/fs/cgroup/cpu{words['cpu']}/cpu.shares").read() == "512\n"


def test_capabilities_are_added_and_dropped(ctr):
    caps = lambda *o: int(re.search(r"CapEff:\s+(\w+)", ctr.out(
        "cat", "/proc/self/status", options=o)).group(1), 16)
    admin, chown = 1 << 21, 1 << 0
    assert not caps() & admin and caps() & chown
    assert caps("--cap-add", "CAP_SYS_ADMIN") & admin
    assert not caps("--cap-drop", "CAP_CHOWN") & chown


def test_seccomp_with_containerds_profile(ctr):
    text = ctr.out("sh", "-c", "grep Seccomp: /proc/self/status; unshare -U true 2>&1 || true",
                   options=["--seccomp"])
    assert "Seccomp:\t2" in text and "Operation not permitted" in text


@pytest.mark.cgroups
def test_privileged_has_all_capabilities_and_the_hosts_devices(ctr):
    text = ctr.out("sh", "-c", "grep CapEff /proc/self/status; ls /dev; mount -t tmpfs x /mnt || "
                   "mkdir /mnt && mount -t tmpfs x /mnt && echo mounted", options=["--privileged"])
    everything = re.search(r"CapBnd:\s+(\w+)", open("/proc/self/status").read()).group(1)
    assert re.search(r"CapEff:\s+(\w+)", text).group(1) == everything
    assert "kmsg" in text and "mounted" in text


def test_mounts_and_the_hosts_network(ctr, tmp_path):
    (tmp_path / "note").write_text("hello\n")
    text = ctr.out("sh", "-c", "cat /here/note; touch /here/x 2>&1 || true; readlink /proc/self/ns/net",
                   options=["--mount", f"type=bind,src={tmp_path},dst=/here,options=rbind:ro",
                            "--net-host"])
    lines = text.splitlines()
    assert lines[0] == "hello" and "Read-only" in lines[1]
    assert lines[2] == os.readlink(f"/proc/{ctr.place.holder.pid}/ns/net")


def test_user_namespace(ctr):
    text = ctr.out("sh", "-c", "cat /proc/self/uid_map; id -u; touch /mine && stat -c %u /mine",
                   options=["--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536"])
    assert text.split() == ["0", "100000", "65536", "0", "0"]


@pytest.mark.cgroups
def test_the_systemd_cgroup_driver(ctr):
    need_systemd()
    name = ctr.new_id()
    ctr.place.ok(*ctr.words(name, "sleep", "1000", options=[
        "-d", "--runc-systemd-cgroup", "--cgroup", f"sampan-ctr.slice:ctr:{name}",
        "--memory-limit", str(64 << 20)]))
    text = open(f"/proc/{ctr.pid(name)}/cgroup").read()
    assert f"/sampan.slice/sampan-ctr.slice/ctr-{name}.scope" in text
    assert ctr.exec(name, "echo", "hello").stdout == "hello\n"
    ctr.remove(name)
    wait_for(lambda: ctr.place.run("systemctl", "is-active", f"ctr-{name}.scope").stdout ==
             "inactive\n", "its scope goes")
    ctr.place.run("systemctl", "stop", "sampan.slice")


def test_a_container_survives_containerd(own_ctr):
    """The shim keeps it, and a new containerd finds it again."""
    name = own_ctr.started("sleep", "1000")
    pid = own_ctr.pid(name)
    own_ctr.containerd.server.stop(signal.SIGKILL)
    assert open(f"/proc/{pid}/comm").read() == "sleep\n"
    own_ctr.containerd.start()
    assert own_ctr.status(name) == "RUNNING"
    assert own_ctr.exec(name, "echo", "still here").stdout == "still here\n"


@pytest.mark.slow
@pytest.mark.parametrize("total", [40, pytest.param(500, marks=long_tests("takes a minute"))])
def test_many_containers_without_a_failure_or_a_leak(ctr, tmp_path, total):
    """Four at a time; each writes its number to a file."""
    at_once, running, failures = 4, [], []
    mount = f"type=bind,src={tmp_path},dst=/out,options=rbind"
    for number in range(total):
        running.append(subprocess.Popen(
            ctr.place.argv(*ctr.words(ctr.new_id(), "sh", "-c",
                                      f"echo {number} >/out/{number}; exit {number % 50}",
                                      options=["--rm", "--mount", mount])),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        running[-1].number = number
        while len(running) >= (at_once if number < total - 1 else 1):
            process = running.pop(0)
            out, err = process.communicate(timeout=60 * PATIENCE)
            if process.returncode != process.number % 50:
                failures.append((process.number, process.returncode, out, err))
    assert not failures
    assert all((tmp_path / str(n)).read_text() == f"{n}\n" for n in range(total))
