# __init__.pyi - the types of the module `linux`.
#
# SPDX-License-Identifier: MIT
import builtins
from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from typing import Any, Final, Protocol, SupportsIndex, Union, final

# collections.abc.Buffer is younger than Python 3.9.
class _Buffer(Protocol):
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> int: ...

class _HasFileno(Protocol):
    def fileno(self) -> int: ...

_Path = Union[str, bytes, PathLike[str], PathLike[bytes]]
_Word = Union[str, bytes]
_Descriptor = Union[SupportsIndex, _HasFileno]
_Number = SupportsIndex
_Instruction = Sequence[SupportsIndex]
_Status = Union[int, None]

__version__: Final[str]

class Error(OSError, RuntimeError): ...
class BlockingIOError(Error, builtins.BlockingIOError): ...
class ChildProcessError(Error, builtins.ChildProcessError): ...
class FileExistsError(Error, builtins.FileExistsError): ...
class FileNotFoundError(Error, builtins.FileNotFoundError): ...
class InterruptedError(Error, builtins.InterruptedError): ...
class IsADirectoryError(Error, builtins.IsADirectoryError): ...
class NotADirectoryError(Error, builtins.NotADirectoryError): ...
class PermissionError(Error, builtins.PermissionError): ...
class ProcessLookupError(Error, builtins.ProcessLookupError): ...
class TimeoutError(Error, builtins.TimeoutError): ...

@final
class Capabilities(tuple[int, int, int]):
    @property
    def effective(self) -> int: ...
    @property
    def permitted(self) -> int: ...
    @property
    def inheritable(self) -> int: ...

@final
class CloneResult(tuple[int, Union[int, None]]):
    @property
    def pid(self) -> int: ...
    @property
    def pidfd(self) -> Union[int, None]: ...

@final
class SeccompNotifSizes(tuple[int, int, int]):
    @property
    def seccomp_notif(self) -> int: ...
    @property
    def seccomp_notif_resp(self) -> int: ...
    @property
    def seccomp_data(self) -> int: ...

# Mounts by paths.
def mount(
    source: Union[_Path, None],
    target: _Path,
    filesystemtype: Union[_Word, None] = None,
    mountflags: _Number = 0,
    mountopts: Union[_Word, None] = None,
) -> None: ...
def umount(target: _Path) -> None: ...
def umount2(target: _Path, flags: _Number = 0) -> None: ...
def pivot_root(new_root: _Path, put_old: _Path) -> None: ...

# Mounts by descriptors.
def open_tree(dirfd: _Descriptor, path: _Path, flags: _Number = 0) -> int: ...
def move_mount(
    from_dirfd: _Descriptor,
    from_path: _Path,
    to_dirfd: _Descriptor,
    to_path: _Path,
    flags: _Number = 0,
) -> None: ...
def fsopen(fsname: _Word, flags: _Number = 0) -> int: ...
def fspick(dirfd: _Descriptor, path: _Path, flags: _Number = 0) -> int: ...
def fsconfig(
    fd: _Descriptor,
    cmd: _Number,
    key: Union[_Word, None] = None,
    value: Union[_Path, _Buffer, None] = None,
    aux: _Number = 0,
) -> None: ...
def fsmount(fd: _Descriptor, flags: _Number = 0, attr_flags: _Number = 0) -> int: ...
def mount_setattr(
    dirfd: _Descriptor,
    path: _Path,
    flags: _Number = 0,
    attr_set: _Number = 0,
    attr_clr: _Number = 0,
    propagation: _Number = 0,
    userns_fd: _Descriptor = 0,
) -> None: ...

# Namespaces.
def unshare(flags: _Number) -> None: ...
def setns(fd: _Descriptor, nstype: _Number = 0) -> None: ...
def sethostname(hostname: _Word) -> None: ...
def setdomainname(name: _Word) -> None: ...

