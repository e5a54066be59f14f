/* cgroup_work.c - see cgroup_work.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

void
cgroup_work_init(struct cgroup_work *w, const struct cgroup_layout *layout,
                 struct cgroup *cgroup)
{
    *w = (struct cgroup_work){.layout = layout, .cgroup = cgroup};
    for (unsigned c = 0; c < CONTROLLER_COUNT; c++)
        w->dir[c] = NO_FD;
}

void
cgroup_work_done(struct cgroup_work *w)
{
    for (unsigned c = 0; c < CONTROLLER_COUNT; c++)
        fd_close(&w->dir[c]);
}
bool
cgroup_work_has(const struct cgroup_work *w, unsigned controller)
{
    return w->cgroup->made & CONTROLLER_BIT(controller);
}

int
cgroup_work_open(struct cgroup_work *w, unsigned controller, struct err *e)
{
    int *dir = &w->dir[controller];
    if (*dir < 0)
        *dir = cgroup_open(cgroup_root_of(w->layout, controller), w->cgroup->path);
    return err_sys(e, *dir, "open the cgroup %s (%s)", w->cgroup->path,
                   cgroup_hierarchy_name(controller));
}

/* ---- the plan ---- */

/* What a resource asks of a controller that this machine has not got. */
static int
refuse_missing(const struct cgroup_layout *layout, enum cgroup_controller controller,
               const struct oci_resources *resources, struct err *e)
{
    auto_plan plan = {0};
    if (layout->mode == CGROUP_V2)
        TRY(cgroup_v2_plan(&plan, controller, resources, NO_FD, e));
    else
        TRY(cgroup_v1_plan(&plan, controller, resources, NO_FD, e));
    if (plan.n == 0)
        return 0;
    return err_set(e, ERR_UNSUPPORTED,
                   "linux.resources.%s: this machine has no cgroup controller %s",
                   plan.v[0].field, cgroup_controller_name(controller, false));
}

int
cgroup_plan_make(struct cgroup_plan *plan, const struct oci_resources *resources,
                 const int *dirs, struct err *e)
{
    const struct cgroup_layout *layout;
    if (!resources)
        return 0;
    TRY(cgroup_layout_get_whole(&layout, e));
    for (unsigned c = CONTROLLER_CPU; c < CONTROLLER_COUNT; c++) {
        bool is_v1 = layout->v1[c] >= 0;
        int dir = dirs ? dirs[is_v1 ? c : CONTROLLER_UNIFIED] : NO_FD;
        if (is_v1)
            TRY(cgroup_v1_plan(plan, c, resources, dir, e));
        else if (layout->in_unified & CONTROLLER_BIT(c))
            TRY(cgroup_v2_plan(plan, c, resources, dir, e));
        else
            TRY(refuse_missing(layout, c, resources, e));
    }
    return cgroup_v2_plan_unified(plan, layout, resources, e);
}

uint32_t
cgroup_plan_controllers(const struct cgroup_plan *plan, bool is_v2)
{
    uint32_t controllers = 0;
    for (size_t i = 0; i < plan->n; i++)
        if (plan->v[i].is_v2 == is_v2)
            controllers |= CONTROLLER_BIT(plan->v[i].controller);
    return controllers;
}

/* ---- writing the plan ---- */

/* What an errno means for one file. */
static const struct {
    const char *file;
    int number;
    const char *words;
} hints[] = {
    {"memory.limit_in_bytes",       EBUSY,  "more is in use than the new limit"                 },
    {"memory.limit_in_bytes",       EINVAL,
     "more than memory and swap together may be: raise "
     "linux.resources.memory.swap as well"                                                      },
    {"memory.memsw.limit_in_bytes", EINVAL, "less than the memory limit"                        },
    {"memory.memsw.limit_in_bytes", ENOENT,
     "the kernel counts no swap: boot with "
     "swapaccount=1"                                                                            },
    {"memory.memsw.limit_in_bytes", EBUSY,  "more is in use than the new limit"                 },
    {"memory.swap.max",             ENOENT, "the kernel counts no swap"                         },
    {"cpuset.cpus",                 EINVAL, "no such CPUs"                                      },
    {"cpuset.cpus",                 ERANGE, "no such CPUs"                                      },
    {"cpuset.cpus",                 EACCES, "CPUs that the parent group does not have"          },
    {"cpuset.mems",                 EINVAL, "no such memory nodes"                              },
    {"cpuset.mems",                 ERANGE, "no such memory nodes"                              },
    {"cpuset.mems",                 EACCES, "memory nodes that the parent group does not have"  },
    {"cpu.cfs_quota_us",            EINVAL,
     "at least 1000 (1 ms), and not more of the CPU than "
     "the parent group has"                                                                     },
    {"cpu.cfs_period_us",           EINVAL, "1000 to 1000000 (1 ms to 1 s)"                     },
    {"cpu.cfs_burst_us",            EINVAL, "at most the quota"                                 },
    {"cpu.max.burst",               EINVAL, "at most the quota"                                 },
    {"cpu.max",                     EINVAL, "quota at least 1000 (1 ms), period 1000 to 1000000"},
    {"cpu.idle",                    ENOENT, "needs Linux 5.15"                                  },
    {"blkio.weight",                ENOENT, "needs the BFQ scheduler"                           },
    {"blkio.weight_device",         ENOENT, "needs the BFQ scheduler"                           },
    {"io.bfq.weight",               ENOENT, "needs the BFQ scheduler or the iocost controller"  },
};

