"""Images made by hand for tests: docker-archive files with exactly the bytes that a test
wants, hostile ones included.

SPDX-License-Identifier: MIT
"""
import hashlib
import io
import json
import tarfile


def entry(name, data=b"", mode=0o644, **more):
    """One member of a layer. more: any field of tarfile.TarInfo (type, linkname, uid, ...)."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = mode
    for field, value in more.items():
        setattr(info, field, value)
    return info, data


def directory(name, mode=0o755, **more):
    return entry(name, mode=mode, type=tarfile.DIRTYPE, **more)


def symlink(name, target):
    return entry(name, type=tarfile.SYMTYPE, linkname=target, mode=0o777)


def hardlink(name, target):
    return entry(name, type=tarfile.LNKTYPE, linkname=target)


def layer(*entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return out.getvalue()


def archive(path, layers, config=None, tags=("test:latest",)):
    """Writes a docker-archive of these layers (bytes of tar files); gives the image's id."""
    image = {
        "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
        "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"], **(config or {})},
        "rootfs": {"type": "layers",
                   "diff_ids": ["sha256:" + hashlib.sha256(data).hexdigest() for data in layers]},
    }
    text = json.dumps(image).encode()
    name = hashlib.sha256(text).hexdigest()
    manifest = [{"Config": f"{name}.json", "RepoTags": list(tags),
                 "Layers": [f"{i}/layer.tar" for i in range(len(layers))]}]
    with tarfile.open(path, "w") as tar:
        members = [(f"{name}.json", text), ("manifest.json", json.dumps(manifest).encode())]
        members += [(f"{i}/layer.tar", data) for i, data in enumerate(layers)]
        for member, data in members:
            info, _ = entry(member, data)
            tar.addfile(info, io.BytesIO(data))
    return f"sha256:{name}"


def program(path):
    """The bytes of a program, for a layer."""
    with open(path, "rb") as file:
        return file.read()
