/* constants.c - every constant of the module, as tables.
 *
 * The names and values are the kernel's, taken from its headers; the few that are younger
 * than the headers of Debian 12 (Linux 6.1) are written down here. What each one means is
 * said in docs/constants.tsv, in English and Chinese; the tests compare the two lists.
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/memfd.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "linux/mount.h"

#ifndef F_SEAL_EXEC /* Linux 6.3 */
#define F_SEAL_EXEC     0x0020
#define MFD_NOEXEC_SEAL 0x0008U
#define MFD_EXEC        0x0010U
#endif
#ifndef PR_SET_MDWE /* Linux 6.3 */
#define PR_SET_MDWE              65
#define PR_GET_MDWE              66
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif
#ifndef PR_SET_MEMORY_MERGE /* Linux 6.4 */
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif
#ifndef MOVE_MOUNT_BENEATH /* Linux 6.5 */
#define MOVE_MOUNT_BENEATH 0x00000200
#endif
/* Linux 6.6; an enumerator, so the preprocessor cannot ask for it. */
enum { CREATE_EXCL = 8 };
#ifndef PR_MDWE_NO_INHERIT /* Linux 6.7 */
#define PR_MDWE_NO_INHERIT 2
#endif
#ifndef PIDFD_NONBLOCK /* its header, linux/pidfd.h, does not go with fcntl.h */
#define PIDFD_NONBLOCK O_NONBLOCK
#endif
#ifndef PIDFD_THREAD /* Linux 6.9 */
#define PIDFD_THREAD               O_EXCL
#define PIDFD_SIGNAL_THREAD        1
#define PIDFD_SIGNAL_THREAD_GROUP  2
#define PIDFD_SIGNAL_PROCESS_GROUP 4
#endif

struct constant {
    const char *name;
    int64_t value;
};

/* A row of a table, with the name that C has for it. */
#define C(name)                \
    {                          \
#name, (int64_t)(name) \
    }
#define END_OF_TABLE \
    {                \
        NULL, 0      \
    }

/* clone(2), unshare(2), setns(2) */
static const struct constant clone_constants[] = {
    C(CLONE_NEWNS),
    C(CLONE_NEWUTS),
    C(CLONE_NEWIPC),
    C(CLONE_NEWUSER),
    C(CLONE_NEWPID),
    C(CLONE_NEWNET),
    C(CLONE_NEWCGROUP),
    C(CLONE_NEWTIME),
    C(CLONE_FS),
    C(CLONE_FILES),
    C(CLONE_SYSVSEM),
    C(CLONE_IO),
    C(CLONE_PARENT),
    C(CLONE_PTRACE),
    C(CLONE_UNTRACED),
    C(CLONE_VFORK),
    C(CLONE_PIDFD),
    C(CLONE_INTO_CGROUP),
    C(CLONE_CLEAR_SIGHAND),
    C(CLONE_SIGHAND),
    C(CLONE_THREAD),
    C(CLONE_VM),
    C(CLONE_SETTLS),
    C(CLONE_PARENT_SETTID),
    C(CLONE_CHILD_SETTID),
    C(CLONE_CHILD_CLEARTID),
    C(CLONE_DETACHED),
    END_OF_TABLE,
};

/* mount(2) */
static const struct constant mount_constants[] = {
    C(MS_RDONLY),
    C(MS_NOSUID),
    C(MS_NODEV),
    C(MS_NOEXEC),
    C(MS_SYNCHRONOUS),
    C(MS_REMOUNT),
    C(MS_MANDLOCK),
    C(MS_DIRSYNC),
    C(MS_NOSYMFOLLOW),
    C(MS_NOATIME),
    C(MS_NODIRATIME),
    C(MS_BIND),
    C(MS_MOVE),
    C(MS_REC),
    C(MS_SILENT),
    C(MS_POSIXACL),
    C(MS_UNBINDABLE),
    C(MS_PRIVATE),
    C(MS_SLAVE),
    C(MS_SHARED),
    C(MS_RELATIME),
    C(MS_STRICTATIME),
    C(MS_LAZYTIME),
    C(MS_I_VERSION),
    C(MS_KERNMOUNT),
    C(MS_ACTIVE),
    {"MS_NOUSER", (int64_t)(uint32_t)MS_NOUSER}, /* 1 << 31 is negative in C */
    C(MS_RMT_MASK),
    C(MS_MGC_VAL),
    C(MS_MGC_MSK),
    END_OF_TABLE,
};

