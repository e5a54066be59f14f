"""A container's "/": root's and 0755, whatever the layers say of theirs, as Docker and containerd
have it. A tar of somebody's private directory would keep all other users out.

SPDX-License-Identifier: MIT
"""
import pathlib
import shutil
import sys
import tarfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "image"))
import makers  # noqa: E402

LOOK = ["odd", "/busybox0", "stat", "-c", "%a %u %g", "/"]
LAYERS = ("none", "lower", "upper")


def private_layer(path, number, has_root):
    busybox = shutil.which("busybox")
    if not busybox:
        pytest.skip("no busybox")
    with tarfile.open(path, "w") as tar:
        for name, mode in (("./", 0o1700), ("etc", 0o755))[0 if has_root else 1:]:
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, mode
            info.uid, info.gid = (7, 8) if name == "./" else (0, 0)
            tar.addfile(info)
        tar.add(busybox, f"busybox{number}")
    return path


@pytest.mark.parametrize("options", [["--rm"], ["--name", "kept"]], ids=["rm", "kept"])
@pytest.mark.parametrize("where", LAYERS)
def test_the_root_directory_is_roots_and_for_all(empty_sampan, tmp_path, options, where):
    layers = [private_layer(tmp_path / f"{n}.tar", n, name == where)
              for n, name in enumerate(LAYERS[1:])]
    makers.archive(tmp_path / "image.tar", layers, tags=["odd"])
    empty_sampan.ok("load", "-i", tmp_path / "image.tar")
    assert empty_sampan.ok("run", *options, "-u", "1000", *LOOK) == "755 0 0"
    if "kept" in options:
        assert empty_sampan.ok("start", "-a", "kept") == "755 0 0"
        assert empty_sampan.ok("diff", "kept") == ""


def test_a_change_of_the_root_directory_lasts_as_long_as_the_container(empty_sampan, tmp_path):
    empty_sampan.ok("import", private_layer(tmp_path / "0.tar", 0, True), "odd")
    empty_sampan.ok("run", "--name", "kept", "odd", "/busybox0", "chmod", "711", "/")
    empty_sampan.ok("commit", "kept", "odd")
    assert empty_sampan.ok("run", "--rm", *LOOK) == "755 0 0"
