"""Whole images for tests and measurements, made the same to the byte each time: many layers
with all that a layer can hold, many small files, each compression, both families of media
types.

    layers = makers.rich(directory, 20)                # plain tar files, lowest first
    image = makers.layout(directory / "oci", layers, "zstd")       # an OCI layout
    makers.archive(directory / "image.tar", layers)                # a docker-archive

The layers are files, never held in memory: an image of 500 MB costs no more than one of 5.

SPDX-License-Identifier: MIT
"""
import hashlib
import io
import json
import pathlib
import random
import shutil
import subprocess
import tarfile
import zlib

import images

CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000").decode("latin-1")
CREATED = "2026-01-01T00:00:00Z"

# compression -> (suffix of OCI's media type, Docker's media type or None)
KINDS = {
    "plain": ("", "application/vnd.docker.image.rootfs.diff.tar"),
    "gzip": ("+gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip"),
    "zstd": ("+zstd", None),
}


def write_layer(path, entries):
    """A plain tar of entries (info, bytes), as images.entry() and its like make them."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return pathlib.Path(path)


def text(seed, size):
    """Bytes that compress about as well as a program does: to 40 %."""
    rng = random.Random(seed)
    words = [rng.randbytes(rng.randint(2, 9)) for _ in range(400)]
    return b"".join(rng.choices(words, k=size // 4 + 1))[:size]


def rich_first():
    """The lowest layer of rich(): every type of entry, every kind of attribute."""
    e, d = images.entry, images.directory
    return [
        d("./", 0o755, mtime=1000000001), d("bin"), d("etc", mtime=1000000000),
        e("etc/passwd", b"root:x:0:0::/:/bin/sh\n", mtime=1234567890),
        d("tmp", 0o1777), d("shared", 0o2775, gid=50), e("shared/file", b"x", uid=1000, gid=1000),
        e("setuid", b"#!", 0o4755), e("setgid", b"#!", 0o2711, gid=7),
        e("secret", b"s", 0, uid=65534, gid=65534), e("large-id", b"i", uid=3000000000, gid=2097152),
        e("ping", b"p", 0o755, pax_headers={"SCHILY.xattr.security.capability": CAPABILITY}),
        e("attr", b"a", pax_headers={"SCHILY.xattr.user.text": "value", "SCHILY.xattr.user.b": "\x01"}),
        e("old", b"o", mtime=-5), e("exact", b"e", mtime=1700000000.123456789),
        images.symlink("link", "etc/passwd"), images.symlink("dangling", "/no/where"),
        images.hardlink("hard", "etc/passwd"), images.hardlink("hard2", "hard"),
        e("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
        e("disk", type=tarfile.BLKTYPE, devmajor=7, devminor=99, mode=0o660, gid=6),
        e("pipe", type=tarfile.FIFOTYPE, mode=0o622),
        d("n" * 180), e("n" * 180 + "/" + "m" * 200, b"long"), e("empty"), e("ünïcödé ☃", b"u"),
        e("zeros", bytes(1 << 20)),
    ]


def rich_layer(n):
    """Layer n > 0 of rich(): adds, replaces, hides, empties and links."""
    e, d = images.entry, images.directory
    entries = [
        d(f"d{n}"), d(f"d{n}/deep"), e(f"d{n}/deep/file", text(n, 3000 * n)),
        images.hardlink(f"d{n}/same", f"d{n}/deep/file"), images.symlink(f"d{n}/up", "../etc"),
        e(f"d{n}/attr", b"a", pax_headers={"SCHILY.xattr.user.layer": str(n)}),
        e("changed", f"by {n}\n".encode(), mtime=1600000000 + n),
    ]
    if n == 1:
        entries += [d("bin"), e("bin/sh", b"#!", 0o755)]
    if n > 1:  # hide a file, a directory, all in a directory, or what is there is another type
        entries += [
            [d(f"d{n - 1}"), e(f"d{n - 1}/.wh.same")],
            [e(f".wh.d{n - 1}")],
            [d(f"d{n - 1}"), e(f"d{n - 1}/.wh..wh..opq"), e(f"d{n - 1}/instead", b"new")],
            [images.symlink(f"d{n - 1}", "etc")],
        ][n % 4]
    return entries


def rich(directory, layers=20):
    """Layers with whiteouts, opaque directories, hard links, attributes and devices."""
    return [write_layer(pathlib.Path(directory) / f"rich-{n}.tar", rich_layer(n) if n else rich_first())
            for n in range(layers)]


def many_files(directory, megabytes=500, layers=1, file_bytes=12 << 10):
    """Layers of small files in directories of fifty, about `megabytes` in all."""
    block, made = text(7, 8 << 20), []
    for n in range(layers):
        rng, left, i = random.Random(n), (megabytes << 20) // layers, 0
        path = pathlib.Path(directory) / f"many-{n}.tar"
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            while left > 0:
                size = min(int(rng.expovariate(1 / file_bytes)), 256 << 10)
                at = rng.randrange(len(block) - size)
                if i % 50 == 0:
                    tar.addfile(images.directory(f"usr/l{n}/d{i // 50}", mtime=1500000000)[0])
                info, data = images.entry(f"usr/l{n}/d{i // 50}/file{i}", block[at:at + size],
                                          0o755 if i % 9 == 0 else 0o644, mtime=1500000000 + i)
                tar.addfile(info, io.BytesIO(data))
                left, i = left - size - 512, i + 1
        made.append(path)
    return made


def digest_of(path):
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            total.update(piece)
    return "sha256:" + total.hexdigest()


def compress(source, target, kind):
    """source -> target; the same bytes each time."""
    if kind == "plain":
        shutil.copyfile(source, target)
    elif kind == "zstd":
        subprocess.run(["zstd", "-q", "-3", "-f", str(source), "-o", str(target)], check=True)
    else:
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        with open(source, "rb") as file, open(target, "wb") as out:
            while piece := file.read(1 << 20):
                out.write(packer.compress(piece))
            out.write(packer.flush())


def config_of(layers, config=None, **more):
    return {
        "architecture": "amd64", "os": "linux", "created": CREATED,
        "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"], **(config or {})},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]},
        "history": [{"created": CREATED, "created_by": f"layer {n}"} for n in range(len(layers))],
        **more,
    }


def layout(path, layers, kind="gzip", name="docker.io/library/test:latest", docker=False, config=None,
           tag=None):
    """An OCI layout in the directory path (made) with one image; `docker`: schema 2 instead
    of OCI's media types. kind: one for all layers, or one for each. tag: what ref.name says
    (default: the whole name). Gives the image's id and the manifest's digest."""
    path = pathlib.Path(path)
    blobs = path / "blobs/sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def put(data):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": "sha256:" + digest, "size": len(data)}

    def put_layer(layer, how):
        compress(layer, blobs / "new", how)
        digest = digest_of(blobs / "new")
        (blobs / "new").rename(blobs / digest.removeprefix("sha256:"))
        oci, dockers = KINDS[how]
        return {"mediaType": dockers if docker else f"application/vnd.oci.image.layer.v1.tar{oci}",
                "digest": digest, "size": (blobs / digest.removeprefix("sha256:")).stat().st_size}

    kinds = [kind] * len(layers) if isinstance(kind, str) else kind
    family = "application/vnd.docker.distribution.manifest.v2+json" if docker \
        else "application/vnd.oci.image.manifest.v1+json"
    image = put(json.dumps(config_of(layers, config)).encode())
    image["mediaType"] = "application/vnd.docker.container.image.v1+json" if docker \
        else "application/vnd.oci.image.config.v1+json"
    manifest = put(json.dumps({
        "schemaVersion": 2, "mediaType": family, "config": image,
        "layers": [put_layer(*pair) for pair in zip(layers, kinds)]}).encode())
    index = {"schemaVersion": 2, "manifests": [{
        "mediaType": family, **manifest,
        "annotations": {"org.opencontainers.image.ref.name": tag or name}}]}
    (path / "index.json").write_text(json.dumps(index))
    (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return image["digest"], manifest["digest"]


def pack(directory, path):
    """A layout's directory as one tar: an oci-archive."""
    with tarfile.open(path, "w") as tar:
        for name in ("oci-layout", "index.json", "blobs"):
            tar.add(pathlib.Path(directory) / name, name)
    return pathlib.Path(path)


def archive(path, layers, kind="plain", tags=("test:latest",), config=None):
    """A docker-archive of these layers; gives the image's id."""
    path = pathlib.Path(path)
    text_of_config = json.dumps(config_of(layers, config)).encode()
    name = hashlib.sha256(text_of_config).hexdigest()
    table = [{"Config": f"{name}.json", "RepoTags": list(tags),
              "Layers": [f"{n}/layer.tar" for n in range(len(layers))]}]
    with tarfile.open(path, "w") as tar:
        for member, data in ((f"{name}.json", text_of_config), ("manifest.json", json.dumps(table).encode())):
            tar.addfile(images.entry(member, data)[0], io.BytesIO(data))
        for n, layer in enumerate(layers):
            packed = layer if kind == "plain" else path.with_suffix(".layer")
            if kind != "plain":
                compress(layer, packed, kind)
            info, _ = images.entry(f"{n}/layer.tar")
            info.size = packed.stat().st_size
            with open(packed, "rb") as file:
                tar.addfile(info, file)
            if kind != "plain":
                packed.unlink()
    return f"sha256:{name}"
