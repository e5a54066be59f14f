"""open_tree, move_mount, fsopen, fspick, fsconfig, fsmount, mount_setattr.

SPDX-License-Identifier: MIT
"""
import errno
import os

import pytest

import linux
from .isolation import NEWUSER, isolated
from .test_mount import fails, mounts, scratch


def tmpfs(size=None):
    fs = linux.fsopen("tmpfs")
    if size:
        linux.fsconfig(fs, linux.FSCONFIG_SET_STRING, "size", size)
    linux.fsconfig(fs, linux.FSCONFIG_CMD_CREATE)
    return fs


@isolated
def test_a_file_system_is_made_configured_and_attached():
    scratch("a")
    fs = linux.fsopen("tmpfs")
    linux.fsconfig(fs, linux.FSCONFIG_SET_STRING, "source", "label")
    linux.fsconfig(fs, linux.FSCONFIG_SET_STRING, b"size", b"64k")
    linux.fsconfig(fs, linux.FSCONFIG_SET_FLAG, "ro")
    linux.fsconfig(fs, linux.FSCONFIG_CMD_CREATE)
    mount = linux.fsmount(fs, 0, linux.MOUNT_ATTR_NOSUID | linux.MOUNT_ATTR_NOEXEC)
    linux.move_mount(mount, "", linux.AT_FDCWD, "/tmp/a", linux.MOVE_MOUNT_F_EMPTY_PATH)
    line = [line for line in mounts() if line[4] == "/tmp/a"][0]
    assert {"nosuid", "noexec"} <= set(line[5].split(","))
    assert line[line.index("-") + 2] == "label" and "size=64k" in line[-1]
    assert line[-1].startswith("ro")


@isolated
def test_new_descriptors_are_close_on_exec():
    scratch("a")
    fs = tmpfs()
    picked = linux.fspick(linux.AT_FDCWD, "/tmp")
    tree = linux.open_tree(linux.AT_FDCWD, "/tmp", linux.OPEN_TREE_CLONE)
    mount = linux.fsmount(fs)
    for fd in (fs, picked, tree, mount):
        assert not os.get_inheritable(fd)
        os.set_inheritable(fd, True)
        assert os.get_inheritable(fd)


@isolated
def test_a_copy_of_a_tree_of_mounts_is_put_elsewhere():
    scratch("a", "b")
    linux.mount("tmpfs", "/tmp/a", "tmpfs")
    os.mkdir("/tmp/a/inner")
    linux.mount("tmpfs", "/tmp/a/inner", "tmpfs")
    tree = linux.open_tree(linux.AT_FDCWD, "/tmp/a", linux.OPEN_TREE_CLONE | linux.AT_RECURSIVE)
    target = os.open("/tmp/b", os.O_PATH)
    linux.move_mount(tree, "", target, "",
                     linux.MOVE_MOUNT_F_EMPTY_PATH | linux.MOVE_MOUNT_T_EMPTY_PATH)
    assert os.path.ismount("/tmp/b/inner") and os.path.ismount("/tmp/a/inner")


@isolated
def test_a_mount_itself_is_taken_and_moved():
    scratch("a", "b")
    linux.mount("tmpfs", "/tmp/a", "tmpfs")
    tree = linux.open_tree(linux.AT_FDCWD, "/tmp/a")
    linux.move_mount(tree, "", linux.AT_FDCWD, "/tmp/b", linux.MOVE_MOUNT_F_EMPTY_PATH)
    assert os.path.ismount("/tmp/b") and not os.path.ismount("/tmp/a")


@isolated
def test_options_are_changed_through_fspick():
    scratch("a")
    linux.mount("tmpfs", "/tmp/a", "tmpfs", 0, "size=64k")
    fs = linux.fspick(linux.AT_FDCWD, "/tmp/a", linux.FSPICK_SYMLINK_NOFOLLOW)
    linux.fsconfig(fs, linux.FSCONFIG_SET_STRING, "size", "128k")
    linux.fsconfig(fs, linux.FSCONFIG_CMD_RECONFIGURE)
    assert os.statvfs("/tmp/a").f_blocks * os.statvfs("/tmp/a").f_bsize == 131072


