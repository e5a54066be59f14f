#!/usr/bin/python3
"""How long a pull takes until a container could start: sampan beside podman, docker, containerd
and skopeo with umoci, from one registry on this machine, in turns.

    images.py [--runs N] [--images busybox,debian,files,layers] [--engines ...] [--json FILE]

All of it runs in network and mount namespaces of its own, with its own registry and daemons, and
an ext4 of its own for each engine's data, so that nobody syncs what others wrote; before each run
what the last one pulled is removed and the disk is synced. sampan's time
has the sync of what it pulled in it (a power cut must not leave half an image); the others do
not sync. Root; prints medians in seconds of the clock (processor seconds of the engine in brackets:
they say more on a busy machine), the ratios to the best other, and sampan's peak memory.

SPDX-License-Identifier: MIT
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("SAMPAN_BUILD", TOP / "build"))
IMAGES = pathlib.Path(os.environ.get("SAMPAN_IMAGES", BUILD / "images"))
REGISTRY = "localhost:5000"


def run(*words, **more):
    return subprocess.run(list(map(str, words)), check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


# ---- images ----


def layer(chance, pool, files, most, prefix):
    """A tar of that many files of up to `most` bytes: two thirds text, one third not."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for i in range(files):
            if i % 50 == 0:
                info = tarfile.TarInfo(f"{prefix}{i // 50}")
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
            size, at = chance.randrange(most), chance.randrange(len(pool) - most)
            info = tarfile.TarInfo(f"{prefix}{i // 50}/file{i}")
            info.size, info.mode, info.mtime = size, 0o644, 1700000000
            data = chance.randbytes(size) if i % 3 == 0 else pool[at:at + size]
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layout(top, layers):
    """An OCI layout of plain layers, gzip at its usual level."""
    blobs = top / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(data, media):
        (blobs / digest(data)[7:]).write_bytes(data)
        return {"mediaType": media, "digest": digest(data), "size": len(data)}
    kind = "application/vnd.oci.image."
    diff_ids, descriptors = [], []
    for data in layers:
        diff_ids.append(digest(data))
        descriptors.append(put(gzip.compress(data, 6, mtime=0), kind + "layer.v1.tar+gzip"))
    config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["sh"]},
              "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {"schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
                "config": put(json.dumps(config).encode(), kind + "config.v1+json"),
                "layers": descriptors}
    index = {"schemaVersion": 2, "manifests": [
        {**put(json.dumps(manifest).encode(), kind + "manifest.v1+json"),
         "annotations": {"org.opencontainers.image.ref.name": "x"}}]}
    (top / "index.json").write_text(json.dumps(index))
    (top / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return f"oci:{top}:x"


def source(name, top):
    """Where skopeo finds the image."""
    if name in ("busybox", "debian"):
        path = IMAGES / f"{name}.tar"
        return f"docker-archive:{path}" if path.exists() else None
    chance = random.Random(1)
    words = [chance.randbytes(chance.randrange(2, 9)).hex() for _ in range(2000)]
    pool = " ".join(chance.choices(words, k=400000)).encode()
    if name == "files":  # 500 MB in 40,000 files
        return layout(top / name, [layer(chance, pool, 40000, 25000, "d")])
    return layout(top / name, [layer(chance, pool, 400, 25000, f"l{i}-") for i in range(20)])


# ---- engines ----


class Engine:
    has_disk = True

    def __init__(self, top):
        self.top = top / self.name
        self.top.mkdir()
        self.process = None
        if self.has_disk:
            disk = top / f"{self.name}.ext4"
            with open(disk, "wb") as file:
                file.truncate(6 << 30)
            run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", disk)
            run("mount", "-o", "loop", disk, self.top)

    def start(self, *words, ready, **more):
        with open(self.top / "log", "w") as log:
            self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, **more)
        deadline = time.monotonic() + 60
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not start: {(self.top / 'log').read_text()[-500:]}")
            time.sleep(0.1)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)
        if self.has_disk:
            subprocess.run(["umount", "-l", self.top])

    def clear(self, name):
        pass

    def cpu(self):
        """Processor seconds so far: of the daemon and its children, and of our commands."""
        ticks = sum(sum(map(int, stat(pid)[11:15])) for pid in family(self.process.pid)) \
            if self.process else 0
        ours = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ticks / os.sysconf("SC_CLK_TCK") + ours.ru_utime + ours.ru_stime


class Sampan(Engine):
    name, program = "sampan", str(BUILD / "bin/sampan")

    def env(self):
        return {**os.environ, "SAMPAN_ROOT": str(self.top / "root"), "SAMPAN_STATE_TMPFS": "0",
                "SAMPAN_STATE": str(self.top / "state"), "HOME": str(self.top)}

    def pull(self, name):
        run(self.program, "pull", "-q", name, env=self.env())

    def clear(self, name):
        shutil.rmtree(self.top / "root", ignore_errors=True)

    def peak(self, name):
        """The greatest sum of what all processes of a pull hold (PSS), in MiB."""
        self.clear(name)
        process = subprocess.Popen([self.program, "pull", "-q", name], env=self.env(),
                                   stdout=subprocess.DEVNULL)
        most = 0
        while process.poll() is None:
            most = max(most, sum(pss(pid) for pid in family(process.pid)))
            time.sleep(0.005)
        return most / 1024


