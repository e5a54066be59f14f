"""What goes wrong, on our runtime and on crun: podman must end with the same exit code and put
the error into the same class.

podman sorts a runtime's errors by their words into "not found" (127), "permission denied" (126)
and "OCI runtime error" (126, for exec 255).

SPDX-License-Identifier: MIT
"""
import pytest

IMAGE = "localhost/busybox:latest"
CLASSES = ["OCI runtime attempted to invoke a command that was not found",
           "OCI permission denied", "OCI runtime error"]

RUN = {
    "a program that is not in PATH": [IMAGE, "nosuch"],
    "a program that is not there": [IMAGE, "/no/such"],
    "a directory for a program": [IMAGE, "/etc"],
    "a file that may not be executed": [IMAGE, "/etc/passwd"],
    "a program of another kind": ["-v", "{junk}:/junk", IMAGE, "/junk"],
    "a working directory that is not there": ["-w", "/no/such", IMAGE, "true"],
    "a working directory that is a file": ["-w", "/etc/passwd", IMAGE, "true"],
    "a user that is not there": ["-u", "nosuch", IMAGE, "true"],
    "a group that is not there": ["-u", "0:nosuch", IMAGE, "true"],
    "a source that is not there": ["--mount", "type=bind,src=/no/such,dst=/x", IMAGE, "true"],
    "a file bound on a directory": ["-v", "{junk}:/etc", IMAGE, "true"],
    "a target below a file": ["-v", "{junk}:/etc/passwd/x", IMAGE, "true"],
    "a device that is not there": ["--device", "/dev/nosuch", IMAGE, "true"],
    "a sysctl that is not there": ["--sysctl", "net.ipv4.nosuch=1", IMAGE, "true"],
    "a sysctl with a bad value": ["--sysctl", "kernel.msgmax=many", IMAGE, "true"],
    "a limit below what the kernel takes": ["--cpus", "0.00001", IMAGE, "true"],
    "CPUs that are not there": ["--cpuset-cpus", "4000", IMAGE, "true"],
    "a seccomp profile that is no JSON": ["--security-opt", "seccomp={junk}", IMAGE, "true"],
    "a network namespace that is not there": ["--network", "ns:/no/such", IMAGE, "true"],
    "a signal": [IMAGE, "sh", "-c", "kill -SEGV $$; sleep 1; exit 3"],
    "its own exit status": [IMAGE, "sh", "-c", "exit 200"],
}

EXEC = {
    "a program that is not in PATH": ["nosuch"],
    "a program that is not there": ["/no/such"],
    "a directory for a program": ["/etc"],
    "a file that may not be executed": ["/etc/passwd"],
    "a working directory that is not there": ["-w", "/no/such", "true"],
    "a user that is not there": ["-u", "nosuch", "true"],
}

# Where ours differs on purpose: case to (exit code, class). 126 is podman's own word for a
# program that cannot be run; crun ends with 1 here.
OTHERWISE = {"a program of another kind": (126, None)}


def class_of(done):
    return next((c for c in CLASSES if c in done.stderr), None)


def compare(case, ours, theirs):
    told = f"ours: {ours.returncode} {ours.stderr}crun: {theirs.returncode} {theirs.stderr}"
    expected = OTHERWISE.get(case, (theirs.returncode, class_of(theirs)))
    assert (ours.returncode, class_of(ours)) == expected, told


@pytest.fixture
def junk(tmp_path):
    path = tmp_path / "junk"
    path.write_bytes(b"\x7fELF junk")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("case", RUN)
def test_run_fails_alike(podman, crun, junk, case):
    network = () if "network" in case else ("--network", "none")
    words = [word.replace("{junk}", str(junk)) for word in RUN[case]]
    ours, theirs = (world.run("run", "--rm", *network, *words) for world in (podman, crun))
    compare(case, ours, theirs)


@pytest.fixture(scope="module")
def two(the_world, the_crun_world):
    """A running container in each world, for all the execs."""
    for world in (the_world, the_crun_world):
        world.ok("run", "-d", "--name", "here", "--network", "none", IMAGE, "sleep", "1000")
    yield the_world, the_crun_world
    for world in (the_world, the_crun_world):
        world.clean()


@pytest.mark.parametrize("case", EXEC)
def test_exec_fails_alike(two, case):
    words = EXEC[case]
    split = 2 if words[0].startswith("-") else 0
    ours, theirs = (world.run("exec", *words[:split], "here", *words[split:]) for world in two)
    compare(case, ours, theirs)
    assert ours.returncode != 0


def test_exec_in_a_container_that_has_ended(podman, crun):
    done = []
    for world in (podman, crun):
        world.ok("run", "--name", "gone", "--network", "none", IMAGE, "true")
        done.append(world.run("exec", "gone", "true"))
    compare("exec in a container that has ended", *done)