# Processes.
def clone(
    callback: Callable[..., _Status],
    flags: _Number,
    callback_args: Union[tuple[Any, ...], list[Any]] = (),
) -> int: ...
def clone3(
    callback: Union[Callable[..., _Status], None] = None,
    flags: _Number = 0,
    callback_args: Union[tuple[Any, ...], list[Any]] = (),
    exit_signal: _Number = 17,
    set_tid: Iterable[SupportsIndex] = (),
    cgroup: _Descriptor = 0,
) -> CloneResult: ...
def pidfd_open(pid: _Number, flags: _Number = 0) -> int: ...
def pidfd_send_signal(pidfd: _Descriptor, signal: _Number, flags: _Number = 0) -> None: ...
def pidfd_getfd(pidfd: _Descriptor, targetfd: _Number, flags: _Number = 0) -> int: ...

# Files and descriptors.
def openat2(
    dirfd: _Descriptor,
    path: _Path,
    flags: _Number = 0,
    mode: _Number = 0,
    resolve: _Number = 0,
) -> int: ...
def close_range(first: _Number, last: _Number = 4294967295, flags: _Number = 0) -> None: ...
def memfd_create(name: _Word, flags: _Number = 0) -> int: ...
def add_seals(fd: _Descriptor, seals: _Number) -> None: ...
def get_seals(fd: _Descriptor) -> int: ...

# Privileges.
def capget(pid: _Number = 0) -> Capabilities: ...
def capset(effective: _Number, permitted: _Number, inheritable: _Number) -> None: ...

# PR_GET_NAME gives str; what kind the arguments are depends on the option.
def prctl(
    option: _Number, arg2: Any = 0, arg3: Any = 0, arg4: Any = 0, arg5: Any = 0
) -> Any: ...

# KEYCTL_DESCRIBE and KEYCTL_GET_SECURITY give str, KEYCTL_READ gives bytes.
def keyctl(
    operation: _Number, arg2: Any = 0, arg3: Any = 0, arg4: Any = 0, arg5: Any = 0
) -> Any: ...
def add_key(
    type: _Word,
    description: Union[_Word, None],
    payload: Union[str, _Buffer, None],
    keyring: _Number,
) -> int: ...

# SECCOMP_GET_NOTIF_SIZES gives SeccompNotifSizes, else int.
def seccomp(
    operation: _Number,
    flags: _Number = 0,
    args: Union[Iterable[_Instruction], _Buffer, SupportsIndex, None] = None,
) -> Any: ...

CLONE_NEWNS: Final[int]
CLONE_NEWUTS: Final[int]
CLONE_NEWIPC: Final[int]
CLONE_NEWUSER: Final[int]
CLONE_NEWPID: Final[int]
CLONE_NEWNET: Final[int]
CLONE_NEWCGROUP: Final[int]
CLONE_NEWTIME: Final[int]
CLONE_FS: Final[int]
CLONE_FILES: Final[int]
CLONE_SYSVSEM: Final[int]
CLONE_IO: Final[int]
CLONE_PARENT: Final[int]
CLONE_PTRACE: Final[int]
CLONE_UNTRACED: Final[int]
CLONE_VFORK: Final[int]
CLONE_PIDFD: Final[int]
CLONE_INTO_CGROUP: Final[int]
CLONE_CLEAR_SIGHAND: Final[int]
CLONE_SIGHAND: Final[int]
CLONE_THREAD: Final[int]
CLONE_VM: Final[int]
CLONE_SETTLS: Final[int]
CLONE_PARENT_SETTID: Final[int]
CLONE_CHILD_SETTID: Final[int]
CLONE_CHILD_CLEARTID: Final[int]
CLONE_DETACHED: Final[int]

