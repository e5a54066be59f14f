"""Mounts: every option word, where targets lead, owners, order, propagation of the root.

SPDX-License-Identifier: MIT
"""
import os
import pathlib
import subprocess

import pytest

from test_oci_user_namespace import BASE, SIZE, give, map_ids


def mountinfo(result, point):
    """(mount options, optional fields, super options) of the mount at point inside."""
    for line in reversed(result["cat:/proc/self/mountinfo"].split("|")):
        words = line.split()
        if len(words) > 4 and words[4] == point:
            dash = words.index("-")
            return words[5].split(","), words[6:dash], words[dash + 3].split(",")
    raise AssertionError(f"nothing is mounted at {point}")


def look(bundle, point, **mount):
    bundle.config["mounts"].append({"destination": point, **mount})
    result = bundle.run("cat:/proc/self/mountinfo")
    assert result.status == 0, result.stderr
    return mountinfo(result, point)


@pytest.fixture
def source(bundle):
    path = bundle.directory / "source"
    path.mkdir()
    (path / "file").write_text("text")
    return path


WORDS = [
    ("ro", "ro"), ("rw", "rw"), ("nosuid", "nosuid"), ("nodev", "nodev"), ("noexec", "noexec"),
    ("noatime", "noatime"), ("relatime", "relatime"), ("nodiratime", "nodiratime"),
    ("nosymfollow", "nosymfollow"), ("rro", "ro"), ("rnosuid", "nosuid"), ("rnodev", "nodev"),
    ("rnoexec", "noexec"), ("rnoatime", "noatime"), ("rnodiratime", "nodiratime"),
    ("rrelatime", "relatime"), ("rnosymfollow", "nosymfollow"),
]


@pytest.mark.parametrize("kind", ("tmpfs", "bind"))
@pytest.mark.parametrize("word,shown", WORDS)
def test_a_word_of_the_mount_itself(bundle, source, word, shown, kind):
    mount = ({"type": "tmpfs", "source": "tmpfs", "options": [word]} if kind == "tmpfs" else
             {"source": str(source), "options": ["rbind", word]})
    assert shown in look(bundle, "/mnt", **mount)[0]


@pytest.mark.parametrize("words,shown,hidden", [
    (["ro", "rw"], "rw", "ro"), (["nosuid", "suid"], "rw", "nosuid"), (["nodev", "dev"], "rw", "nodev"),
    (["noexec", "exec"], "rw", "noexec"), (["strictatime"], "rw", "relatime"),
    (["noatime", "atime"], "relatime", "noatime"), (["noatime", "norelatime"], "rw", "noatime"),
    (["strictatime", "nostrictatime"], "relatime", "noatime"),
    (["nodiratime", "diratime"], "rw", "nodiratime"), (["rnosuid", "rsuid"], "rw", "nosuid"),
    (["rro", "rrw"], "rw", "ro"), (["rnodev", "rdev"], "rw", "nodev"), (["rnoexec", "rexec"], "rw", "noexec"),
    (["nosymfollow", "symfollow"], "rw", "nosymfollow"), (["rstrictatime"], "rw", "relatime"),
    (["defaults", "loud", "silent", "async", "nolazytime", "nomand", "noiversion"], "rw", "ro"),
])
def test_a_later_word_undoes_an_earlier_one(bundle, words, shown, hidden):
    options = look(bundle, "/mnt", type="tmpfs", source="tmpfs", options=words)[0]
    assert shown in options and hidden not in options


@pytest.mark.parametrize("word", ("sync", "dirsync", "lazytime", "mand", "iversion"))
def test_a_word_of_the_file_system(bundle, word):
    assert word in look(bundle, "/mnt", type="tmpfs", source="tmpfs", options=[word, "size=4k"])[2] \
        or word in ("iversion", "mand")  # known to the kernel, shown by it no more


def test_data_goes_to_the_file_system(bundle):
    shown = look(bundle, "/mnt", type="tmpfs", source="odd,name", options=["size=64k", "mode=700", "uid=5"])[2]
    assert {"size=64k", "mode=700", "uid=5"} <= set(shown)


