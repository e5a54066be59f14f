"""The options of `run`: Docker's meaning, Docker's words for what is wrong, nothing left behind.

What is said here was compared with Docker's own command line, case by case. Where Docker
says more than we can promise (a daemon, a task, a shim), only the part about the mistake is
asked for.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib

import pytest

from machine import is_pure_v2

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

BIND = "type=bind,source=/tmp,target=/x"


@pytest.mark.parametrize("words, text", [
    # mounts
    (["--mount", "type=bind,source=/nosuch-9,target=/x"],
     'invalid mount config for type "bind": bind source path does not exist: /nosuch-9'),
    (["--mount", "type=bind,target=/x"], "field Source must not be empty"),
    (["--mount", "type=bind,source=rel,target=/x"], "'rel' mount path must be absolute"),
    (["--mount", "type=foo,source=/tmp,target=/x"],
     'invalid mount config for type "foo": mount type unknown'),
    (["--mount", "type=bind,source=/tmp"],
     'invalid argument "type=bind,source=/tmp" for "--mount" flag: target is required'),
    (["--mount", f"{BIND},bogus=1"], "unexpected key 'bogus' in 'bogus=1'"),
    (["--mount", f"{BIND},bogus"], "invalid field 'bogus' must be a key=value pair"),
    (["--mount", ""], 'invalid argument "" for "--mount" flag'),
    (["--mount", f"{BIND},readonly=maybe"], "invalid value for readonly: maybe"),
    (["--mount", f"{BIND},bind-propagation=bogus"], "'bogus'"),
    (["--mount", f"{BIND},volume-driver=x"],
     "cannot mix 'volume-*' options with mount type 'bind'"),
    (["--mount", f"{BIND},tmpfs-size=1m"], "cannot mix 'tmpfs-*' options with mount type 'bind'"),
    (["--mount", "type=tmpfs,target=/x,bind-propagation=private"],
     "cannot mix 'bind-*' options with mount type 'tmpfs'"),
    (["--mount", "type=tmpfs,source=/y,target=/x"], "field Source must not be specified"),
    (["--mount", "type=tmpfs,target=/x,tmpfs-mode=999"], "invalid value for tmpfs-mode: 999"),
    (["--mount", "type=tmpfs,target=/x,tmpfs-size=zz"], "invalid value for tmpfs-size: zz"),
    (["-v", "/tmp:x"], "'x' mount path must be absolute"),
    (["-v", "/tmp:/"], "'/'"),
    (["-v", "/tmp:/a/../b"], "'..'"),
    (["-v", "/tmp:/x:bad"], "invalid mode"),
    (["-v", ":/x"], "invalid spec: :/x: empty section between colons"),
    (["-v", "/a:/b:ro:z"], "invalid spec: /a:/b:ro:z: too many colons"),
    (["-v", "/tmp:/x", "--tmpfs", "/x"], "Duplicate mount point: /x"),
    (["--tmpfs", "x"], "'x' mount path must be absolute"),
    (["--tmpfs", "/x:bogus"], "bogus"),
    (["--tmpfs", "/x:size=zz"], "size"),
    # the program
    (["-w", "rel"], "the working directory 'rel' is invalid, it needs to be an absolute path"),
    (["-w", "/etc/passwd"], "/etc/passwd: Not a directory"),
    (["-e", "=x"], 'invalid argument "=x" for "-e, --env" flag: invalid environment variable: =x'),
    (["--env-file", "/nosuch-9"], "/nosuch-9: No such file or directory"),
    (["--label-file", "/nosuch-9"], "/nosuch-9: No such file or directory"),
    (["-u", "nosuch"], "unable to find user nosuch"),
    (["-u", "0:nosuch"], "unable to find group nosuch"),
    (["-u", "-1"], "-1"),
    (["-u", "4294967296"], "4294967296"),
    (["--group-add", "nosuch"], "unable to find group nosuch"),
    (["-h", "x" * 80], "hostname"),
    (["--stop-signal", "BOGUS"], "Invalid signal: BOGUS"),
    (["--stop-timeout", "soon"], 'invalid argument "soon" for "--stop-timeout" flag'),
    (["--name", "bad name"], "Invalid container name (bad name)"),
    (["--pull", "bogus"], "invalid pull option: 'bogus'"),
    (["--log-driver", "bogus"], "bogus"),
    (["--log-opt", "bogus=1"], "unknown log opt 'bogus'"),
    (["--log-opt", "max-size=zz"], "zz"),
    (["-a", "bogus"], 'invalid argument "bogus" for "-a, --attach" flag: valid streams are '
                      'STDIN, STDOUT and STDERR'),
    (["-d", "-a", "stdout"], "conflicting options: cannot specify both --attach and --detach"),
    (["--detach-keys", "bogus"], "bogus"),
    # network and namespaces
    (["--network", "bogus"], "bogus"),
    (["--add-host", "foo"], 'bad format for add-host: "foo"'),
    (["--add-host", "foo:bar"], 'invalid IP address in add-host: "bar"'),
    (["--dns", "bogus"], "IP address is not correctly formatted: bogus"),
    (["--pid", "bogus"], "--pid: invalid mode 'bogus'"),
    (["--ipc", "bogus"], "--ipc: invalid mode 'bogus'"),
    (["--uts", "bogus"], "--uts: invalid mode 'bogus'"),
    (["--userns", "bogus"], "--userns: invalid mode 'bogus'"),
    (["--cgroupns", "bogus"], "--cgroupns: invalid mode 'bogus'"),
    (["--cgroup-parent", "/../x"], "cgroup"),
    # privileges
    (["--cap-add", "NOSUCH"], 'unknown capability: "NOSUCH"'),
    (["--cap-drop", "NOSUCH"], 'unknown capability: "NOSUCH"'),
    (["--security-opt", "bogus"], 'invalid --security-opt: "bogus"'),
    (["--security-opt", "foo=bar"], 'invalid --security-opt: "foo=bar"'),
    (["--security-opt", "no-new-privileges=maybe"], "no-new-privileges=maybe"),
    (["--security-opt", "seccomp=/nosuch-9"],
     "open the seccomp profile /nosuch-9: No such file or directory"),
    (["--security-opt", "seccomp=/etc/passwd"], "seccomp=/etc/passwd"),
    (["--device", "/dev/nosuch-9"], "/dev/nosuch-9: No such file or directory"),
    (["--device", "/dev/null:/dev/x:rq"], "bad mode specified: rq"),
    (["--device", "/tmp"], "/tmp"),
    (["--device", "a:b:c:d"], "a:b:c:d"),
    (["--device-cgroup-rule", "bogus"], 'invalid device cgroup rule "bogus"'),
    (["--sysctl", "kernel.panic=1"], "kernel.panic"),
    (["--sysctl", "bogus"], "sysctl 'bogus' is not allowed"),
    (["--sysctl", "net.nosuch=1"], "net/nosuch: No such file or directory"),
    (["--network", "host", "--sysctl", "net.ipv4.ip_forward=1"], "net.ipv4.ip_forward"),
    (["--ulimit", "nofile=300:200"],
     "ulimit soft limit must be less than or equal to hard limit: 300 > 200"),
    (["--ulimit", "nosuch=1"], "invalid ulimit type: nosuch"),
    (["--ulimit", "nofile"], "invalid ulimit argument: nofile"),
    (["--ulimit", "nofile=abc"], "nofile=abc"),
    (["--ulimit", "nofile=1:2:3"], "nofile=1:2:3"),
    # limits
    (["-m", "4m"], "Minimum memory limit allowed is 6MB"),
    (["-m", "abc"], 'invalid argument "abc" for "-m, --memory" flag'),
    (["-m", "-5"], 'invalid argument "-5" for "-m, --memory" flag'),
    (["-m", "64m", "--memory-swap", "32m"],
     "Minimum memoryswap limit should be larger than memory limit"),
    (["--memory-swap", "32m"],
     "You should always set the Memory limit when using Memoryswap limit"),
    (["-m", "64m", "--memory-reservation", "128m"],
     "Minimum memory limit can not be less than memory reservation limit"),
    (["--memory-swappiness", "200"], "Valid memory swappiness range is 0-100"),
    (["--cpus", "100000"], "Range of CPUs is from 0.01 to"),
    (["--cpus", "0.001"], "Range of CPUs is from 0.01 to"),
    (["--cpus", "abc"], 'invalid argument "abc" for "--cpus" flag'),
    (["--cpus", "1", "--cpu-quota", "5000"],
     "Conflicting options: Nano CPUs and CPU Quota cannot both be set"),
    (["--cpus", "1", "--cpu-period", "5000"],
     "Conflicting options: Nano CPUs and CPU Period cannot both be set"),
    (["--cpu-quota", "500"], "CPU cfs quota can not be less than 1ms (i.e. 1000)"),
    (["--cpu-period", "50"], "CPU cfs period can not be less than 1ms (i.e. 1000)"),
    (["--cpu-shares", "1"], "the minimum allowed cpu-shares is 2"),
    (["--cpu-shares", "-1"], "invalid CPU shares (-1)"),
    (["--cpuset-cpus", "9999"], "no such CPUs"),
    (["--cpuset-cpus", "abc"], "cpuset.cpus"),
    (["--cpuset-mems", "77"], "no such memory nodes"),
    (["--pids-limit", "abc"], 'invalid argument "abc" for "--pids-limit" flag'),
    (["--shm-size", "abc"], 'invalid argument "abc" for "--shm-size" flag'),
    (["--oom-score-adj", "5000"], "from -1000 to 1000"),
    (["--blkio-weight", "5"], "Range of blkio weight is from 10 to 1000"),
    (["--blkio-weight-device", "bogus"], "bad format: bogus"),
    (["--device-read-bps", "bogus"],
     'invalid argument "bogus" for "--device-read-bps" flag: bad format: bogus'),
    (["--device-read-bps", "/dev/nosuch-9:1mb"], "/dev/nosuch-9: No such file or directory"),
    (["--device-write-bps", "/dev/null:1mb"], "/dev/null is no block device"),
    (["--device-write-iops", "/dev/null:abc"], "invalid rate for device: /dev/null:abc"),
])
def test_a_bad_value_is_an_error_that_names_it(sampan, words, text):
    """Status 125, the option or its value in the message, and no container: the leak check
    after the test sees to mounts, cgroups and processes."""
    done = sampan.run("run", "--rm", *words, "busybox", "true")
    assert (done.returncode, done.stdout) == (125, ""), done.stderr
    assert text in done.stderr
    assert done.stderr.startswith("sampan: ")
    assert sampan.ok("ps", "-aq") == ""
    left = [*(sampan.root / "containers").iterdir(), *(sampan.state / "containers").iterdir(),
            *(sampan.state / "names").iterdir()]
    assert left == []


@pytest.mark.parametrize("words, command, wanted", [
    (["-u", "1000:1001"], "id", "uid=1000 gid=1001 groups=1001"),
    (["-u", "nobody"], "id", "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)"),
    (["--group-add", "4321", "--group-add", "tty", "-u", "7:8"], "id -G | tr ' ' '\\n' | sort",
     "4321\n5\n8"),
    (["--tmpfs", "/x:size=1m,mode=711,uid=5"], "stat -c '%a %u' /x", "711 5"),
    (["--tmpfs", "/x:exec"], "grep -c ' /x tmpfs rw,nosuid,nodev,relatime' /proc/mounts", "1"),
    (["--mount", "type=tmpfs,target=/x,tmpfs-size=1m,tmpfs-mode=700"], "stat -c %a /x", "700"),
    (["--mount", "type=bind,source=/etc,target=/x,readonly"], "grep -c ' /x .* ro' /proc/mounts",
     "1"),
    (["--entrypoint", "echo"], "echo hi", "sh -c echo hi"),
    (["-h", "a.b"], "hostname", "a.b"),
    (["--add-host", "six:::1", "--add-host", "four:1.2.3.4"], "grep -E 'six|four' /etc/hosts",
     "::1\tsix\n1.2.3.4\tfour"),
    (["--dns", "1.1.1.1", "--dns-search", "example.com", "--dns-option", "ndots:2"],
     "cat /etc/resolv.conf", "search example.com\nnameserver 1.1.1.1\noptions ndots:2"),
    (["--dns", "::1", "--dns-search", ".", "--dns-opt", "ndots:1"],
     "grep -v options /etc/resolv.conf", "nameserver ::1"),
    (["--ulimit", "nofile=100:200"], "ulimit -n; ulimit -Hn", "100\n200"),
    (["--ulimit", "nofile=100"], "ulimit -n; ulimit -Hn", "100\n100"),
    (["--sysctl", "kernel.msgmax=10000"], "cat /proc/sys/kernel/msgmax", "10000"),
    (["--oom-score-adj", "500"], "cat /proc/self/oom_score_adj", "500"),
    (["--security-opt", "no-new-privileges"], "grep -o 'NoNewPrivs:.1' /proc/self/status",
     "NoNewPrivs:\t1"),
    (["--security-opt", "no-new-privileges=false"], "grep -o 'NoNewPrivs:.0' /proc/self/status",
     "NoNewPrivs:\t0"),
    (["--security-opt", "seccomp:unconfined"], "grep -o 'Seccomp:.0' /proc/self/status",
     "Seccomp:\t0"),
    (["--device", "/dev/null:/dev/nix:rwm"], "test -c /dev/nix && cat /dev/nix && echo fine", "fine"),
    (["--entrypoint", ""], "echo fine", "fine"),
    (["--shm-size", "1m"], "df -k /dev/shm | awk 'END {print $2}'", "1024"),
    (["--userns", "host", "--pid", "host", "--uts", "host", "--ipc", "host"], "echo fine", "fine"),
    (["--kernel-memory", "50m"], "echo fine", "fine"),
])
def test_options_do_what_docker_s_do(sampan, words, command, wanted):
    done = sampan.run("run", "--rm", *words, "busybox", "sh", "-c", command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip("\n") == wanted


def test_what_could_be_made_but_not_started_stays_as_created(sampan):
    """As with Docker; with --rm it goes (above)."""
    assert sampan.run("run", "--name", "c", "-u", "nosuch", "busybox", "true").returncode == 125
    assert sampan.ok("ps", "-a", "--format", "{{.Names}} {{.State}}") == "c created"
    assert sampan.run("start", "c").returncode == 1
    sampan.ok("rm", "c")


def test_the_group_list_holds_in_an_exec_too(sampan):
    sampan.ok("run", "-d", "--name", "c", "--group-add", "4321", "busybox", "sleep", "1000")
    assert sampan.ok("exec", "-u", "7:8", "c", "id", "-G") == "8 4321"


PROFILE = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}],
    "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "args": [],
         "comment": "an input/output error", "includes": {}, "excludes": {}},
        {"names": ["chmod", "fchmodat"], "action": "SCMP_ACT_ERRNO",
         "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["chown", "lchown", "fchownat"], "action": "SCMP_ACT_ERRNO",
         "excludes": {"caps": ["CAP_CHOWN"]}},
        {"name": "rmdir", "action": "SCMP_ACT_ERRNO", "includes": {"minKernel": "99.0"}},
        {"name": "unlinkat", "action": "SCMP_ACT_ERRNO", "includes": {"arches": ["s390x"]}},
    ],
}


def test_a_seccomp_profile_of_the_user_s_own_decides_by_its_conditions(sampan, tmp_path):
    """Docker's own format: conditions by capability, machine and kernel."""
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps(PROFILE))
    script = "mkdir /x 2>&1; chmod 700 /tmp && echo chmod; chown 7 /tmp 2>/dev/null && echo chown"
    option = ("--security-opt", f"seccomp={profile}")
    assert sampan.run("run", "--rm", *option, "busybox", "sh", "-c", script).stdout == (
        "mkdir: can't create directory '/x': Input/output error\nchmod\nchown\n")
    out = sampan.run("run", "--rm", *option, "--cap-drop", "CHOWN", "--cap-add", "SYS_ADMIN",
                     "busybox", "sh", "-c", script).stdout
    assert out == "mkdir: can't create directory '/x': Input/output error\n"