static const char *
hint_for(const char *file, int number)
{
    for (size_t i = 0; i < ARRAY_LEN(hints); i++)
        if (str_eq(hints[i].file, file) && hints[i].number == number)
            return hints[i].words;
    return NULL;
}

static bool
has_swap_space(void)
{
    auto_free char *text = NULL;
    if (file_read_at(AT_FDCWD, "/proc/swaps", 65536, &text, NULL) < 0)
        return false;
    const char *second_line = strchr(text, '\n'); /* the first is the heading */
    return second_line && second_line[1] != '\0';
}

static int
write_one(int dir, const struct cgroup_write *w, struct err *e)
{
    int r = cgroup_write_file(dir, w->file, w->value);
    if (r == -ENOENT && *w->other_file)
        r = cgroup_write_file(dir, w->other_file, w->other_value);
    if (r == -ENOENT && (w->may_be_missing || (w->needs_swap && !has_swap_space())))
        return 0;
    if (r >= 0)
        return 0;
    err_sys(e, r, "linux.resources.%s: write \"%s\" to %s", w->field, w->value, w->file);
    const char *hint = hint_for(w->file, -r);
    return hint ? err_hint(e, r, " (%s)", hint) : r;
}

int
cgroup_work_write(struct cgroup_work *w, const struct cgroup_plan *plan, struct err *e)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct cgroup_write *write = &plan->v[i];
        int dir = cgroup_work_open(w, write->is_v2 ? CONTROLLER_UNIFIED : write->controller,
                                   e);
        TRY(dir);
        TRY(write_one(dir, write, e));
    }
    return 0;
}

/* ---- making ---- */

/* Another controller of the same hierarchy has the group already. */
static bool
is_made_with_sibling(const struct cgroup_work *w, unsigned controller)
{
    for (unsigned c = CONTROLLER_CPU; c < CONTROLLER_COUNT; c++)
        if (cgroup_work_has(w, c) && w->layout->v1[c] == w->layout->v1[controller])
            return true;
    return false;
}

int
cgroup_work_make(struct cgroup_work *w, unsigned controller, struct err *e)
{
    struct cgroup *c = w->cgroup;
    bool was_there = false;
    if (controller == CONTROLLER_UNIFIED || !is_made_with_sibling(w, controller))
        TRY(err_wrap(e,
                     cgroup_make(cgroup_root_of(w->layout, controller), c->path, controller,
                                 &was_there, e),
                     "cgroup %s (%s)", c->path, cgroup_hierarchy_name(controller)));
    c->made |= CONTROLLER_BIT(controller);
    if (was_there)
        w->found |= CONTROLLER_BIT(controller);
    return 0;
}

int
cgroup_work_set_devices(struct cgroup_work *w, const struct oci_resources *resources,
                        struct err *e)
{
    static const struct oci_device_rules none;
    const struct oci_device_rules *rules = resources ? &resources->devices : &none;
    if (cgroup_work_has(w, CONTROLLER_UNIFIED)) {
        int dir = cgroup_work_open(w, CONTROLLER_UNIFIED, e);
        TRY(dir);
        TRY(cgroup_set_devices(w->layout->unified, dir, rules, e));
    }
    if (!cgroup_work_has(w, CONTROLLER_DEVICES))
        return 0;
    int dir = cgroup_work_open(w, CONTROLLER_DEVICES, e);
    return dir < 0 ? dir : cgroup_set_devices(NO_FD, dir, rules, e);
}
