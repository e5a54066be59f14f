"""Programs in the style of the first workshop's levels run unmodified.

They are written from that module's interface alone: eight functions by position, 33
constants, RuntimeError with args (number, words), a callback for clone, a raw wait status.

SPDX-License-Identifier: MIT
"""
import os
import shutil
import subprocess
import sys
import textwrap

import pytest

import linux
from .conftest import MODULE
from .isolation import isolated

CONSTANTS = """
CLONE_NEWNS CLONE_NEWUTS CLONE_NEWIPC CLONE_NEWUSER CLONE_NEWPID CLONE_NEWNET CLONE_THREAD
MS_RDONLY MS_NOSUID MS_NODEV MS_NOEXEC MS_SYNCHRONOUS MS_REMOUNT MS_MANDLOCK MS_DIRSYNC
MS_NOATIME MS_NODIRATIME MS_BIND MS_MOVE MS_REC MS_SILENT MS_POSIXACL MS_UNBINDABLE MS_PRIVATE
MS_SLAVE MS_SHARED MS_RELATIME MS_KERNMOUNT MS_I_VERSION MS_STRICTATIME MS_ACTIVE MS_NOUSER
MNT_DETACH
""".split()

# A root made of parts of the one that is there, bound below a tmpfs.
COMMON = """
    import linux, os, sys, uuid

    def make_root(container_root):
        os.makedirs(container_root)
        linux.mount('tmpfs', container_root, 'tmpfs', 0, None)
        for name in ('usr', 'bin', 'lib', 'lib64', 'etc', 'root', 'home', 'opt'):
            if os.path.isdir('/' + name) and not os.path.islink('/' + name):
                os.mkdir(os.path.join(container_root, name))
                linux.mount('/' + name, os.path.join(container_root, name), None,
                            linux.MS_BIND | linux.MS_REC, None)
            elif os.path.islink('/' + name):
                os.symlink(os.readlink('/' + name), os.path.join(container_root, name))
        for name in ('proc', 'sys', 'dev', 'old_root', 'tmp'):
            os.mkdir(os.path.join(container_root, name))
"""

LEVEL_02 = """
    def contain(command):
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount(None, '/', None, linux.MS_PRIVATE | linux.MS_REC, None)
        new_root = '/tmp/' + str(uuid.uuid4())
        make_root(new_root)
        linux.mount('proc', os.path.join(new_root, 'proc'), 'proc', 0, '')
        linux.mount('tmpfs', os.path.join(new_root, 'dev'), 'tmpfs',
                    linux.MS_NOSUID | linux.MS_STRICTATIME, 'mode=755')
        os.chroot(new_root)
        os.chdir('/')
        os.execvp(command[0], command)

    pid = os.fork()
    if pid == 0:
        try:
            contain(['sh', '-c', 'ls -d /proc/self /dev; exit 3'])
        except Exception as e:
            sys.stderr.write(repr(e))
            os._exit(1)
    print('{} exited with status {}'.format(pid, os.waitpid(pid, 0)[1]))
"""

LEVEL_03 = """
    def contain(command):
        try:
            linux.unshare(linux.CLONE_NEWNS)
        except RuntimeError as e:
            if getattr(e, 'args', '') == (1, 'Operation not permitted'):
                sys.stderr.write('no CAP_SYS_ADMIN')
            raise e
        linux.mount(None, '/', None, linux.MS_PRIVATE | linux.MS_REC, None)
        new_root = '/tmp/' + str(uuid.uuid4())
        make_root(new_root)
        linux.mount('proc', os.path.join(new_root, 'proc'), 'proc', 0, '')
        linux.pivot_root(new_root, os.path.join(new_root, 'old_root'))
        os.chdir('/')
        linux.umount2('/old_root', linux.MNT_DETACH)
        os.rmdir('/old_root')
        os.execvp(command[0], command)

    pid = os.fork()
    if pid == 0:
        contain(['sh', '-c', 'ls -d /old_root 2>/dev/null; wc -l < /proc/self/mounts >/dev/null; exit 3'])
    print('{} exited with status {}'.format(pid, os.waitpid(pid, 0)[1]))
"""