@pytest.mark.parametrize("change, text", [
    ({"architectures": ["SCMP_ARCH_X86_64"]}, "'architectures' and 'archMap'"),
    ({"defaultAction": "SCMP_ACT_BOGUS"}, "SCMP_ACT_BOGUS"),
    ({"syscalls": [{"names": ["read"], "name": "write", "action": "SCMP_ACT_ALLOW"}]}, "use either"),
    ({"syscalls": [{"name": "read", "action": "SCMP_ACT_BOGUS"}]}, "SCMP_ACT_BOGUS"),
    ({"syscalls": [{"name": "read", "action": "SCMP_ACT_ALLOW",
                    "includes": {"minKernel": "new"}}]}, "minKernel"),
])
def test_a_profile_with_a_mistake_is_refused(sampan, tmp_path, change, text):
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps({**PROFILE, **change}))
    done = sampan.run("run", "--rm", "--security-opt", f"seccomp={profile}", "busybox", "true")
    assert done.returncode == 125
    assert text in done.stderr
    assert sampan.ok("ps", "-aq") == ""


def block_device():
    for name in os.listdir("/sys/block"):
        if os.path.exists(f"/dev/{name}") and int(
                pathlib.Path(f"/sys/block/{name}/size").read_text()) > 0:
            return f"/dev/{name}"
    return None