def test_bad_data_is_told_in_the_kernels_words(bundle):
    bundle.config["mounts"].append({"destination": "/mnt", "type": "tmpfs", "options": ["odd=1"]})
    result = bundle.run("ids")
    assert result.status == 1 and "mounts[5] (/mnt)" in result.stderr and "odd" in result.stderr


@pytest.mark.parametrize("word,field", [("shared", "shared:"), ("rshared", "shared:"),
                                        ("private", None), ("rprivate", None),
                                        ("unbindable", "unbindable"), ("runbindable", "unbindable")])
def test_propagation(bundle, source, word, field):
    fields = look(bundle, "/mnt", source=str(source), options=["rbind", word])[1]
    assert [f for f in fields if f.startswith(field)] if field else fields == []


@pytest.fixture
def shared(bundle, source):
    """A source that is a shared mount of its own in this mount namespace."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", source], check=True)
    subprocess.run(["mount", "--make-shared", source], check=True)
    yield source
    subprocess.run(["umount", "-R", source], check=True)


def test_a_slave_sees_what_is_mounted_on_the_host_later(bundle, shared):
    (shared / "later").mkdir()
    bundle.config["mounts"].append({"destination": "/mnt", "source": str(shared),
                                    "options": ["rbind", "rslave"]})
    name = bundle.started()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", shared / "later"], check=True)
    (shared / "later/seen").write_text("x")
    assert "seen" in bundle.call("exec", name, "/probe", "list:/mnt/later")["list:/mnt/later"]
    assert any(f.startswith("master:") for f in mountinfo(
        bundle.call("exec", name, "/probe", "cat:/proc/self/mountinfo"), "/mnt")[1])


def test_a_private_bind_does_not(bundle, shared):
    (shared / "later").mkdir()
    bundle.config["mounts"].append({"destination": "/mnt", "source": str(shared), "options": ["rbind"]})
    name = bundle.started()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", shared / "later"], check=True)
    (shared / "later/seen").write_text("x")
    assert "seen" not in bundle.call("exec", name, "/probe", "list:/mnt/later")["list:/mnt/later"]


@pytest.fixture
def tree(bundle, source):
    """A source with a mount below it."""
    (source / "sub").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", source / "sub"], check=True)
    (source / "sub/file").write_text("sub")
    yield source
    subprocess.run(["umount", source / "sub"], check=True)


@pytest.mark.parametrize("words,top,below", [
    (["rbind", "ro"], "EROFS", "ok"), (["rbind", "rro"], "EROFS", "EROFS"), (["rbind"], "ok", "ok"),
    (["rbind", "rro", "rw"], "ok", "EROFS"),
])
def test_recursive_words_reach_what_lies_below(bundle, tree, words, top, below):
    bundle.config["mounts"].append({"destination": "/mnt", "source": str(tree), "options": words})
    result = bundle.run("write:/mnt/x", "write:/mnt/sub/x")
    assert (result["write:/mnt/x"], result["write:/mnt/sub/x"]) == (top, below)


def test_bind_leaves_out_what_is_mounted_below(bundle, tree):
    bundle.config["mounts"].append({"destination": "/mnt", "source": str(tree), "options": ["bind"]})
    assert bundle.run("list:/mnt/sub")["list:/mnt/sub"] == ""


def test_remount_changes_what_is_there(bundle):
    bundle.config["mounts"] += [
        {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k"]},
        {"destination": "/mnt", "options": ["remount", "ro", "nosuid", "size=128k"]}]
    result = bundle.run("write:/mnt/x", "cat:/proc/self/mountinfo")
    assert result.status == 0, result.stderr
    assert result["write:/mnt/x"] == "EROFS"
    mount, _, data = mountinfo(result, "/mnt")
    assert {"ro", "nosuid"} <= set(mount) and "size=128k" in data


def test_remount_of_a_bind_changes_it_alone(bundle, source):
    bundle.config["mounts"] += [
        {"destination": "/mnt", "source": str(source), "options": ["bind"]},
        {"destination": "/mnt", "options": ["remount", "bind", "ro"]}]
    assert bundle.run("write:/mnt/x")["write:/mnt/x"] == "EROFS"
    (source / "still").write_text("writable here")


def test_remount_of_nothing_is_refused(bundle):
    bundle.config["mounts"].append({"destination": "/etc", "options": ["remount", "ro"]})
    result = bundle.run("ids")
    assert result.status == 1 and "mounts[5] (/etc): remount" in result.stderr


def test_a_read_only_tmpfs_is_filled_before(bundle):
    for mount in bundle.config["mounts"]:
        if mount["destination"] == "/dev":
            mount["options"].append("ro")
    (bundle.rootfs / "etc/kept").write_text("kept")
    bundle.config["mounts"].append({"destination": "/etc", "type": "tmpfs", "options": ["ro", "tmpcopyup"]})
    bundle.config["mounts"].append({"destination": "/etc/below", "type": "tmpfs"})
    bundle.config["linux"]["devices"] = [{"path": "/dev/mine", "type": "p"}]
    result = bundle.run("write:/dev/x", "look:/dev/null", "cat:/etc/kept", "write:/etc/x",
                        "write:/etc/below/x", "look:/dev/mine")
    assert result.status == 0, result.stderr
    assert result["write:/dev/x"] == result["write:/etc/x"] == "EROFS"
    assert result["cat:/etc/kept"] == "kept" and result["write:/etc/below/x"] == "ok"
    assert result["look:/dev/null"].startswith("20666 1:3") and result["look:/dev/mine"].startswith("10666")


# ---- where targets lead ----


@pytest.mark.parametrize("point,there", [
    ("relative", "/relative"), ("/a/../b", "/b"), ("/../../c", "/c"), ("/new/../../../d", "/d"),
    ("/x/./y", "/x/y"), ("//e//f/", "/e/f"),
])
def test_a_target_stays_below_the_root(bundle, point, there):
    before = sorted(os.listdir("/"))
    bundle.config["mounts"].append({"destination": point, "type": "tmpfs", "source": "tmpfs"})
    result = bundle.run("cat:/proc/self/mountinfo", "write:" + there + "/x")
    assert result.status == 0, result.stderr
    mountinfo(result, there)
    assert sorted(os.listdir("/")) == before


@pytest.mark.parametrize("link,there", [
    ("/tmp", "/tmp"), ("tmp", "/tmp"), ("../../../tmp", "/tmp"), ("/not/there/../../tmp", None),
])
def test_a_symlink_is_followed_below_the_root(bundle, link, there):
    (bundle.rootfs / "trap").symlink_to(link)
    bundle.config["mounts"].append({"destination": "/trap", "type": "tmpfs", "source": "tmpfs"})
    result = bundle.run("cat:/proc/self/mountinfo")
    if there:
        mountinfo(result, there)
    else:
        assert result.status == 1 and "mounts[5] (/trap)" in result.stderr


def test_a_link_loop_is_an_error(bundle):
    (bundle.rootfs / "loop").symlink_to("loop")
    bundle.config["mounts"].append({"destination": "/loop/x", "type": "tmpfs"})
    result = bundle.run("ids")
    assert result.status == 1 and "mounts[5] (/loop/x)" in result.stderr


def test_a_file_is_bound_on_a_file_that_is_made(bundle, source):
    bundle.config["mounts"].append({"destination": "/deep/er/file", "source": str(source / "file"),
                                    "options": ["bind", "ro"]})
    assert bundle.run("cat:/deep/er/file")["cat:/deep/er/file"] == "text"


def test_a_directory_on_a_file_is_refused(bundle, source):
    (bundle.rootfs / "plain").write_text("")
    bundle.config["mounts"].append({"destination": "/plain", "source": str(source), "options": ["bind"]})
    result = bundle.run("ids")
    assert result.status == 1 and "mounts[5] (/plain)" in result.stderr


def test_a_source_may_be_a_link_of_the_hosts(bundle, source):
    (bundle.directory / "way").symlink_to(source)
    bundle.config["mounts"].append({"destination": "/mnt", "source": "way", "options": ["bind"]})
    assert bundle.run("cat:/mnt/file")["cat:/mnt/file"] == "text"


def test_later_mounts_cover_earlier_ones(bundle, source):
    bundle.config["mounts"] += [
        {"destination": "/mnt", "source": str(source), "options": ["bind"]},
        {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs"}]
    assert bundle.run("list:/mnt")["list:/mnt"] == ""


@pytest.mark.parametrize("kind", ("proc", "sysfs"))
def test_proc_and_sysfs_not_through_a_link(bundle, kind):
    (bundle.rootfs / "trap").symlink_to("tmp")
    bundle.config["mounts"].append({"destination": "/trap", "type": kind, "source": kind})
    result = bundle.run("ids")
    assert result.status == 1 and "mounts[5] (/trap)" in result.stderr


# ---- owners ----


def test_an_idmapped_mount_shows_other_owners(bundle, source):
    os.chown(source / "file", 1000, 1001)
    maps = [{"containerID": 0, "hostID": 5000, "size": 2000}]
    bundle.config["mounts"].append({"destination": "/mnt", "source": str(source), "options": ["bind", "idmap"],
                                    "uidMappings": maps, "gidMappings": maps})
    result = bundle.run("look:/mnt/file")
    if "this file system, or this kernel, cannot" in result.stderr:
        pytest.skip("the file system of the test's directory has no idmapped mounts")
    assert result["look:/mnt/file"].endswith(" 6000:6001")


@pytest.mark.parametrize("word", ("idmap", "ridmap"))
def test_an_idmapped_mount_of_the_containers_own_mapping(bundle, source, word):
    """What root owns on the host is the container's root's, and what that one writes is root's."""
    give(bundle)
    map_ids(bundle, [(0, BASE, SIZE)])
    bundle.config["mounts"].append({"destination": "/mnt", "source": str(source), "options": ["rbind", word]})
    result = bundle.run("look:/mnt/file", "write:/mnt/new")
    if "this file system, or this kernel, cannot" in result.stderr:
        pytest.skip("the file system of the test's directory has no idmapped mounts")
    assert result["look:/mnt/file"].endswith(" 0:0") and result["write:/mnt/new"] == "ok"
    assert (source / "new").stat().st_uid == 0


