/* process.c - clone3, setns, pidfds, exec and their like, one call each.
 *
 * Raw system calls where the C library would do more than the call: its fork keeps books
 * of threads that a container's first process does not have.
 *
 * Workshop: 00_fork_exec, 05_uts_namespace, 06_pid_namespace
 *
 * SPDX-License-Identifier: MIT
 */
#include "linux/process.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/result.h"
#include "linux/trace.h"

pid_t
lx_clone3(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
    if (flags & (CLONE_VM | CLONE_THREAD | CLONE_SIGHAND))
        return -EINVAL;
    int pidfd = -1;
    struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup_fd;
    }
    if (ret_pidfd) {
        args.flags |= CLONE_PIDFD;
        args.pidfd = (uint64_t)(uintptr_t)&pidfd;
    }
    if (args.flags & CLONE_PARENT)
        args.exit_signal = 0; /* clone3 insists: the parent's own signal is used */
    /* Told before it happens: the child may run, and tell its own story, before its parent
     * comes back from the call. */
    lx_trace("clone3", 0, "flags=%#llx cgroup=%d", (unsigned long long)args.flags,
             cgroup_fd);
    pid_t r = lx_result(syscall(SYS_clone3, &args, sizeof args));
    if (r == 0)
        return 0;
    if (r < 0)
        lx_trace("clone3", r, "flags=%#llx", (unsigned long long)args.flags);
    if (r > 0 && ret_pidfd)
        *ret_pidfd = pidfd;
    return r;
}

int
lx_unshare(int flags)
{
    int r = lx_result(syscall(SYS_unshare, flags));
    lx_trace("unshare", r, "flags=%#x", flags);
    return r;
}

int
lx_setns(int fd, int type)
{
    int r = lx_result(syscall(SYS_setns, fd, type));
    lx_trace("setns", r, "%d type=%#x", fd, type);
    return r;
}

int
lx_pidfd_open(pid_t pid)
{
    int r = lx_result(syscall(SYS_pidfd_open, pid, 0));
    lx_trace("pidfd_open", r, "%d", pid);
    return r;
}

int
lx_pidfd_send_signal(int pidfd, int signal)
{
    int r = lx_result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
    lx_trace("pidfd_send_signal", r, "%d %d", pidfd, signal);
    return r;
}

int
lx_kill(pid_t pid, int signal)
{
    int r = lx_result(syscall(SYS_kill, pid, signal));
    lx_trace("kill", r, "%d %d", pid, signal);
    return r;
}

int
lx_waitid(idtype_t idtype, int id, siginfo_t *ret, int options)
{
    int r;
    memset(ret, 0, sizeof *ret);
    do
        r = lx_result(syscall(SYS_waitid, idtype, id, ret, options, NULL));
    while (r == -EINTR);
    lx_trace("waitid", r, "%d %d status=%d", (int)idtype, id, ret->si_status);
    return r;
}

int
lx_execve(const char *path, char *const argv[], char *const envp[])
{
    /* Told before it happens: after a success nobody is left to tell it. */
    lx_trace("execve", 0, "%s [%s ...]", path, argv[0] ? argv[0] : "");
    int r = lx_result(execve(path, argv, envp));
    lx_trace("execve", r, "%s", path);
    return r;
}

int
lx_fexecve(int fd, char *const argv[], char *const envp[])
{
    enum { EMPTY_PATH = 0x1000 };
    lx_trace("execveat", 0, "%d [%s ...]", fd, argv[0] ? argv[0] : "");
    int r = lx_result(syscall(SYS_execveat, fd, "", argv, envp, EMPTY_PATH));
    lx_trace("execveat", r, "%d", fd);
    return r;
}

int
lx_madvise_dontneed(void *start, size_t len)
{
    size_t page = (size_t)getpagesize();
    uintptr_t first = ((uintptr_t)start + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)start + len) / page * page;
    if (end <= first)
        return 0;
    int r = lx_result(madvise((void *)first, end - first, MADV_DONTNEED));
    lx_trace("madvise", r, "%zu bytes MADV_DONTNEED", (size_t)(end - first));
    return r;
}

