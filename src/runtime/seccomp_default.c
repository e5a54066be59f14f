/* seccomp_default.c - the profile of a container that asks for none.
 *
 * What Docker's default profile lets through, made tighter where the kernel's history says
 * so (rule R22): no AF_ALG and AF_VSOCK sockets, packet and raw sockets only with
 * CAP_NET_RAW, no attaching to or reading of other processes without CAP_SYS_PTRACE, no
 * socketcall (it would go round the check of the family), no io_uring, no userfaultfd, no
 * kernel keys. Everything else gives EPERM, newer calls ENOSYS.
 *
 * Arguments that the kernel reads as 32 bits are compared as 32 bits: a filter that looks at
 * all 64 takes socket(2^32 + AF_VSOCK) for a family that it does not know.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/seccomp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CAP_BIT(cap) (UINT64_C(1) << (cap))
#define LOW_WORD     UINT64_C(0xffffffff)

/* CLONE_NEW...: a new user namespace would give back every capability that was dropped. */
#define NAMESPACE_FLAGS UINT64_C(0x7e020000)

/* Allowed whatever the arguments. */
static const char always[] =
    /* files: opening, reading, writing */
    "open openat openat2 creat close close_range read readv pread64 preadv preadv2 "
    "write writev pwrite64 pwritev pwritev2 lseek _llseek readahead fadvise64 "
    "fadvise64_64 fallocate truncate truncate64 ftruncate ftruncate64 fsync "
    "fdatasync sync syncfs sync_file_range copy_file_range sendfile sendfile64 "
    "splice tee vmsplice dup dup2 dup3 fcntl fcntl64 flock ioctl pipe pipe2 "
    "memfd_create memfd_secret "
    /* files: names, attributes, directories */
    "access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 fstatat64 "
    "newfstatat statx statfs statfs64 fstatfs fstatfs64 getdents getdents64 getcwd "
    "chdir fchdir mkdir mkdirat rmdir mknod mknodat link linkat symlink symlinkat "
    "readlink readlinkat unlink unlinkat rename renameat renameat2 chmod fchmod "
    "fchmodat fchmodat2 chown chown32 fchown fchown32 fchownat lchown lchown32 "
    "umask utime utimes futimesat utimensat utimensat_time64 file_getattr "
    "file_setattr name_to_handle_at listmount statmount "
    "getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr "
    "setxattrat listxattr llistxattr flistxattr listxattrat removexattr "
    "lremovexattr fremovexattr removexattrat "
    "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark "
    /* memory */
    "brk mmap mmap2 munmap mremap mprotect msync madvise mincore mlock mlock2 "
    "mlockall munlock munlockall mseal map_shadow_stack remap_file_pages pkey_alloc "
    "pkey_free pkey_mprotect cachestat "
    /* processes and threads */
    "fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid "
    "gettid getpgid getpgrp setpgid getsid setsid pidfd_open pidfd_send_signal "
    "process_mrelease set_tid_address set_robust_list get_robust_list rseq "
    "membarrier futex futex_time64 futex_wait futex_wake futex_requeue futex_waitv "
    "prctl set_thread_area get_thread_area restart_syscall uretprobe uprobe seccomp "
    "landlock_create_ruleset landlock_add_rule landlock_restrict_self "
    "getpriority setpriority ioprio_get ioprio_set sched_yield sched_getaffinity "
    "sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam "
    "sched_getscheduler sched_setscheduler sched_get_priority_max "
    "sched_get_priority_min sched_rr_get_interval sched_rr_get_interval_time64 "
    "getcpu getrlimit ugetrlimit setrlimit prlimit64 getrusage times "
    /* ids and capabilities: the kernel checks each change */
    "getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid "
    "getresuid32 getresgid getresgid32 getgroups getgroups32 setuid setuid32 setgid "
    "setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32 "
    "setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups "
    "setgroups32 capget capset "
    /* signals */
    "kill tkill tgkill pause rt_sigaction rt_sigpending rt_sigprocmask "
    "rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
    "rt_sigtimedwait_time64 sigaltstack sigprocmask sigreturn signalfd signalfd4 "
    /* time: reading it, sleeping (adjtimex without CAP_SYS_TIME only reads) */
    "time gettimeofday clock_gettime clock_gettime64 clock_getres "
    "clock_getres_time64 clock_nanosleep clock_nanosleep_time64 nanosleep adjtimex "
    "clock_adjtime clock_adjtime64 alarm getitimer setitimer timer_create "
    "timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime "
    "timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 "
    "timerfd_settime timerfd_settime64 "
    /* waiting for descriptors */
    "poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 "
    "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old "
    "epoll_pwait epoll_pwait2 eventfd eventfd2 io_setup io_destroy io_submit "
    "io_cancel io_getevents io_pgetevents io_pgetevents_time64 "
    /* sockets that are there; making one is looked at below */
    "accept accept4 bind connect listen shutdown getsockname getpeername getsockopt "
    "setsockopt send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg "
    "recvmmsg_time64 socketpair "
    /* System V and POSIX message queues, semaphores, shared memory: of the own namespace */
    "ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop "
    "semtimedop_time64 shmat shmctl shmdt shmget mq_open mq_unlink mq_notify "
    "mq_getsetattr mq_timedsend mq_timedsend_time64 mq_timedreceive "
    "mq_timedreceive_time64 "
    /* the machine; of x86, of arm */
    "getrandom sysinfo uname arch_prctl modify_ldt arm_fadvise64_64 "
    "arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls";

