"""With Debian's docker-registry, skopeo, podman and umoci: what they push we pull, what we push
they pull, and a pulled tree is theirs file by file.

SPDX-License-Identifier: MIT
"""
import json
import os
import shutil
import subprocess
import tempfile
import warnings

import pytest

import images
from registries import Image, RealRegistry, client, digest, needs  # noqa: F401 (a fixture)
from stores import tree

with warnings.catch_warnings():  # it leaves Python with 3.13; then htpasswd(1) must do
    warnings.simplefilter("ignore")
    import crypt

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="unpacking needs root"),
    needs("docker-registry", "skopeo"),
]


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    registry = RealRegistry(tmp_path_factory.mktemp("registry"))
    yield registry
    registry.close()


def skopeo(*args):
    done = subprocess.run(["skopeo", *map(str, args)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def layers_of_all_kinds(n=20):
    """n layers: owners, modes, times, links, devices, attributes; later ones hide what earlier
    ones brought."""
    e, d = images.entry, images.directory
    found = [images.layer(
        d("etc"), d("deep/er/est"), e("etc/a", b"a" * 5000, 0o640, uid=1, gid=2, mtime=1000000000),
        e("etc/suid", b"x", 0o4755, uid=3), images.hardlink("etc/b", "etc/a"), images.symlink("etc/l", "a"),
        e("fifo", type=images.tarfile.FIFOTYPE), e("null", type=images.tarfile.CHRTYPE, devmajor=1, devminor=3),
        e("attr", b"1", pax_headers={"SCHILY.xattr.user.colour": "blue"}),
        e("cap", b"1", 0o755, pax_headers={"SCHILY.xattr.security.capability":
                                           "\x01\0\0\x02\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0"}),
        d("gone"), e("gone/x", b"x"), d("opaque"), e("opaque/old", b"o"), d("sticky", 0o1777))]
    for i in range(1, n - 1):
        found.append(images.layer(
            d("deep"), d("deep/er"), e(f"deep/er/f{i}", str(i).encode() * i, mtime=1000000000 + i),
            e("etc/changed", str(i).encode()), d(f"d{i}", 0o700 + i % 8, uid=i),
            *([e(f"deep/er/.wh.f{i - 1}")] if i > 1 and i % 3 == 0 else [])))
    found.append(images.layer(e(".wh.gone"), d("opaque"), e("opaque/.wh..wh..opq"), e("opaque/new", b"n"),
                              e("etc/.wh.b"), d("gone2"), e("gone2/a", b"2"),
                              images.hardlink("gone2/b", "gone2/a")))
    return found


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    """An OCI layout of the 20 layers, gzip; its path."""
    top = tmp_path_factory.mktemp("layout")
    image = Image(layers_of_all_kinds())
    blobs = top / "blobs/sha256"
    blobs.mkdir(parents=True)
    for blob in [image.config, image.manifest, *image.layers]:
        (blobs / digest(blob)[7:]).write_bytes(blob)
    (top / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (top / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [
        {**image.descriptor, "annotations": {"org.opencontainers.image.ref.name": "x"}}]}))
    return top


class Mounted:
    """The layers of an image, one over the other."""

    def __init__(self, client, name, target):
        self.target = target
        target.mkdir()
        lower = ":".join(reversed([layer.name for layer in client.layers(name)]))
        done = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"ro,lowerdir={lower}", target],
                              cwd=client.root / "layers", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def __enter__(self):
        return tree(self.target)

    def __exit__(self, *_):
        subprocess.run(["umount", self.target], check=True)


def plain(found):
    """What umoci and we may differ in: overlay's own attributes, and the root's mode and times
    that no layer gave."""
    found = {name: {**facts, "xattrs": {k: v for k, v in facts["xattrs"].items()
                                        if not k.startswith("trusted.overlay") and k != "user.rootlesscontainers"}}
             for name, facts in found.items() if name != "."}
    return found


