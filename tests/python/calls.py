"""calls.py - every call of the module once: its system call, and arguments that reach it.

SPDX-License-Identifier: MIT
"""
import ctypes
import errno
import fcntl
import os
import platform
import struct

import linux

COLUMN = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
ARCH = (linux.AUDIT_ARCH_X86_64, linux.AUDIT_ARCH_AARCH64)

# function: (number on x86-64, on arm64, arguments). A number may come with (index, value):
# an argument that tells this use of the system call from others that Python makes.
CALLS = {
    "mount": (165, 40, ("none", "/nowhere", "tmpfs", 0, None)),
    "umount": (166, 39, ("/nowhere",)),
    "umount2": (166, 39, ("/nowhere", 0)),
    "pivot_root": (155, 41, ("/nowhere", "/nowhere/old")),
    "open_tree": (428, 428, (-1, "/nowhere")),
    "move_mount": (429, 429, (-1, "/nowhere", -1, "/elsewhere")),
    "fsopen": (430, 430, ("no such type",)),
    "fsconfig": (431, 431, (-1, linux.FSCONFIG_SET_STRING, "key", "value")),
    "fsmount": (432, 432, (-1,)),
    "fspick": (433, 433, (-1, "/nowhere")),
    "mount_setattr": (442, 442, (-1, "/nowhere", 0, linux.MOUNT_ATTR_RDONLY)),
    "unshare": (272, 97, (1,)),
    "setns": (308, 268, (-1, 0)),
    "sethostname": (170, 161, ("x" * 65,)),
    "setdomainname": (171, 162, ("x" * 65,)),
    "clone": (56, 220, (int, linux.CLONE_THREAD)),
    "clone3": (435, 435, (None, linux.CLONE_THREAD)),
    "pidfd_open": (434, 434, (-1,)),
    "pidfd_send_signal": (424, 424, (-1, 0)),
    "pidfd_getfd": (438, 438, (-1, 0)),
    "openat2": (437, 437, (-1, "nowhere")),
    "close_range": (436, 436, (2, 1)),
    "memfd_create": (319, 279, ("name", 1 << 31)),
    "add_seals": ((72, (1, 1033)), (25, (1, 1033)), (-1, linux.F_SEAL_SEAL)),
    "get_seals": ((72, (1, 1034)), (25, (1, 1034)), (-1,)),
    "capget": (125, 90, (-1,)),
    "capset": (126, 91, (1, 0, 0)),
    "prctl": ((157, (0, 12345)), (167, (0, 12345)), (12345,)),
    "keyctl": (250, 219, (12345,)),
    "add_key": (248, 217, ("no such type", "name", b"x", linux.KEY_SPEC_SESSION_KEYRING)),
    "seccomp": (317, 277, (12345,)),
}


def fail(name):
    """Make the call, which cannot succeed; returns the linux.Error."""
    try:
        getattr(linux, name)(*CALLS[name][2])
    except linux.Error as error:
        return error
    raise AssertionError(f"{name} should have failed")


def filter_for(name, action):
    """A seccomp filter that does `action` to the system call of a function."""
    number, (index, value) = CALLS[name][COLUMN], (None, None)
    if isinstance(number, tuple):
        number, (index, value) = number
    load = linux.BPF_LD | linux.BPF_W | linux.BPF_ABS
    equal = linux.BPF_JMP | linux.BPF_JEQ | linux.BPF_K
    answer = linux.BPF_RET | linux.BPF_K
    conditions = [(load, 0, 0, 4), (equal, 0, None, ARCH[COLUMN]),
                  (load, 0, 0, 0), (equal, 0, None, number)]
    if index is not None:
        conditions += [(load, 0, 0, 16 + 8 * index), (equal, 0, None, value)]
    program = conditions + [(answer, 0, 0, action), (answer, 0, 0, linux.SECCOMP_RET_ALLOW)]
    last = len(program) - 1
    return [(code, jt, last - i - 1 if jf is None else jf, k)
            for i, (code, jt, jf, k) in enumerate(program)]


def install(name, action, flags=0):
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    return linux.seccomp(linux.SECCOMP_SET_MODE_FILTER, flags, filter_for(name, action))


def receive(listener):
    """(id, number, arguments) of the next request of a seccomp listener."""
    request = bytearray(linux.seccomp(linux.SECCOMP_GET_NOTIF_SIZES).seccomp_notif)
    fcntl.ioctl(listener, linux.SECCOMP_IOCTL_NOTIF_RECV, request)
    identity, _pid, _flags, number = struct.unpack_from("=QIIi", request)
    return identity, number, struct.unpack_from("=6Q", request, 32)


def respond(listener, identity, number):
    answer = bytearray(struct.pack("=QqiI", identity, 0, -number, 0))
    fcntl.ioctl(listener, linux.SECCOMP_IOCTL_NOTIF_SEND, answer)


def numbers_of(errors):
    return [getattr(errno, name) for name in errors]


def thread_id_of_libc():
    """What the C library believes this thread's id is."""
    return ctypes.c_int.from_address(linux.prctl(linux.PR_GET_TID_ADDRESS)).value


def open_descriptors():
    return sorted(os.listdir("/proc/self/fd"))
