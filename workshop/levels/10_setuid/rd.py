#!/usr/bin/env python3
"""rd.py - run a command in a container, made with our own hands.

One program that grows from level to level: each skeleton is the solution of the level
before, with TODO blocks that say what comes next. README.md beside it explains.

The story is in two functions: run() is the parent, on the host; contain() is the child,
which takes leave of the host step by step and then becomes the command. If a step fails
the child ends with status 1 (lib/die.py), and the parent sees that like any other status.

The folder above is on PYTHONPATH, with lib; the module "linux" is this project's own.

SPDX-License-Identifier: MIT
"""
import fcntl
import os
import re
import signal
import socket
import stat
import struct
import sys

import linux

from lib.cgroup import cg_version
from lib.container import container_name
from lib.die import Refused, guarded
from lib.files import mkdir_p, remove_tree, write_file
from lib.options import options_parse
from lib.untar import untar

# What every Linux program expects to find, in the order of mounting.
MOUNTS = [
    ("/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC, None),
    ("/sys", "sysfs", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC | linux.MS_RDONLY,
     None),
    ("/dev", "tmpfs", linux.MS_NOSUID | linux.MS_STRICTATIME, "mode=0755"),
    ("/dev/pts", "devpts", linux.MS_NOSUID | linux.MS_NOEXEC,
     "newinstance,mode=0620,ptmxmode=0666"),
    ("/dev/shm", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC, "mode=1777"),
]

# man 4 null, random, tty, ptmx. The kernel knows a device by its numbers, not its name.
DEVICES = [
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
    ("/dev/ptmx", 5, 2),
]

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The controllers that the container's cgroup is about.
CONTROLLERS = ["cpu", "memory"]
UNLIMITED = -1


def unpack_image(opt, c):
    """The image's files, unpacked by the first container that wants them, never changed.

    They come into their place by one rename(2): there is no tree, or a whole one.
    """
    image = os.path.join(opt.image_dir, opt.image)
    lower = os.path.join(image, "rootfs")
    if os.path.exists(lower):
        return lower

    unfinished = os.path.join(opt.image_dir, f".{opt.image}.{c.id}")
    untar(f"{image}.tar", os.path.join(unfinished, "rootfs"))
    try:
        os.rename(unfinished, image)
    except OSError:
        if not os.path.exists(lower):
            raise
        remove_tree(unfinished)  # another container was faster
    return lower


def make_root(opt, c):
    """Make the directory that the container will call "/"."""
    upper = os.path.join(c.dir, "upper")
    work = os.path.join(c.dir, "work")
    data = f"lowerdir={unpack_image(opt, c)},upperdir={upper},workdir={work}"
    for directory in upper, work, c.root:
        mkdir_p(directory)
    linux.mount("overlay", c.root, "overlay", linux.MS_NODEV, data)
    # exec forgets what Python has not written yet: hence flush.
    print("Created a new root fs for our container:", c.root, flush=True)


def enter_root(root):
    """From here on the container's root is "/", and paths mean what they say."""
    old_root = os.path.join(root, ".old_root")
    os.mkdir(old_root, 0o700)
    linux.pivot_root(root, old_root)
    os.chdir("/")
    linux.umount2("/.old_root", linux.MNT_DETACH)
    os.rmdir("/.old_root")


def mount_filesystems():
    for target, kind, flags, data in MOUNTS:
        mkdir_p(target)
        linux.mount(kind, target, kind, flags, data)


def make_devices():
    os.umask(0)  # a node gets the mode that we ask for, whatever our caller's umask
    for path, major, minor in DEVICES:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(major, minor))
    os.umask(0o022)


def forget_host():
    """Nothing else of the host goes with us: no open file, no environment but our own."""
    term = os.environ.get("TERM")
    os.environ.clear()
    os.environ.update(PATH=PATH, HOME="/root")
    if term:
        os.environ["TERM"] = term
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it; exec would keep that
    linux.close_range(3)


def loopback_up():
    """ "ip link set lo up": the container can talk to itself."""
    iff_up, iff_running, siocsifflags = 0x1, 0x40, 0x8914
    request = struct.pack("16sH22x", b"lo", iff_up | iff_running)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, siocsifflags, request)


def cgroup_dir(c, controller):
    """Version 1 has a tree for each controller, version 2 one for all."""
    if cg_version() == 2:
        return f"/sys/fs/cgroup/rd-{c.id}"
    return f"/sys/fs/cgroup/{controller}/rd-{c.id}"


def cgroup_create(c):
    for controller in CONTROLLERS:
        # Version 2: a group has a controller's files only if its parent gives them.
        if cg_version() == 2:
            write_file("/sys/fs/cgroup/cgroup.subtree_control", f"+{controller}")
        try:
            os.mkdir(cgroup_dir(c, controller))
        except FileExistsError:
            pass  # version 2: made for the controller before