MS_RDONLY: Final[int]
MS_NOSUID: Final[int]
MS_NODEV: Final[int]
MS_NOEXEC: Final[int]
MS_SYNCHRONOUS: Final[int]
MS_REMOUNT: Final[int]
MS_MANDLOCK: Final[int]
MS_DIRSYNC: Final[int]
MS_NOSYMFOLLOW: Final[int]
MS_NOATIME: Final[int]
MS_NODIRATIME: Final[int]
MS_BIND: Final[int]
MS_MOVE: Final[int]
MS_REC: Final[int]
MS_SILENT: Final[int]
MS_POSIXACL: Final[int]
MS_UNBINDABLE: Final[int]
MS_PRIVATE: Final[int]
MS_SLAVE: Final[int]
MS_SHARED: Final[int]
MS_RELATIME: Final[int]
MS_STRICTATIME: Final[int]
MS_LAZYTIME: Final[int]
MS_I_VERSION: Final[int]
MS_KERNMOUNT: Final[int]
MS_ACTIVE: Final[int]
MS_NOUSER: Final[int]
MS_RMT_MASK: Final[int]
MS_MGC_VAL: Final[int]
MS_MGC_MSK: Final[int]

MNT_FORCE: Final[int]
MNT_DETACH: Final[int]
MNT_EXPIRE: Final[int]
UMOUNT_NOFOLLOW: Final[int]

OPEN_TREE_CLONE: Final[int]
OPEN_TREE_CLOEXEC: Final[int]

MOVE_MOUNT_F_SYMLINKS: Final[int]
MOVE_MOUNT_F_AUTOMOUNTS: Final[int]
MOVE_MOUNT_F_EMPTY_PATH: Final[int]
MOVE_MOUNT_T_SYMLINKS: Final[int]
MOVE_MOUNT_T_AUTOMOUNTS: Final[int]
MOVE_MOUNT_T_EMPTY_PATH: Final[int]
MOVE_MOUNT_SET_GROUP: Final[int]
MOVE_MOUNT_BENEATH: Final[int]

FSOPEN_CLOEXEC: Final[int]
FSPICK_CLOEXEC: Final[int]
FSPICK_SYMLINK_NOFOLLOW: Final[int]
FSPICK_NO_AUTOMOUNT: Final[int]
FSPICK_EMPTY_PATH: Final[int]
FSCONFIG_SET_FLAG: Final[int]
FSCONFIG_SET_STRING: Final[int]
FSCONFIG_SET_BINARY: Final[int]
FSCONFIG_SET_PATH: Final[int]
FSCONFIG_SET_PATH_EMPTY: Final[int]
FSCONFIG_SET_FD: Final[int]
FSCONFIG_CMD_CREATE: Final[int]
FSCONFIG_CMD_RECONFIGURE: Final[int]
FSCONFIG_CMD_CREATE_EXCL: Final[int]
FSMOUNT_CLOEXEC: Final[int]

MOUNT_ATTR_RDONLY: Final[int]
MOUNT_ATTR_NOSUID: Final[int]
MOUNT_ATTR_NODEV: Final[int]
MOUNT_ATTR_NOEXEC: Final[int]
MOUNT_ATTR__ATIME: Final[int]
MOUNT_ATTR_RELATIME: Final[int]
MOUNT_ATTR_NOATIME: Final[int]
MOUNT_ATTR_STRICTATIME: Final[int]
MOUNT_ATTR_NODIRATIME: Final[int]
MOUNT_ATTR_IDMAP: Final[int]
MOUNT_ATTR_NOSYMFOLLOW: Final[int]

RESOLVE_NO_XDEV: Final[int]
RESOLVE_NO_MAGICLINKS: Final[int]
RESOLVE_NO_SYMLINKS: Final[int]
RESOLVE_BENEATH: Final[int]
RESOLVE_IN_ROOT: Final[int]
RESOLVE_CACHED: Final[int]

AT_FDCWD: Final[int]
AT_SYMLINK_NOFOLLOW: Final[int]
AT_NO_AUTOMOUNT: Final[int]
AT_EMPTY_PATH: Final[int]
AT_RECURSIVE: Final[int]

CLOSE_RANGE_UNSHARE: Final[int]
CLOSE_RANGE_CLOEXEC: Final[int]
MFD_CLOEXEC: Final[int]
MFD_ALLOW_SEALING: Final[int]
MFD_HUGETLB: Final[int]
MFD_NOEXEC_SEAL: Final[int]
MFD_EXEC: Final[int]
F_SEAL_SEAL: Final[int]
F_SEAL_SHRINK: Final[int]
F_SEAL_GROW: Final[int]
F_SEAL_WRITE: Final[int]
F_SEAL_FUTURE_WRITE: Final[int]
F_SEAL_EXEC: Final[int]

