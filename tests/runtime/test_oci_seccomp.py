"""Seccomp in config.json: actions, arguments, flags, and the listener.

SPDX-License-Identifier: MIT
"""
import array
import ctypes
import json
import signal
import socket
import struct
import threading

import pytest

from machine import wait_until

SIGSYS = 128 + signal.SIGSYS
MKDIR = ["mkdir", "mkdirat"]


def filtered(bundle, *rules, default="SCMP_ACT_ALLOW", **more):
    bundle.config["linux"]["seccomp"] = {"defaultAction": default, "syscalls": list(rules), **more}


@pytest.mark.parametrize("nnp", (True, False))
@pytest.mark.parametrize("action,answer", [
    ("SCMP_ACT_ERRNO", "EPERM"), ("SCMP_ACT_ALLOW", "ok"), ("SCMP_ACT_LOG", "ok"), ("SCMP_ACT_TRACE", "ENOSYS"),
    ("SCMP_ACT_KILL", SIGSYS), ("SCMP_ACT_KILL_THREAD", SIGSYS), ("SCMP_ACT_KILL_PROCESS", SIGSYS),
    ("SCMP_ACT_TRAP", SIGSYS)])
def test_each_action(bundle, action, answer, nnp):
    bundle.config["process"]["noNewPrivileges"] = nnp
    filtered(bundle, {"names": MKDIR, "action": action})
    result = bundle.run("mkdir:/tmp/x")
    if isinstance(answer, int):
        assert result.status == answer
    else:
        assert result["mkdir:/tmp/x"] == answer


@pytest.mark.parametrize("number,name", [(13, "EACCES"), (2, "ENOENT"), (38, "ENOSYS")])
def test_the_errno_of_a_rule(bundle, number, name):
    filtered(bundle, {"names": MKDIR, "action": "SCMP_ACT_ERRNO", "errnoRet": number})
    assert bundle.run("mkdir:/tmp/x")["mkdir:/tmp/x"] == name


@pytest.mark.parametrize("op,value,two,denied", [
    ("SCMP_CMP_EQ", 1, 0, {1}), ("SCMP_CMP_NE", 1, 0, {2, 16}), ("SCMP_CMP_LT", 2, 0, {1}),
    ("SCMP_CMP_LE", 2, 0, {1, 2}), ("SCMP_CMP_GT", 2, 0, {16}), ("SCMP_CMP_GE", 2, 0, {2, 16}),
    ("SCMP_CMP_MASKED_EQ", 2, 2, {2})])
def test_arguments(bundle, op, value, two, denied):
    filtered(bundle, {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2,
                      "args": [{"index": 0, "value": value, "valueTwo": two, "op": op}]})
    result = bundle.run("socket:1", "socket:2", "socket:16")
    assert {n for n in (1, 2, 16) if result[f"socket:{n}"] == "ENOENT"} == denied


def started_with_a_filter(bundle):
    filtered(bundle, {"names": MKDIR, "action": "SCMP_ACT_ERRNO", "errnoRet": 38})
    name = bundle.started()
    return name, bundle.state / name


def test_exec_has_the_filter_that_create_compiled(bundle):
    name, directory = started_with_a_filter(bundle)
    kept = json.loads((directory / "config.json").read_text())["linux"]["seccomp"]
    assert kept == {"defaultAction": "SCMP_ACT_ALLOW"}
    assert bundle.call("exec", name, "/probe", "mkdir:/tmp/x")["mkdir:/tmp/x"] == "ENOSYS"


def test_exec_without_a_profile(bundle):
    bundle.config["linux"].pop("seccomp", None)
    name = bundle.started()
    assert not (bundle.state / name / "filter").exists()
    assert bundle.call("exec", name, "/probe", "mkdir:/tmp/x")["mkdir:/tmp/x"] == "ok"


@pytest.mark.parametrize("damage", [
    pytest.param(lambda file: file.unlink(), id="gone"),
    pytest.param(lambda file: file.write_bytes(b""), id="empty"),
    pytest.param(lambda file: file.write_bytes(file.read_bytes()[:-1]), id="cut"),
    pytest.param(lambda file: file.write_bytes(file.read_bytes() + bytes(8)), id="longer"),
    pytest.param(lambda file: file.write_bytes(file.read_bytes()[:8] + bytes(12)),
                 id="no instruction"),
    pytest.param(lambda file: file.write_bytes(b"x" + file.read_bytes()[1:]), id="foreign")])