LEVEL_06 = """
    def contain(command, container_id, container_dir):
        linux.mount(None, '/', None, linux.MS_PRIVATE | linux.MS_REC, None)
        linux.sethostname(container_id)
        new_root = os.path.join(container_dir, container_id)
        make_root(new_root)
        linux.mount('proc', os.path.join(new_root, 'proc'), 'proc', 0, '')
        linux.mount('sysfs', os.path.join(new_root, 'sys'), 'sysfs', 0, '')
        linux.pivot_root(new_root, os.path.join(new_root, 'old_root'))
        os.chdir('/')
        linux.umount2('/old_root', linux.MNT_DETACH)
        os.rmdir('/old_root')
        os.execvp(command[0], command)

    container_id = str(uuid.uuid4())
    flags = (linux.CLONE_NEWPID | linux.CLONE_NEWNS | linux.CLONE_NEWUTS | linux.CLONE_NEWNET)
    callback_args = (['sh', '-c', 'echo pid $$; uname -n; ls /sys/class/net; exit 3'],
                     container_id, '/tmp')
    pid = linux.clone(contain, flags, callback_args)
    _, status = os.waitpid(pid, 0)
    print('same name', container_id)
    print('{} exited with status {}'.format(pid, status))
"""


def run(program):
    os.chdir(MODULE)  # the mount hides what is in /tmp, perhaps this repository
    linux.mount("tmpfs", "/tmp", "tmpfs")
    shutil.copytree("linux", "/tmp/module/linux")
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(COMMON) + textwrap.dedent(program)],
        capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": "/tmp/module"})


def test_the_eight_functions_and_33_constants_are_there():
    assert len(CONSTANTS) == 33
    for name in CONSTANTS:
        assert isinstance(getattr(linux, name), int)
    for name in ("pivot_root", "mount", "umount", "umount2", "unshare", "setns", "clone",
                 "sethostname"):
        assert callable(getattr(linux, name))


@isolated
def test_level_02_own_mounts():
    result = run(LEVEL_02)
    assert result.stderr == "" and result.stdout.splitlines()[:2] == ["/dev", "/proc/self"]
    assert result.stdout.endswith(" exited with status 768\n")
    assert len(os.listdir("/tmp")) == 2 and not any(map(os.path.ismount, os.scandir("/tmp")))


@isolated
def test_level_03_pivot_root():
    result = run(LEVEL_03)
    assert result.stderr == "" and result.stdout.endswith(" exited with status 768\n")


@isolated
def test_level_03_without_the_right_is_told_by_the_args_of_a_runtimeerror():
    program = LEVEL_03.replace("try:\n", "try:\n            linux.capset(0, 0, 0)\n", 1)
    result = run(program)
    assert "no CAP_SYS_ADMIN" in result.stderr and result.stdout.endswith("status 256\n")


@isolated
def test_level_06_clone_with_namespaces():
    result = run(LEVEL_06)
    lines = result.stdout.splitlines()
    assert result.stderr == "" and lines[0] == "pid 1"
    assert lines[3] == f"same name {lines[1]}" and lines[2] == "lo"
    assert lines[4].endswith("exited with status 768")


@isolated
def test_setns_by_position_with_a_descriptor_number():
    fd = os.open("/proc/self/ns/uts", os.O_RDONLY)
    linux.unshare(linux.CLONE_NEWUTS)
    linux.setns(fd, 0)
    linux.setns(fd, linux.CLONE_NEWUTS)
    os.close(fd)


def test_a_failing_clone_is_a_runtimeerror_with_args():
    with pytest.raises(RuntimeError) as caught:
        linux.clone(print, linux.CLONE_THREAD, ())
    assert caught.value.args == (22, "Invalid argument")
