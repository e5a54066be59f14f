/* pause.c - all processes of a container stand still, and go on, by the cgroup's freezer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "linux/trace.h"
#include "runtime/container.h"

int
container_pause(const struct container *c, struct err *e)
{
    LX_STEP("freeze the container's cgroup", "08_cpu_cgroup");
    if (!container_is_alive(c))
        return err_set(e, ERR_CONFLICT, "container not running");
    return cgroup_freeze(&c->cgroup, true, e);
}

int
container_resume(const struct container *c, struct err *e)
{
    LX_STEP("thaw the container's cgroup", "08_cpu_cgroup");
    return cgroup_freeze(&c->cgroup, false, e);
}