def test_nothing_runs_without_the_filter(bundle, damage):
    name, directory = started_with_a_filter(bundle)
    damage(directory / "filter")
    done = bundle.call("exec", name, "/probe", "mkdir:/tmp/x")
    assert done.status == 1 and "seccomp program" in done.stderr and not done.answers
    assert bundle.call("delete", "--force", name).status == 0 and not directory.exists()


def test_exec_in_a_container_of_a_version_that_kept_no_filter(bundle):
    name, directory = started_with_a_filter(bundle)
    state = json.loads((directory / "state.json").read_text())
    del state["hasFilter"]
    (directory / "state.json").write_text(json.dumps(state))
    (directory / "config.json").write_text(json.dumps(bundle.config))
    (directory / "filter").unlink()
    assert bundle.call("exec", name, "/probe", "mkdir:/tmp/x")["mkdir:/tmp/x"] == "ENOSYS"


@pytest.mark.parametrize("flags", [[], ["SECCOMP_FILTER_FLAG_TSYNC"], ["SECCOMP_FILTER_FLAG_LOG"],
                                   ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
                                   ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]])
def test_flags(bundle, flags):
    filtered(bundle, {"names": MKDIR, "action": "SCMP_ACT_ERRNO"}, flags=flags)
    result = bundle.run("mkdir:/tmp/x", "status:Speculation_Store_Bypass")
    assert result["mkdir:/tmp/x"] == "EPERM"