def test_io_limits_are_in_the_container_s_cgroup(sampan):
    device = block_device()
    if device is None:
        pytest.skip("no block device here")
    number = pathlib.Path(f"/sys/block/{device.removeprefix('/dev/')}/dev").read_text().strip()
    files = "io.max" if is_pure_v2() else (
        "blkio/blkio.throttle.read_bps_device blkio/blkio.throttle.write_iops_device")
    out = sampan.ok("run", "--rm", "--device-read-bps", f"{device}:1mb", "--device-write-iops",
                    f"{device}:77", "busybox", "sh", "-c", f"cd /sys/fs/cgroup; cat {files}")
    if is_pure_v2():
        assert out.startswith(f"{number} ")
        assert "rbps=1048576" in out and "wiops=77" in out
    else:
        assert out.splitlines() == [f"{number} 1048576", f"{number} 77"]


def test_a_cgroup_parent_of_the_user_s_own(sampan):
    parent = os.environ["SAMPAN_CGROUP_PARENT"] + "/below"
    sampan.ok("run", "-d", "--name", "c", "--cgroup-parent", parent, "busybox", "sleep", "1000")
    where = pathlib.Path(f"/proc/{sampan.pid('c')}/cgroup").read_text()
    assert f"/{parent}/{sampan.ok('inspect', '-f', '{{.Id}}', 'c')}" in where
    sampan.ok("rm", "-f", "c")
    for below in pathlib.Path("/sys/fs/cgroup").glob(f"**/{parent}"):
        below.rmdir()  # the parent is the user's: it stays


@pytest.mark.parametrize("words", [["ps"], ["images"], ["image", "prune"]])
def test_a_filter_without_a_value_is_a_wrong_command_line(sampan, words):
    done = sampan.run(*words, "--filter", "x")
    assert done.returncode == 125
    assert 'invalid argument "x" for "' in done.stderr
    assert '--filter" flag: bad format of filter (expected name=value)' in done.stderr