@isolated
def test_a_whole_tree_becomes_read_only():
    scratch("a")
    linux.mount("tmpfs", "/tmp/a", "tmpfs")
    os.mkdir("/tmp/a/inner")
    linux.mount("tmpfs", "/tmp/a/inner", "tmpfs")
    linux.mount_setattr(linux.AT_FDCWD, "/tmp/a", linux.AT_RECURSIVE,
                        linux.MOUNT_ATTR_RDONLY | linux.MOUNT_ATTR_NODEV,
                        propagation=linux.MS_SHARED)
    for path in ("/tmp/a", "/tmp/a/inner"):
        line = [line for line in mounts() if line[4] == path][0]
        assert {"ro", "nodev"} <= set(line[5].split(",")) and line[6].startswith("shared:")
    linux.mount_setattr(linux.AT_FDCWD, "/tmp/a", attr_clr=linux.MOUNT_ATTR_RDONLY)
    open("/tmp/a/file", "w").close()


@isolated
def test_a_mount_is_id_mapped():
    if tuple(map(int, os.uname().release.split(".")[:2])) < (6, 3):
        pytest.skip("tmpfs can be mapped from Linux 6.3 on")
    scratch("a")
    mount = linux.fsmount(tmpfs())
    read_end, write_end = os.pipe()
    pid = linux.clone(lambda: len(os.read(read_end, 1)), linux.CLONE_NEWUSER)
    for kind in ("uid_map", "gid_map"):
        with open(f"/proc/{pid}/{kind}", "w") as ids:
            ids.write("1000 0 1")
    with open(f"/proc/{pid}/ns/user") as namespace:
        linux.mount_setattr(mount, "", linux.AT_EMPTY_PATH, linux.MOUNT_ATTR_IDMAP,
                            userns_fd=namespace)
    os.write(write_end, b"x")
    assert os.waitpid(pid, 0)[1] == 1 << 8
    linux.move_mount(mount, "", linux.AT_FDCWD, "/tmp/a", linux.MOVE_MOUNT_F_EMPTY_PATH)
    assert os.stat("/tmp/a").st_uid == 65534  # our 0 is 1000 there, and its 0 nobody here
    with open("/proc/self/ns/user") as own:
        fails(errno.EINVAL, lambda: linux.mount_setattr(
            linux.AT_FDCWD, "/tmp", 0, linux.MOUNT_ATTR_IDMAP, userns_fd=own))


@isolated
def test_the_file_systems_own_words_can_be_read():
    fs = linux.fsopen("tmpfs")
    fails(errno.EINVAL, linux.fsconfig, fs, linux.FSCONFIG_SET_STRING, "colour", "blue")
    assert b"colour" in os.read(fs, 4096)


@isolated
def test_a_binary_value_brings_its_length():
    fs = linux.fsopen("tmpfs")
    fails(errno.EINVAL, linux.fsconfig, fs, linux.FSCONFIG_SET_BINARY, "size", b"64k")
    fails(errno.EINVAL, linux.fsconfig, fs, linux.FSCONFIG_SET_BINARY, "size", bytearray(2 << 20))


@isolated
def test_errors_of_making_a_file_system():
    scratch("a")
    fails(errno.ENODEV, linux.fsopen, "no such type")
    fails(errno.EINVAL, linux.fsopen, "tmpfs", 1 << 20)
    fails(errno.EBADF, linux.fsconfig, 9999, linux.FSCONFIG_CMD_CREATE)
    fails(errno.EBADF, linux.fsmount, -1)
    fs = linux.fsopen("tmpfs")
    fails(errno.EOPNOTSUPP, linux.fsconfig, fs, 1000)
    fails(errno.EINVAL, linux.fsconfig, fs, linux.FSCONFIG_SET_FLAG)
    fails(errno.EINVAL, linux.fsconfig, fs, linux.FSCONFIG_CMD_CREATE, "key")
    fails(errno.EINVAL, linux.fsmount, fs)
    linux.fsconfig(fs, linux.FSCONFIG_CMD_CREATE)
    fails(errno.EBUSY, linux.fsconfig, fs, linux.FSCONFIG_CMD_CREATE)
    fails(errno.EINVAL, linux.fsmount, fs, 1 << 20)
    fails(errno.EINVAL, linux.fsmount, fs, 0, 1 << 30)
    os.close(linux.fsmount(fs))
    fails(errno.EBUSY, linux.fsmount, fs)
    plain = os.open("/tmp", os.O_RDONLY)
    fails(errno.EINVAL, linux.fsmount, plain)
    fails(errno.EINVAL, linux.fsconfig, plain, linux.FSCONFIG_CMD_CREATE)