def cgroup_join(c):
    """The child moves itself before it becomes the command: not one instruction of the
    command runs outside, and whatever it starts is born inside. "0" is whoever writes."""
    for controller in CONTROLLERS:
        write_file(cgroup_dir(c, controller) + "/cgroup.procs", "0")


def cgroup_remove(c):
    for controller in CONTROLLERS:
        try:
            os.rmdir(cgroup_dir(c, controller))
        except FileNotFoundError:
            pass  # never made, or removed for the controller before


def limit_cpu(c, shares):
    """2..262144 shares become a weight of 1..10000: what engines did from 2019 to 2025."""
    if cg_version() == 2:
        weight = 1 + (shares - 2) * 9999 // 262142
        write_file(cgroup_dir(c, "cpu") + "/cpu.weight", weight)
    else:
        write_file(cgroup_dir(c, "cpu") + "/cpu.shares", shares)


def parse_bytes(option, text):
    """ "64m" is 67108864, "-1" or nothing at all is UNLIMITED."""
    if text in (None, "-1"):
        return UNLIMITED
    match = re.fullmatch("([0-9]+)([bkmg]?)", text.lower())
    size = int(match[1]) << 10 * "bkmg".index(match[2] or "b") if match else 0
    if not 0 < size < 1 << 63:
        raise Refused(f"{option} wants bytes, as in 64m, or -1: not {text}")
    return size


def parse_limits(opt):
    """The limit of the memory, and of memory and swap together."""
    memory = parse_bytes("--memory", opt.memory)
    total = parse_bytes("--memory-swap", opt.memory_swap)
    if total != UNLIMITED and (memory == UNLIMITED or total < memory):
        raise Refused("--memory-swap is memory and swap together: "
                      "it can't be less than --memory")
    return memory, total


def limit_memory(c, memory, total):
    """A new group has no limit, so only what was asked for is written.

    In version 1 the total comes second: the kernel refuses a total below the memory limit,
    which is huge at first.
    """
    is_v2 = cg_version() == 2
    group = cgroup_dir(c, "memory")
    if memory != UNLIMITED:
        write_file(f"{group}/memory.{'max' if is_v2 else 'limit_in_bytes'}", memory)
    if total != UNLIMITED and is_v2:
        write_file(f"{group}/memory.swap.max", total - memory)
    elif total != UNLIMITED:
        write_file(f"{group}/memory.memsw.limit_in_bytes", total)


# TODO 1: from "U[:G]" to two numbers. A number stands for itself. A name is looked up in
# the container's /etc/passwd and /etc/group, line by line, and not with the module pwd,
# which asks whatever the system is set up to ask. Without ":G" the group is the one in
# /etc/passwd; for a number that is not there, the same number. A name that is not there
# ends the program.
# end TODO 1

# TODO 2: become that user: os.setgroups([]), os.setgid(), os.setuid(). Why in this order?
# end TODO 2


def contain(opt, c):
    """The child: becomes the command. It comes back only if that failed."""
    memory, total = parse_limits(opt)

    # From here on what we mount is seen by nobody else. Where "/" is shared, as systemd
    # makes it, a mount in the copy would still travel back: hence private, down the tree.
    linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWUTS | linux.CLONE_NEWNET)
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)

    make_root(opt, c)
    linux.sethostname(c.id)
    loopback_up()

    # While the host's /sys/fs/cgroup is still in sight.
    cgroup_create(c)
    if opt.cpu_shares:
        limit_cpu(c, opt.cpu_shares)
    limit_memory(c, memory, total)
    cgroup_join(c)

    enter_root(c.root)
    mount_filesystems()
    make_devices()
    forget_host()
    # TODO 3: become opt.user, or 0:0 if it is None: root, but without the groups of whoever
    # called us. Why after the mounts, and why before PR_SET_PDEATHSIG?
    # end TODO 3

    # If rd is killed, the container dies too. A change of the user would reset this.
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)

    try:
        os.execvp(opt.command[0], opt.command)
    except OSError as error:
        print(f"rd: {opt.command[0]}: {error.strerror}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126


def run(opt):
    """The parent: starts the child, waits for it, and ends as it has ended."""
    c = container_name(opt)
    pid = linux.clone(guarded, linux.CLONE_NEWPID, (contain, opt, c))

    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = code if code >= 0 else 128 - code
    cgroup_remove(c)
    remove_tree(c.dir)

    print(pid, "exited with status", status)
    return status


if __name__ == "__main__":
    sys.exit(run(options_parse(sys.argv)))
