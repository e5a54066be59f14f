"""What is measured: our floor and programs, and the peers that are installed.

SPDX-License-Identifier: MIT
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from samples import (CLONE_NEWNET, MNT_DETACH, Case, is_hybrid, libc, own_mounts, v1_view,
                     v2_view)

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("SAMPAN_BUILD", TOP / "build"))
BUSYBOX = BUILD / "images/busybox.tar"
PROFILE = pathlib.Path("/usr/share/containers/seccomp.json")
NETWORKS = {"run": "none", "run --network host": "host"}
OCI_STEPS = ("oci run", "oci create + start", "oci exec", "oci delete")


def quiet(argv, env=None, **more):
    done = subprocess.run(list(map(str, argv)), env=env, capture_output=True, text=True, **more)
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(map(str, argv))}: exit {done.returncode}\n"
                         f"{done.stdout}{done.stderr}")
    return done.stdout


def try_to(*argv, env=None):
    """At the end, as far as it goes."""
    return lambda: subprocess.run(list(map(str, argv)), env=env, capture_output=True)


# ---- ours ----


def add_sampan(bench):
    bench.sampan = [str(BUILD / "bin/sampan"), "--root", str(bench.dir / "root"), "--state",
                    str(bench.dir / "state")]
    bench.at_end.append(try_to("umount", "-l", bench.dir / "state"))
    bench.at_end.append(try_to(*bench.sampan, "rm", "-f", "host", env=bench.env))
    quiet([*bench.sampan, "load", "-q", "-i", BUSYBOX], bench.env)
    bench.layer = next(p for p in (bench.dir / "root/layers").iterdir()
                       if not p.name.startswith("."))
    bench.floor = str(BUILD / "bench/floor")
    bench.add("run", "floor",
              [bench.floor, "overlay", bench.layer, bench.dir / "floor-@N@", "/bin/true"])
    for group, network in NETWORKS.items():
        bench.add(group, "sampan", [*bench.sampan, "run", "--rm", "--network", network, "busybox",
                                    "true"])
    quiet([*bench.sampan, "run", "-d", "--name", "host", "--network", "none", "busybox", "sleep",
           "10000"], bench.env)
    bench.add("exec", "sampan", [*bench.sampan, "exec", "host", "true"])


# ---- engines ----


def add_podman(bench):
    if not shutil.which("podman"):
        bench.left_out.append("podman: not installed")
        return
    place = bench.place("v1 view", v1_view if is_hybrid() else None)
    podman = ["podman", "--root", bench.dir / "podman", "--runroot", bench.dir / "podman-run",
              "--tmpdir", bench.dir / "podman-tmp", "--cgroup-manager", "cgroupfs",
              "--events-backend", "none"]

    def run_there(*argv):
        got = bench.places[place].run([shutil.which("podman"), *map(str, podman[1:]),
                                       *map(str, argv)], bench.env)
        return got["status"]

    def stop():
        run_there("rm", "-f", "-t", "0", "-a")
        run_there("system", "reset", "-f")

    bench.at_end.append(stop)
    quiet([*podman, "load", "-q", "-i", BUSYBOX], bench.env)
    names = quiet([*podman, "images", "--format", "{{.Repository}}"], bench.env).split()
    image = names[0]
    # Its own defaults are more than root may ask for on some machines.
    own_limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
    for group, network in NETWORKS.items():
        bench.add(group, "podman", [*podman, "run", "--rm", *own_limits, "--network", network,
                                    "--pull", "never", image, "true"], place)
    if run_there("run", "-d", "--name", "host", *own_limits, "--network", "none", "--pull", "never",
                 image, "sleep", "10000") == 0:
        bench.add("exec", "podman", [*podman, "exec", "host", "true"], place)


def start_dockerd(bench):
    """dockerd in a network and a mount namespace of its own, on directories of ours: nothing of
    the host's network is touched."""
    directory = bench.dir / "docker"
    directory.mkdir()
    socket = directory / "sock"

    def prepare():
        own_mounts()
        libc.unshare(CLONE_NEWNET)
        if is_hybrid():
            libc.umount2(b"/sys/fs/cgroup/unified", MNT_DETACH)

    log = open(directory / "log", "w")
    daemon = subprocess.Popen(
        ["dockerd", "--data-root", directory / "data", "--exec-root", directory / "exec",
         "--pidfile", directory / "pid", "--host", f"unix://{socket}", "--bridge", "none",
         "--iptables=false", "--ip-masq=false"],
        stdout=log, stderr=log, env=bench.env, preexec_fn=prepare)

    def stop():
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(30)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
        for group in pathlib.Path("/sys/fs/cgroup").glob("**/docker"):
            try:
                group.rmdir()  # if nobody else has a container there
            except OSError:
                pass

    bench.at_end.append(stop)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and daemon.poll() is None:
        if socket.exists() and subprocess.run(
                ["docker", "-H", f"unix://{socket}", "version"], capture_output=True,
                env=bench.env).returncode == 0:
            return f"unix://{socket}"
        time.sleep(0.1)
    return None


def add_docker(bench):
    if not (shutil.which("dockerd") and shutil.which("docker")):
        bench.left_out.append("docker: not installed")
        return
    host = start_dockerd(bench)
    if not host:
        bench.left_out.append("docker: dockerd did not come up here")
        return
    docker = ["docker", "-H", host]
    quiet([*docker, "load", "-q", "-i", BUSYBOX], bench.env)
    for group, network in NETWORKS.items():
        bench.add(group, "docker", [*docker, "run", "--rm", "--network", network, "busybox", "true"])
    quiet([*docker, "run", "-d", "--name", "host", "--network", "none", "busybox", "sleep", "10000"],
          bench.env)
    bench.at_end.append(try_to(*docker, "rm", "-f", "host", env=bench.env))
    bench.add("exec", "docker", [*docker, "exec", "host", "true"])