/* Allowed with a capability. */
static const struct {
    int cap;
    const char *names;
} with_capability[] = {
    {CAP_SYS_ADMIN,       "clone clone3 unshare setns sethostname setdomainname"     },
    {CAP_SYS_ADMIN,       "mount umount umount2 mount_setattr move_mount syslog"     },
    {CAP_SYS_ADMIN,       "open_tree open_tree_attr fsopen fsconfig fsmount fspick"  },
    {CAP_SYS_ADMIN,       "quotactl quotactl_fd fanotify_init lookup_dcookie bpf"    },
    {CAP_SYS_ADMIN,       "perf_event_open"                                          },
    {CAP_SYS_ADMIN,       "lsm_get_self_attr lsm_set_self_attr lsm_list_modules"     },
    {CAP_BPF,             "bpf"                                                      },
    {CAP_PERFMON,         "perf_event_open"                                          },
    {CAP_SYSLOG,          "syslog"                                                   },
    {CAP_DAC_READ_SEARCH, "open_by_handle_at"                                        },
    {CAP_SYS_BOOT,        "reboot"                                                   },
    {CAP_SYS_CHROOT,      "chroot"                                                   },
    {CAP_SYS_MODULE,      "init_module finit_module delete_module"                   },
    {CAP_SYS_PACCT,       "acct"                                                     },
    {CAP_SYS_PTRACE,      "ptrace process_vm_readv process_vm_writev"                },
    {CAP_SYS_PTRACE,      "kcmp pidfd_getfd process_madvise"                         },
    {CAP_SYS_RAWIO,       "iopl ioperm"                                              },
    {CAP_SYS_TIME,        "settimeofday stime clock_settime clock_settime64"         },
    {CAP_SYS_TTY_CONFIG,  "vhangup"                                                  },
    {CAP_SYS_NICE,        "get_mempolicy set_mempolicy set_mempolicy_home_node mbind"},
};

/* Allowed for some arguments: always, or without or with one capability. One line, one rule:
 * both of its conditions must hold. */
enum when { ALWAYS, WITHOUT, WITH };

#define IS(index, number)          index, LOW_WORD, number, OCI_SECCOMP_MASKED_EQ
#define MASKED(index, mask, value) index, mask, value, OCI_SECCOMP_MASKED_EQ
#define UNDER(index, number)       index, number, 0, OCI_SECCOMP_LT
#define OVER(index, number)        index, number, 0, OCI_SECCOMP_GT
#define ANY                        0, 0, 0, OCI_SECCOMP_NE