@needs("umoci")
@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_tree_of_20_layers_is_umocis_file_by_file(client, registry, layout, tmp_path, form):
    name = f"{registry.host}/kinds-{form}:1"
    skopeo("copy", "--dest-tls-verify=false", "--format", "oci", "--dest-compress-format", form,
           *(["--dest-compress"] if form == "zstd" else []), f"oci:{layout}:x", f"docker://{name}")
    client.ok("pull", "-q", name)
    client.check()
    subprocess.run(["umoci", "unpack", "--image", f"{layout}:x", tmp_path / "theirs"], check=True,
                   capture_output=True, timeout=120)
    theirs = plain(tree(tmp_path / "theirs/rootfs"))
    with Mounted(client, name, tmp_path / "ours") as ours:
        ours = plain(ours)
    assert sorted(ours) == sorted(theirs)
    # The time of a directory that a whiteout or a file of a later layer changed is each
    # engine's own.
    for path, facts in theirs.items():
        if facts["mode"].startswith("0o4"):
            facts["mtime"] = ours[path]["mtime"] = 0
    assert {p: (ours[p], theirs[p]) for p in ours if ours[p] != theirs[p]} == {}


def test_skopeo_pulls_what_we_push(client, registry, busybox_tar, tmp_path):
    client.ok("load", "-q", "-i", busybox_tar)
    name = f"{registry.host}/ours/busybox:1"
    rename(client, "docker.io/library/busybox:latest", name)
    last = client.ok("push", name).splitlines()[-1]
    facts = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{name}"))
    assert last == f"1: digest: {facts['Digest']} size: {last.split()[-1]}"
    skopeo("copy", "--src-tls-verify=false", f"docker://{name}", f"oci:{tmp_path}/out:x")
    index = json.loads((tmp_path / "out/index.json").read_text())
    manifest = (tmp_path / "out/blobs/sha256" / index["manifests"][0]["digest"][7:]).read_text()
    assert json.loads(manifest)["config"]["digest"] == client.names()[name]


def rename(client, old, new):
    index = client.root / "images/index.json"
    index.write_text(index.read_text().replace(old, new))


@needs("podman")
def test_podman_runs_what_we_push(client, registry, busybox_tar, tmp_path, request):
    client.ok("load", "-q", "-i", busybox_tar)
    name = f"{registry.host}/ours/podman:1"
    rename(client, "docker.io/library/busybox:latest", name)
    client.ok("push", name)
    runroot = tempfile.mkdtemp(prefix="sampan-")  # podman wants at most 50 letters
    request.addfinalizer(lambda: shutil.rmtree(runroot))
    place = ["--root", tmp_path / "p", "--runroot", runroot, "--storage-driver", "vfs"]
    done = subprocess.run(["podman", *place, "pull", "-q", "--tls-verify=false", name],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert f"sha256:{done.stdout.strip()}" == client.names()[name]
    done = subprocess.run(["podman", *place, "push", "-q", "--tls-verify=false", name,
                           f"{registry.host}/theirs/podman:1"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    client.ok("pull", "-q", f"{registry.host}/theirs/podman:1")
    client.check()


def test_a_password_file(client, tmp_path, busybox_tar):
    secret = crypt.crypt("s3cret", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))
    (tmp_path / "htpasswd").write_text(f"anna:{secret}\n")
    registry = RealRegistry(tmp_path, f"auth: {{htpasswd: {{realm: x, path: {tmp_path}/htpasswd}}}}")
    try:
        client.ok("load", "-q", "-i", busybox_tar)
        name = f"{registry.host}/busybox:latest"
        rename(client, "docker.io/library/busybox:latest", name)
        assert "log in" in client.refused("push", "-q", name)
        for password, status in ((b"wrong", 1), (b"s3cret", 0)):
            done = client.run("login", "-u", "anna", "--password-stdin", registry.host, input=password)
            assert done.returncode == status, done.stderr
        assert client.ok("push", "-q", name) == client.ok("pull", "-q", name) == name
    finally:
        registry.close()
