"""Docker Swarm: three dockerd whose default runtime is ours, each in a network namespace, on
one bridge in a namespace of its own.

SPDX-License-Identifier: MIT
"""
import collections
import contextlib
import json
import os
import pathlib
import signal

import pytest

from daemons import Place, need, nothing_new, wait_for
from dockerd import IMAGE, Dockerd, directory

NODES = 3
SUBNET = "10.98.0"
LOOP = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.05; done")


class Node(Dockerd):
    def __init__(self, top, number, switch):
        super().__init__(top, Place(f"node{number}"), f"node{number}")
        self.name, self.address = f"node{number}", f"{SUBNET}.{number}"
        self.place.ok("ip", "link", "add", "eth0", "type", "veth", "peer", "name", self.name,
                      "netns", switch.holder.pid)
        self.place.ok("ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        self.place.ok("ip", "link", "set", "eth0", "up")
        switch.ok("ip", "link", "set", self.name, "master", "switch", "up")

    def remove_all(self):
        """What is left of its tasks; a node takes seconds to do it by itself."""
        ids = self.ok("ps", "-aq").split()
        if ids:
            self.run("rm", "-f", *ids)
        return ids

    def close(self):
        self.server.stop()
        self.place.close()


class Swarm:
    """Its nodes are all managers, so that any one of them can be lost."""

    def __init__(self, nodes):
        self.nodes = nodes
        first = nodes[0]
        first.ok("swarm", "init", "--advertise-addr", first.address,
                 "--dispatcher-heartbeat", "1s")
        token = first.ok("swarm", "join-token", "-q", "manager")
        for node in nodes[1:]:
            node.ok("swarm", "join", "--advertise-addr", node.address, "--token", token,
                    f"{first.address}:2377")

    def node(self, name):
        return next(n for n in self.nodes if n.name == name)

    def states(self):
        lines = self.nodes[0].ok("node", "ls", "--format", "{{.Hostname}} {{.Status}}")
        return dict(line.split() for line in lines.splitlines())

    def create(self, name, *options, program=LOOP):
        self.nodes[0].ok("service", "create", "-d", "-q", "--no-resolve-image", "--name", name,
                         "--stop-grace-period", "2s", *options, f"{IMAGE}:latest", *program)

    def tasks(self, service, *filters):
        """Its tasks that shall run, as (node, what it is, image); all of them with no filter."""
        words = [w for f in filters for w in ("--filter", f)]
        lines = self.nodes[0].ok(
            "service", "ps", "--no-trunc", *words, "--format",
            "{{.Node}}|{{.CurrentState}}|{{.Image}}|{{.ID}}", service).splitlines()
        return [tuple(line.split("|")) for line in lines]

    def running(self, service):
        return [t for t in self.tasks(service, "desired-state=running")
                if t[1].startswith("Running")]

    def wait_running(self, service, number, timeout=60):
        try:
            return wait_for(
                lambda: (t := self.running(service)) and len(t) == number and t,
                f"{number} tasks of {service} run", timeout)
        except AssertionError as failure:
            raise AssertionError(
                f"{failure}\n{self.nodes[0].ok('service', 'ps', '--no-trunc', service)}") from None

    def containers(self, service):
        """(node, container) of its tasks, as the nodes themselves see them."""
        found = []
        for node in self.nodes:
            ids = node.ok("ps", "-q", "--filter", f"label=com.docker.swarm.service.name={service}")
            found += [(node, container) for container in ids.split()]
        return found

    def clean(self):
        services = self.nodes[0].ok("service", "ls", "-q").split()
        if services:
            self.nodes[0].ok("service", "rm", *services)
        for node in self.nodes:
            wait_for(lambda n=node: not n.remove_all(), f"{node.name} removes its tasks", 60)


@pytest.fixture(scope="module")
def swarm(busybox_tar):
    need("dockerd", "docker", "containerd", "iptables", "ip")
    with contextlib.ExitStack() as stack:
        top = stack.enter_context(directory())
        switch = Place("switch")
        stack.callback(switch.close)
        switch.ok("ip", "link", "add", "switch", "type", "bridge")
        switch.ok("ip", "link", "set", "switch", "up")
        nodes = []
        for number in range(1, NODES + 1):
            nodes.append(Node(top, number, switch))
            stack.callback(lambda node=nodes[-1]: node in nodes and node.close())
            nodes[-1].start()
            nodes[-1].load(busybox_tar)
        yield Swarm(nodes)
        for node in nodes:  # all at once: each of them takes its time
            node.server.process.terminate()


@pytest.fixture(autouse=True)
def no_service_stays(swarm):
    yield
    swarm.clean()
    for node in swarm.nodes:
        nothing_new(node.records, [], "the runtime's records")


def test_the_nodes_are_ready(swarm):
    assert swarm.states() == {f"node{n}": "Ready" for n in range(1, NODES + 1)}


def test_replicas_are_spread_and_scaled(swarm):
    swarm.create("spread", "--replicas", "6", "--network", "host")
    tasks = swarm.wait_running("spread", 6)
    assert collections.Counter(t[0] for t in tasks) == {"node1": 2, "node2": 2, "node3": 2}
    for node, container in swarm.containers("spread"):
        assert node.inspect(container, ".HostConfig.Runtime") == "sampan"
        record = next(node.exec_root.glob(f"runtime-*/moby/{container}*/state.json"))
        assert json.loads(record.read_text())["pid"] == node.pid(container)
    swarm.nodes[0].ok("service", "scale", "-d", "spread=9")
    swarm.wait_running("spread", 9)
    swarm.nodes[0].ok("service", "scale", "-d", "spread=2")
    swarm.wait_running("spread", 2)
    wait_for(lambda: len(swarm.containers("spread")) == 2, "the others are gone")


def test_a_task_that_ends_is_replaced(swarm):
    swarm.create("steady", "--replicas", "3", "--network", "host", "--restart-delay", "100ms")
    swarm.wait_running("steady", 3)
    node, container = swarm.containers("steady")[0]
    os.kill(node.pid(container), signal.SIGKILL)
    wait_for(lambda: "Failed" in swarm.nodes[0].ok("service", "ps", "steady"), "it is missed")
    swarm.wait_running("steady", 3)


def test_a_rolling_update(swarm):
    for node in swarm.nodes:
        node.ok("tag", IMAGE, f"{IMAGE}:two")
    swarm.create("rolling", "--replicas", "4", "--network", "host", "--update-delay", "100ms",
                 "--update-monitor", "500ms", "--env", "VERSION=1")
    old = {t[3] for t in swarm.wait_running("rolling", 4)}
    swarm.nodes[0].ok("service", "update", "-d", "-q", "--no-resolve-image", "--image",
                      f"{IMAGE}:two", "--env-add", "VERSION=2", "--update-order", "start-first",
                      "rolling")
    least = 4
    while swarm.nodes[0].inspect("rolling", ".UpdateStatus.State") == "updating":
        least = min(least, len(swarm.running("rolling")))
    assert swarm.nodes[0].inspect("rolling", ".UpdateStatus.State") == "completed"
    assert least >= 3, "more than one of them was away at once"
    new = swarm.wait_running("rolling", 4)
    assert {t[2] for t in new} == {f"{IMAGE}:two"} and not old & {t[3] for t in new}
    wait_for(lambda: len(swarm.containers("rolling")) == 4, "the old ones are gone")
    for node, container in swarm.containers("rolling"):
        assert node.ok("exec", container, "sh", "-c", "echo $VERSION") == "2"


def test_an_update_that_fails_is_rolled_back(swarm):
    swarm.create("backed", "--replicas", "2", "--network", "host", "--env", "VERSION=1")
    swarm.wait_running("backed", 2)
    swarm.nodes[0].ok("service", "update", "-d", "-q", "--no-resolve-image", "--args", "nowhere",
                      "--update-failure-action", "rollback", "--update-monitor", "1s",
                      "--rollback-monitor", "500ms", "--restart-delay", "100ms", "backed")
    wait_for(lambda: swarm.nodes[0].inspect("backed", ".UpdateStatus.State") ==
             "rollback_completed", "it is taken back", 60)
    assert "executable file not found in $PATH" in swarm.nodes[0].ok(
        "service", "ps", "--no-trunc", "backed")
    swarm.wait_running("backed", 2)


def test_limits_secrets_and_configs_reach_the_tasks(swarm, tmp_path):
    (tmp_path / "word").write_text("hush")
    first = swarm.nodes[0]
    first.ok("secret", "create", "word", tmp_path / "word")
    first.ok("config", "create", "note", tmp_path / "word")
    try:
        swarm.create("limited", "--network", "host", "--limit-memory", "64m", "--limit-cpu", "0.5",
                     "--limit-pids", "20", "--secret", "word", "--config", "note", "--read-only",
                     "--init", "--user", "1000:1000", "--cap-drop", "ALL")
        swarm.wait_running("limited", 1)
        (node, container), = swarm.containers("limited")
        assert node.ok("exec", "-u", "0", container, "cat", "/run/secrets/word") == "hush"
        assert node.ok("exec", container, "cat", "/note") == "hush"
        assert node.cgroup_file(container, "memory", "memory.limit_in_bytes",
                                "memory.max") == str(64 << 20)
        assert node.cgroup_file(container, "pids", "pids.max", "pids.max") == "20"
        status = node.ok("exec", container, "cat", "/proc/1/status")
        assert "CapEff:\t0000000000000000" in status and "Uid:\t1000" in status
    finally:
        swarm.clean()
        first.ok("secret", "rm", "word")
        first.ok("config", "rm", "note")


def test_tasks_find_each_other_on_an_overlay_network(swarm):
    """By their names in DNS (dnsrr): a virtual address would need IPVS in the kernel."""
    probe = swarm.nodes[0].place.run("ip", "link", "add", "probe", "type", "vxlan", "id", "1",
                                     "dstport", "4789")
    if probe.returncode != 0:
        pytest.skip("no VXLAN in this kernel, which overlay networks are made of")
    swarm.nodes[0].place.ok("ip", "link", "delete", "probe")
    swarm.nodes[0].ok("network", "create", "-d", "overlay", "wide")
    try:
        serve = ("sh", "-c", "while :; do nc -l -p 80 -e hostname; done")
        swarm.create("web", "--mode", "global", "--network", "wide", "--endpoint-mode", "dnsrr",
                     "--hostname", "web-{{.Node.Hostname}}", program=serve)
        swarm.create("client", "--network", "wide", "--endpoint-mode", "dnsrr",
                     program=("sleep", "1000"))
        swarm.wait_running("web", NODES)
        swarm.wait_running("client", 1)
        (node, client), = swarm.containers("client")
        addresses = wait_for(
            lambda: (a := set(node.run("exec", client, "nslookup", "tasks.web").stdout.split())
                     & web_addresses(swarm)) and len(a) == NODES and a, "DNS knows them all", 60)
        names = {wait_for(lambda a=a: node.run("exec", client, "sh", "-c",
                                               f"nc {a} 80 </dev/null").stdout.strip(),
                          f"{a} answers") for a in addresses}
        assert names == {f"web-node{n}" for n in range(1, NODES + 1)}
    finally:
        swarm.clean()
        wait_for(lambda: swarm.nodes[0].run("network", "rm", "wide").returncode == 0,
                 "the network is free")


def web_addresses(swarm):
    return {node.inspect(c, ".NetworkSettings.Networks.wide.IPAddress")
            for node, c in swarm.containers("web")}


def test_a_lost_nodes_tasks_go_on_elsewhere(swarm):
    """The dockerd of a manager is killed; the others take its tasks; then it comes back. The
    last test of the swarm, which has a node less after it."""
    lost = swarm.node("node3")
    swarm.create("safe", "--replicas", "6", "--network", "host")
    swarm.wait_running("safe", 6)
    orphans = [lost.pid(c) for node, c in swarm.containers("safe") if node is lost]
    assert len(orphans) == 2
    lost.server.stop(signal.SIGKILL)
    wait_for(lambda: swarm.states()["node3"] == "Down", "it is missed", 60)
    tasks = wait_for(
        lambda: (t := [t for t in swarm.running("safe") if t[0] != "node3"]) and len(t) == 6 and t,
        "its tasks run elsewhere", 60)
    assert collections.Counter(t[0] for t in tasks) == {"node1": 3, "node2": 3}

    lost.start()
    wait_for(lambda: swarm.states()["node3"] == "Ready", "it is back", 60)
    wait_for(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in orphans),
             "it ends what runs elsewhere now", 30)
    assert len(swarm.running("safe")) == 6
    swarm.nodes.remove(lost)
    lost.close()
