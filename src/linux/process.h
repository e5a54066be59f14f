/* process.h - making, joining, waiting for and signalling processes and namespaces.
 *
 * All return >= 0 or -errno; descriptors are close-on-exec.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINUX_PROCESS_H
#define LINUX_PROCESS_H

#include <linux/sched.h> /* CLONE_* */
#include <linux/prctl.h> /* PR_* */
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

/* clone3(2), fork-like: the child gets a copy of the memory and returns 0 here.
 * flags: CLONE_NEW*, CLONE_PARENT, ...; CLONE_VM and CLONE_THREAD are refused (-EINVAL).
 * cgroup_fd: a cgroup2 directory to be born in (CLONE_INTO_CGROUP is added), or < 0.
 * *ret_pidfd: a pidfd of the child in the parent, where ret_pidfd is not NULL. */
pid_t lx_clone3(uint64_t flags, int cgroup_fd, int *ret_pidfd);

int lx_unshare(int flags);
int lx_setns(int fd, int type); /* type: CLONE_NEW*, 0 for any; several with a pidfd */
int lx_pidfd_open(pid_t pid);
int lx_pidfd_send_signal(int pidfd, int signal);
int lx_kill(pid_t pid, int signal);

/* waitid(2) on a pidfd (idtype P_PIDFD) or pid (P_PID); options WEXITED, WNOHANG...
 * *ret is zeroed first: si_pid stays 0 if nothing happened under WNOHANG. */
int lx_waitid(idtype_t idtype, int id, siginfo_t *ret, int options);

/* execve(2) and execveat(2) of an open file: return only on failure. */
int lx_execve(const char *path, char *const argv[], char *const envp[]);
int lx_fexecve(int fd, char *const argv[], char *const envp[]);

int lx_setsid(void);

/* No signal is ignored or blocked any more: execve(2) would hand that on, and a program has not
 * asked for what nohup(1), a service manager or a shell has set for us. */
void lx_signals_reset(void);

/* madvise(MADV_DONTNEED) on whole pages within [start, start + len): a private file's pages
 * come back from the file when they are touched, anonymous ones as zeros. */
int lx_madvise_dontneed(void *start, size_t len);

/* prctl(2); `name` is what the trace calls it ("PR_SET_NO_NEW_PRIVS 1"). */
int lx_prctl(const char *name, int option, unsigned long a, unsigned long b,
             unsigned long c, unsigned long d);

int lx_prlimit(pid_t pid, int resource, const struct rlimit *new_limit,
               struct rlimit *ret_old); /* either may be NULL */
int lx_sethostname(const char *name);
int lx_setdomainname(const char *name);
int lx_personality(unsigned long persona);
int lx_ioprio_set(int which, int who, int priority);
/* The mask of a process's CPUs; size a multiple of 8. Returns the bytes that were filled. */
int lx_sched_getaffinity(pid_t pid, size_t size, unsigned long *ret);
int lx_sched_setaffinity(pid_t pid, size_t size, const unsigned long *mask);

/* sched_setattr(2); attr points to a struct sched_attr as the man page draws it. */
struct lx_sched_attr {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};
int lx_sched_setattr(pid_t pid, const struct lx_sched_attr *attr);

/* keyctl(KEYCTL_JOIN_SESSION_KEYRING, name): the keyring's serial number or -errno. */
int lx_keyctl_join_session(const char *name);

#endif
