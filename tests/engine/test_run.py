"""`sampan run`: streams, exit statuses, options, and what stays behind (nothing).

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import signal
import subprocess

import pytest


def test_output_and_errors_come_separately(sampan):
    done = sampan.run("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "err\n")


@pytest.mark.parametrize("command, status", [
    (["true"], 0),
    (["sh", "-c", "exit 3"], 3),
    (["nosuchprogram"], 127),
    (["/etc"], 126),
    (["sh", "-c", "sh -c 'kill -9 $$'; exit $?"], 137),
])
def test_the_exit_status_is_the_programs(sampan, command, status):
    assert sampan.run("run", "--rm", "busybox", *command).returncode == status


def test_a_missing_image_is_125_and_says_what_to_do(sampan):
    name = "127.0.0.1:9/nosuchimage"  # where no registry listens
    done = sampan.run("run", "--rm", name, "true")
    assert done.returncode == 125
    assert f"Unable to find image '{name}:latest' locally" in done.stderr
    assert "nobody answers there" in done.stderr
    done = sampan.run("run", "--rm", "--pull", "never", name, "true")
    assert (done.returncode, done.stderr) == (125, f"sampan: No such image: {name}\n")


def test_input_reaches_the_program_and_its_end_too(sampan):
    text = "x" * 300_000 + "\nlast\n"
    assert sampan.run("run", "--rm", "-i", "busybox", "cat", input=text).stdout == text


def test_output_goes_on_after_the_input_ended(sampan):
    done = sampan.run("run", "--rm", "-i", "busybox", "sh", "-c", "cat >/dev/null; echo after",
                      input="in")
    assert done.stdout == "after\n"


def test_without_i_the_input_is_empty(sampan):
    assert sampan.run("run", "--rm", "busybox", "cat", input="not for you").stdout == ""


def test_a_slow_reader_gets_every_byte(sampan):
    process = sampan.popen("run", "--rm", "busybox", "sh", "-c", "seq 1 200000",
                           stdout=subprocess.PIPE)
    first = os.read(process.stdout.fileno(), 10)
    rest = process.stdout.read()
    assert process.wait() == 0
    assert (first + rest).decode() == "".join(f"{i}\n" for i in range(1, 200001))


def test_a_program_that_does_not_read_does_not_block_the_end(sampan):
    assert sampan.run("run", "--rm", "-i", "busybox", "true", input="y" * 500_000).returncode == 0


def test_rm_leaves_no_file(sampan):
    sampan.ok("run", "--rm", "busybox", "touch", "/left")
    sampan.wait_for(lambda: not any((sampan.state / "trash").iterdir()))
    assert not any((sampan.state / "containers").iterdir())
    assert not any((sampan.state / "names").iterdir())
    assert not any((sampan.root / "containers").iterdir())


def test_files_of_one_container_are_not_seen_in_the_next(sampan):
    for _ in range(3):
        assert sampan.ok("run", "--rm", "busybox", "sh", "-c", "ls / | grep -c mark; touch /mark "
                         "/etc/mark; chmod 700 /; true") == "0"
    assert sampan.ok("run", "--rm", "busybox", "stat", "-c", "%a", "/") == "755"


def test_environment_in_order_of_rank(sampan, tmp_path):
    (tmp_path / "env").write_text("# comment\n\n  A=file\nB=\"quoted\" # stays\nFROM_US\nGONE\n")
    out = sampan.ok("run", "--rm", "--env-file", tmp_path / "env", "-e", "A=line", "-eC=3",
                    "-e", "FROM_US2", "busybox", "env",
                    env={"FROM_US": "ours", "FROM_US2": "ours too"})
    env = dict(line.split("=", 1) for line in out.splitlines())
    assert env["A"] == "line" and env["B"] == '"quoted" # stays' and env["C"] == "3"
    assert env["FROM_US"] == "ours" and env["FROM_US2"] == "ours too" and "GONE" not in env
    assert env["HOME"] == "/root" and env["PATH"].startswith("/usr/local/sbin")


@pytest.mark.parametrize("options, command, expected", [
    (["-w", "/tmp"], "pwd", "/tmp"),
    (["-w", "/made/here"], "pwd", "/made/here"),
    (["-h", "boat"], "hostname; cat /etc/hostname", "boat\nboat"),
    (["-u", "1000:2000"], "id -u; id -g", "1000\n2000"),
    (["-u", "nobody"], "id -un", "nobody"),
    (["--entrypoint", "/bin/echo"], None, "-c word"),
    (["--read-only"], "touch /x 2>&1 | grep -o 'Read-only.*'", "Read-only file system"),
    (["--tmpfs", "/mnt:size=1m"], "df -k /mnt | tail -1 | awk '{print $2}'", "1024"),
    (["--shm-size", "2m"], "df -k /dev/shm | tail -1 | awk '{print $2}'", "2048"),
    (["--ulimit", "nofile=100:200"], "ulimit -Sn; ulimit -Hn", "100\n200"),
    (["--cap-drop", "ALL"], "grep CapEff /proc/self/status | cut -f2", "0000000000000000"),
    (["--cap-drop", "all", "--cap-add", "chown"], "grep CapEff /proc/self/status | cut -f2",
     "0000000000000001"),
    (["--security-opt", "no-new-privileges"], "grep NoNewPrivs /proc/self/status | cut -f2", "1"),
    (["--security-opt", "seccomp=unconfined"], "grep Seccomp: /proc/self/status | cut -f2", "0"),
    ([], "grep Seccomp: /proc/self/status | cut -f2", "2"),
    (["--sysctl", "net.ipv4.ip_forward=1"], "cat /proc/sys/net/ipv4/ip_forward", "1"),
    (["--init"], "cat /proc/1/comm | grep -vc '^sh$'", "1"),
    (["--add-host", "ship:10.0.0.9"], "grep ship /etc/hosts", "10.0.0.9\tship"),
    (["--device", "/dev/loop-control:/dev/lc:r"], "stat -c %F /dev/lc", "character special file"),
    ([], "ls /sys/class/net", "lo"),
])
def test_an_option_does_what_it_says(sampan, options, command, expected):
    if "--device" in options and not os.path.exists("/dev/loop-control"):
        pytest.skip("no /dev/loop-control on this machine")
    words = ["sh", "-c", command] if command else ["-c", "word"]
    assert sampan.ok("run", "--rm", *options, "busybox", *words) == expected


def test_network_host_shows_the_hosts_interfaces(sampan):
    out = sampan.ok("run", "--rm", "--network", "host", "busybox", "ls", "/sys/class/net")
    assert sorted(out.split()) == sorted(os.listdir("/sys/class/net"))


def test_an_unknown_user_is_an_error(sampan):
    done = sampan.run("run", "--rm", "-u", "nosuchuser", "busybox", "true")
    assert done.returncode in (125, 126) and "nosuchuser" in done.stderr


def test_binds_read_write_and_read_only(sampan, tmp_path):
    (tmp_path / "d").mkdir()
    sampan.ok("run", "--rm", "-v", f"{tmp_path}/d:/d", "busybox", "sh", "-c", "echo hi >/d/f")
    assert (tmp_path / "d/f").read_text() == "hi\n"
    done = sampan.run("run", "--rm", "-v", f"{tmp_path}/d:/d:ro", "busybox", "touch", "/d/g")
    assert done.returncode != 0 and "Read-only" in done.stderr
    done = sampan.run("run", "--rm", "--mount", f"type=bind,src={tmp_path}/d,dst=/d,readonly",
                      "busybox", "cat", "/d/f")
    assert done.stdout == "hi\n"


def test_a_missing_bind_source_is_made_by_v_and_refused_by_mount(sampan, tmp_path):
    done = sampan.run("run", "--rm", "-v", f"{tmp_path}/new:/d", "busybox", "true")
    assert done.returncode == 0 and "did not exist" in done.stderr
    assert (tmp_path / "new").is_dir()
    done = sampan.run("run", "--rm", "--mount", f"type=bind,src={tmp_path}/none,dst=/d", "busybox",
                      "true")
    assert done.returncode == 125 and "bind source path does not exist" in done.stderr
    assert not (tmp_path / "none").exists()


def test_a_named_volume_is_refused_with_a_way_out(sampan):
    done = sampan.run("run", "--rm", "-v", "name:/d", "busybox", "true")
    assert done.returncode == 125 and "give a directory" in done.stderr


def test_memory_limit_bites_and_inspect_says_oom(sampan):
    done = sampan.run("run", "--name", "fat", "-m", "64m", "--memory-swap", "64m", "busybox",
                      "sh", "-c", "dd if=/dev/zero of=/dev/null bs=128M count=1")
    assert done.returncode == 137
    assert sampan.ok("inspect", "-f", "{{.State.OOMKilled}}", "fat") == "true"


def test_pids_limit_bites(sampan):
    done = sampan.run("run", "--rm", "--pids-limit", "5", "busybox", "sh", "-c",
                      "for i in 1 2 3 4 5 6 7; do sleep 1 & done; wait")
    assert "fork" in done.stderr


def test_cidfile_is_written_once(sampan, tmp_path):
    sampan.ok("run", "--name", "aa", "--cidfile", tmp_path / "cid", "busybox", "true")
    assert (tmp_path / "cid").read_text() == sampan.ok("inspect", "-f", "{{.Id}}", "aa")
    done = sampan.run("run", "--cidfile", tmp_path / "cid", "busybox", "true")
    assert done.returncode == 125 and "container ID file found" in done.stderr


def test_a_name_is_unique(sampan):
    sampan.ok("run", "-d", "--name", "one", "busybox", "sleep", "60")
    done = sampan.run("run", "--rm", "--name", "one", "busybox", "true")
    assert done.returncode == 125 and 'The container name "/one" is already in use' in done.stderr
    assert len(sampan.ok("ps", "-aq").split()) == 1


def test_a_name_is_free_again_when_run_returns(sampan):
    for _ in range(5):
        sampan.ok("run", "--rm", "--name", "again", "busybox", "true")


def test_a_failed_start_leaves_nothing_with_rm_and_a_created_container_without(sampan):
    sampan.run("run", "--rm", "--name", "ff", "busybox", "nosuch")
    assert sampan.ok("ps", "-aq") == ""
    sampan.run("run", "--name", "ff", "busybox", "nosuch")
    assert sampan.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "ff") == "created 127"


def test_signals_are_passed_on(sampan):
    process = sampan.popen("run", "--rm", "--name", "ss", "busybox", "sh", "-c",
                           "trap 'echo got; exit 7' TERM; echo ready; while :; do sleep 0.1; done",
                           stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "got\n"
    assert process.wait(10) == 7


def test_killing_the_command_leaves_the_container_running(sampan):
    process = sampan.popen("run", "--name", "kk", "busybox", "sh", "-c", "echo ready; sleep 60",
                           stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.wait()
    assert sampan.ok("inspect", "-f", "{{.State.Status}}", "kk") == "running"
    assert sampan.ok("logs", "kk") == "ready"
    sampan.ok("rm", "-f", "kk")


def is_dead(pid):
    """Gone, or a zombie that waits for whoever inherited it."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_killing_the_monitor_is_put_in_order_by_the_next_command(sampan):
    for options in (["--rm"], []):
        sampan.ok("run", "-d", "--name", "mm", *options, "busybox", "sleep", "60")
        state = next((sampan.state if options else sampan.root).glob("containers/*/state.json"))
        inner = json.loads(state.read_text())
        pid = inner["Pid"]
        os.kill(inner["Sampan"]["MonitorPid"], signal.SIGKILL)
        sampan.wait_for(lambda: is_dead(inner["Sampan"]["MonitorPid"]))
        out = sampan.ok("ps", "-a", "--format", "{{.Names}} {{.Status}}")
        sampan.wait_for(lambda: is_dead(pid))
        if options:
            assert out == ""
        else:
            assert out.startswith("mm Exited (255)")
            sampan.ok("rm", "mm")


def test_many_at_once(sampan):
    runs = [sampan.popen("run", "--rm", "busybox", "sh", "-c", f"echo {i}; exit {i}",
                         stdout=subprocess.PIPE, text=True) for i in range(20)]
    for i, process in enumerate(runs):
        assert process.communicate(timeout=60)[0] == f"{i}\n"
        assert process.returncode == i


def test_explain_tells_steps_of_all_three_processes(sampan):
    done = sampan.run("run", "--rm", "--explain", "busybox", "true")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"command", "monitor", "init"} <= {line["who"] for line in lines}
    assert {"clone3", "pivot_root"} <= {line["call"] for line in lines}
    assert [line["us"] for line in lines] == sorted(line["us"] for line in lines)