@pytest.mark.parametrize("change,words", [
    ({"defaultAction": "SCMP_ACT_NOTIFY"}, "linux.seccomp.defaultAction"),
    ({"defaultAction": "SCMP_ACT_ODD"}, "linux.seccomp.defaultAction"),
    ({"defaultErrnoRet": 1}, "linux.seccomp.defaultErrnoRet: the action takes no errno"),
    ({"defaultErrnoRet": 5000}, "linux.seccomp.defaultErrnoRet"),
    ({"architectures": ["SCMP_ARCH_VAX"]}, "linux.seccomp.architectures[0]"),
    ({"flags": ["SECCOMP_FILTER_FLAG_ODD"]}, "linux.seccomp.flags[0]"),
    ({"flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]}, "linux.seccomp.flags"),
    ({"listenerMetadata": "x"}, "linux.seccomp.listenerMetadata: set without listenerPath"),
    ({"listenerPath": "relative"}, "linux.seccomp.listenerPath: must be absolute"),
    ({"syscalls": [{"names": [], "action": "SCMP_ACT_LOG"}]}, "linux.seccomp.syscalls[0].names: is empty"),
    ({"syscalls": [{"action": "SCMP_ACT_LOG"}]}, "linux.seccomp.syscalls[0].names: is missing"),
    ({"syscalls": [{"names": ["read"]}]}, "linux.seccomp.syscalls[0].action: is missing"),
    ({"syscalls": [{"names": ["read"], "action": "SCMP_ACT_LOG", "errnoRet": 1}]},
     "linux.seccomp.syscalls[0]: errnoRet: the action takes no errno"),
    ({"syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [
        {"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]}]}, "linux.seccomp.syscalls[0].args[0].index"),
    ({"syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 0, "op": "="}]}]},
     "linux.seccomp.syscalls[0].args[0].op"),
    ({"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}, "linux.seccomp.listenerPath: missing"),
    ({"syscalls": [{"names": ["sendmsg", "mkdir"], "action": "SCMP_ACT_NOTIFY"}], "listenerPath": "/x"},
     "linux.seccomp.syscalls: sendmsg must be allowed"),
    ({"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}], "listenerPath": "/not/there"},
     "linux.seccomp.listenerPath: connect to /not/there"),
    ({"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}], "listenerPath": "/" + "x" * 200},
     "linux.seccomp.listenerPath: longer than"),
])
def test_a_bad_profile_is_refused(bundle, change, words):
    bundle.config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", **change}
    result = bundle.run("ids")
    assert result.status == 1 and words in result.stderr
    assert list(bundle.state.iterdir()) == []


# ---- the listener ----

NOTIF_RECV, NOTIF_SEND = 0xC0502100, 0xC0182101
libc = ctypes.CDLL(None, use_errno=True)


class Agent(threading.Thread):
    """Takes container process states, and answers each notified call with an errno."""

    def __init__(self, path, answer):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.answer = answer
        self.states, self.calls, self.rest = [], [], []
        self.start()

    def take(self, connection):
        data, control, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(16))
        fds = array.array("i")
        fds.frombytes(control[0][2])
        self.states.append(json.loads(data))
        self.rest.append(connection.recv(1))  # the end: one state per connection
        return fds

    def serve(self, fd):
        while True:
            request = ctypes.create_string_buffer(80)
            if libc.ioctl(fd, ctypes.c_ulong(NOTIF_RECV), request) < 0:
                return
            identity, pid = struct.unpack_from("QI", request.raw)
            self.calls.append(pid)
            reply = ctypes.create_string_buffer(struct.pack("QqiI", identity, 0, -self.answer, 0), 24)
            libc.ioctl(fd, ctypes.c_ulong(NOTIF_SEND), reply)

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                fds = self.take(connection)
            threading.Thread(target=self.serve, args=(fds[0],), daemon=True).start()


@pytest.fixture
def agent(bundle):
    path = bundle.directory / "agent"
    made = Agent(path, 13)
    bundle.config["annotations"] = {"org.example": "1"}
    filtered(bundle, {"names": MKDIR, "action": "SCMP_ACT_NOTIFY"}, listenerPath=str(path),
             listenerMetadata="some data")
    yield made
    made.listener.shutdown(socket.SHUT_RDWR)
    made.listener.close()


@pytest.mark.parametrize("nnp", (True, False))
def test_an_agent_answers_for_the_container(bundle, agent, nnp):
    bundle.config["process"]["noNewPrivileges"] = nnp
    result = bundle.run("mkdir:/tmp/x", "fds")
    assert result.status == 0, result.stderr
    assert result["mkdir:/tmp/x"] == "EACCES" and result["fds"] == "0 1 2"
    state, = agent.states
    assert state["fds"] == ["seccompFd"] and state["metadata"] == "some data"
    assert state["ociVersion"].startswith("1.") and state["pid"] in agent.calls
    assert state["state"]["id"] == bundle.ids[-1] and state["state"]["pid"] == state["pid"]
    assert state["state"]["status"] == "creating" and state["state"]["bundle"] == str(bundle.directory)
    assert state["state"]["annotations"] == {"org.example": "1"}
    assert agent.rest == [b""]


def test_created_first_and_started_then(bundle, agent):
    name = bundle.create("mkdir:/tmp/x", "wait")
    pid = json.loads(bundle.call("state", name).stdout)["pid"]
    assert bundle.call("start", name).status == 0
    wait_until(lambda: agent.states)
    assert agent.states[0]["pid"] == pid


@pytest.mark.parametrize("user_namespace", (False, True))
def test_exec_has_a_listener_of_its_own(bundle, agent, user_namespace):
    if user_namespace:
        from test_oci_user_namespace import BASE, SIZE, give, map_ids
        give(bundle)
        map_ids(bundle, [(0, BASE, SIZE)])
    name = bundle.started()
    result = bundle.call("exec", name, "/probe", "mkdir:/tmp/x")
    assert result.status == 0, result.stderr
    assert result["mkdir:/tmp/x"] == "EACCES"
    wait_until(lambda: len(agent.states) == 2)
    first, second = agent.states
    assert second["pid"] != first["pid"] and second["pid"] in agent.calls
    assert second["state"]["pid"] == first["pid"] and second["state"]["status"] == "running"


def test_the_listener_is_not_asked_without_a_rule(bundle, agent):
    bundle.config["linux"]["seccomp"]["syscalls"] = []
    bundle.config["linux"]["seccomp"]["listenerPath"] = "/not/there"
    assert bundle.run("mkdir:/tmp/x")["mkdir:/tmp/x"] == "ok"


def test_killable_while_it_waits(bundle, agent):
    bundle.config["linux"]["seccomp"]["flags"] = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]
    assert bundle.run("mkdir:/tmp/x")["mkdir:/tmp/x"] == "EACCES"


def test_nobody_takes_the_state(bundle):
    path = bundle.directory / "closed"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    filtered(bundle, {"names": MKDIR, "action": "SCMP_ACT_NOTIFY"}, listenerPath=str(path))
    result = bundle.run("ids")
    assert result.status == 1 and "linux.seccomp.listenerPath: connect to" in result.stderr
