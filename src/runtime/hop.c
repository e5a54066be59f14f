/* hop.c - see hop.h, setns(2), clone(2).
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/hop.h"

#include <unistd.h>

#include "base/memory.h"
#include "linux/descriptor.h"
#include "linux/process.h"
#include "linux/trace.h"

/* What the helper says before it goes. */
struct report {
    pid_t pid; /* of the child, or -errno */
    struct err failure;
};

/* In the helper; returns in the child only. Nobody in the namespace may look into either. */
static void
help(int (*enter)(const void *arg, struct err *e), const void *arg, uint64_t flags,
     int socket)
{
    struct report report = {0};
    auto_close int pidfd = NO_FD;
    struct err *e = &report.failure;
    report.pid = lx_prctl("PR_SET_DUMPABLE 0", PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (report.pid >= 0)
        report.pid = enter(arg, e);
    if (report.pid >= 0) {
        report.pid = lx_clone3(flags | CLONE_PARENT, -1, &pidfd);
        if (report.pid == 0)
            return;
        err_sys(e, report.pid, "clone3: make the process from inside the user namespace");
    }
    lx_send_fds(socket, &report, sizeof report, &pidfd, pidfd >= 0 ? 1 : 0);
    _exit(0);
}

pid_t
hop_clone3(int (*enter)(const void *arg, struct err *e), const void *arg, uint64_t flags,
           int cgroup_fd, int *ret_pidfd, struct err *e)
{
    int pair[2];
    LX_STEP("go into the user namespace, and make the process from there", "");
    TRY(err_sys(e, lx_socketpair(SOCK_SEQPACKET, pair), "make a socket pair"));
    auto_close int ours = pair[0], theirs = pair[1];
    pid_t helper = lx_clone3(0, cgroup_fd, NULL);
    if (helper == 0) {
        help(enter, arg, flags, theirs);
        return 0;
    }
    TRY(err_sys(e, helper, "make a helper process"));
    fd_close(&theirs);

    struct report report;
    size_t n = 1;
    siginfo_t info;
    int got = lx_recv_fds(ours, &report, sizeof report, ret_pidfd, &n);
    lx_waitid(P_PID, helper, &info, WEXITED);
    if (got != (int)sizeof report)
        return err_set(e, ERR_SYSTEM, "the helper process died");
    if (report.pid < 0)
        *e = report.failure;
    return report.pid;
}
