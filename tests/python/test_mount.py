"""mount, umount, umount2, pivot_root, and what provokes their errors.

SPDX-License-Identifier: MIT
"""
import errno
import os

import pytest

import linux
from .isolation import NEWNS, NEWUSER, in_child, isolated


def fails(number, call, *args):
    with pytest.raises(linux.Error) as caught:
        call(*args)
    assert caught.value.errno == number, f"{caught.value}, not {os.strerror(number)}"
    return caught.value


def scratch(*names):
    """A fresh tmpfs on /tmp with these directories."""
    linux.mount("tmpfs", "/tmp", "tmpfs")
    for name in names:
        os.mkdir(f"/tmp/{name}")


def mounts():
    with open("/proc/self/mountinfo") as table:
        return [line.split() for line in table]


@isolated
def test_a_tmpfs_is_mounted_with_its_options_and_flags():
    scratch("a")
    linux.mount("label", "/tmp/a", "tmpfs",
                linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC, "size=64k,mode=700")
    line = [line for line in mounts() if line[4] == "/tmp/a"][0]
    assert set("nosuid nodev noexec".split()) <= set(line[5].split(","))
    assert line[line.index("-") + 2] == "label"
    assert os.statvfs("/tmp/a").f_blocks * os.statvfs("/tmp/a").f_bsize == 65536
    assert os.stat("/tmp/a").st_mode & 0o777 == 0o700


@isolated
def test_a_bind_mount_becomes_read_only_by_a_second_call():
    scratch("a", "b")
    linux.mount("/tmp/a", "/tmp/b", None, linux.MS_BIND, None)
    open("/tmp/b/written", "w").close()
    linux.mount(None, "/tmp/b", None, linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY, None)
    with pytest.raises(OSError) as caught:
        open("/tmp/b/refused", "w")
    assert caught.value.errno == errno.EROFS
    assert os.listdir("/tmp/a") == ["written"]


@isolated
def test_a_mount_is_moved():
    scratch("a", "b")
    linux.mount("tmpfs", "/tmp/a", "tmpfs")
    linux.mount("/tmp/a", "/tmp/b", None, linux.MS_MOVE, None)
    assert os.path.ismount("/tmp/b") and not os.path.ismount("/tmp/a")


@isolated
def test_propagation_is_changed():
    scratch("a")
    linux.mount("tmpfs", "/tmp/a", "tmpfs")
    for flag, word in ((linux.MS_SHARED, "shared:"), (linux.MS_PRIVATE, "-"),
                       (linux.MS_UNBINDABLE, "unbindable")):
        linux.mount(None, "/tmp/a", None, flag | linux.MS_REC, None)
        assert [line for line in mounts() if line[4] == "/tmp/a"][0][6].startswith(word)


@isolated
def test_mount_errors():
    scratch("a", "b")
    open("/tmp/file", "w").close()
    os.symlink("loop", "/tmp/loop")
    fails(errno.ENOENT, linux.mount, "tmpfs", "/tmp/missing", "tmpfs")
    fails(errno.ENOENT, linux.mount, "tmpfs", "", "tmpfs")
    fails(errno.ENOENT, linux.mount, "/tmp/missing", "/tmp/a", None, linux.MS_BIND)
    fails(errno.ENODEV, linux.mount, "x", "/tmp/a", "no such type")
    fails(errno.ENOTDIR, linux.mount, "tmpfs", "/tmp/file", "tmpfs")
    fails(errno.ENOTDIR, linux.mount, "tmpfs", "/tmp/file/below", "tmpfs")
    fails(errno.EINVAL, linux.mount, "tmpfs", "/tmp/a", "tmpfs", 0, "colour=blue")
    fails(errno.EINVAL, linux.mount, None, "/tmp/a", None, linux.MS_REMOUNT)
    fails(errno.EINVAL, linux.mount, None, "/tmp/a", None, linux.MS_PRIVATE)
    fails(errno.EINVAL, linux.mount, None, "/tmp/a", None, linux.MS_SHARED | linux.MS_SLAVE)
    fails(errno.ELOOP, linux.mount, "tmpfs", "/tmp/loop", "tmpfs")
    fails(errno.ENAMETOOLONG, linux.mount, "tmpfs", "/tmp/" + "x" * 256, "tmpfs")
    fails(errno.ENAMETOOLONG, linux.mount, "tmpfs", "/" + "x/" * 2048, "tmpfs")
    linux.mount("tmpfs", "/tmp/a", "tmpfs")
    os.mkdir("/tmp/a/below")
    fails(errno.ELOOP, linux.mount, "/tmp/a", "/tmp/a/below", None, linux.MS_MOVE)


@isolated
def test_a_file_open_for_writing_keeps_its_mount_from_becoming_read_only():
    scratch("a")
    linux.mount("tmpfs", "/tmp/a", "tmpfs")
    with open("/tmp/a/file", "w"):
        fails(errno.EBUSY, linux.mount, None, "/tmp/a", None, linux.MS_REMOUNT | linux.MS_RDONLY)
    linux.mount(None, "/tmp/a", None, linux.MS_REMOUNT | linux.MS_RDONLY)


