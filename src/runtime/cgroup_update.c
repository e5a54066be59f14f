/* cgroup_update.c - a container's limits, changed while it runs.
 *
 * What is not named stays as it is. A v1 hierarchy that carried nothing for the container so far
 * gets a group when a limit wants one, and the container's processes move there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "linux/trace.h"
#include "runtime/cgroup_systemd.h"

static int
open_groups(struct cgroup_work *w, struct err *e)
{
    for (unsigned i = 0; i < CONTROLLER_COUNT; i++)
        if (cgroup_work_has(w, i))
            TRY(cgroup_work_open(w, i, e));
    return 0;
}

/* A v1 group that the container did not have so far: made, and its processes moved in. Those
 * that are forked meanwhile are found by the next round. */
static int
add_group(struct cgroup_work *w, unsigned controller, struct err *e)
{
    enum { ROUNDS = 16 };
    const struct cgroup *c = w->cgroup;
    TRY(cgroup_work_make(w, controller, e));
    int dir = cgroup_work_open(w, controller, e);
    TRY(dir);
    size_t before = 0;
    for (int round = 0; round < ROUNDS; round++) {
        auto_free pid_t *pids = NULL, *moved = NULL;
        size_t n = 0, n_moved = 0;
        TRY(cgroup_pids(c, &pids, &n, e));
        for (size_t i = 0; i < n; i++) {
            char text[16];
            snprintf(text, sizeof text, "%d", (int)pids[i]);
            int r = cgroup_write_file(dir, "cgroup.procs", text);
            if (r < 0 && r != -ESRCH)
                return err_sys(e, r, "move process %s to the cgroup %s (%s)", text, c->path,
                               cgroup_hierarchy_name(controller));
        }
        TRY(err_sys(e, cgroup_list_pids(dir, &moved, &n_moved),
                    "list the processes of the cgroup %s", c->path));
        if (n_moved >= n && n_moved == before)
            return 0;
        before = n_moved;
    }
    return 0;
}

/* memory.checkBeforeUpdate: better no change than a container that the new limit kills. */
static int
check_usage(const struct cgroup_work *w, const struct oci_memory *m, struct err *e)
{
    bool is_v1 = w->dir[CONTROLLER_MEMORY] >= 0;
    int dir = w->dir[is_v1 ? CONTROLLER_MEMORY : CONTROLLER_UNIFIED];
    uint64_t used = 0;
    if (!m->check_before_update.value || !m->limit.is_set || m->limit.value <= 0 || dir < 0)
        return 0;
    const char *file = is_v1 ? "memory.usage_in_bytes" : "memory.current";
    TRY(err_sys(e, cgroup_read_number(dir, file, NULL, &used), "read %s", file));
    if (used <= (uint64_t)m->limit.value)
        return 0;
    return err_set(e, ERR_CONFLICT,
                   "linux.resources.memory.limit: %lld is less than the %llu in use "
                   "(checkBeforeUpdate)",
                   (long long)m->limit.value, (unsigned long long)used);
}

int
cgroup_update(struct cgroup *c, const struct oci_resources *resources, struct err *e)
{
    const struct cgroup_layout *layout;
    auto_plan plan = {0};
    auto_cgroup_work work;
    LX_STEP("change the container's limits", "09_memory_cgroup");
    TRY(cgroup_layout_get_whole(&layout, e));
    cgroup_work_init(&work, layout, c);
    TRY(open_groups(&work, e));
    TRY(cgroup_plan_make(&plan, resources, work.dir, e));
    TRY(check_usage(&work, &resources->memory, e));

    if (c->is_systemd)
        TRY(cgroup_systemd_set(c, &plan, e));
    uint32_t needed = cgroup_plan_controllers(&plan, true) &
                      ~CONTROLLER_BIT(CONTROLLER_UNIFIED);
    if (needed)
        TRY(cgroup_enable(layout->unified, c->path, needed, needed, e));
    uint32_t missing = cgroup_plan_controllers(&plan, false) & ~c->made;
    for (unsigned i = CONTROLLER_CPU; i < CONTROLLER_COUNT; i++)
        if (missing & CONTROLLER_BIT(i))
            TRY(add_group(&work, i, e));
    TRY(cgroup_work_write(&work, &plan, e));
    return resources->devices.n > 0 ? cgroup_work_set_devices(&work, resources, e) : 0;
}
