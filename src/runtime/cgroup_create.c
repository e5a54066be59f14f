/* cgroup_create.c - a container's groups: where they are, made and limited.
 *
 * Which hierarchies carry a group? v2 always, where there is one: for membership, freezing,
 * killing and device rules. A v1 hierarchy only if it carries a limit, or an accounting that
 * `stats` shows (memory, cpu, cpuacct, pids): each one costs 30 to 80 microseconds of a
 * start. Without v2 the v1 freezer and devices hierarchies do their part; beside v2 the
 * devices hierarchy repeats the rules where they allow devices that not every container has,
 * because nobody can read a program, and devices.list is where people look.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "linux/path.h"
#include "linux/trace.h"
#include "runtime/caller.h"
#include "runtime/device_program.h"

#define ACCOUNTING                                                        \
    (CONTROLLER_BIT(CONTROLLER_MEMORY) | CONTROLLER_BIT(CONTROLLER_CPU) | \
     CONTROLLER_BIT(CONTROLLER_CPUACCT) | CONTROLLER_BIT(CONTROLLER_PIDS))

/* ---- the place ---- */

int
cgroup_place(const char *cgroups_path, const char *id, char ret[512], struct err *e)
{
    const struct cgroup_layout *layout;
    if (cgroups_path && strchr(cgroups_path, ':') && !strchr(cgroups_path, '/'))
        return err_set(
            e, ERR_UNSUPPORTED,
            "linux.cgroupsPath: \"%s\" is systemd's form, which needs the systemd "
            "cgroup driver (--systemd-cgroup)",
            cgroups_path);
    TRY(cgroup_layout_get(&layout, e));
    auto_free char *own = cgroups_path && *cgroups_path ? str_copy(cgroups_path)
                                                        : str_format("sampan/%s", id);
    const char *below = own + strspn(own, "/");
    const char *base = layout->base;
    size_t base_len = strlen(base);
    bool has_base = base_len > 0 && str_starts(below, base) && below[base_len] == '/';
    auto_free char *path = base_len == 0 || has_base ? str_copy(below)
                                                     : str_format("%s/%s", base, below);
    if (strlen(path) >= 512)
        return err_set(e, ERR_INVALID, "linux.cgroupsPath: longer than 511 bytes");
    TRY(err_wrap(e, cgroup_check_path(path, e), "linux.cgroupsPath"));
    memcpy(ret, path, strlen(path) + 1);
    return 0;
}

/* ---- making ---- */

static int
check_empty(struct cgroup_work *w, unsigned controller, struct err *e)
{
    const struct cgroup *c = w->cgroup;
    auto_free pid_t *pids = NULL;
    size_t n = 0;
    int dir = cgroup_work_open(w, controller, e);
    TRY(dir);
    TRY(err_sys(e, cgroup_list_pids(dir, &pids, &n), "list the processes of the cgroup %s",
                c->path));
    if (n == 0)
        return 0;
    return err_set(e, ERR_CONFLICT,
                   "the cgroup %s (%s) has %zu processes already, of pid %d "
                   "and others",
                   c->path, cgroup_hierarchy_name(controller), n, (int)pids[0]);
}

static int
make_unified(struct cgroup_work *w, const struct cgroup_plan *plan, struct err *e)
{
    const struct cgroup *c = w->cgroup;
    const struct cgroup_layout *layout = w->layout;
    uint32_t needed = cgroup_plan_controllers(plan, true) &
                      ~CONTROLLER_BIT(CONTROLLER_UNIFIED);
    TRY(cgroup_work_make(w, CONTROLLER_UNIFIED, e));
    if (w->found & CONTROLLER_BIT(CONTROLLER_UNIFIED) && !c->is_systemd)
        TRY(check_empty(w, CONTROLLER_UNIFIED, e));
    return cgroup_enable(layout->unified, c->path,
                         (needed | ACCOUNTING) & layout->in_unified, needed, e);
}

/* Hierarchies of v1 that carry a group of this container; systemd's own is how it knows a
 * scope's processes. */