PIDFD_NONBLOCK: Final[int]
PIDFD_THREAD: Final[int]
PIDFD_SIGNAL_THREAD: Final[int]
PIDFD_SIGNAL_THREAD_GROUP: Final[int]
PIDFD_SIGNAL_PROCESS_GROUP: Final[int]

CAP_CHOWN: Final[int]
CAP_DAC_OVERRIDE: Final[int]
CAP_DAC_READ_SEARCH: Final[int]
CAP_FOWNER: Final[int]
CAP_FSETID: Final[int]
CAP_KILL: Final[int]
CAP_SETGID: Final[int]
CAP_SETUID: Final[int]
CAP_SETPCAP: Final[int]
CAP_LINUX_IMMUTABLE: Final[int]
CAP_NET_BIND_SERVICE: Final[int]
CAP_NET_BROADCAST: Final[int]
CAP_NET_ADMIN: Final[int]
CAP_NET_RAW: Final[int]
CAP_IPC_LOCK: Final[int]
CAP_IPC_OWNER: Final[int]
CAP_SYS_MODULE: Final[int]
CAP_SYS_RAWIO: Final[int]
CAP_SYS_CHROOT: Final[int]
CAP_SYS_PTRACE: Final[int]
CAP_SYS_PACCT: Final[int]
CAP_SYS_ADMIN: Final[int]
CAP_SYS_BOOT: Final[int]
CAP_SYS_NICE: Final[int]
CAP_SYS_RESOURCE: Final[int]
CAP_SYS_TIME: Final[int]
CAP_SYS_TTY_CONFIG: Final[int]
CAP_MKNOD: Final[int]
CAP_LEASE: Final[int]
CAP_AUDIT_WRITE: Final[int]
CAP_AUDIT_CONTROL: Final[int]
CAP_SETFCAP: Final[int]
CAP_MAC_OVERRIDE: Final[int]
CAP_MAC_ADMIN: Final[int]
CAP_SYSLOG: Final[int]
CAP_WAKE_ALARM: Final[int]
CAP_BLOCK_SUSPEND: Final[int]
CAP_AUDIT_READ: Final[int]
CAP_PERFMON: Final[int]
CAP_BPF: Final[int]
CAP_CHECKPOINT_RESTORE: Final[int]
CAP_LAST_CAP: Final[int]

