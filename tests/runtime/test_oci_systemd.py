"""The systemd cgroup driver: containers are scopes, and their limits true in the files.

Needs systemd as process 1 and its bus; elsewhere every test is skipped. `tests/run systemd`
runs this file in virtual machines that have it, with cgroup v2 and hybrid.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import subprocess
import uuid

import pytest

from machine import BUILD, CGROUPS, is_pure_v2, wait_until

if pathlib.Path("/proc/1/comm").read_text().strip() != "systemd":
    pytest.skip("systemd is not process 1 here", allow_module_level=True)
if not (BUILD / "libexec/sampan/sampan-systemd").exists():
    pytest.skip("no sampan-systemd in the build", allow_module_level=True)

SLICE = "sampantest.slice"


def show(unit, *properties):
    done = subprocess.run(["systemctl", "show", unit, *(f"-p{p}" for p in properties)],
                          capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


class Scopes:
    """A bundle whose containers are made with --systemd-cgroup."""

    def __init__(self, bundle):
        self.bundle = bundle
        self.name = "c" + uuid.uuid4().hex[:8]
        self.unit = f"t-{self.name}.scope"
        bundle.config["linux"]["cgroupsPath"] = f"{SLICE}:t:{self.name}"
        self.resources = bundle.config["linux"].setdefault("resources", {})

    def call(self, *words):
        return self.bundle.call("--systemd-cgroup", *words)

    def create(self, *questions):
        self.bundle.config["process"]["args"] = ["/probe", *(questions or ("wait",))]
        self.bundle.write()
        self.bundle.ids.append(self.name)
        errors = self.bundle.directory / "create.err"
        with open(errors, "w") as out:
            done = subprocess.run(
                self.bundle.command("--systemd-cgroup", "create", "--bundle",
                                    self.bundle.directory, self.name),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out, timeout=30)
        return done.returncode, errors.read_text()

    def started(self, *questions):
        status, errors = self.create(*questions)
        assert status == 0, errors
        assert self.call("start", self.name).status == 0

    def pid(self):
        return json.loads(self.call("state", self.name).stdout)["pid"]

    def file(self, controller, name):
        """A file of the container's cgroup, by systemd's own idea of where that is."""
        path = show(self.unit, "ControlGroup")["ControlGroup"].lstrip("/")
        top = CGROUPS if is_pure_v2() else CGROUPS / controller
        return (top / path / name).read_text().strip()


@pytest.fixture
def scope(bundle):
    return Scopes(bundle)


def test_the_container_is_a_scope_and_its_process_is_in_it(scope):
    scope.started()
    known = show(scope.unit, "ActiveState", "Slice", "Delegate", "ControlGroup", "Description")
    assert known["ActiveState"] == "active" and known["Delegate"] == "yes"
    assert known["Slice"] == SLICE and scope.name in known["Description"]
    groups = dict(line.split(":", 2)[1:] for line in
                  pathlib.Path(f"/proc/{scope.pid()}/cgroup").read_text().splitlines())
    assert groups[""] == known["ControlGroup"] if is_pure_v2() else True
    if not is_pure_v2():
        assert groups["name=systemd"] == known["ControlGroup"]
        assert groups["memory"] == known["ControlGroup"]
    procs = scope.file("systemd", "cgroup.procs")
    assert procs.split() == [str(scope.pid())], "the placeholder has left"


def test_it_is_gone_after_delete(scope):
    scope.started()
    assert scope.call("kill", scope.name, "KILL").status == 0
    wait_until(lambda: scope.bundle.status(scope.name) == "stopped")
    done = scope.call("delete", scope.name)
    assert done.status == 0, done.stderr
    wait_until(lambda: show(scope.unit, "LoadState")["LoadState"] == "not-found")
    assert not list(CGROUPS.glob(f"**/{scope.unit}"))


def test_delete_by_force_ends_all_that_runs_in_it(scope):
    scope.started()
    subprocess.run(scope.bundle.command("exec", "--detach", scope.name, "/probe", "wait"),
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=20)
    done = scope.call("delete", "--force", scope.name)
    assert done.status == 0, done.stderr
    wait_until(lambda: show(scope.unit, "LoadState")["LoadState"] == "not-found")
    assert not list(CGROUPS.glob(f"**/{scope.unit}"))


def test_run_leaves_nothing(scope):
    scope.bundle.config["process"]["args"] = ["/probe", "exit:7"]
    scope.bundle.write()
    done = scope.call("run", "--bundle", scope.bundle.directory, scope.name)
    assert done.status == 7, done.stderr
    wait_until(lambda: show(scope.unit, "LoadState")["LoadState"] == "not-found")
    assert not list(CGROUPS.glob(f"**/{scope.unit}"))


def test_a_name_can_be_used_again(scope):
    for _ in range(3):
        scope.bundle.config["process"]["args"] = ["/probe", "exit:0"]
        scope.bundle.write()
        done = scope.call("run", "--bundle", scope.bundle.directory, scope.name)
        assert done.status == 0, done.stderr


LIMITS = [
    # resources, v2: controller, file, value; v1 the same; systemd's property and its value
    ({"memory": {"limit": 64 << 20}}, ("memory", "memory.max", str(64 << 20)),
     ("memory", "memory.limit_in_bytes", str(64 << 20)),
     {"v2": ("MemoryMax", str(64 << 20)), "v1": ("MemoryLimit", str(64 << 20))}),
    ({"memory": {"reservation": 32 << 20}}, ("memory", "memory.low", str(32 << 20)),
     ("memory", "memory.soft_limit_in_bytes", str(32 << 20)),
     {"v2": ("MemoryLow", str(32 << 20))}),
    ({"cpu": {"shares": 2048}}, ("cpu", "cpu.weight", "174"), ("cpu", "cpu.shares", "2048"),
     {"v2": ("CPUWeight", "174"), "v1": ("CPUShares", "2048")}),
    ({"cpu": {"quota": 25000, "period": 50000}}, ("cpu", "cpu.max", "25000 50000"),
     ("cpu", "cpu.cfs_quota_us", "25000"), {"v2": ("CPUQuotaPerSecUSec", "500ms"),
                                            "v1": ("CPUQuotaPerSecUSec", "500ms")}),
    ({"pids": {"limit": 33}}, ("pids", "pids.max", "33"), ("pids", "pids.max", "33"),
     {"v2": ("TasksMax", "33"), "v1": ("TasksMax", "33")}),
    ({"cpu": {"cpus": "0", "mems": "0"}}, ("cpuset", "cpuset.cpus", "0"),
     ("cpuset", "cpuset.cpus", "0"), {"v2": ("AllowedCPUs", "0")}),
]
NAMES = ["memory", "reservation", "shares", "quota", "pids", "cpus"]


def check_limit(scope, v2, v1, properties):
    controller, name, value = v2 if is_pure_v2() else v1
    assert scope.file(controller, name) == value
    wanted = properties.get("v2" if is_pure_v2() else "v1")
    if wanted:
        assert show(scope.unit, wanted[0])[wanted[0]] == wanted[1]


@pytest.mark.parametrize("resources,v2,v1,properties", LIMITS, ids=NAMES)
def test_a_limit_is_true_in_the_file_and_known_to_systemd(scope, resources, v2, v1,
                                                          properties):
    scope.resources.update(resources)
    scope.started()
    check_limit(scope, v2, v1, properties)


@pytest.mark.parametrize("resources,v2,v1,properties", LIMITS, ids=NAMES)
def test_update_changes_both(scope, resources, v2, v1, properties):
    scope.started()
    path = scope.bundle.directory / "resources.json"
    path.write_text(json.dumps(resources))
    done = scope.call("update", "--resources", path, scope.name)
    assert done.status == 0, done.stderr
    check_limit(scope, v2, v1, properties)


def test_limits_and_devices_outlive_a_reload_of_systemd(scope):
    scope.resources.update({"memory": {"limit": 48 << 20}, "pids": {"limit": 21}, "devices": [
        {"allow": False, "access": "rwm"}]})
    os.mknod(scope.bundle.rootfs / "kmsg", 0o20666, os.makedev(1, 11))
    scope.started()
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "set-property", "--runtime", scope.unit, "CPUWeight=50"],
                   check=True)
    name = "memory.max" if is_pure_v2() else "memory.limit_in_bytes"
    assert scope.file("memory", name) == str(48 << 20)
    assert scope.file("pids", "pids.max") == "21"
    assert scope.call("exec", scope.name, "/probe", "cat:/kmsg")["cat:/kmsg"] == "EPERM"


def test_unified_resources_are_written(scope):
    if not is_pure_v2():
        pytest.skip("linux.resources.unified is of cgroup v2")
    scope.resources["unified"] = {"memory.high": str(40 << 20), "pids.max": "17"}
    scope.started()
    assert scope.file("memory", "memory.high") == str(40 << 20)
    assert show(scope.unit, "MemoryHigh", "TasksMax") == {"MemoryHigh": str(40 << 20),
                                                          "TasksMax": "17"}


def test_pause_and_resume_and_exec(scope):
    scope.started()
    result = scope.call("exec", scope.name, "/probe", "cat:/proc/self/cgroup")
    assert all(line.endswith(":/") for line in
               result["cat:/proc/self/cgroup"].strip("|").split("|")
               if line.startswith("0:") or "memory" in line)
    assert scope.call("pause", scope.name).status == 0
    assert scope.bundle.status(scope.name) == "paused"
    assert scope.call("resume", scope.name).status == 0
    assert scope.bundle.status(scope.name) == "running"


def test_annotations_become_properties(scope):
    scope.bundle.config["annotations"] = {
        "org.systemd.property.TimeoutStopUSec": "uint64 7000000",
        "org.systemd.property.RuntimeMaxSec": "900",
        "org.systemd.property.Documentation": "['man:sampan(1)', 'man:systemd(1)']",
        "org.systemd.property.SendSIGHUP": "true",
        "org.example.other": "nothing",
    }
    scope.started()
    assert show(scope.unit, "TimeoutStopUSec", "RuntimeMaxUSec", "Documentation",
                "SendSIGHUP") == {
        "TimeoutStopUSec": "7s", "RuntimeMaxUSec": "15min", "SendSIGHUP": "yes",
        "Documentation": '"man:sampan(1)" "man:systemd(1)"'}


@pytest.mark.parametrize("name,value,words", [
    ("x", "1", "annotations.org.systemd.property.x"),
    ("lower", "1", "annotations.org.systemd.property.lower"),
    ("Two.Parts", "1", "annotations.org.systemd.property.Two.Parts"),
    ("TimeoutStopUSec", "soon", "annotations.org.systemd.property.TimeoutStopUSec"),
    ("TimeoutStopSec", "'5'", "must be seconds"),
    ("TimeoutStopUSec", "uint64 -1", "annotations.org.systemd.property.TimeoutStopUSec"),
    ("Documentation", "['a'", "annotations.org.systemd.property.Documentation"),
    ("NoSuchProperty", "true", "systemd: "),
])
def test_a_bad_annotation_is_refused_and_leaves_nothing(scope, name, value, words):
    scope.bundle.config["annotations"] = {f"org.systemd.property.{name}": value}
    status, errors = scope.create()
    assert status == 1 and words in errors
    assert list(scope.bundle.state.iterdir()) == []
    assert show(scope.unit, "LoadState")["LoadState"] == "not-found"


@pytest.mark.parametrize("path,words", [
    ("/a/b", "three parts"), ("a:b", "three parts"), ("a:b:c:d", "three parts"),
    ("system:x:y", "no slice's name"), ("a--b.slice:x:y", "no slice's name"),
    ("../x.slice:x:y", "no slice's name"), ("system.slice:x:", "its last part is empty"),
    ("system.slice:x/y:z", "makes no scope's name"),
    ("system.slice:x:" + "y" * 250, "makes no scope's name"),
])
def test_a_bad_path_is_refused(scope, path, words):
    scope.bundle.config["linux"]["cgroupsPath"] = path
    status, errors = scope.create()
    assert status == 1 and "linux.cgroupsPath" in errors and words in errors
    assert list(scope.bundle.state.iterdir()) == []


def test_without_a_path_it_is_named_after_the_container(scope):
    scope.bundle.config["linux"]["cgroupsPath"] = ""
    scope.started()
    assert show(f"sampan-{scope.name}.scope", "ActiveState", "Slice") == {
        "ActiveState": "active", "Slice": "system.slice"}


def test_a_taken_name_is_an_error(scope):
    subprocess.run(["systemd-run", "--scope", "--unit", scope.unit, "--collect", "--quiet",
                    "sh", "-c", "sleep 20 & echo"], check=True, stdout=subprocess.DEVNULL)
    try:
        status, errors = scope.create()
        assert status == 1 and scope.unit in errors and "systemd: " in errors
        assert show(scope.unit, "ActiveState")["ActiveState"] == "active"
    finally:
        subprocess.run(["systemctl", "kill", "--signal=KILL", scope.unit], check=True)
        wait_until(lambda: show(scope.unit, "LoadState")["LoadState"] == "not-found")


def test_a_program_that_is_not_there_leaves_no_scope(scope):
    scope.bundle.config["process"]["args"] = ["/not/there"]
    scope.bundle.write()
    done = scope.call("run", "--bundle", scope.bundle.directory, scope.name)
    assert done.status == 127
    wait_until(lambda: show(scope.unit, "LoadState")["LoadState"] == "not-found")
    assert not list(CGROUPS.glob(f"**/{scope.unit}"))


@pytest.mark.parametrize("is_started", [False, True])
def test_a_killed_create_is_cleaned_up_by_force(scope, is_started):
    status, errors = scope.create()
    assert status == 0, errors
    if is_started:
        assert scope.call("start", scope.name).status == 0
    (scope.bundle.state / scope.name / "state.json").unlink()
    assert "was not finished" in scope.call("delete", scope.name).stderr
    done = scope.call("delete", "--force", scope.name)
    assert done.status == 0, done.stderr
    assert list(scope.bundle.state.iterdir()) == []
    wait_until(lambda: show(scope.unit, "LoadState")["LoadState"] == "not-found")


# ---- an ordinary user, whose manager is systemd too ----

USER, UID = "sampantester", 4321


class UserScopes(Scopes):
    """The same for an ordinary user: called from root's session, so outside of the user's own
    manager, or (`inside`) from a service of that manager."""

    def __init__(self, bundle, inside):
        super().__init__(bundle)
        self.inside = inside
        for path in [bundle.directory, *list(bundle.directory.parents)[:2]]:
            os.chmod(path, 0o755)
        linux = bundle.config["linux"]
        linux["cgroupsPath"] = f":t:{self.name}"
        linux["namespaces"].append({"type": "user"})
        for field in ("uidMappings", "gidMappings"):
            linux[field] = [{"containerID": 0, "hostID": UID, "size": 1}]
        subprocess.run(["chown", "-R", f"{UID}:{UID}", bundle.directory], check=True)

    def words(self, *words):
        words = self.bundle.command("--systemd-cgroup", *words)
        if self.inside:
            words = ["systemd-run", "--user", "--quiet", "--wait", "--pipe", "--collect", *words]
        return ["setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups", "env", "-C",
                "/", "-u", "DBUS_SESSION_BUS_ADDRESS", f"XDG_RUNTIME_DIR=/run/user/{UID}", *words]

    def call(self, *words):
        return subprocess.run(self.words(*words), capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)

    def run(self, *questions):
        self.bundle.config["process"]["args"] = ["/probe", *questions]
        self.bundle.write()
        return self.call("run", "--bundle", self.bundle.directory, self.name)


@pytest.fixture(scope="module")
def user():
    if not is_pure_v2():
        pytest.skip("an ordinary user has no cgroups of v1")
    subprocess.run(["useradd", "--uid", str(UID), "--create-home", USER], check=True)
    subprocess.run(["loginctl", "enable-linger", USER], check=True)
    wait_until(lambda: os.path.exists(f"/run/user/{UID}/bus"))
    wait_until(lambda: show(f"user@{UID}.service", "ActiveState")["ActiveState"] == "active")
    yield USER
    subprocess.run(["loginctl", "disable-linger", USER], check=True)
    subprocess.run(["systemctl", "stop", f"user@{UID}.service"], check=True)
    subprocess.run(["userdel", "--remove", USER], check=True, stderr=subprocess.DEVNULL)


@pytest.fixture(params=[False, True], ids=["from outside", "from inside"])
def users_scope(bundle, user, request):
    made = UserScopes(bundle, request.param)
    yield made
    made.call("delete", "--force", made.name)


def test_an_ordinary_users_container_is_a_scope_of_their_manager(users_scope):
    users_scope.resources.update({"memory": {"limit": 44 << 20}, "pids": {"limit": 12}})
    done = users_scope.run("cat:/proc/self/cgroup", "exit:5")
    assert done.returncode == 5, done.stderr + done.stdout
    below = CGROUPS / f"user.slice/user-{UID}.slice/user@{UID}.service"
    wait_until(lambda: not list(below.glob(f"**/{users_scope.unit}")))


def test_an_ordinary_users_limits_are_true(users_scope):
    users_scope.resources.update({"memory": {"limit": 44 << 20}, "pids": {"limit": 12}})
    bundle = users_scope.bundle
    bundle.config["process"]["args"] = ["/probe", "wait"]
    bundle.write()
    pid_file = bundle.directory / "pid"
    errors = bundle.directory / "errors"
    with open(errors, "w") as out:
        done = subprocess.run(
            users_scope.words("run", "--detach", "--pid-file", pid_file, "--bundle",
                              bundle.directory, users_scope.name),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out, timeout=60)
    assert done.returncode == 0, errors.read_text()
    path = pathlib.Path(f"/proc/{pid_file.read_text()}/cgroup").read_text().strip()
    assert path.endswith(users_scope.unit) and f"user@{UID}.service" in path
    group = CGROUPS / path.split("::/")[1]
    assert (group / "memory.max").read_text().strip() == str(44 << 20)
    assert (group / "pids.max").read_text().strip() == "12"
    done = users_scope.call("exec", users_scope.name, "/probe", "cat:/proc/self/cgroup")
    assert done.returncode == 0 and "=0::/|" in done.stdout, done.stderr + done.stdout
    assert users_scope.call("update", "--pids-limit", "9", users_scope.name).returncode == 0
    assert (group / "pids.max").read_text().strip() == "9"
    done = users_scope.call("delete", "--force", users_scope.name)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: not group.exists())