@isolated
def test_errors_of_the_calls_with_a_path():
    scratch("a")
    open("/tmp/file", "w").close()
    os.symlink("loop", "/tmp/loop")

    def change(dirfd, path, flags):
        linux.mount_setattr(dirfd, path, flags, linux.MOUNT_ATTR_RDONLY)
    for call in (linux.open_tree, linux.fspick, change):
        fails(errno.ENOENT, call, linux.AT_FDCWD, "/tmp/missing", 0)
        fails(errno.ENOTDIR, call, linux.AT_FDCWD, "/tmp/file/below", 0)
        fails(errno.EINVAL, call, linux.AT_FDCWD, "/tmp/a", 1 << 30)
        fails(errno.ENAMETOOLONG, call, linux.AT_FDCWD, "x" * 256, 0)
        fails(errno.EBADF, call, -1, "relative", 0)
        fails(errno.ELOOP, call, linux.AT_FDCWD, "/tmp/loop", 0)
    fails(errno.EINVAL, linux.open_tree, linux.AT_FDCWD, "/tmp", linux.AT_RECURSIVE)
    fails(errno.EINVAL, linux.fspick, linux.AT_FDCWD, "/tmp/a")
    fails(errno.EINVAL, linux.mount_setattr, linux.AT_FDCWD, "/tmp/a", 0, linux.MOUNT_ATTR_RDONLY)
    fails(errno.EINVAL, linux.mount_setattr, linux.AT_FDCWD, "/tmp", 0, 1 << 40)
    fails(errno.EINVAL, linux.mount_setattr, linux.AT_FDCWD, "/tmp", 0, 0, 0,
          linux.MS_SHARED | linux.MS_PRIVATE)
    with open("/tmp/file", "w"):
        fails(errno.EBUSY, linux.mount_setattr, linux.AT_FDCWD, "/tmp", 0, linux.MOUNT_ATTR_RDONLY)


@isolated
def test_errors_of_move_mount():
    scratch("a", "b")
    open("/tmp/file", "w").close()
    linux.mount("tmpfs", "/tmp/a", "tmpfs")
    os.mkdir("/tmp/a/below")
    here = linux.AT_FDCWD
    fails(errno.ENOENT, linux.move_mount, here, "/tmp/missing", here, "/tmp/b")
    fails(errno.ENOENT, linux.move_mount, here, "/tmp/a", here, "/tmp/missing")
    fails(errno.EINVAL, linux.move_mount, here, "/tmp/b", here, "/tmp/a")
    fails(errno.EINVAL, linux.move_mount, here, "/tmp/a", here, "/tmp/b", 1 << 30)
    fails(errno.ELOOP, linux.move_mount, here, "/tmp/a", here, "/tmp/a/below")
    fails(errno.ENOTDIR, linux.move_mount, here, "/tmp/a", here, "/tmp/file/x")
    fails(errno.EBADF, linux.move_mount, -1, "relative", here, "/tmp/b")
    error = fails(errno.ENAMETOOLONG, linux.move_mount, here, "/tmp/a", here, "x" * 256)
    assert (error.filename, error.filename2) == ("/tmp/a", "x" * 256)


@isolated(flags=NEWUSER)
def test_without_a_mount_namespace_of_ones_own_everything_is_refused():
    fails(errno.EPERM, linux.fsopen, "tmpfs")
    fails(errno.EPERM, linux.open_tree, linux.AT_FDCWD, "/", linux.OPEN_TREE_CLONE)
    fails(errno.EPERM, linux.fspick, linux.AT_FDCWD, "/")
    fails(errno.EPERM, linux.mount_setattr, linux.AT_FDCWD, "/", 0, linux.MOUNT_ATTR_RDONLY)
    fails(errno.EPERM, linux.move_mount, linux.AT_FDCWD, "/", linux.AT_FDCWD, "/tmp")
    fails(errno.EPERM, linux.fsmount, -1)