PR_SET_PDEATHSIG: Final[int]
PR_GET_PDEATHSIG: Final[int]
PR_GET_DUMPABLE: Final[int]
PR_SET_DUMPABLE: Final[int]
PR_GET_UNALIGN: Final[int]
PR_SET_UNALIGN: Final[int]
PR_UNALIGN_NOPRINT: Final[int]
PR_UNALIGN_SIGBUS: Final[int]
PR_GET_KEEPCAPS: Final[int]
PR_SET_KEEPCAPS: Final[int]
PR_GET_FPEMU: Final[int]
PR_SET_FPEMU: Final[int]
PR_FPEMU_NOPRINT: Final[int]
PR_FPEMU_SIGFPE: Final[int]
PR_GET_FPEXC: Final[int]
PR_SET_FPEXC: Final[int]
PR_FP_EXC_SW_ENABLE: Final[int]
PR_FP_EXC_DIV: Final[int]
PR_FP_EXC_OVF: Final[int]
PR_FP_EXC_UND: Final[int]
PR_FP_EXC_RES: Final[int]
PR_FP_EXC_INV: Final[int]
PR_FP_EXC_DISABLED: Final[int]
PR_FP_EXC_NONRECOV: Final[int]
PR_FP_EXC_ASYNC: Final[int]
PR_FP_EXC_PRECISE: Final[int]
PR_GET_TIMING: Final[int]
PR_SET_TIMING: Final[int]
PR_TIMING_STATISTICAL: Final[int]
PR_TIMING_TIMESTAMP: Final[int]
PR_SET_NAME: Final[int]
PR_GET_NAME: Final[int]
PR_GET_ENDIAN: Final[int]
PR_SET_ENDIAN: Final[int]
PR_ENDIAN_BIG: Final[int]
PR_ENDIAN_LITTLE: Final[int]
PR_ENDIAN_PPC_LITTLE: Final[int]
PR_GET_SECCOMP: Final[int]
PR_SET_SECCOMP: Final[int]
PR_CAPBSET_READ: Final[int]
PR_CAPBSET_DROP: Final[int]
PR_GET_TSC: Final[int]
PR_SET_TSC: Final[int]
PR_TSC_ENABLE: Final[int]
PR_TSC_SIGSEGV: Final[int]
PR_GET_SECUREBITS: Final[int]
PR_SET_SECUREBITS: Final[int]
PR_SET_TIMERSLACK: Final[int]
PR_GET_TIMERSLACK: Final[int]
PR_TASK_PERF_EVENTS_DISABLE: Final[int]
PR_TASK_PERF_EVENTS_ENABLE: Final[int]
PR_MCE_KILL: Final[int]
PR_MCE_KILL_CLEAR: Final[int]
PR_MCE_KILL_SET: Final[int]
PR_MCE_KILL_LATE: Final[int]
PR_MCE_KILL_EARLY: Final[int]
PR_MCE_KILL_DEFAULT: Final[int]
PR_MCE_KILL_GET: Final[int]
PR_SET_MM: Final[int]
PR_SET_MM_START_CODE: Final[int]
PR_SET_MM_END_CODE: Final[int]
PR_SET_MM_START_DATA: Final[int]
PR_SET_MM_END_DATA: Final[int]
PR_SET_MM_START_STACK: Final[int]
PR_SET_MM_START_BRK: Final[int]
PR_SET_MM_BRK: Final[int]
PR_SET_MM_ARG_START: Final[int]
PR_SET_MM_ARG_END: Final[int]
PR_SET_MM_ENV_START: Final[int]
PR_SET_MM_ENV_END: Final[int]
PR_SET_MM_AUXV: Final[int]
PR_SET_MM_EXE_FILE: Final[int]
PR_SET_MM_MAP: Final[int]
PR_SET_MM_MAP_SIZE: Final[int]
PR_SET_PTRACER: Final[int]
PR_SET_PTRACER_ANY: Final[int]
PR_SET_CHILD_SUBREAPER: Final[int]
PR_GET_CHILD_SUBREAPER: Final[int]
PR_SET_NO_NEW_PRIVS: Final[int]
PR_GET_NO_NEW_PRIVS: Final[int]
PR_GET_TID_ADDRESS: Final[int]
PR_SET_THP_DISABLE: Final[int]
PR_GET_THP_DISABLE: Final[int]
PR_MPX_ENABLE_MANAGEMENT: Final[int]
PR_MPX_DISABLE_MANAGEMENT: Final[int]
PR_SET_FP_MODE: Final[int]
PR_GET_FP_MODE: Final[int]
PR_FP_MODE_FR: Final[int]
PR_FP_MODE_FRE: Final[int]
PR_CAP_AMBIENT: Final[int]
PR_CAP_AMBIENT_IS_SET: Final[int]
PR_CAP_AMBIENT_RAISE: Final[int]
PR_CAP_AMBIENT_LOWER: Final[int]
PR_CAP_AMBIENT_CLEAR_ALL: Final[int]
PR_SVE_SET_VL: Final[int]
PR_SVE_GET_VL: Final[int]
PR_SVE_SET_VL_ONEXEC: Final[int]
PR_SVE_VL_LEN_MASK: Final[int]
PR_SVE_VL_INHERIT: Final[int]
PR_GET_SPECULATION_CTRL: Final[int]
PR_SET_SPECULATION_CTRL: Final[int]
PR_SPEC_STORE_BYPASS: Final[int]
PR_SPEC_INDIRECT_BRANCH: Final[int]
PR_SPEC_L1D_FLUSH: Final[int]
PR_SPEC_NOT_AFFECTED: Final[int]
PR_SPEC_PRCTL: Final[int]
PR_SPEC_ENABLE: Final[int]
PR_SPEC_DISABLE: Final[int]
PR_SPEC_FORCE_DISABLE: Final[int]
PR_SPEC_DISABLE_NOEXEC: Final[int]
PR_PAC_RESET_KEYS: Final[int]
PR_PAC_APIAKEY: Final[int]
PR_PAC_APIBKEY: Final[int]
PR_PAC_APDAKEY: Final[int]
PR_PAC_APDBKEY: Final[int]
PR_PAC_APGAKEY: Final[int]
PR_SET_TAGGED_ADDR_CTRL: Final[int]
PR_GET_TAGGED_ADDR_CTRL: Final[int]
PR_TAGGED_ADDR_ENABLE: Final[int]
PR_MTE_TCF_NONE: Final[int]
PR_MTE_TCF_SYNC: Final[int]
PR_MTE_TCF_ASYNC: Final[int]
PR_MTE_TCF_MASK: Final[int]
PR_MTE_TAG_SHIFT: Final[int]
PR_MTE_TAG_MASK: Final[int]
PR_SET_IO_FLUSHER: Final[int]
PR_GET_IO_FLUSHER: Final[int]
PR_SET_SYSCALL_USER_DISPATCH: Final[int]
PR_SYS_DISPATCH_OFF: Final[int]
PR_SYS_DISPATCH_ON: Final[int]
PR_PAC_SET_ENABLED_KEYS: Final[int]
PR_PAC_GET_ENABLED_KEYS: Final[int]
PR_SCHED_CORE: Final[int]
PR_SCHED_CORE_GET: Final[int]
PR_SCHED_CORE_CREATE: Final[int]
PR_SCHED_CORE_SHARE_TO: Final[int]
PR_SCHED_CORE_SHARE_FROM: Final[int]
PR_SCHED_CORE_SCOPE_THREAD: Final[int]
PR_SCHED_CORE_SCOPE_THREAD_GROUP: Final[int]
PR_SCHED_CORE_SCOPE_PROCESS_GROUP: Final[int]
PR_SME_SET_VL: Final[int]
PR_SME_GET_VL: Final[int]
PR_SME_SET_VL_ONEXEC: Final[int]
PR_SME_VL_LEN_MASK: Final[int]
PR_SME_VL_INHERIT: Final[int]
PR_SET_VMA: Final[int]
PR_SET_VMA_ANON_NAME: Final[int]
PR_SET_MDWE: Final[int]
PR_GET_MDWE: Final[int]
PR_MDWE_REFUSE_EXEC_GAIN: Final[int]
PR_MDWE_NO_INHERIT: Final[int]
PR_SET_MEMORY_MERGE: Final[int]
PR_GET_MEMORY_MERGE: Final[int]

