"""A store of its own for each test, and the helper program that fills it.

SPDX-License-Identifier: MIT
"""
import hashlib
import json
import os
import pathlib
import stat
import subprocess

import pytest

from machine import BUILD

HELPER = BUILD / "libexec" / "sampan" / "sampan-image"


class Store:
    def __init__(self, root):
        self.root = pathlib.Path(root)

    def argv(self, *args):
        return [str(HELPER), *map(str, args)]

    def env(self):
        return {**os.environ, "SAMPAN_ROOT": str(self.root),
                "SAMPAN_STATE": f"{self.root}-state", "SAMPAN_STATE_TMPFS": "0"}

    def run(self, *args, input=b"", timeout=120, **more):
        return subprocess.run(self.argv(*args), env=self.env(), input=input, timeout=timeout,
                              capture_output=True, **more)

    def ok(self, *args, **more):
        done = self.run(*args, **more)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode().rstrip("\n")

    def refused(self, *args, **more):
        """Fails with exit 1 and one line; nothing of it is to be seen. Gives the line."""
        before = self.seen()
        done = self.run(*args, **more)
        assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
        assert done.stdout == b""
        lines = done.stderr.decode(errors="replace").splitlines()
        assert len(lines) == 1 and lines[0].startswith("sampan: "), lines
        assert self.seen() == before
        return lines[0]

    def seen(self):
        """Names, records, blobs and layers: all that a command could find."""
        def names(directory):
            path = self.root / directory
            return sorted(os.listdir(path)) if path.exists() else []
        return (self.names(), names("images/records"), names("images/blobs/sha256"),
                names("layers"))

    def names(self):
        index = self.root / "images/index.json"
        entries = json.loads(index.read_text())["manifests"] if index.exists() else []
        return {e["annotations"].get("org.opencontainers.image.ref.name"):
                e["annotations"]["sampan.image.id"] for e in entries}

    def record(self, name):
        name = self.names()[name].removeprefix("sha256:")
        return json.loads((self.root / f"images/records/{name}.json").read_text())

    def layers(self, name="docker.io/library/test:latest"):
        return [self.root / "layers" / layer["chain"] for layer in self.record(name)["layers"]]

    def check(self):
        """Every blob is what its name says, every record's parts are there, nothing is half."""
        blobs = self.root / "images/blobs/sha256"
        for blob in blobs.iterdir():
            assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
        for record in (self.root / "images/records").glob("[0-9a-f]*.json"):
            data = json.loads(record.read_text())
            for digest in [data["config"], data["manifest"], *(x["blob"] for x in data["layers"])]:
                assert (blobs / digest.removeprefix("sha256:")).exists()
            for layer in data["layers"]:
                assert (self.root / "layers" / layer["chain"]).is_dir()
                assert (self.root / "layers" / f"{layer['chain']}.json").exists()
        for image in self.names().values():
            assert (self.root / f"images/records/{image.removeprefix('sha256:')}.json").exists()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "root")


def tree(top):
    """path -> everything that a layer says about a file, links as groups of names."""
    found, names = {}, {}
    for directory, directories, files in os.walk(top):
        for name in directories + files + (["."] if directory == str(top) else []):
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, top)
            st = os.lstat(path)
            body = None
            if stat.S_ISLNK(st.st_mode):
                body = os.readlink(path)
            elif stat.S_ISREG(st.st_mode):
                body = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
            xattrs = {k: os.getxattr(path, k, follow_symlinks=False)
                      for k in os.listxattr(path, follow_symlinks=False)}
            if not stat.S_ISDIR(st.st_mode):
                names.setdefault(st.st_ino, []).append(relative)
            found[relative] = {"mode": oct(st.st_mode), "uid": st.st_uid, "gid": st.st_gid,
                               "mtime": st.st_mtime_ns, "rdev": st.st_rdev, "body": body,
                               "xattrs": xattrs, "ino": st.st_ino}
    for facts in found.values():
        facts["links"] = sorted(names.get(facts.pop("ino"), []))
    return found