/* What rt_sigaction(2) takes: not the C library's struct sigaction. Both machines have a restorer. */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

void
lx_signals_reset(void)
{
    enum { LAST_SIGNAL = 64 };
    const struct kernel_sigaction otherwise = {.handler = SIG_DFL};
    const uint64_t none = 0;
    uint64_t blocked = 0;
    for (int signal = 1; signal <= LAST_SIGNAL; signal++) {
        struct kernel_sigaction now;
        if (syscall(SYS_rt_sigaction, signal, NULL, &now, sizeof none) < 0 ||
            now.handler != SIG_IGN)
            continue;
        int r = lx_result(syscall(SYS_rt_sigaction, signal, &otherwise, NULL, sizeof none));
        lx_trace("rt_sigaction", r, "%d SIG_DFL", signal);
    }
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &blocked, sizeof none);
    if (blocked == 0)
        return;
    int r = lx_result(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none));
    lx_trace("rt_sigprocmask", r, "SIG_SETMASK none");
}

int
lx_setsid(void)
{
    int r = lx_result(syscall(SYS_setsid));
    lx_trace("setsid", r, "%s", "");
    return r;
}

int
lx_prctl(const char *name, int option, unsigned long a, unsigned long b, unsigned long c,
         unsigned long d)
{
    int r = lx_result(syscall(SYS_prctl, option, a, b, c, d));
    lx_trace("prctl", r, "%s", name);
    return r;
}

int
lx_prlimit(pid_t pid, int resource, const struct rlimit *new_limit, struct rlimit *ret_old)
{
    int r = lx_result(syscall(SYS_prlimit64, pid, resource, new_limit, ret_old));
    if (new_limit)
        lx_trace("prlimit", r, "%d resource=%d soft=%llu hard=%llu", pid, resource,
                 (unsigned long long)new_limit->rlim_cur,
                 (unsigned long long)new_limit->rlim_max);
    return r;
}

int
lx_sethostname(const char *name)
{
    int r = lx_result(syscall(SYS_sethostname, name, strlen(name)));
    lx_trace("sethostname", r, "%s", name);
    return r;
}

int
lx_setdomainname(const char *name)
{
    int r = lx_result(syscall(SYS_setdomainname, name, strlen(name)));
    lx_trace("setdomainname", r, "%s", name);
    return r;
}

int
lx_personality(unsigned long persona)
{
    int r = lx_result(syscall(SYS_personality, persona));
    lx_trace("personality", r, "%#lx", persona);
    return r;
}

int
lx_ioprio_set(int which, int who, int priority)
{
    int r = lx_result(syscall(SYS_ioprio_set, which, who, priority));
    lx_trace("ioprio_set", r, "%d %d %#x", which, who, priority);
    return r;
}

int
lx_sched_getaffinity(pid_t pid, size_t size, unsigned long *ret)
{
    int r = lx_result(syscall(SYS_sched_getaffinity, pid, size, ret));
    lx_trace("sched_getaffinity", r, "%d %zu bytes", pid, size);
    return r;
}

int
lx_sched_setaffinity(pid_t pid, size_t size, const unsigned long *mask)
{
    int r = lx_result(syscall(SYS_sched_setaffinity, pid, size, mask));
    lx_trace("sched_setaffinity", r, "%d %zu bytes", pid, size);
    return r;
}

int
lx_sched_setattr(pid_t pid, const struct lx_sched_attr *attr)
{
    int r = lx_result(syscall(SYS_sched_setattr, pid, attr, 0));
    lx_trace("sched_setattr", r, "%d policy=%u nice=%d priority=%u", pid, attr->policy,
             attr->nice, attr->priority);
    return r;
}

int
lx_keyctl_join_session(const char *name)
{
    enum { JOIN_SESSION_KEYRING = 1 };
    int r = lx_result(syscall(SYS_keyctl, JOIN_SESSION_KEYRING, name));
    lx_trace("keyctl", r, "JOIN_SESSION_KEYRING %s", name ? name : "NULL");
    return r;
}
