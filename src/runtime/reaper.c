/* reaper.c - see reaper.h.
 *
 * The kernel treats pid 1 apart: a signal without a handler does nothing to it, and orphans
 * become its children. Many programs know neither, so they do not die by SIGTERM and fill
 * the container with zombies. All signals are blocked here and taken one by one with
 * sigwaitinfo(2): no handler, no race.
 *
 * Workshop: 06_pid_namespace
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/reaper.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/descriptor.h"
#include "linux/process.h"

/* Our own trouble, or the terminal's, is not the program's. */
static const int kept[] = {
    SIGCHLD, SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU,
};

pid_t
reaper_fork(struct err *e)
{
    /* Blocked before the fork, so that none is lost between. The child puts it back. */
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    pid_t pid = lx_clone3(0, -1, NULL);
    if (pid != 0)
        return err_sys(e, pid, "fork the program");

    setpgid(0, 0);
    tcsetpgrp(STDIN_FILENO, getpid()); /* fails where there is no terminal */
    sigprocmask(SIG_SETMASK, &old, NULL);
    return 0;
}

static int
exit_status(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
}

/* Reaps all that have ended; leaves with the program if it was among them. */
static void
reap(pid_t program)
{
    siginfo_t info;
    while (lx_waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0)
        if (info.si_pid == program)
            _exit(exit_status(&info)); /* the kernel ends all others with us */
}

static void
pass_on(pid_t program, int signal)
{
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (kept[i] == signal)
            return;
    lx_kill(program, signal);
}

void
reaper_run(pid_t program)
{
    lx_close_range(3, ~0U, 0);
    sigset_t all;
    sigfillset(&all);
    for (;;) {
        int signal = sigwaitinfo(&all, NULL);
        if (signal == SIGCHLD)
            reap(program);
        else if (signal > 0)
            pass_on(program, signal);
    }
}