/* umount2(2) */
static const struct constant umount_constants[] = {
    C(MNT_FORCE), C(MNT_DETACH), C(MNT_EXPIRE), C(UMOUNT_NOFOLLOW), END_OF_TABLE,
};

/* open_tree(2) */
static const struct constant open_tree_constants[] = {
    C(OPEN_TREE_CLONE),
    C(OPEN_TREE_CLOEXEC),
    END_OF_TABLE,
};

/* move_mount(2) */
static const struct constant move_mount_constants[] = {
    C(MOVE_MOUNT_F_SYMLINKS), C(MOVE_MOUNT_F_AUTOMOUNTS), C(MOVE_MOUNT_F_EMPTY_PATH),
    C(MOVE_MOUNT_T_SYMLINKS), C(MOVE_MOUNT_T_AUTOMOUNTS), C(MOVE_MOUNT_T_EMPTY_PATH),
    C(MOVE_MOUNT_SET_GROUP),  C(MOVE_MOUNT_BENEATH),      END_OF_TABLE,
};

/* fsopen(2), fspick(2), fsconfig(2), fsmount(2) */
static const struct constant fs_constants[] = {
    C(FSOPEN_CLOEXEC),           C(FSPICK_CLOEXEC),
    C(FSPICK_SYMLINK_NOFOLLOW),  C(FSPICK_NO_AUTOMOUNT),
    C(FSPICK_EMPTY_PATH),        C(FSCONFIG_SET_FLAG),
    C(FSCONFIG_SET_STRING),      C(FSCONFIG_SET_BINARY),
    C(FSCONFIG_SET_PATH),        C(FSCONFIG_SET_PATH_EMPTY),
    C(FSCONFIG_SET_FD),          C(FSCONFIG_CMD_CREATE),
    C(FSCONFIG_CMD_RECONFIGURE), {"FSCONFIG_CMD_CREATE_EXCL", CREATE_EXCL},
    C(FSMOUNT_CLOEXEC),          END_OF_TABLE,
};

/* mount_setattr(2), fsmount(2) */
static const struct constant mount_attr_constants[] = {
    C(MOUNT_ATTR_RDONLY),  C(MOUNT_ATTR_NOSUID),      C(MOUNT_ATTR_NODEV),
    C(MOUNT_ATTR_NOEXEC),  C(MOUNT_ATTR__ATIME),      C(MOUNT_ATTR_RELATIME),
    C(MOUNT_ATTR_NOATIME), C(MOUNT_ATTR_STRICTATIME), C(MOUNT_ATTR_NODIRATIME),
    C(MOUNT_ATTR_IDMAP),   C(MOUNT_ATTR_NOSYMFOLLOW), END_OF_TABLE,
};

/* openat2(2) */
static const struct constant resolve_constants[] = {
    C(RESOLVE_NO_XDEV), C(RESOLVE_NO_MAGICLINKS), C(RESOLVE_NO_SYMLINKS),
    C(RESOLVE_BENEATH), C(RESOLVE_IN_ROOT),       C(RESOLVE_CACHED),
    END_OF_TABLE,
};

/* calls with a dirfd */
static const struct constant at_constants[] = {
    C(AT_FDCWD),      C(AT_SYMLINK_NOFOLLOW), C(AT_NO_AUTOMOUNT),
    C(AT_EMPTY_PATH), C(AT_RECURSIVE),        END_OF_TABLE,
};

