/* destroy.c - back to nothing: the cgroup goes, with whatever still lives in it.
 *
 * Namespaces, mounts and the terminal need no undoing: the kernel drops them with the last
 * process. That is why we make nothing on the host that has to be unmade; the exceptions are
 * asked for by config.json (resctrl.h, shared_root.h).
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "linux/trace.h"
#include "runtime/container.h"

static int
remove_resctrl(struct resctrl *made, struct err *e)
{
    if (!*made->clos && !*made->monitor)
        return 0;
    auto_close int root = resctrl_open(e);
    TRY(root);
    return resctrl_remove(root, made, e);
}

int
container_destroy(struct container *c, struct err *e)
{
    struct err second;
    LX_STEP("remove the container's cgroups", "08_cpu_cgroup");
    fd_close(&c->pidfd);
    fd_close(&c->gate_fd);
    fd_close(&c->terminal_fd);
    int r = cgroup_remove(&c->cgroup, e);
    int removed = remove_resctrl(&c->resctrl, r < 0 ? &second : e);
    if (removed < 0 && r >= 0)
        r = -EIO;
    int unmounted = shared_root_detach(&c->root, r < 0 ? &second : e);
    return r < 0 ? r : unmounted;
}
