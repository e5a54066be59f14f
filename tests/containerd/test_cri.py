"""Pods on our runtime: what a kubelet asks of containerd's CRI plugin.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import time
import uuid

import pytest

from daemons import BUSYBOX, nothing_new, wait_for
from machine import CGROUPS, PATIENCE, is_pure_v2

grpc = pytest.importorskip("grpc", reason="no python3-grpcio here")
pytest.importorskip("google.protobuf", reason="no python3-protobuf here")
import cri  # noqa: E402

ADMIN, CHOWN = 1 << 21, 1 << 0


def remove_cgroup(path):
    """The pod's own group: kubelets make and remove it, the containers' groups are below."""
    tops = [CGROUPS] if is_pure_v2() else list(CGROUPS.iterdir())
    for directory in {(top / path.lstrip("/")).resolve() for top in tops}:
        if directory.is_dir():
            wait_for(lambda d=directory: not any(p.is_dir() for p in d.iterdir()),
                     f"{directory} is empty", 5)
            directory.rmdir()


class Kubelet:
    """Makes pods and containers, and takes them away again."""

    def __init__(self, containerd, logs):
        self.containerd, self.logs = containerd, logs
        self.client = cri.Client(containerd.socket)
        self.configs = {}

    def pod_config(self, network=cri.POD, pid=cri.CONTAINER, handler="sampan", sysctls=None,
                   **security):
        name = "pod-" + uuid.uuid4().hex[:8]
        spaces = {"network": network, "pid": pid, "ipc": cri.POD}
        return {
            "metadata": {"name": name, "uid": name, "namespace": "test"},
            "hostname": "" if network == cri.NODE else name,
            "log_directory": str(self.logs),
            "linux": {"cgroup_parent": f"{self.containerd.cgroup}/{name}",
                      "sysctls": sysctls or {},
                      "security_context": {"namespace_options": spaces, **security}},
        }

    def pod(self, handler="sampan", **more):
        config = self.pod_config(**more)
        pod = self.client.RunPodSandbox(config=config, runtime_handler=handler).pod_sandbox_id
        self.configs[pod] = config
        return pod

    def create(self, pod, *command, image=BUSYBOX, security=None, resources=None, **more):
        name = "c" + uuid.uuid4().hex[:8]
        spaces = self.configs[pod]["linux"]["security_context"]["namespace_options"]
        config = {
            "metadata": {"name": name}, "image": {"image": image}, "command": list(command),
            "log_path": f"{name}.log",
            "linux": {"resources": resources or {},
                      "security_context": {"namespace_options": spaces, **(security or {})}},
            **more,
        }
        return self.client.CreateContainer(
            pod_sandbox_id=pod, config=config, sandbox_config=self.configs[pod]).container_id

    def start(self, pod, *command, **more):
        container = self.create(pod, *command, **more)
        self.client.StartContainer(container_id=container)
        return container

    def status(self, container):
        return self.client.ContainerStatus(container_id=container).status

    def exec(self, container, *command, timeout=0):
        done = self.client.ExecSync(container_id=container, cmd=list(command), timeout=timeout)
        return done.exit_code, done.stdout.decode(), done.stderr.decode()

    def out(self, container, *command):
        code, out, err = self.exec(container, *command)
        assert code == 0, f"{command}: exit {code}\n{out}{err}"
        return out

    def finished(self, container, timeout=20):
        wait_for(lambda: self.status(container).state == cri.EXITED, "the container ends", timeout)
        return self.status(container)

    def pid(self, container):
        info = self.client.ContainerStatus(container_id=container, verbose=True).info
        return json.loads(info["info"])["pid"]

    def close(self):
        for pod in [p.id for p in self.client.ListPodSandbox().items]:
            self.client.StopPodSandbox(pod_sandbox_id=pod)
            self.client.RemovePodSandbox(pod_sandbox_id=pod)
        self.client.close()
        for config in self.configs.values():
            remove_cgroup(config["linux"]["cgroup_parent"])


@pytest.fixture
def kubelet(containerd, tmp_path):
    before = containerd.place.mounts()
    made = Kubelet(containerd, tmp_path)
    yield made
    made.close()
    nothing_new(containerd.place.mounts, before, "mounts")
    nothing_new(containerd.leftovers, [], "what a container leaves")


def effective(kubelet, container):
    words = kubelet.out(container, "grep", "CapEff", "/proc/self/status").split()
    return int(words[1], 16)


def test_the_runtime_is_ready_and_knows_our_handler(kubelet):
    answer = kubelet.client.Status(verbose=True)
    assert {c.type: c.status for c in answer.status.conditions} == {
        "RuntimeReady": True, "NetworkReady": True}
    runtimes = json.loads(answer.info["config"])["containerd"]["runtimes"]
    assert runtimes["sampan"]["options"]["BinaryName"].endswith("/sampan-runtime")


@pytest.mark.cgroups
def test_a_pods_life(kubelet):
    pod = kubelet.pod()
    assert kubelet.client.PodSandboxStatus(pod_sandbox_id=pod).status.state == cri.READY
    container = kubelet.create(pod, "sleep", "1000")
    assert kubelet.status(container).state == cri.CREATED
    kubelet.client.StartContainer(container_id=container)
    assert kubelet.status(container).state == cri.RUNNING
    kubelet.client.StopContainer(container_id=container, timeout=0)
    status = kubelet.status(container)
    assert (status.state, status.exit_code) == (cri.EXITED, 137)
    kubelet.client.RemoveContainer(container_id=container)
    kubelet.client.StopPodSandbox(pod_sandbox_id=pod)
    assert kubelet.client.PodSandboxStatus(pod_sandbox_id=pod).status.state == cri.NOT_READY
    kubelet.client.RemovePodSandbox(pod_sandbox_id=pod)
    assert not kubelet.client.ListPodSandbox().items


def test_an_unknown_handler_is_refused(kubelet):
    with pytest.raises(grpc.RpcError, match="no runtime for"):
        kubelet.pod(handler="nobody")


def test_exit_code_and_reason(kubelet):
    pod = kubelet.pod(network=cri.NODE)
    good = kubelet.finished(kubelet.start(pod, "true"))
    assert (good.exit_code, good.reason) == (0, "Completed")
    bad = kubelet.finished(kubelet.start(pod, "sh", "-c", "exit 5"))
    assert (bad.exit_code, bad.reason) == (5, "Error")


def test_a_program_that_is_not_there(kubelet):
    pod = kubelet.pod(network=cri.NODE)
    container = kubelet.create(pod, "nowhere")
    with pytest.raises(grpc.RpcError, match='exec: "nowhere": executable file not found'):
        kubelet.client.StartContainer(container_id=container)
    status = kubelet.status(container)
    assert (status.state, status.reason) == (cri.EXITED, "StartError")


@pytest.mark.cgroups
def test_exec_sync_and_its_timeout(kubelet):
    container = kubelet.start(kubelet.pod(network=cri.NODE), "sleep", "1000")
    assert kubelet.exec(container, "sh", "-c", "echo out; echo err >&2; exit 3") == (
        3, "out\n", "err\n")
    began = time.monotonic()
    with pytest.raises(grpc.RpcError) as failure:
        kubelet.exec(container, "sleep", "100", timeout=1)
    assert failure.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - began < 10 * PATIENCE
    assert kubelet.status(container).state == cri.RUNNING
    assert "sleep 100\n" not in kubelet.out(container, "ps", "-o", "args")


def test_the_log_file_has_both_streams(kubelet):
    container = kubelet.start(kubelet.pod(network=cri.NODE), "sh", "-c", "echo out; echo err >&2")
    kubelet.finished(container)
    log = pathlib.Path(kubelet.status(container).log_path)
    wait_for(lambda: log.read_text().count("\n") == 2, "both lines", 5)
    lines = sorted(line.split(" ", 1)[1] for line in log.read_text().splitlines())
    assert lines == ["stderr F err", "stdout F out"]


def test_containers_of_a_pod_share_its_network_ipc_and_hostname(kubelet):
    pod = kubelet.pod()
    server = kubelet.start(pod, "nc", "-l", "-p", "7777", "-e", "echo", "hello")
    client = kubelet.start(pod, "sleep", "1000")
    for space in ("net", "ipc", "uts"):
        path = f"/proc/self/ns/{space}"
        assert kubelet.out(server, "readlink", path) == kubelet.out(client, "readlink", path)
    for space in ("pid", "mnt"):
        path = f"/proc/self/ns/{space}"
        assert kubelet.out(server, "readlink", path) != kubelet.out(client, "readlink", path)
    assert kubelet.out(client, "hostname").strip() == kubelet.configs[pod]["hostname"]
    assert kubelet.out(client, "sh", "-c", "nc 127.0.0.1 7777 </dev/null") == "hello\n"


def test_a_pod_has_an_address_that_the_node_reaches(kubelet):
    pod = kubelet.pod()
    address = kubelet.client.PodSandboxStatus(pod_sandbox_id=pod).status.network.ip
    assert address.startswith("10.99.7.")
    kubelet.start(pod, "nc", "-l", "-p", "80", "-e", "echo", "hello")
    connect = ("import socket; s = socket.create_connection(('%s', 80), 5); "
               "print(s.recv(9).decode(), end='')" % address)
    assert kubelet.containerd.place.ok("/usr/bin/python3", "-c", connect) == "hello\n"


def test_a_pod_on_the_nodes_network(kubelet):
    container = kubelet.start(kubelet.pod(network=cri.NODE), "sleep", "1000")
    assert kubelet.out(container, "readlink", "/proc/self/ns/net").strip() == os.readlink(
        f"/proc/{kubelet.containerd.place.holder.pid}/ns/net")


def test_processes_shared_in_a_pod(kubelet):
    pod = kubelet.pod(network=cri.NODE, pid=cri.POD)
    kubelet.start(pod, "sleep", "1234")
    other = kubelet.start(pod, "sleep", "5678")
    shown = kubelet.out(other, "ps", "-o", "args")
    assert "sleep 1234" in shown and "sleep 5678" in shown


def test_a_debugger_joins_the_processes_of_one_container(kubelet):
    pod = kubelet.pod(network=cri.NODE)
    target = kubelet.start(pod, "sleep", "1234")
    spaces = {"network": cri.NODE, "pid": cri.TARGET, "target_id": target}
    debugger = kubelet.start(pod, "sleep", "5678", security={"namespace_options": spaces})
    shown = kubelet.out(debugger, "ps", "-o", "pid,args")
    assert "1 sleep 1234" in shown and "sleep 5678" in shown


def test_sysctls_of_a_pod(kubelet):
    pod = kubelet.pod(sysctls={"net.ipv4.ip_unprivileged_port_start": "100",
                               "kernel.shm_rmid_forced": "1"})
    container = kubelet.start(pod, "sleep", "1000")
    assert kubelet.out(container, "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start",
                       "/proc/sys/kernel/shm_rmid_forced") == "100\n1\n"


def test_user_groups_and_read_only_root(kubelet):
    container = kubelet.start(
        kubelet.pod(network=cri.NODE), "sleep", "1000",
        security={"run_as_user": {"value": 1000}, "run_as_group": {"value": 1001},
                  "supplemental_groups": [7, 9], "readonly_rootfs": True})
    assert kubelet.out(container, "sh", "-c", "id -u; id -g; id -G") == "1000\n1001\n1001 7 9\n"
    code, _, err = kubelet.exec(container, "touch", "/x")
    assert code == 1 and "Read-only file system" in err


def test_capabilities_seccomp_and_no_new_privileges(kubelet):
    pod = kubelet.pod(network=cri.NODE)
    container = kubelet.start(
        pod, "sleep", "1000",
        security={"capabilities": {"add_capabilities": ["SYS_ADMIN"],
                                   "drop_capabilities": ["CHOWN"]},
                  "no_new_privs": True, "seccomp": {"profile_type": 0}})
    caps = effective(kubelet, container)
    assert caps & ADMIN and not caps & CHOWN
    text = kubelet.out(container, "grep", "-E", "Seccomp:|NoNewPrivs", "/proc/1/status")
    assert text.split() == ["NoNewPrivs:", "1", "Seccomp:", "2"]
    bare = kubelet.start(pod, "sleep", "1000",
                         security={"capabilities": {"drop_capabilities": ["ALL"]},
                                   "seccomp": {"profile_type": 1}})
    assert effective(kubelet, bare) == 0
    assert kubelet.out(bare, "grep", "Seccomp:", "/proc/1/status").split()[1] == "0"


def test_masked_and_read_only_paths(kubelet):
    container = kubelet.start(
        kubelet.pod(network=cri.NODE), "sleep", "1000",
        security={"masked_paths": ["/proc/keys", "/sys/firmware"],
                  "readonly_paths": ["/proc/sys"]})
    assert kubelet.out(container, "cat", "/proc/keys") == ""
    assert kubelet.out(container, "ls", "/sys/firmware") == ""
    code, _, err = kubelet.exec(container, "sh", "-c", "echo x >/proc/sys/kernel/hostname")
    assert code != 0 and "Read-only" in err


@pytest.mark.cgroups
def test_a_privileged_pod(kubelet):
    container = kubelet.start(kubelet.pod(network=cri.NODE, privileged=True), "sleep", "1000",
                              security={"privileged": True})
    everything = pathlib.Path("/proc/self/status").read_text().split("CapBnd:")[1].split()[0]
    assert effective(kubelet, container) == int(everything, 16)
    assert "kmsg" in kubelet.out(container, "ls", "/dev")
    kubelet.out(container, "sh", "-c", "mkdir /m && mount -t tmpfs x /m && umount /m")


def test_mounts_of_a_container(kubelet, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/note").write_text("hello\n")
    mounts = [{"host_path": str(tmp_path / "data"), "container_path": "/ro", "readonly": True},
              {"host_path": str(tmp_path / "data"), "container_path": "/rw"}]
    container = kubelet.start(kubelet.pod(network=cri.NODE), "sleep", "1000", mounts=mounts)
    assert kubelet.out(container, "cat", "/ro/note") == "hello\n"
    code, _, err = kubelet.exec(container, "touch", "/ro/x")
    assert code == 1 and "Read-only" in err
    kubelet.out(container, "touch", "/rw/x")
    assert (tmp_path / "data/x").exists()


def cgroup_file(pid, controller, v1_name, v2_name):
    words = dict(line.split(":", 2)[1:] for line in
                 pathlib.Path(f"/proc/{pid}/cgroup").read_text().split())
    if is_pure_v2():
        return pathlib.Path(f"/sys/fs/cgroup{words['']}/{v2_name}")
    return pathlib.Path(f"/sys/fs/cgroup/{controller}{words[controller]}/{v1_name}")


@pytest.mark.cgroups
def test_limits_are_set_and_updated(kubelet):
    pod = kubelet.pod(network=cri.NODE)
    container = kubelet.start(pod, "sleep", "1000",
                              resources={"memory_limit_in_bytes": 64 << 20, "cpu_shares": 512,
                                         "cpu_period": 100000, "cpu_quota": 50000,
                                         "oom_score_adj": 500})
    pid = kubelet.pid(container)
    memory = cgroup_file(pid, "memory", "memory.limit_in_bytes", "memory.max")
    quota = cgroup_file(pid, "cpu", "cpu.cfs_quota_us", "cpu.max")
    assert memory.read_text().strip() == str(64 << 20)
    assert quota.read_text().split()[0] == "50000"
    assert pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text() == "500\n"
    parent = kubelet.configs[pod]["linux"]["cgroup_parent"]
    assert str(memory).endswith(f"{parent}/{container}/{memory.name}")

    kubelet.client.UpdateContainerResources(
        container_id=container, linux={"memory_limit_in_bytes": 96 << 20, "cpu_quota": 70000,
                                       "cpu_period": 100000})
    assert memory.read_text().strip() == str(96 << 20)
    assert quota.read_text().split()[0] == "70000"


@pytest.mark.cgroups
def test_out_of_memory_is_the_reason_that_is_told(kubelet):
    container = kubelet.start(
        kubelet.pod(network=cri.NODE), "sh", "-c",
        "exec dd if=/dev/zero of=/dev/null bs=200M count=1",
        resources={"memory_limit_in_bytes": 32 << 20})
    status = kubelet.finished(container)
    assert status.exit_code == 137
    wait_for(lambda: kubelet.status(container).reason == "OOMKilled", "the reason", 5)


@pytest.mark.cgroups
def test_stats_come_from_the_cgroup(kubelet):
    container = kubelet.start(kubelet.pod(network=cri.NODE), "sh", "-c", "while :; do :; done")
    def used():
        return kubelet.client.ContainerStats(container_id=container).stats
    wait_for(lambda: used().cpu.usage_core_nano_seconds.value > 10_000_000, "10 ms of a processor")
    assert used().memory.working_set_bytes.value > 0


@pytest.mark.cgroups
def test_stop_asks_first_and_kills_after_the_grace_period(kubelet):
    pod = kubelet.pod(network=cri.NODE)
    polite = kubelet.start(pod, "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.05; done")
    kubelet.client.StopContainer(container_id=polite, timeout=10)
    assert kubelet.status(polite).exit_code == 0
    deaf = kubelet.start(pod, "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
    kubelet.client.StopContainer(container_id=deaf, timeout=1)
    assert kubelet.status(deaf).exit_code == 137


def test_a_terminal_of_a_container(kubelet):
    container = kubelet.start(kubelet.pod(network=cri.NODE), "sh", "-c", "tty; sleep 1000",
                              tty=True)
    log = pathlib.Path(kubelet.status(container).log_path)
    wait_for(lambda: "/dev/pts/0" in log.read_text(), "the name of its terminal", 5)


@pytest.mark.cgroups
def test_pods_survive_containerd(own_containerd, tmp_path):
    kubelet = Kubelet(own_containerd, tmp_path)
    container = kubelet.start(kubelet.pod(), "sleep", "1000")
    own_containerd.server.stop(9)
    own_containerd.start()
    again = Kubelet(own_containerd, tmp_path)
    again.configs = kubelet.configs

    def is_running():
        try:
            return again.status(container).state == cri.RUNNING
        except grpc.RpcError:
            return False  # the plugin looks for its pods yet
    wait_for(is_running, "it is found again")
    assert again.out(container, "echo", "still here") == "still here\n"
    kubelet.client.close()
    again.close()