/* close_range(2), memfd_create(2), fcntl(2) */
static const struct constant file_constants[] = {
    C(CLOSE_RANGE_UNSHARE), C(CLOSE_RANGE_CLOEXEC), C(MFD_CLOEXEC),  C(MFD_ALLOW_SEALING),
    C(MFD_HUGETLB),         C(MFD_NOEXEC_SEAL),     C(MFD_EXEC),     C(F_SEAL_SEAL),
    C(F_SEAL_SHRINK),       C(F_SEAL_GROW),         C(F_SEAL_WRITE), C(F_SEAL_FUTURE_WRITE),
    C(F_SEAL_EXEC),         END_OF_TABLE,
};

/* pidfd_open(2), pidfd_send_signal(2) */
static const struct constant pidfd_constants[] = {
    C(PIDFD_NONBLOCK),
    C(PIDFD_THREAD),
    C(PIDFD_SIGNAL_THREAD),
    C(PIDFD_SIGNAL_THREAD_GROUP),
    C(PIDFD_SIGNAL_PROCESS_GROUP),
    END_OF_TABLE,
};

/* capabilities(7) */
static const struct constant cap_constants[] = {
    C(CAP_CHOWN),
    C(CAP_DAC_OVERRIDE),
    C(CAP_DAC_READ_SEARCH),
    C(CAP_FOWNER),
    C(CAP_FSETID),
    C(CAP_KILL),
    C(CAP_SETGID),
    C(CAP_SETUID),
    C(CAP_SETPCAP),
    C(CAP_LINUX_IMMUTABLE),
    C(CAP_NET_BIND_SERVICE),
    C(CAP_NET_BROADCAST),
    C(CAP_NET_ADMIN),
    C(CAP_NET_RAW),
    C(CAP_IPC_LOCK),
    C(CAP_IPC_OWNER),
    C(CAP_SYS_MODULE),
    C(CAP_SYS_RAWIO),
    C(CAP_SYS_CHROOT),
    C(CAP_SYS_PTRACE),
    C(CAP_SYS_PACCT),
    C(CAP_SYS_ADMIN),
    C(CAP_SYS_BOOT),
    C(CAP_SYS_NICE),
    C(CAP_SYS_RESOURCE),
    C(CAP_SYS_TIME),
    C(CAP_SYS_TTY_CONFIG),
    C(CAP_MKNOD),
    C(CAP_LEASE),
    C(CAP_AUDIT_WRITE),
    C(CAP_AUDIT_CONTROL),
    C(CAP_SETFCAP),
    C(CAP_MAC_OVERRIDE),
    C(CAP_MAC_ADMIN),
    C(CAP_SYSLOG),
    C(CAP_WAKE_ALARM),
    C(CAP_BLOCK_SUSPEND),
    C(CAP_AUDIT_READ),
    C(CAP_PERFMON),
    C(CAP_BPF),
    C(CAP_CHECKPOINT_RESTORE),
    C(CAP_LAST_CAP),
    END_OF_TABLE,
};