static const struct {
    const char *name;
    enum when when;
    int cap;
    struct oci_seccomp_arg args[2]; /* the second may be ANY */
} conditional[] = {
    {"clone",       WITHOUT, CAP_SYS_ADMIN,  {{MASKED(0, NAMESPACE_FLAGS, 0)}, {ANY}}  },

 /* PER_LINUX, PER_LINUX32, both with UNAME26, and the question which it is */
    {"personality", ALWAYS,  0,              {{IS(0, 0)}, {ANY}}                       },
    {"personality", ALWAYS,  0,              {{IS(0, 8)}, {ANY}}                       },
    {"personality", ALWAYS,  0,              {{IS(0, 0x20000)}, {ANY}}                 },
    {"personality", ALWAYS,  0,              {{IS(0, 0x20008)}, {ANY}}                 },
    {"personality", ALWAYS,  0,              {{IS(0, LOW_WORD)}, {ANY}}                },

 /* tracing one's own children (PTRACE_TRACEME), not ATTACH (16) and SEIZE (0x4206) */
    {"ptrace",      WITHOUT, CAP_SYS_PTRACE, {{UNDER(0, 16)}, {ANY}}                   },
    {"ptrace",      WITHOUT, CAP_SYS_PTRACE, {{MASKED(0, ~UINT64_C(0), 17)}, {ANY}}    },
    {"ptrace",      WITHOUT, CAP_SYS_PTRACE, {{MASKED(0, ~UINT64_C(1), 18)}, {ANY}}    },
    {"ptrace",      WITHOUT, CAP_SYS_PTRACE, {{MASKED(0, ~UINT64_C(3), 20)}, {ANY}}    },
    {"ptrace",      WITHOUT, CAP_SYS_PTRACE, {{MASKED(0, ~UINT64_C(7), 24)}, {ANY}}    },
    {"ptrace",      WITHOUT, CAP_SYS_PTRACE, {{MASKED(0, ~UINT64_C(3), 0x4200)}, {ANY}}},
    {"ptrace",      WITHOUT, CAP_SYS_PTRACE, {{MASKED(0, ~UINT64_C(1), 0x4204)}, {ANY}}},
    {"ptrace",      WITHOUT, CAP_SYS_PTRACE, {{OVER(0, 0x4206)}, {ANY}}                },

 /* SOCK_RAW (3) and SOCK_PACKET (10) of the internet's families only with the capability:
     * the type is the second argument's low four bits */
    {"socket",      WITH,    CAP_NET_RAW,    {{IS(0, AF_INET)}, {ANY}}                 },
    {"socket",      WITH,    CAP_NET_RAW,    {{IS(0, AF_INET6)}, {ANY}}                },
    {"socket",      WITH,    CAP_NET_RAW,    {{IS(0, AF_PACKET)}, {ANY}}               },
    {"socket",      WITHOUT, CAP_NET_RAW,    {{IS(0, AF_INET)}, {MASKED(1, 0xe, 0)}}   },
    {"socket",      WITHOUT, CAP_NET_RAW,    {{IS(0, AF_INET)}, {MASKED(1, 0xf, 2)}}   },
    {"socket",      WITHOUT, CAP_NET_RAW,    {{IS(0, AF_INET)}, {MASKED(1, 0xc, 4)}}   },
    {"socket",      WITHOUT, CAP_NET_RAW,    {{IS(0, AF_INET6)}, {MASKED(1, 0xe, 0)}}  },
    {"socket",      WITHOUT, CAP_NET_RAW,    {{IS(0, AF_INET6)}, {MASKED(1, 0xf, 2)}}  },
    {"socket",      WITHOUT, CAP_NET_RAW,    {{IS(0, AF_INET6)}, {MASKED(1, 0xc, 4)}}  },
};

/* The other families of sockets that Docker lets through. It leaves out those that the
 * kernel dropped long ago, and AF_ALG and AF_VSOCK. */
static const uint8_t families[] = {
    AF_UNSPEC,   AF_UNIX,   AF_NETLINK, AF_AX25,          AF_IPX,  AF_APPLETALK,
    AF_NETROM,   AF_BRIDGE, AF_ATMPVC,  AF_X25,           AF_ROSE, AF_NETBEUI,
    AF_SECURITY, AF_KEY,    AF_ASH,     AF_RDS,           AF_SNA,  AF_PPPOX,
    AF_LLC,      AF_IB,     AF_MPLS,    AF_CAN,           AF_TIPC, AF_BLUETOOTH,
    AF_IUCV,     AF_RXRPC,  AF_PHONET,  AF_IEEE802154,    AF_NFC,  AF_KCM,
    AF_QIPCRTR,  AF_SMC,    AF_XDP,     45 /* AF_MCTP */,
};