static uint32_t
v1_wanted(const struct cgroup_layout *layout, uint32_t needed, bool is_systemd,
          const struct oci_resources *resources)
{
    uint32_t wanted = needed | ACCOUNTING;
    if (is_systemd)
        wanted |= CONTROLLER_BIT(CONTROLLER_SYSTEMD);
    if (resources && device_rules_name_devices(&resources->devices))
        wanted |= CONTROLLER_BIT(CONTROLLER_DEVICES);
    if (layout->unified < 0)
        wanted |= CONTROLLER_BIT(CONTROLLER_FREEZER) | CONTROLLER_BIT(CONTROLLER_DEVICES);
    for (unsigned c = 0; c < CONTROLLER_COUNT; c++)
        if (layout->v1[c] < 0)
            wanted &= ~CONTROLLER_BIT(c);
    return wanted;
}

static int
make_v1(struct cgroup_work *w, const struct cgroup_plan *plan,
        const struct oci_resources *resources, struct err *e)
{
    const struct cgroup *c = w->cgroup;
    uint32_t needed = cgroup_plan_controllers(plan, false);
    uint32_t wanted = v1_wanted(w->layout, needed, c->is_systemd, resources);
    for (unsigned i = CONTROLLER_CPU; i < CONTROLLER_COUNT; i++) {
        if (!(wanted & CONTROLLER_BIT(i)))
            continue;
        int r = cgroup_work_make(w, i, e);
        if (r == -EACCES && !caller_is_root() && !(needed & CONTROLLER_BIT(i)))
            continue; /* v1 hierarchies are root's: an ordinary user does without accounting */
        TRY(r);
        if (w->found & CONTROLLER_BIT(i) && !c->is_systemd)
            TRY(check_empty(w, i, e));
    }
    return 0;
}

static int
create(struct cgroup_work *w, const struct oci_resources *resources, struct err *e)
{
    auto_plan plan = {0};
    TRY(cgroup_plan_make(&plan, resources, NULL, e));
    if (w->layout->unified >= 0)
        TRY(make_unified(w, &plan, e));
    TRY(make_v1(w, &plan, resources, e));
    TRY(cgroup_work_write(w, &plan, e));
    return cgroup_work_set_devices(w, resources, e);
}

/* A half-made container leaves nothing; what others had made stays. */
static void
undo(const struct cgroup_work *w)
{
    const struct cgroup *c = w->cgroup;
    for (unsigned i = 0; i < CONTROLLER_COUNT; i++)
        if ((c->made & ~w->found) & CONTROLLER_BIT(i))
            cgroup_remove_tree(cgroup_root_of(w->layout, i), c->path);
}

static int
create_at(struct cgroup *ret, const char *path, bool is_systemd,
          const struct oci_resources *resources, struct err *e)
{
    const struct cgroup_layout *layout;
    TRY(cgroup_check_path(path, e));
    TRY(cgroup_layout_get_whole(&layout, e));
    struct cgroup c = {.is_systemd = is_systemd};
    if (strlen(path) >= sizeof c.path)
        return err_set(e, ERR_INVALID, "cgroup path: longer than %zu bytes",
                       sizeof c.path - 1);
    memcpy(c.path, path, strlen(path));

    auto_cgroup_work work;
    cgroup_work_init(&work, layout, &c);
    int r = create(&work, resources, e);
    if (r < 0) {
        undo(&work);
        return r;
    }
    *ret = c;
    return 0;
}

int
cgroup_create(struct cgroup *ret, const char *path, const struct oci_resources *resources,
              struct err *e)
{
    LX_STEP("make the container's cgroups and write their limits", "09_memory_cgroup");
    return create_at(ret, path, false, resources, e);
}

int
cgroup_adopt(struct cgroup *ret, const char *path, const struct oci_resources *resources,
             struct err *e)
{
    LX_STEP("take the groups that systemd made and write their limits", "09_memory_cgroup");
    return create_at(ret, path, true, resources, e);
}
