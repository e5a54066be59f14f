"""docker run on our runtime: what a container is like, and what its options do.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import re

import pytest

from daemons import talk_on_a_terminal, wait_for
from dockerd import IMAGE


SERVE = ("sh", "-c", "while :; do nc -l -p 80 -e echo hello; done")


def effective(text):
    return int(re.search(r"CapEff:\s+(\w+)", text).group(1), 16)


def test_docker_knows_it_as_the_default_runtime(dockerd):
    info = json.loads(dockerd.ok("info", "-f", "{{json .}}"))
    assert info["DefaultRuntime"] == "sampan"
    assert info["Runtimes"]["sampan"]["path"].endswith("/sampan-runtime")


@pytest.mark.cgroups
def test_run_gives_output_and_exit_status(dockerd):
    done = dockerd.run("run", "--rm", IMAGE, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 7)


def test_run_takes_standard_input(dockerd):
    done = dockerd.run("run", "--rm", "-i", IMAGE, "cat", input="one\ntwo\n", stdin=None)
    assert (done.stdout, done.returncode) == ("one\ntwo\n", 0)


@pytest.mark.parametrize("program,status,words", [
    ("nowhere", 127, "executable file not found in $PATH"),
    ("/not/there", 127, "no such file or directory"),
    ("/etc", 126, "permission denied"), ("/etc/passwd", 126, "permission denied"),
])
def test_a_program_that_cannot_run(dockerd, program, status, words):
    done = dockerd.run("run", "--name", "bad", IMAGE, program)
    assert done.returncode == status and words in done.stderr
    assert dockerd.inspect("bad", ".State.ExitCode") == status
    assert words in dockerd.inspect("bad", ".State.Error")


def test_125_is_dockers_own_failure(dockerd):
    done = dockerd.run("run", "--rm", "--runtime", "nobody", IMAGE, "true")
    assert done.returncode == 125 and "nobody" in done.stderr


def test_terminal(dockerd):
    talk_on_a_terminal(dockerd.place.argv("docker", "run", "--rm", "-it", IMAGE, "sh", "-c",
                                          "tty; read line; echo got $line; exit 3"),
                       env=dockerd.env())


def test_user_directory_environment_and_host_name(dockerd):
    text = dockerd.ok("run", "--rm", "--user", "1000:1001", "--group-add", "7", "-w", "/tmp", "-e",
                      "A=b c", "-h", "eva", IMAGE, "sh", "-c", "id -u; id -g; id -G; pwd; "
                      "echo $A; hostname")
    assert text.splitlines() == ["1000", "1001", "1001 7", "/tmp", "b c", "eva"]


def test_capabilities_are_added_and_dropped(dockerd):
    def caps(*options):
        return effective(dockerd.ok("run", "--rm", *options, IMAGE, "cat", "/proc/self/status"))
    admin, chown = 1 << 21, 1 << 0
    assert not caps() & admin and caps() & chown
    assert caps("--cap-add", "SYS_ADMIN") & admin
    assert not caps("--cap-drop", "CHOWN") & chown
    assert caps("--cap-drop", "ALL") == 0


def test_privileged(dockerd):
    text = dockerd.ok("run", "--rm", "--privileged", IMAGE, "sh", "-c",
                      "cat /proc/self/status; ls /dev; mkdir /m && mount -t tmpfs x /m && "
                      "echo mounted; echo 1 >/proc/sys/net/ipv4/ip_forward && echo written")
    everything = pathlib.Path("/proc/self/status").read_text().split("CapBnd:")[1].split()[0]
    known = (1 << 38) - 1  # to dockerd 20.10
    assert effective(text) & known == int(everything, 16) & known
    assert "Seccomp:\t0" in text and "kmsg" in text and "mounted" in text and "written" in text


def test_the_default_profile_and_an_own_one(dockerd, tmp_path):
    assert "Operation not permitted" in dockerd.run(
        "run", "--rm", IMAGE, "unshare", "-m", "true").stderr
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps({
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}))
    done = dockerd.run("run", "--rm", "--security-opt", f"seccomp={profile}", IMAGE,
                       "mkdir", "/x")
    assert done.returncode == 1 and "Operation not permitted" in done.stderr


def test_no_new_privileges(dockerd):
    text = dockerd.ok("run", "--rm", "--security-opt", "no-new-privileges", IMAGE, "grep",
                      "NoNewPrivs", "/proc/self/status")
    assert text.split()[1] == "1"


def test_read_only_root_with_a_tmpfs_in_it(dockerd):
    done = dockerd.run("run", "--rm", "--read-only", "--tmpfs", "/t:size=1m", IMAGE, "sh", "-c",
                       "touch /t/x && df /t | tail -n 1; touch /x")
    assert "1024" in done.stdout and "Read-only file system" in done.stderr


def test_bind_mounts_and_volumes(dockerd, tmp_path):
    (tmp_path / "note").write_text("hello\n")
    done = dockerd.run("run", "--rm", "-v", f"{tmp_path}:/ro:ro", "-v", f"{tmp_path}:/rw",
                       "-v", "things:/v", IMAGE, "sh", "-c",
                       "cat /ro/note; touch /rw/x /v/y; touch /ro/z")
    assert done.stdout == "hello\n" and "Read-only file system" in done.stderr
    assert (tmp_path / "x").exists()
    assert dockerd.ok("run", "--rm", "-v", "things:/v", IMAGE, "ls", "/v") == "y"
    dockerd.ok("volume", "rm", "things")


def test_namespaces_of_the_host(dockerd):
    text = dockerd.ok("run", "--rm", "--pid", "host", "--network", "host", "--uts", "host",
                      "--ipc", "host", IMAGE, "sh", "-c",
                      "for n in pid net uts ipc; do readlink /proc/self/ns/$n; done")
    holder = dockerd.place.holder.pid
    assert text.split() == [os.readlink(f"/proc/{holder}/ns/{n}")
                            for n in ("pid", "net", "uts", "ipc")]


def test_namespaces_of_another_container(dockerd):
    dockerd.ok("run", "-d", "--name", "one", "--ipc", "shareable", IMAGE, "sleep", "1000")
    text = dockerd.ok("run", "--rm", "--pid", "container:one", "--network", "container:one",
                      "--ipc", "container:one", IMAGE, "sh", "-c",
                      "for n in pid net ipc; do readlink /proc/self/ns/$n; done; ps -o args")
    pid = dockerd.pid("one")
    assert text.split()[:3] == [os.readlink(f"/proc/{pid}/ns/{n}") for n in ("pid", "net", "ipc")]
    assert "sleep 1000" in text


def test_a_cgroup_namespace_of_its_own(dockerd):
    text = dockerd.ok("run", "--rm", "--cgroupns", "private", IMAGE, "cat", "/proc/self/cgroup")
    assert os.environ["SAMPAN_CGROUP_PARENT"] not in text


def test_an_init_reaps(dockerd):
    text = dockerd.ok("run", "--rm", "--init", IMAGE, "ps", "-o", "pid,args")
    assert re.search(r"^\s*1 /sbin/docker-init", text, re.M), text


def test_ulimit_sysctl_shm_and_oom_score(dockerd):
    text = dockerd.ok("run", "--rm", "--ulimit", "nofile=100:200", "--sysctl",
                      "net.ipv4.ip_unprivileged_port_start=100", "--shm-size", "2m",
                      "--oom-score-adj", "500", IMAGE, "sh", "-c",
                      "ulimit -n; ulimit -Hn; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; "
                      "df /dev/shm | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2; "
                      "cat /proc/self/oom_score_adj")
    assert text.split() == ["100", "200", "100", "2048", "500"]


@pytest.mark.cgroups
def test_a_device_as_far_as_it_is_allowed(dockerd):
    there = [d for d in ("/dev/fuse", "/dev/loop-control", "/dev/net/tun") if os.path.exists(d)]
    if not there:
        pytest.skip("no device here that anybody may open")
    done = dockerd.run("run", "--rm", "--device", f"{there[0]}:/dev/mine:r", IMAGE, "sh", "-c",
                       ": </dev/mine && echo read; : >/dev/mine")
    assert done.stdout == "read\n" and "Operation not permitted" in done.stderr
    refused = dockerd.run("run", "--rm", "--cap-add", "MKNOD", IMAGE, "sh", "-c",
                          "mknod /k c 1 11 && cat /k")
    assert "Operation not permitted" in refused.stderr


@pytest.mark.cgroups
def test_more_memory_than_the_limit_is_killed(dockerd):
    done = dockerd.run("run", "--name", "big", "-m", "32m", IMAGE, "dd", "if=/dev/zero",
                       "of=/dev/null", "bs=200M", "count=1")
    assert done.returncode == 137
    wait_for(lambda: dockerd.inspect("big", ".State.OOMKilled"), "docker hears of it", 5)


@pytest.mark.cgroups
def test_limits_are_in_its_cgroup(dockerd):
    dockerd.ok("run", "-d", "--name", "small", "-m", "64m", "--cpus", "0.5", "--pids-limit", "20",
               IMAGE, "sleep", "1000")
    assert dockerd.cgroup_file("small", "memory", "memory.limit_in_bytes",
                               "memory.max") == str(64 << 20)
    assert dockerd.cgroup_file("small", "cpu", "cpu.cfs_quota_us",
                               "cpu.max").split()[0] == "50000"
    assert dockerd.cgroup_file("small", "pids", "pids.max", "pids.max") == "20"


def test_no_network_at_all(dockerd):
    text = dockerd.ok("run", "--rm", "--network", "none", IMAGE, "ls", "/sys/class/net")
    assert text == "lo"


def test_the_bridge_and_a_published_port(dockerd):
    dockerd.ok("run", "-d", "--name", "web", "-p", "127.0.0.1:8080:80", IMAGE, *SERVE)
    address = dockerd.inspect("web", ".NetworkSettings.IPAddress")
    connect = ("import socket; s = socket.create_connection(('%s', %d), 5); "
               "print(s.recv(9).decode(), end='')")
    for where in ((address, 80), ("127.0.0.1", 8080)):
        assert dockerd.place.ok("/usr/bin/python3", "-c", connect % where) == "hello\n"


def test_containers_of_a_network_find_each_other_by_name(dockerd):
    dockerd.ok("network", "create", "mine")
    dockerd.ok("run", "-d", "--name", "web", "--network", "mine", IMAGE, *SERVE)
    assert dockerd.ok("run", "--rm", "--network", "mine", IMAGE, "sh", "-c",
                      "nc web 80 </dev/null") == "hello"
    dockerd.ok("network", "connect", "bridge", "web")
    assert "eth1" in dockerd.ok("exec", "web", "ls", "/sys/class/net")


@pytest.mark.cgroups
def test_build(dockerd, tmp_path):
    (tmp_path / "Dockerfile").write_text(
        "FROM busybox\n"
        "ENV WHO=eva\n"
        "COPY note /etc/note\n"
        "RUN echo eva:x:1234:1234::/:/bin/sh >>/etc/passwd && echo made by $(id -un) >/etc/made\n"
        "USER eva\n"
        "WORKDIR /tmp\n"
        "RUN [\"sh\", \"-c\", \"id -un >who\"]\n"
        "CMD cat /etc/note /etc/made who\n")
    (tmp_path / "note").write_text("a note\n")
    dockerd.ok("build", "-q", "-t", "built", tmp_path, timeout=120)
    try:
        assert dockerd.ok("run", "--rm", "built") == "a note\nmade by root\neva"
        (tmp_path / "Dockerfile").write_text("FROM built\nUSER root\nRUN exit 9\n")
        failed = dockerd.run("build", tmp_path)
        assert failed.returncode != 0 and "returned a non-zero code: 9" in failed.stderr
    finally:
        dockerd.clean()
        dockerd.ok("rmi", "-f", "built")
        dockerd.ok("image", "prune", "-f")