SECCOMP_SET_MODE_STRICT: Final[int]
SECCOMP_SET_MODE_FILTER: Final[int]
SECCOMP_GET_ACTION_AVAIL: Final[int]
SECCOMP_GET_NOTIF_SIZES: Final[int]
SECCOMP_FILTER_FLAG_TSYNC: Final[int]
SECCOMP_FILTER_FLAG_LOG: Final[int]
SECCOMP_FILTER_FLAG_SPEC_ALLOW: Final[int]
SECCOMP_FILTER_FLAG_NEW_LISTENER: Final[int]
SECCOMP_FILTER_FLAG_TSYNC_ESRCH: Final[int]
SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: Final[int]
SECCOMP_RET_KILL_PROCESS: Final[int]
SECCOMP_RET_KILL_THREAD: Final[int]
SECCOMP_RET_KILL: Final[int]
SECCOMP_RET_TRAP: Final[int]
SECCOMP_RET_ERRNO: Final[int]
SECCOMP_RET_USER_NOTIF: Final[int]
SECCOMP_RET_TRACE: Final[int]
SECCOMP_RET_LOG: Final[int]
SECCOMP_RET_ALLOW: Final[int]
SECCOMP_RET_ACTION_FULL: Final[int]
SECCOMP_RET_ACTION: Final[int]
SECCOMP_RET_DATA: Final[int]
SECCOMP_MODE_DISABLED: Final[int]
SECCOMP_MODE_STRICT: Final[int]
SECCOMP_MODE_FILTER: Final[int]
SECCOMP_USER_NOTIF_FLAG_CONTINUE: Final[int]
SECCOMP_ADDFD_FLAG_SETFD: Final[int]
SECCOMP_ADDFD_FLAG_SEND: Final[int]
SECCOMP_IOCTL_NOTIF_RECV: Final[int]
SECCOMP_IOCTL_NOTIF_SEND: Final[int]
SECCOMP_IOCTL_NOTIF_ID_VALID: Final[int]
SECCOMP_IOCTL_NOTIF_ADDFD: Final[int]