@isolated
def test_there_is_a_limit_to_mounts():
    if os.geteuid() != 0 or not os.access("/proc/sys/fs/mount-max", os.R_OK):
        pytest.skip("fs.mount-max cannot be read")
    scratch("a")
    with open("/proc/sys/fs/mount-max") as file:
        limit = int(file.read())
    if limit > 100_000:
        pytest.skip(f"fs.mount-max is {limit}: too many mounts to make")
    with pytest.raises(linux.Error) as caught:
        for _ in range(20):  # each time twice as many
            linux.mount("/tmp", "/tmp/a", None, linux.MS_BIND | linux.MS_REC)
    assert caught.value.errno == errno.ENOSPC


def test_a_file_system_on_a_block_device_wants_one():
    def run():
        linux.mount("tmpfs", "/tmp", "tmpfs")
        os.mkdir("/tmp/a")
        fails(errno.ENOTBLK, linux.mount, "/dev/null", "/tmp/a", "ext4")
    if os.geteuid() != 0:
        pytest.skip("a file system on a device can be mounted by root only")
    in_child(run, flags=NEWNS)


@isolated(flags=NEWUSER)
def test_without_a_mount_namespace_of_ones_own_everything_is_refused():
    assert fails(errno.EPERM, linux.mount, "tmpfs", "/tmp", "tmpfs").args == (
        1, "Operation not permitted")
    fails(errno.EPERM, linux.umount, "/proc")
    fails(errno.EPERM, linux.umount2, "/proc", linux.MNT_DETACH)
    fails(errno.EPERM, linux.pivot_root, "/", "/")


@isolated
def test_umount_takes_the_topmost_mount_away():
    scratch("a")
    linux.mount("tmpfs", "/tmp/a", "tmpfs", 0, "size=64k")
    linux.mount("tmpfs", "/tmp/a", "tmpfs", 0, "size=128k")
    linux.umount("/tmp/a")
    assert os.statvfs("/tmp/a").f_blocks * os.statvfs("/tmp/a").f_bsize == 65536
    linux.umount2("/tmp/a", 0)
    assert not os.path.ismount("/tmp/a")


@isolated
def test_umount_errors():
    scratch("a")
    open("/tmp/file", "w").close()
    os.symlink("loop", "/tmp/loop")
    for umount in (linux.umount, linux.umount2):
        fails(errno.EINVAL, umount, "/tmp/a")
        fails(errno.ENOENT, umount, "/tmp/missing")
        fails(errno.ENOENT, umount, "")
        fails(errno.ENOTDIR, umount, "/tmp/file/below")
        fails(errno.ELOOP, umount, "/tmp/loop")
        fails(errno.ENAMETOOLONG, umount, "x" * 256)
    fails(errno.EINVAL, linux.umount2, "/tmp/a", 1 << 20)
    linux.mount("tmpfs", "/tmp/a", "tmpfs")
    with open("/tmp/a/file", "w"):
        fails(errno.EBUSY, linux.umount, "/tmp/a")
        fails(errno.EBUSY, linux.umount2, "/tmp/a", 0)
        linux.umount2("/tmp/a", linux.MNT_DETACH)
    assert not os.path.ismount("/tmp/a")


@isolated
def test_a_mount_that_came_from_outside_is_locked():
    fails(errno.EINVAL, linux.umount, "/proc/sys" if os.path.ismount("/proc/sys") else "/")


@isolated
def test_expiry_takes_two_calls():
    scratch("a")
    linux.mount("tmpfs", "/tmp/a", "tmpfs")
    assert isinstance(fails(errno.EAGAIN, linux.umount2, "/tmp/a", linux.MNT_EXPIRE),
                      BlockingIOError)
    linux.umount2("/tmp/a", linux.MNT_EXPIRE)
    fails(errno.EINVAL, linux.umount2, "/tmp/a", linux.MNT_EXPIRE | linux.MNT_DETACH)


@isolated
def test_umount_follows_a_link_unless_told_not_to():
    scratch("a")
    linux.mount("tmpfs", "/tmp/a", "tmpfs")
    os.symlink("a", "/tmp/link")
    fails(errno.EINVAL, linux.umount2, "/tmp/link", linux.UMOUNT_NOFOLLOW)
    linux.umount2("/tmp/link", linux.MNT_FORCE)
    assert not os.path.ismount("/tmp/a")


@isolated
def test_pivot_root_changes_the_root_of_the_namespace():
    scratch("new")
    linux.mount("tmpfs", "/tmp/new", "tmpfs")
    os.mkdir("/tmp/new/old")
    linux.pivot_root("/tmp/new", "/tmp/new/old")
    os.chdir("/")
    assert os.path.isdir("/old/proc")
    linux.umount2("/old", linux.MNT_DETACH)
    os.rmdir("/old")
    assert os.listdir("/") == []


@isolated
def test_pivot_root_errors():
    scratch("new", "plain")
    open("/tmp/file", "w").close()
    linux.mount("tmpfs", "/tmp/new", "tmpfs")
    os.mkdir("/tmp/new/old")
    fails(errno.EINVAL, linux.pivot_root, "/tmp/plain", "/tmp/plain")
    fails(errno.EINVAL, linux.pivot_root, "/tmp/new", "/tmp/plain")
    fails(errno.EBUSY, linux.pivot_root, "/tmp/new", "/")
    fails(errno.ENOENT, linux.pivot_root, "/tmp/missing", "/tmp/missing")
    fails(errno.ENOTDIR, linux.pivot_root, "/tmp/file", "/tmp/file")
    linux.mount(None, "/tmp/new", None, linux.MS_SHARED)
    fails(errno.EINVAL, linux.pivot_root, "/tmp/new", "/tmp/new/old")