/* prctl(2) */
static const struct constant prctl_constants[] = {
    C(PR_SET_PDEATHSIG),
    C(PR_GET_PDEATHSIG),
    C(PR_GET_DUMPABLE),
    C(PR_SET_DUMPABLE),
    C(PR_GET_UNALIGN),
    C(PR_SET_UNALIGN),
    C(PR_UNALIGN_NOPRINT),
    C(PR_UNALIGN_SIGBUS),
    C(PR_GET_KEEPCAPS),
    C(PR_SET_KEEPCAPS),
    C(PR_GET_FPEMU),
    C(PR_SET_FPEMU),
    C(PR_FPEMU_NOPRINT),
    C(PR_FPEMU_SIGFPE),
    C(PR_GET_FPEXC),
    C(PR_SET_FPEXC),
    C(PR_FP_EXC_SW_ENABLE),
    C(PR_FP_EXC_DIV),
    C(PR_FP_EXC_OVF),
    C(PR_FP_EXC_UND),
    C(PR_FP_EXC_RES),
    C(PR_FP_EXC_INV),
    C(PR_FP_EXC_DISABLED),
    C(PR_FP_EXC_NONRECOV),
    C(PR_FP_EXC_ASYNC),
    C(PR_FP_EXC_PRECISE),
    C(PR_GET_TIMING),
    C(PR_SET_TIMING),
    C(PR_TIMING_STATISTICAL),
    C(PR_TIMING_TIMESTAMP),
    C(PR_SET_NAME),
    C(PR_GET_NAME),
    C(PR_GET_ENDIAN),
    C(PR_SET_ENDIAN),
    C(PR_ENDIAN_BIG),
    C(PR_ENDIAN_LITTLE),
    C(PR_ENDIAN_PPC_LITTLE),
    C(PR_GET_SECCOMP),
    C(PR_SET_SECCOMP),
    C(PR_CAPBSET_READ),
    C(PR_CAPBSET_DROP),
    C(PR_GET_TSC),
    C(PR_SET_TSC),
    C(PR_TSC_ENABLE),
    C(PR_TSC_SIGSEGV),
    C(PR_GET_SECUREBITS),
    C(PR_SET_SECUREBITS),
    C(PR_SET_TIMERSLACK),
    C(PR_GET_TIMERSLACK),
    C(PR_TASK_PERF_EVENTS_DISABLE),
    C(PR_TASK_PERF_EVENTS_ENABLE),
    C(PR_MCE_KILL),
    C(PR_MCE_KILL_CLEAR),
    C(PR_MCE_KILL_SET),
    C(PR_MCE_KILL_LATE),
    C(PR_MCE_KILL_EARLY),
    C(PR_MCE_KILL_DEFAULT),
    C(PR_MCE_KILL_GET),
    C(PR_SET_MM),
    C(PR_SET_MM_START_CODE),
    C(PR_SET_MM_END_CODE),
    C(PR_SET_MM_START_DATA),
    C(PR_SET_MM_END_DATA),
    C(PR_SET_MM_START_STACK),
    C(PR_SET_MM_START_BRK),
    C(PR_SET_MM_BRK),
    C(PR_SET_MM_ARG_START),
    C(PR_SET_MM_ARG_END),
    C(PR_SET_MM_ENV_START),
    C(PR_SET_MM_ENV_END),
    C(PR_SET_MM_AUXV),
    C(PR_SET_MM_EXE_FILE),
    C(PR_SET_MM_MAP),
    C(PR_SET_MM_MAP_SIZE),
    C(PR_SET_PTRACER),
    C(PR_SET_PTRACER_ANY),
    C(PR_SET_CHILD_SUBREAPER),
    C(PR_GET_CHILD_SUBREAPER),
    C(PR_SET_NO_NEW_PRIVS),
    C(PR_GET_NO_NEW_PRIVS),
    C(PR_GET_TID_ADDRESS),
    C(PR_SET_THP_DISABLE),
    C(PR_GET_THP_DISABLE),
    C(PR_MPX_ENABLE_MANAGEMENT),
    C(PR_MPX_DISABLE_MANAGEMENT),
    C(PR_SET_FP_MODE),
    C(PR_GET_FP_MODE),
    C(PR_FP_MODE_FR),
    C(PR_FP_MODE_FRE),
    C(PR_CAP_AMBIENT),
    C(PR_CAP_AMBIENT_IS_SET),
    C(PR_CAP_AMBIENT_RAISE),
    C(PR_CAP_AMBIENT_LOWER),
    C(PR_CAP_AMBIENT_CLEAR_ALL),
    C(PR_SVE_SET_VL),
    C(PR_SVE_GET_VL),
    C(PR_SVE_SET_VL_ONEXEC),
    C(PR_SVE_VL_LEN_MASK),
    C(PR_SVE_VL_INHERIT),
    C(PR_GET_SPECULATION_CTRL),
    C(PR_SET_SPECULATION_CTRL),
    C(PR_SPEC_STORE_BYPASS),
    C(PR_SPEC_INDIRECT_BRANCH),
    C(PR_SPEC_L1D_FLUSH),
    C(PR_SPEC_NOT_AFFECTED),
    C(PR_SPEC_PRCTL),
    C(PR_SPEC_ENABLE),
    C(PR_SPEC_DISABLE),
    C(PR_SPEC_FORCE_DISABLE),
    C(PR_SPEC_DISABLE_NOEXEC),
    C(PR_PAC_RESET_KEYS),
    C(PR_PAC_APIAKEY),
    C(PR_PAC_APIBKEY),
    C(PR_PAC_APDAKEY),
    C(PR_PAC_APDBKEY),
    C(PR_PAC_APGAKEY),
    C(PR_SET_TAGGED_ADDR_CTRL),
    C(PR_GET_TAGGED_ADDR_CTRL),
    C(PR_TAGGED_ADDR_ENABLE),
    C(PR_MTE_TCF_NONE),
    C(PR_MTE_TCF_SYNC),
    C(PR_MTE_TCF_ASYNC),
    C(PR_MTE_TCF_MASK),
    C(PR_MTE_TAG_SHIFT),
    C(PR_MTE_TAG_MASK),
    C(PR_SET_IO_FLUSHER),
    C(PR_GET_IO_FLUSHER),
    C(PR_SET_SYSCALL_USER_DISPATCH),
    C(PR_SYS_DISPATCH_OFF),
    C(PR_SYS_DISPATCH_ON),
    C(PR_PAC_SET_ENABLED_KEYS),
    C(PR_PAC_GET_ENABLED_KEYS),
    C(PR_SCHED_CORE),
    C(PR_SCHED_CORE_GET),
    C(PR_SCHED_CORE_CREATE),
    C(PR_SCHED_CORE_SHARE_TO),
    C(PR_SCHED_CORE_SHARE_FROM),
    C(PR_SCHED_CORE_SCOPE_THREAD),
    C(PR_SCHED_CORE_SCOPE_THREAD_GROUP),
    C(PR_SCHED_CORE_SCOPE_PROCESS_GROUP),
    C(PR_SME_SET_VL),
    C(PR_SME_GET_VL),
    C(PR_SME_SET_VL_ONEXEC),
    C(PR_SME_VL_LEN_MASK),
    C(PR_SME_VL_INHERIT),
    C(PR_SET_VMA),
    C(PR_SET_VMA_ANON_NAME),
    C(PR_SET_MDWE),
    C(PR_GET_MDWE),
    C(PR_MDWE_REFUSE_EXEC_GAIN),
    C(PR_MDWE_NO_INHERIT),
    C(PR_SET_MEMORY_MERGE),
    C(PR_GET_MEMORY_MERGE),
    END_OF_TABLE,
};