@pytest.mark.parametrize("mount,words", [
    ({"source": "/tmp", "options": ["bind", "idmap"]}, "mounts[5].options: idmap without uidMappings"),
    ({"source": "/tmp", "options": ["bind"], "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]},
     "mounts[5].gidMappings: is missing"),
    ({"type": "tmpfs", "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
      "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}, "mounts[5].uidMappings: only a bind"),
])
def test_an_idmapped_mount_that_cannot_be(bundle, mount, words):
    bundle.config["mounts"].append({"destination": "/mnt", **mount})
    result = bundle.run("ids")
    assert result.status == 1 and words in result.stderr


# ---- the root ----


@pytest.mark.parametrize("word,field", [
    ("shared", "shared:"), ("rshared", "shared:"), ("private", None), ("rprivate", None),
    ("slave", None), ("rslave", None), ("unbindable", "unbindable"), ("runbindable", "unbindable")])
def test_propagation_of_the_root(bundle, word, field):
    bundle.config["linux"]["rootfsPropagation"] = word
    result = bundle.run("cat:/proc/self/mountinfo")
    assert result.status == 0, result.stderr
    fields = mountinfo(result, "/")[1]
    assert any(f.startswith(field) for f in fields) if field else True


@pytest.mark.parametrize("word,seen", [("rslave", True), ("slave", True), ("rprivate", False), (None, False)])
def test_a_slave_root_sees_what_is_mounted_on_the_host_later(bundle, word, seen):
    bundle.config["linux"].update({"rootfsPropagation": word} if word else {})
    subprocess.run(["mount", "--bind", bundle.rootfs, bundle.rootfs], check=True)
    subprocess.run(["mount", "--make-shared", bundle.rootfs], check=True)
    try:
        name = bundle.started()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", bundle.rootfs / "tmp"], check=True)
        (bundle.rootfs / "tmp/later").write_text("x")
        assert ("later" in bundle.call("exec", name, "/probe", "list:/tmp")["list:/tmp"]) == seen
        assert "proc" not in os.listdir(bundle.rootfs / "proc")  # and nothing goes the other way
        assert not os.path.ismount(bundle.rootfs / "proc")
        bundle.call("delete", "--force", name)
    finally:
        subprocess.run(["umount", "-R", bundle.rootfs], check=True)


def test_a_read_only_root_leaves_its_mounts_writable(bundle):
    bundle.config["root"]["readonly"] = True
    bundle.config["mounts"].append({"destination": "/tmp", "type": "tmpfs"})
    result = bundle.run("write:/x", "write:/tmp/x")
    assert (result["write:/x"], result["write:/tmp/x"]) == ("EROFS", "ok")


@pytest.mark.parametrize("path", ("/proc/not", "/etc/no/such", "/../../x"))
def test_masked_paths_that_are_not_there_need_nothing(bundle, path):
    bundle.config["linux"]["maskedPaths"] = bundle.config["linux"]["readonlyPaths"] = [path]
    assert bundle.run("ids").status == 0


def test_masked_through_a_link_stays_inside(bundle):
    (bundle.rootfs / "etc/secret").write_text("secret")
    (bundle.rootfs / "trap").symlink_to("/etc/secret")
    bundle.config["linux"]["maskedPaths"].append("/trap")
    assert bundle.run("cat:/etc/secret")["cat:/etc/secret"] == ""


# ---- devices ----


def test_all_kinds_of_devices(bundle):
    bundle.config["linux"]["devices"] = [
        {"path": "/dev/c", "type": "c", "major": 1, "minor": 3}, {"path": "/dev/p", "type": "p", "fileMode": 0o600},
        {"path": "/dev/b", "type": "b", "major": 7, "minor": 77, "fileMode": 0o100640},
        {"path": "/dev/u", "type": "u", "major": 1, "minor": 5, "uid": 3}, {"path": "/own/c", "type": "c",
                                                                           "major": 1, "minor": 7, "gid": 4}]
    result = bundle.run(*(f"look:{d['path']}" for d in bundle.config["linux"]["devices"]))
    assert result.status == 0, result.stderr
    assert result["look:/dev/c"] == "20666 1:3 0:0" and result["look:/dev/p"] == "10600 0:0 0:0"
    assert result["look:/dev/b"] == "60640 7:77 0:0" and result["look:/dev/u"] == "20666 1:5 3:0"
    assert result["look:/own/c"] == "20666 1:7 0:4"


def test_a_device_that_is_there_as_wanted_is_left_alone(bundle):
    bundle.config["linux"]["devices"] = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3}]
    assert bundle.run("ids").status == 0


@pytest.mark.parametrize("make", [
    lambda p: p.symlink_to("/etc/target"), lambda p: p.write_text("a file"), lambda p: p.mkdir(),
    lambda p: os.mkfifo(p), lambda p: os.mknod(p, 0o20666, os.makedev(1, 5))])
def test_a_device_in_whose_place_something_else_is(bundle, make):
    (bundle.rootfs / "own").mkdir()
    make(bundle.rootfs / "own/x")
    bundle.config["linux"]["devices"] = [{"path": "/own/x", "type": "c", "major": 1, "minor": 3}]
    result = bundle.run("ids")
    assert result.status == 1 and "linux.devices[0] (/own/x): is there and is something else" in result.stderr
    assert not (bundle.rootfs / "etc/target").exists()


def test_a_devices_directory_may_be_a_link_below_the_root(bundle):
    outside = bundle.directory / "outside"
    outside.mkdir()
    (bundle.rootfs / "trap").symlink_to(outside)
    bundle.config["linux"]["devices"] = [{"path": "/trap/x", "type": "c", "major": 1, "minor": 3}]
    bundle.run("ids")
    assert list(outside.iterdir()) == []


def test_nothing_of_it_shows_on_the_host(bundle, source):
    before = pathlib.Path("/proc/self/mountinfo").read_text()
    bundle.config["mounts"].append({"destination": "/mnt", "source": str(source), "options": ["rbind", "rshared"]})
    bundle.config["linux"]["rootfsPropagation"] = "rshared"
    bundle.run("ids")
    assert pathlib.Path("/proc/self/mountinfo").read_text() == before
