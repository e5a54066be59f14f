"""podman's commands on our runtime, as root.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import subprocess
import time

import pytest

from worlds import wait_until
from machine import PATIENCE, TOP, is_pure_v2

IMAGE = "localhost/busybox:latest"
QUIET = ("--network", "none")


def run(podman, *words, **more):
    return podman.ok("run", "--rm", *QUIET, *words, **more)


def start(podman, name, *words):
    """A container that waits, and ends when it is told to."""
    return podman.ok("run", "--detach", "--name", name, *QUIET, *words, IMAGE, "sh", "-c",
                     "trap 'exit 5' TERM; echo begun; while :; do sleep 0.1; done")


def state(podman, name):
    return podman.ok("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", name)


# ---- what deploy/containers.conf says ----


def test_the_drop_in_makes_ours_the_runtime(podman):
    info = json.loads(podman.ok("info", "--format", "json"))
    assert info["host"]["ociRuntime"]["name"] == "sampan"
    assert info["host"]["ociRuntime"]["path"] == "/usr/local/bin/sampan-runtime"
    run(podman, "--name", "one", IMAGE, "true")
    start(podman, "two")
    assert podman.ok("inspect", "--format", "{{.OCIRuntime}}", "two") == "sampan"


def test_the_file_works_alone_by_the_environment(podman):
    done = podman.call("env", f"CONTAINERS_CONF={TOP / 'deploy/containers.conf'}", "podman",
                       "--cgroup-manager", "cgroupfs", "--events-backend", "file", "run", "--rm",
                       *QUIET, "--ulimit", "nofile=64:64", "--ulimit", "nproc=64:64", IMAGE,
                       "echo", "hello")
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr


def test_a_path_on_the_command_line_is_a_runtime_too(podman):
    assert podman.ok("--runtime", "/usr/local/bin/sampan-runtime", "run", "--rm", *QUIET, IMAGE,
                     "echo", "hello") == "hello"


# ---- run ----


@pytest.mark.cgroups
def test_run_passes_output_and_exit_status_on(podman):
    done = podman.run("run", "--rm", *QUIET, IMAGE, "sh", "-c", "echo out; echo err >&2; exit 42")
    assert (done.returncode, done.stdout, done.stderr) == (42, "out\n", "err\n")


def test_run_passes_input_on(podman):
    done = podman.run("run", "--rm", "-i", *QUIET, IMAGE, "cat", input="one\ntwo\n", stdin=None)
    assert done.stdout == "one\ntwo\n"


def test_a_killed_program_is_128_and_the_signal(podman):
    done = podman.run("run", "--rm", "--init", *QUIET, IMAGE, "sh", "-c", "kill -9 $$")
    assert done.returncode == 137


def test_environment_hostname_and_working_directory(podman):
    out = run(podman, "-e", "A=b c", "--hostname", "boat", "-w", "/tmp", IMAGE, "sh", "-c",
              "echo $A; hostname; pwd")
    assert out.split("\n") == ["b c", "boat", "/tmp"]


def test_a_terminal(podman):
    status, shown = podman.on_terminal("run", "--rm", "-it", *QUIET, IMAGE, "sh", "-c",
                                       "tty; read x; echo got $x; exit 3", typed="word\n")
    assert status == 3
    assert "/dev/pts/0" in shown and "got word" in shown


def test_a_terminal_takes_its_size(podman):
    status, shown = podman.on_terminal("run", "--rm", "-it", *QUIET, IMAGE, "sh", "-c",
                                       "sleep 0.5; stty size", size=(33, 77))
    assert status == 0 and shown.strip() == "33 77"


def test_init_reaps(podman):
    out = run(podman, "--init", IMAGE, "sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '; echo $$")
    assert "podman-init" in out and out.split()[-1] != "1"


def test_volumes(podman, tmp_path):
    (tmp_path / "note").write_text("hello")
    podman.ok("volume", "create", "jar")
    out = run(podman, "-v", f"{tmp_path}:/there:ro", "-v", "jar:/jar", "--tmpfs", "/scratch",
              IMAGE, "sh", "-c",
              "cat /there/note; echo; touch /there/x 2>&1; echo kept >/jar/file; touch /scratch/y")
    assert out.split("\n") == ["hello", "touch: /there/x: Read-only file system"]
    assert run(podman, "--mount", "type=volume,src=jar,dst=/jar", IMAGE, "cat",
               "/jar/file") == "kept"


@pytest.mark.cgroups
def test_limits_reach_the_cgroup(podman):
    if is_pure_v2():
        files, values = "memory.max cpu.max pids.max", ["33554432", "50000 100000", "50"]
    else:
        files = "memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max"
        values = ["33554432", "50000", "50"]
    out = run(podman, "-m", "32m", "--cpus", "0.5", "--pids-limit", "50", IMAGE, "sh", "-c",
              f"cd /sys/fs/cgroup; cat {files}")
    assert out.split("\n") == values


@pytest.mark.cgroups
def test_memory_limit_kills(podman):
    done = podman.run("run", "--name", "big", *QUIET, "-m", "16m", "--memory-swap", "16m", IMAGE,
                      "dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1")
    assert done.returncode == 137


def test_user_and_groups(podman):
    shown = run(podman, "--user", "1000:1001", IMAGE, "sh", "-c", "id -u; id -g")
    assert shown.split() == ["1000", "1001"]
    assert "7" in run(podman, "--user", "1000", "--group-add", "7", IMAGE, "id", "-G").split()


def test_read_only_root(podman):
    done = podman.run("run", "--rm", *QUIET, "--read-only", IMAGE, "sh", "-c",
                      "touch /tmp/ok && touch /x")
    assert done.returncode == 1 and "Read-only file system" in done.stderr


def test_capabilities(podman):
    def mask(*words):
        return int(run(podman, *words, IMAGE, "grep", "CapEff", "/proc/self/status").split()[1],
                   16)

    default = mask()
    assert default and mask("--cap-drop", "all") == 0
    assert mask("--cap-drop", "all", "--cap-add", "chown") == 1
    admin = 1 << 12
    assert not default & admin and mask("--cap-add", "NET_ADMIN") == default | admin


def test_security_options(podman, tmp_path):
    words = ("grep", "-E", "NoNewPrivs|Seccomp:", "/proc/self/status")
    assert run(podman, IMAGE, *words).split() == ["NoNewPrivs:", "0", "Seccomp:", "2"]
    assert run(podman, "--security-opt", "no-new-privileges", IMAGE, *words).split()[1] == "1"
    assert run(podman, "--security-opt", "seccomp=unconfined", IMAGE, *words).split()[3] == "0"
    (tmp_path / "profile").write_text(json.dumps({
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}],
    }))
    done = podman.run("run", "--rm", *QUIET, "--security-opt", f"seccomp={tmp_path}/profile",
                      IMAGE, "mkdir", "/x")
    assert done.returncode == 1 and "not supported" in done.stderr
    assert run(podman, "--security-opt", "mask=/proc/version", IMAGE, "cat", "/proc/version") == ""
    out = run(podman, "--security-opt", "unmask=ALL", IMAGE, "cat", "/proc/mounts")
    assert "/proc/kcore" not in out


@pytest.mark.cgroups
def test_privileged(podman):
    out = run(podman, "--privileged", IMAGE, "sh", "-c",
              "mkdir /m; mount -t tmpfs x /m && echo mounted; test -c /dev/mem && echo mem; ls -l /dev/ptmx")
    assert "mounted" in out and "pts/ptmx" in out


@pytest.mark.cgroups
def test_devices_sysctls_and_ulimits(podman):
    out = run(podman, "--device", "/dev/null:/dev/mine:r", "--sysctl", "kernel.msgmax=9000",
              "--ulimit", "nofile=500:500", "--ulimit", "nproc=400:400", "--shm-size", "1m", IMAGE, "sh", "-c",
              "ls /dev/mine; cat /proc/sys/kernel/msgmax; ulimit -n; df -k /dev/shm | tail -n 1")
    assert out.split("\n")[:3] == ["/dev/mine", "9000", "500"] and " 1024 " in out


def test_shared_namespaces(podman):
    first = start(podman, "first")
    out = run(podman, "--pid", "container:first", "--uts", "container:first", "--ipc",
              f"container:{first}", IMAGE, "sh", "-c", "hostname; ps")
    assert out.startswith(first[:12]) and "begun" in out
    assert run(podman, "--pid", "host", "--uts", "host", "--ipc", "host", IMAGE, "hostname") == \
        os.uname().nodename


def test_a_user_namespace_of_roots(podman):
    out = run(podman, "--uidmap", "0:100000:5000", "--gidmap", "0:100000:5000", IMAGE, "sh", "-c",
              "id -u; cat /proc/self/uid_map; touch /x && echo made")
    assert out.split() == ["0", "0", "100000", "5000", "made"]


@pytest.mark.cgroups
def test_without_cgroups(podman):
    assert run(podman, "--cgroups", "disabled", IMAGE, "echo", "hello") == "hello"


# ---- the life of a container ----


@pytest.mark.cgroups
def test_a_life(podman):
    start(podman, "life")
    assert state(podman, "life") == "running 0"
    wait_until(lambda: podman.ok("logs", "life") == "begun", "the log")
    assert "sleep" in podman.ok("top", "life", "args") or podman.ok("top", "life").count("\n")
    podman.ok("pause", "life")
    assert state(podman, "life") == "paused 0"
    refused = podman.run("exec", "life", "true")
    assert refused.returncode != 0
    podman.ok("unpause", "life")
    assert state(podman, "life") == "running 0"
    podman.ok("stop", "--time", "5", "life")
    assert state(podman, "life") == "exited 5"
    podman.ok("start", "life")
    podman.ok("restart", "--time", "5", "life")
    assert state(podman, "life") == "running 0"
    podman.ok("kill", "--signal", "KILL", "life")
    assert podman.ok("wait", "life") == "137"
    podman.ok("rm", "life")


def test_stop_kills_what_does_not_listen(podman):
    podman.ok("run", "-d", "--name", "deaf", *QUIET, IMAGE, "sh", "-c", "trap '' TERM; sleep 1000")
    podman.ok("stop", "--time", "0", "deaf")
    assert state(podman, "deaf") == "exited 137"


@pytest.mark.cgroups
def test_rm_force_takes_a_running_one_with_all_its_processes(podman):
    podman.ok("run", "-d", "--name", "many", *QUIET, IMAGE, "sh", "-c",
              "for i in 1 2 3 4 5; do sleep 1000 & done; wait")
    podman.ok("rm", "--force", "--time", "0", "many")
    assert podman.ok("ps", "-aq") == ""


@pytest.mark.cgroups
def test_exec(podman):
    start(podman, "box", "--security-opt", "apparmor=unconfined")  # its profile denies mounts
    assert podman.ok("exec", "-e", "A=b", "-w", "/tmp", "--user", "7:8", "box", "sh", "-c",
                     "echo $A; pwd; id -u; id -g").split() == ["b", "/tmp", "7", "8"]
    done = podman.run("exec", "-i", "box", "cat", input="through\n", stdin=None)
    assert done.stdout == "through\n"
    assert podman.run("exec", "box", "sh", "-c", "exit 9").returncode == 9
    podman.ok("exec", "-d", "box", "sh", "-c", "echo late >/late; sleep 0.1")
    wait_until(lambda: podman.run("exec", "box", "cat", "/late").stdout == "late\n", "exec -d")
    status, shown = podman.on_terminal("exec", "-it", "box", "sh", "-c", "tty; exit 4")
    assert status == 4 and "/dev/pts/" in shown
    assert podman.ok("exec", "--privileged", "box", "sh", "-c",
                     "mkdir /m; mount -t tmpfs x /m 2>&1; echo $?").endswith("0")


@pytest.mark.cgroups
def test_update_changes_a_running_container(podman):
    start(podman, "box")
    podman.ok("update", "--memory", "48m", "box")
    file = "memory.max" if is_pure_v2() else "memory/memory.limit_in_bytes"
    assert podman.ok("exec", "box", "cat", f"/sys/fs/cgroup/{file}") == str(48 << 20)


@pytest.mark.cgroups
def test_stats(podman):
    start(podman, "box")
    stats = json.loads(podman.ok("stats", "--no-stream", "--format", "json", "box"))[0]
    assert stats["name"] == "box" and int(stats["pids"]) >= 1


@pytest.mark.cgroups
@pytest.mark.parametrize("command,status,words", [("true", 0, "healthy"), ("false", 1, "")])
def test_healthcheck_run(podman, command, status, words):
    start(podman, "box", "--health-cmd", command, "--health-retries", "1", "--health-interval",
          "disable")
    done = podman.run("healthcheck", "run", "box")
    assert done.returncode == status
    health = podman.ok("inspect", "--format", "{{.State.Health.Status}}", "box")
    assert health == ("healthy" if status == 0 else "unhealthy")


def test_attach_and_logs(podman):
    podman.ok("run", "-d", "--name", "talk", *QUIET, IMAGE, "sh", "-c",
              "while [ ! -e /go ]; do sleep 0.05; done; echo one; echo two >&2; exit 6")
    attached = subprocess.Popen(podman.argv("podman", "attach", "--no-stdin", "talk"),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.3 * PATIENCE)
    podman.ok("exec", "talk", "touch", "/go")
    out, errors = attached.communicate(timeout=20 * PATIENCE)
    assert out.startswith("one\n") and errors == "two\n"
    assert podman.ok("wait", "talk") == "6"
    done = podman.run("logs", "talk")
    assert (done.stdout, done.stderr) == ("one\n", "two\n")


def test_cp_diff_and_commit(podman, tmp_path):
    start(podman, "box")
    (tmp_path / "in").write_text("carried")
    podman.ok("cp", tmp_path / "in", "box:/carried")
    assert podman.ok("exec", "box", "cat", "/carried") == "carried"
    assert "A /carried" in podman.ok("diff", "box")
    podman.ok("commit", "--quiet", "box", "localhost/copy")
    assert run(podman, "localhost/copy", "cat", "/carried") == "carried"
    podman.ok("rm", "--force", "--time", "0", "box")
    podman.ok("rmi", "localhost/copy")


# ---- networks ----


def test_network_none_host_and_a_shared_one(podman):
    assert podman.ok("run", "--rm", "--network", "none", IMAGE, "ls", "/sys/class/net") == "lo"
    outside = podman.call("readlink", "/proc/self/ns/net").stdout.strip()
    assert podman.ok("run", "--rm", "--network", "host", IMAGE, "readlink",
                     "/proc/self/ns/net") == outside
    start(podman, "first")
    inside = podman.ok("exec", "first", "readlink", "/proc/self/ns/net")
    assert inside != outside
    assert podman.ok("run", "--rm", "--network", "container:first", IMAGE, "readlink",
                     "/proc/self/ns/net") == inside


def test_network_bridge_with_a_published_port(podman):
    podman.ok("run", "-d", "--name", "server", "--network", "bridge", "-p", "127.0.0.1:8080:80",
              IMAGE, "sh", "-c", "echo hello >/index.html; exec httpd -f -p 80 -h /")
    address = podman.ok("inspect", "--format", "{{.NetworkSettings.IPAddress}}", "server")
    fetch = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 5 "
    inside = podman.ok("run", "--rm", "--network", "bridge", IMAGE, "sh", "-c", f"{fetch}{address} 80")
    assert inside.endswith("hello")
    done = podman.call("sh", "-c", f"{fetch}127.0.0.1 8080")
    assert done.stdout.endswith("hello\n"), done.stderr
    podman.ok("rm", "--force", "--time", "0", "server")


# ---- pods ----


@pytest.mark.cgroups
def test_a_pod(podman):
    podman.ok("pod", "create", "--name", "pair", "--network", "none")
    for name in ("left", "right"):
        podman.ok("run", "-d", "--pod", "pair", "--name", name, IMAGE, "sh", "-c",
                  "trap 'exit 0' TERM; while :; do sleep 0.1; done")
    links = [[podman.ok("exec", n, "readlink", f"/proc/self/ns/{ns}") for ns in ("net", "ipc")]
             for n in ("left", "right")]
    assert links[0] == links[1]
    assert podman.ok("pod", "ps", "--format", "{{.Name}} {{.Status}} {{.NumberOfContainers}}") == \
        "pair Running 3"
    podman.ok("pod", "pause", "pair")
    assert state(podman, "left") == "paused 0"
    podman.ok("pod", "unpause", "pair")
    podman.ok("pod", "stop", "--time", "5", "pair")
    assert state(podman, "right") == "exited 0"
    podman.ok("pod", "start", "pair")
    podman.ok("pod", "kill", "pair")
    podman.ok("pod", "rm", "--force", "pair")
    assert podman.ok("ps", "-aq") == ""