BPF_LD: Final[int]
BPF_LDX: Final[int]
BPF_ST: Final[int]
BPF_STX: Final[int]
BPF_ALU: Final[int]
BPF_JMP: Final[int]
BPF_RET: Final[int]
BPF_MISC: Final[int]
BPF_W: Final[int]
BPF_ABS: Final[int]
BPF_IMM: Final[int]
BPF_MEM: Final[int]
BPF_ADD: Final[int]
BPF_SUB: Final[int]
BPF_MUL: Final[int]
BPF_DIV: Final[int]
BPF_OR: Final[int]
BPF_AND: Final[int]
BPF_LSH: Final[int]
BPF_RSH: Final[int]
BPF_NEG: Final[int]
BPF_XOR: Final[int]
BPF_JA: Final[int]
BPF_JEQ: Final[int]
BPF_JGT: Final[int]
BPF_JGE: Final[int]
BPF_JSET: Final[int]
BPF_K: Final[int]
BPF_X: Final[int]
BPF_A: Final[int]
BPF_TAX: Final[int]
BPF_TXA: Final[int]
AUDIT_ARCH_X86_64: Final[int]
AUDIT_ARCH_I386: Final[int]
AUDIT_ARCH_AARCH64: Final[int]
AUDIT_ARCH_ARM: Final[int]
AUDIT_ARCH_RISCV64: Final[int]

KEYCTL_GET_KEYRING_ID: Final[int]
KEYCTL_JOIN_SESSION_KEYRING: Final[int]
KEYCTL_UPDATE: Final[int]
KEYCTL_REVOKE: Final[int]
KEYCTL_CHOWN: Final[int]
KEYCTL_SETPERM: Final[int]
KEYCTL_DESCRIBE: Final[int]
KEYCTL_CLEAR: Final[int]
KEYCTL_LINK: Final[int]
KEYCTL_UNLINK: Final[int]
KEYCTL_SEARCH: Final[int]
KEYCTL_READ: Final[int]
KEYCTL_INSTANTIATE: Final[int]
KEYCTL_NEGATE: Final[int]
KEYCTL_SET_REQKEY_KEYRING: Final[int]
KEYCTL_SET_TIMEOUT: Final[int]
KEYCTL_ASSUME_AUTHORITY: Final[int]
KEYCTL_GET_SECURITY: Final[int]
KEYCTL_SESSION_TO_PARENT: Final[int]
KEYCTL_REJECT: Final[int]
KEYCTL_INVALIDATE: Final[int]
KEYCTL_GET_PERSISTENT: Final[int]
KEYCTL_RESTRICT_KEYRING: Final[int]
KEYCTL_MOVE: Final[int]
KEY_SPEC_THREAD_KEYRING: Final[int]
KEY_SPEC_PROCESS_KEYRING: Final[int]
KEY_SPEC_SESSION_KEYRING: Final[int]
KEY_SPEC_USER_KEYRING: Final[int]
KEY_SPEC_USER_SESSION_KEYRING: Final[int]
KEY_SPEC_GROUP_KEYRING: Final[int]
KEY_SPEC_REQKEY_AUTH_KEY: Final[int]
KEY_SPEC_REQUESTOR_KEYRING: Final[int]
