/* kill.c - signals to a container's first process, or to all of them.
 *
 * By pidfd, so that a reused pid can never be hit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "runtime/container.h"

int
container_kill(const struct container *c, int signal, struct err *e)
{
    LX_STEP("send the signal to the first process", "06_pid_namespace");
    auto_close int opened = NO_FD;
    if (c->pidfd < 0) {
        opened = container_open_pidfd(c, e);
        TRY(opened);
    }
    int r = lx_pidfd_send_signal(c->pidfd < 0 ? opened : c->pidfd, signal);
    if (r == -ESRCH)
        return err_set(e, ERR_CONFLICT, "container not running");
    return err_sys(e, r, "send signal %d to the container", signal);
}

int
container_kill_all(const struct container *c, int signal, struct err *e)
{
    if (c->cgroup.made == 0 && !c->cgroup.is_systemd)
        return container_kill(c, signal, e); /* an ordinary user's: pid 1 is all we know */
    LX_STEP("send the signal to all processes of the cgroup", "08_cpu_cgroup");
    return cgroup_kill(&c->cgroup, signal, e);
}