/* seccomp(2) */
static const struct constant seccomp_constants[] = {
    C(SECCOMP_SET_MODE_STRICT),
    C(SECCOMP_SET_MODE_FILTER),
    C(SECCOMP_GET_ACTION_AVAIL),
    C(SECCOMP_GET_NOTIF_SIZES),
    C(SECCOMP_FILTER_FLAG_TSYNC),
    C(SECCOMP_FILTER_FLAG_LOG),
    C(SECCOMP_FILTER_FLAG_SPEC_ALLOW),
    C(SECCOMP_FILTER_FLAG_NEW_LISTENER),
    C(SECCOMP_FILTER_FLAG_TSYNC_ESRCH),
    C(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
    C(SECCOMP_RET_KILL_PROCESS),
    C(SECCOMP_RET_KILL_THREAD),
    C(SECCOMP_RET_KILL),
    C(SECCOMP_RET_TRAP),
    C(SECCOMP_RET_ERRNO),
    C(SECCOMP_RET_USER_NOTIF),
    C(SECCOMP_RET_TRACE),
    C(SECCOMP_RET_LOG),
    C(SECCOMP_RET_ALLOW),
    C(SECCOMP_RET_ACTION_FULL),
    C(SECCOMP_RET_ACTION),
    C(SECCOMP_RET_DATA),
    C(SECCOMP_MODE_DISABLED),
    C(SECCOMP_MODE_STRICT),
    C(SECCOMP_MODE_FILTER),
    C(SECCOMP_USER_NOTIF_FLAG_CONTINUE),
    C(SECCOMP_ADDFD_FLAG_SETFD),
    C(SECCOMP_ADDFD_FLAG_SEND),
    C(SECCOMP_IOCTL_NOTIF_RECV),
    C(SECCOMP_IOCTL_NOTIF_SEND),
    C(SECCOMP_IOCTL_NOTIF_ID_VALID),
    C(SECCOMP_IOCTL_NOTIF_ADDFD),
    END_OF_TABLE,
};

/* the instructions of a seccomp filter */
static const struct constant bpf_constants[] = {
    C(BPF_LD),
    C(BPF_LDX),
    C(BPF_ST),
    C(BPF_STX),
    C(BPF_ALU),
    C(BPF_JMP),
    C(BPF_RET),
    C(BPF_MISC),
    C(BPF_W),
    C(BPF_ABS),
    C(BPF_IMM),
    C(BPF_MEM),
    C(BPF_ADD),
    C(BPF_SUB),
    C(BPF_MUL),
    C(BPF_DIV),
    C(BPF_OR),
    C(BPF_AND),
    C(BPF_LSH),
    C(BPF_RSH),
    C(BPF_NEG),
    C(BPF_XOR),
    C(BPF_JA),
    C(BPF_JEQ),
    C(BPF_JGT),
    C(BPF_JGE),
    C(BPF_JSET),
    C(BPF_K),
    C(BPF_X),
    C(BPF_A),
    C(BPF_TAX),
    C(BPF_TXA),
    C(AUDIT_ARCH_X86_64),
    C(AUDIT_ARCH_I386),
    C(AUDIT_ARCH_AARCH64),
    C(AUDIT_ARCH_ARM),
    C(AUDIT_ARCH_RISCV64),
    END_OF_TABLE,
};

/* keyctl(2) */
static const struct constant keyctl_constants[] = {
    C(KEYCTL_GET_KEYRING_ID),
    C(KEYCTL_JOIN_SESSION_KEYRING),
    C(KEYCTL_UPDATE),
    C(KEYCTL_REVOKE),
    C(KEYCTL_CHOWN),
    C(KEYCTL_SETPERM),
    C(KEYCTL_DESCRIBE),
    C(KEYCTL_CLEAR),
    C(KEYCTL_LINK),
    C(KEYCTL_UNLINK),
    C(KEYCTL_SEARCH),
    C(KEYCTL_READ),
    C(KEYCTL_INSTANTIATE),
    C(KEYCTL_NEGATE),
    C(KEYCTL_SET_REQKEY_KEYRING),
    C(KEYCTL_SET_TIMEOUT),
    C(KEYCTL_ASSUME_AUTHORITY),
    C(KEYCTL_GET_SECURITY),
    C(KEYCTL_SESSION_TO_PARENT),
    C(KEYCTL_REJECT),
    C(KEYCTL_INVALIDATE),
    C(KEYCTL_GET_PERSISTENT),
    C(KEYCTL_RESTRICT_KEYRING),
    C(KEYCTL_MOVE),
    C(KEY_SPEC_THREAD_KEYRING),
    C(KEY_SPEC_PROCESS_KEYRING),
    C(KEY_SPEC_SESSION_KEYRING),
    C(KEY_SPEC_USER_KEYRING),
    C(KEY_SPEC_USER_SESSION_KEYRING),
    C(KEY_SPEC_GROUP_KEYRING),
    C(KEY_SPEC_REQKEY_AUTH_KEY),
    C(KEY_SPEC_REQUESTOR_KEYRING),
    END_OF_TABLE,
};

static const struct constant *const tables[] = {
    clone_constants,      mount_constants,   umount_constants,     open_tree_constants,
    move_mount_constants, fs_constants,      mount_attr_constants, resolve_constants,
    at_constants,         file_constants,    pidfd_constants,      cap_constants,
    prctl_constants,      seccomp_constants, bpf_constants,        keyctl_constants,
};

static int
add_table(PyObject *module, const struct constant *row)
{
    for (; row->name; row++) {
        PyObject *value = PyLong_FromLongLong(row->value);

        if (!value)
            return -1;
        if (PyModule_AddObject(module, row->name, value) < 0) {
            Py_DECREF(value);
            return -1;
        }
    }
    return 0;
}

int
constants_add(PyObject *module)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(tables); i++)
        if (add_table(module, tables[i]) < 0)
            return -1;
    return 0;
}