def stat(pid):
    """The fields of proc(5)'s stat from the third on."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ["0"] * 50


def family(pid):
    found = [pid]
    try:
        children = [child for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
                    for child in (task / "children").read_text().split()]
    except OSError:
        return found
    for child in children:
        found += family(int(child))
    return found


def pss(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


class Podman(Engine):
    name, program = "podman", "podman"

    def words(self, *more):
        return ["podman", "--root", self.top / "root", "--runroot", self.top / "run",
                "--storage-driver", "overlay", *more]

    def pull(self, name):
        run(*self.words("pull", "-q", "--tls-verify=false", name))

    def clear(self, name):
        subprocess.run(list(map(str, self.words("rmi", "-f", name))), capture_output=True)


class Docker(Engine):
    name, program = "docker", "dockerd"

    def __init__(self, top):
        super().__init__(top)
        self.socket = f"unix://{self.top}/s"
        self.start("dockerd", "--data-root", self.top / "data", "--exec-root", self.top / "exec",
                   "--pidfile", self.top / "pid", "-H", self.socket, "--bridge=none",
                   "--iptables=false", "--ip-masq=false",
                   ready=lambda: subprocess.run(["docker", "-H", self.socket, "version"],
                                                capture_output=True).returncode == 0)

    def pull(self, name):
        run("docker", "-H", self.socket, "pull", "-q", name)

    def clear(self, name):
        subprocess.run(["docker", "-H", self.socket, "rmi", "-f", name], capture_output=True)


class Containerd(Engine):
    name, program = "containerd", "containerd"

    def __init__(self, top):
        super().__init__(top)
        (self.top / "config.toml").write_text(
            f'version = 2\nroot = "{self.top}/root"\nstate = "{self.top}/state"\n'
            f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{self.top}/s"\n')
        self.start("containerd", "--config", self.top / "config.toml",
                   ready=lambda: subprocess.run(["ctr", "-a", f"{self.top}/s", "version"],
                                                capture_output=True).returncode == 0)

    def pull(self, name):
        run("ctr", "-a", self.top / "s", "image", "pull", "--plain-http", name)

    def clear(self, name):
        subprocess.run(["ctr", "-a", self.top / "s", "image", "rm", "--sync", name],
                       capture_output=True)


class Umoci(Engine):
    name, program = "umoci", "umoci"

    def pull(self, name):
        run("skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{name}",
            f"oci:{self.top}/image:x")
        run("umoci", "unpack", "--image", f"{self.top}/image:x", self.top / "tree")

    def clear(self, name):
        for part in ("image", "tree"):
            shutil.rmtree(self.top / part, ignore_errors=True)


ENGINES = [Sampan, Podman, Docker, Containerd, Umoci]


class Registry(Engine):
    name, has_disk = "registry", False

    def __init__(self, top):
        super().__init__(top)
        (self.top / "config.yml").write_text(
            f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n"
            f"storage: {{filesystem: {{rootdirectory: {self.top}/data}}}}\n"
            f'http: {{addr: "{REGISTRY}"}}\n')
        self.start("docker-registry", "serve", self.top / "config.yml",
                   ready=lambda: subprocess.run(["ss", "-Hltn", "sport", "=", ":5000"],
                                                capture_output=True).stdout)


# ---- measuring ----


def measure(engines, name, runs):
    """engine -> medians of (seconds, processor seconds)."""
    samples = {engine.name: [] for engine in engines}
    for _ in range(runs):
        for engine in engines:
            engine.clear(name)
            os.sync()
            cpu, began = engine.cpu(), time.monotonic()
            engine.pull(name)
            samples[engine.name].append((time.monotonic() - began, engine.cpu() - cpu))
    return {engine: tuple(map(statistics.median, zip(*all))) for engine, all in samples.items()}


def report(name, times, peak):
    print(f"{name:8}  " + "  ".join(f"{k} {v[0]:.2f} ({v[1]:.2f})" for k, v in times.items()),
          end="")
    result = {"seconds": {k: v[0] for k, v in times.items()},
              "cpu_seconds": {k: v[1] for k, v in times.items()}, "peak_mib": peak}
    for i, what in enumerate(("seconds", "cpu_seconds")):
        others = {k: v[i] for k, v in times.items() if k != "sampan"}
        if others:
            best = min(others, key=others.get)
            result[f"{what}_ratio"] = times["sampan"][i] / others[best]
            print(f"  {what}: sampan/{best} {result[f'{what}_ratio']:.2f}", end="")
    print(f"  peak {peak:.0f} MiB", flush=True)
    return result


def work(args, top):
    run("ip", "link", "set", "lo", "up")
    made = [Registry(top)]
    results = {}
    try:
        engines = []
        for engine in ENGINES:
            if engine.name not in args.engines.split(","):
                continue
            if not shutil.which(engine.program):
                print(f"{engine.name}: not installed, left out")
                continue
            made.append(engine(top))
            engines.append(made[-1])
        for image in args.images.split(","):
            name = f"{REGISTRY}/{image}:latest"
            place = source(image, top)
            if place is None:
                print(f"{image}: no {IMAGES}/{image}.tar (make images), left out")
                continue
            run("skopeo", "copy", "-q", "--dest-tls-verify=false", "--format", "v2s2",
                *(["--dest-compress-format", "gzip"]), place, f"docker://{name}")
            peak = engines[0].peak(name)
            results[image] = report(image, measure(engines, name, args.runs), peak)
            for engine in engines:
                engine.clear(name)
    finally:
        for thing in reversed(made):
            thing.stop()
    pathlib.Path(args.json).write_text(json.dumps(results, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--images", default="busybox,debian,files,layers")
    parser.add_argument("--engines", default=",".join(e.name for e in ENGINES))
    parser.add_argument("--json", default=str(BUILD / "bench-images.json"))
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("images.py needs root")
    if args.inside:
        return work(args, pathlib.Path(args.inside))
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="bench-", ignore_cleanup_errors=True) as top:
        status = subprocess.run(["unshare", "-n", "-m", "--propagation", "private", sys.executable,
                                 __file__, *sys.argv[1:], "--inside", top]).returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