# ---- OCI runtimes: one bundle for all ----


def make_bundle(bench, name, program):
    """The bundle that the engine itself writes, with a whole seccomp profile in it where the
    machine has one: every runtime is given the same to do."""
    bundle = bench.dir / name
    shutil.copytree(bench.layer, bundle / "rootfs", symlinks=True)
    options = ["--security-opt", f"seccomp={PROFILE}"] if PROFILE.exists() else []
    made = quiet([*bench.sampan, "create", "--network", "none", *options, "busybox", *program],
                 bench.env).strip()
    home = bench.dir / "root/containers" / made
    config = json.loads((home / "config.json").read_text())
    config["root"] = {"path": "rootfs", "readonly": False}
    config["ociVersion"] = "1.0.2"  # what the oldest of them knows
    config["linux"].pop("cgroupsPath", None)  # each runtime has a place of its own
    for mount in config["mounts"]:
        if mount["source"].startswith(str(home)):
            copy = bundle / pathlib.Path(mount["source"]).name
            shutil.copy(mount["source"], copy)
            mount["source"] = str(copy)
    (bundle / "config.json").write_text(json.dumps(config))
    with open(bundle / "filter", "w") as out:
        subprocess.run([BUILD / "bench/filter", bundle / "config.json"], stdout=out, check=True)
    quiet([*bench.sampan, "rm", made], bench.env)
    return bundle


def add_floor(bench, suffix, place, state, bundles):
    """The same four things by the bare calls that they need."""
    short, long = bundles
    host, one = state / f"floor-host{suffix.strip(' ()')}", state / "floor-@N@"
    create = [bench.floor, "create", short, one, "/bin/true"]
    delete = [bench.floor, "delete", one]
    bench.sample(Case("floor", [[bench.floor, "create", long, host, "/bin/sleep", "10000"],
                                [bench.floor, "start", host]], place))
    bench.at_end.append(
        lambda: bench.sample(Case("floor", [bench.floor, "delete", host], place)))
    bench.add("oci run" + suffix, "floor", [bench.floor, "run", short, "/bin/true"], place)
    bench.add("oci create + start" + suffix, "floor", [create, [bench.floor, "start", one]],
              place, after=[delete])
    bench.add("oci delete" + suffix, "floor", delete, place, before=[create])
    bench.add("oci exec" + suffix, "floor", [bench.floor, "exec", long, host, "/bin/true"], place)


def add_runtime(bench, suffix, name, command, place, bundles):
    """run, create + start, exec, delete. A peer that cannot do it here is left out, by its own
    words."""
    short, long = bundles
    host = f"host-{name}-{suffix.strip(' ()') or 'here'}"
    create = [*command, "create", "--bundle", short, "bench-@N@"]
    delete = [*command, "delete", "--force", "bench-@N@"]
    case = Case(name, [[*command, "create", "--bundle", long, host], [*command, "start", host]],
                place)
    try:
        bench.sample(case)
    except SystemExit as problem:
        if name == "sampan-runtime":
            raise
        bench.left_out.append(f"{name}{suffix}: {str(problem).splitlines()[-1]}")
        return
    bench.at_end.append(lambda: bench.sample(Case(name, [*command, "delete", "--force", host], place)))
    bench.add("oci run" + suffix, name, [*command, "run", "--bundle", short, "bench-@N@"], place)
    bench.add("oci create + start" + suffix, name, [create, [*command, "start", "bench-@N@"]], place,
              after=[delete])
    bench.add("oci delete" + suffix, name, delete, place, before=[create])
    bench.add("oci exec" + suffix, name, [*command, "exec", host, "/bin/true"], place)


def add_runtimes(bench):
    bundles = (make_bundle(bench, "short", ["/bin/true"]),
               make_bundle(bench, "long", ["/bin/sleep", "10000"]))
    rootfs = bundles[0] / "rootfs"
    # State on a tmpfs for all of them, as /run is wherever a system has booted.
    state = pathlib.Path(tempfile.mkdtemp(prefix="sampan-bench-", dir="/dev/shm"))
    bench.at_end.append(lambda: shutil.rmtree(state, ignore_errors=True))
    ours = [BUILD / "bin/sampan-runtime", "--root", state / "oci"]
    views = [("", None, None)]
    if is_hybrid():  # peers want one or the other; ours, here, is measured on what there is
        views = [(" (v1)", "v1 view", v1_view), (" (v2)", "v2 view", v2_view)]
    for suffix, view, prepare in views:
        place = bench.place(view, prepare)
        own_place = "here" if suffix == " (v1)" else place
        add_floor(bench, suffix, own_place, state, bundles)
        add_runtime(bench, suffix, "sampan-runtime", [*ours[:2], ours[2] / (view or "here")],
                    own_place, bundles)
        for runtime in ("crun", "runc"):
            if shutil.which(runtime):
                add_runtime(bench, suffix, runtime, [runtime, "--root", state / runtime], place,
                            bundles)
            elif f"{runtime}: not installed" not in bench.left_out:
                bench.left_out.append(f"{runtime}: not installed")
        if shutil.which("bwrap"):
            bench.add("oci run" + suffix, "bubblewrap",
                      ["bwrap", "--unshare-all", "--bind", rootfs, "/", "--proc", "/proc", "--dev",
                       "/dev", "/bin/true"], place)
    if not shutil.which("bwrap"):
        bench.left_out.append("bubblewrap: not installed")
    if not PROFILE.exists():
        bench.left_out.append(f"seccomp for the OCI runtimes: no {PROFILE}")