/* ---- the tables become a profile ---- */

static struct oci_seccomp_rule *
rule_add(struct oci_seccomp_rules *rules, uint32_t action)
{
    rules->v = mem_resize(rules->v, rules->n + 1, sizeof rules->v[0]);
    struct oci_seccomp_rule *rule = &rules->v[rules->n++];
    *rule = (struct oci_seccomp_rule){.action = action};
    return rule;
}

static void
add_allowed(struct oci_seccomp_rules *rules, uint64_t caps)
{
    struct list *names = &rule_add(rules, SECCOMP_RET_ALLOW)->names;
    list_split(names, always, ' ');
    for (size_t i = 0; i < ARRAY_LEN(with_capability); i++)
        if (caps & CAP_BIT(with_capability[i].cap))
            list_split(names, with_capability[i].names, ' ');
}

static void
add_call_if(struct oci_seccomp_rules *rules, const char *name,
            const struct oci_seccomp_arg *args, size_t n)
{
    struct oci_seccomp_rule *rule = rule_add(rules, SECCOMP_RET_ALLOW);
    list_add(&rule->names, name);
    rule->args.v = mem_copy(args, n * sizeof args[0]);
    rule->args.n = n;
}

static void
add_conditional(struct oci_seccomp_rules *rules, uint64_t caps)
{
    for (size_t i = 0; i < ARRAY_LEN(conditional); i++) {
        bool has_cap = caps & CAP_BIT(conditional[i].cap);
        if (conditional[i].when != ALWAYS && has_cap != (conditional[i].when == WITH))
            continue;
        const struct oci_seccomp_arg *args = conditional[i].args;
        bool has_second = args[1].op == OCI_SECCOMP_MASKED_EQ;
        add_call_if(rules, conditional[i].name, args, has_second ? 2 : 1);
    }
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        struct oci_seccomp_arg family = {IS(0, families[i])};
        add_call_if(rules, "socket", &family, 1);
    }
}

/* The arguments of these lie behind a pointer where a filter cannot look: programs are told
 * that there is no such call, and take clone and socket. */
static void
add_opaque(struct oci_seccomp_rules *rules, uint64_t caps)
{
    struct oci_seccomp_rule *rule = rule_add(rules, SECCOMP_RET_ERRNO);
    rule->errno_ret = (struct oci_opt_u64){true, ENOSYS};
    list_add(&rule->names, "socketcall");
    if (!(caps & CAP_BIT(CAP_SYS_ADMIN)))
        list_add(&rule->names, "clone3");
}

struct oci_seccomp *
seccomp_default_profile(uint64_t caps)
{
    struct oci_seccomp *profile = mem_new(1, sizeof *profile);
    profile->default_action = SECCOMP_RET_ERRNO;
    profile->default_errno_ret = (struct oci_opt_u64){true, EPERM};
#if defined(__x86_64__)
    list_add(&profile->architectures, "SCMP_ARCH_X86_64");
    list_add(&profile->architectures, "SCMP_ARCH_X86");
#else
    list_add(&profile->architectures, "SCMP_ARCH_AARCH64");
    list_add(&profile->architectures, "SCMP_ARCH_ARM");
#endif
    add_allowed(&profile->syscalls, caps);
    add_conditional(&profile->syscalls, caps);
    add_opaque(&profile->syscalls, caps);
    return profile;
}

uint64_t
seccomp_default_caps(void)
{
    uint64_t caps = 0;
    for (size_t i = 0; i < ARRAY_LEN(with_capability); i++)
        caps |= CAP_BIT(with_capability[i].cap);
    for (size_t i = 0; i < ARRAY_LEN(conditional); i++)
        if (conditional[i].when != ALWAYS)
            caps |= CAP_BIT(conditional[i].cap);
    return caps;
}
