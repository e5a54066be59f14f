/* cgroup_v2.c - resources in the words of cgroup v2 (the kernel's admin-guide/cgroup-v2).
 *
 * config.json speaks v1. What v2 says differently is translated here: "no limit" is "max",
 * memory+swap becomes swap alone, shares and blkio weights become weights of another range.
 * What v2 has no word for is an error, not a limit that is quietly lost (rule R25).
 *
 * Workshop: 09_memory_cgroup
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_layout.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

#define ADD(plan, controller, field, file, ...) \
    cgroup_plan_add(plan, controller, true, field, file, __VA_ARGS__)

static bool
is_asked(const struct oci_opt_i64 *number)
{
    return number->is_set && number->value != 0;
}

static bool
is_asked_u64(const struct oci_opt_u64 *number)
{
    return number->is_set && number->value != 0;
}

static int
no_such_limit(const char *field, struct err *e)
{
    return err_set(e, ERR_UNSUPPORTED, "linux.resources.%s: cgroup v2 has no such setting",
                   field);
}

/* A number, or "max" for one below 0. */
static void
plan_number(struct cgroup_plan *plan, enum cgroup_controller controller, const char *field,
            const char *file, int64_t value)
{
    if (value < 0)
        ADD(plan, controller, field, file, "max");
    else
        ADD(plan, controller, field, file, "%" PRId64, value);
}

/* ---- memory ---- */

/* The memory limit that the swap limit is counted from: the new one, or the one of now. */
static int64_t
limit_beside_swap(const struct oci_memory *m, int dir)
{
    uint64_t now;
    if (is_asked(&m->limit))
        return m->limit.value;
    if (dir < 0 || cgroup_read_number(dir, "memory.max", NULL, &now) < 0 || now > INT64_MAX)
        return -1;
    return (int64_t)now;
}

static int
plan_swap(struct cgroup_plan *plan, const struct oci_memory *m, int dir, struct err *e)
{
    if (!is_asked(&m->swap))
        return 0;
    int64_t swap = m->swap.value, limit = limit_beside_swap(m, dir);
    if (swap > 0 && limit < 0)
        return err_set(e, ERR_INVALID,
                       "linux.resources.memory.swap: counts memory and swap together and "
                       "needs linux.resources.memory.limit");
    if (swap > 0 && swap < limit)
        return err_set(e, ERR_INVALID,
                       "linux.resources.memory.swap: %" PRId64 " is less than the limit of "
                       "%" PRId64 " (it counts memory and swap together)",
                       swap, limit);
    plan_number(plan, CONTROLLER_MEMORY, "memory.swap", "memory.swap.max",
                swap < 0 ? -1 : swap - limit);
    plan->v[plan->n - 1].needs_swap = true;
    return 0;
}

static int
plan_memory(struct cgroup_plan *plan, const struct oci_resources *r, int dir, struct err *e)
{
    const struct oci_memory *m = &r->memory;
    if (m->swappiness.is_set)
        return no_such_limit("memory.swappiness", e);
    if (is_asked(&m->kernel_tcp))
        return no_such_limit("memory.kernelTCP", e);
    if (m->disable_oom_killer.value)
        return no_such_limit("memory.disableOOMKiller", e);

    /* memory.kernel: kernel memory counts in the limit, there is nothing to set. */
    TRY(plan_swap(plan, m, dir, e));
    if (is_asked(&m->limit))
        plan_number(plan, CONTROLLER_MEMORY, "memory.limit", "memory.max", m->limit.value);
    if (is_asked(&m->reservation))
        plan_number(plan, CONTROLLER_MEMORY, "memory.reservation", "memory.low",
                    m->reservation.value);
    return 0;
}

/* ---- cpu ---- */

/* 10 ^ ((l^2 + 125 l) / 612 - 7 / 34) with l = log2(shares): the curve through the least
 * (2 to 1), the default (1024 to 100) and the most (262144 to 10000). */
uint64_t
cgroup_weight_of_shares(uint64_t shares)
{
    if (shares <= 2)
        return 1;
    if (shares >= 262144)
        return 10000;
    double l = log2((double)shares);
    double weight = pow(10, (l * l + 125 * l) / 612 - 7.0 / 34);
    return (uint64_t)ceil(weight - 1e-9); /* exact powers come out a hair too large */
}

/* cpu.max is "quota period"; half of it may be left as it is. */
static void
plan_cpu_max(struct cgroup_plan *plan, const struct oci_cpu *c, int dir)
{
    bool has_quota = is_asked(&c->quota), has_period = is_asked_u64(&c->period);
    if (!has_quota && !has_period)
        return;
    auto_text value = {0};
    if (has_quota && c->quota.value > 0)
        text_addf(&value, "%" PRId64, c->quota.value);
    else if (has_quota || dir < 0)
        text_add(&value, "max");
    else {
        auto_free char *now = NULL;
        file_read_at(dir, "cpu.max", 128, &now, NULL);
        text_addf(&value, "%.*s", now ? (int)strcspn(now, " \n") : 3, now ? now : "max");
    }
    if (has_period)
        text_addf(&value, " %" PRIu64, c->period.value);
    ADD(plan, CONTROLLER_CPU, has_quota ? "cpu.quota" : "cpu.period", "cpu.max", "%s",
        text_str(&value));
}

static int
plan_cpu(struct cgroup_plan *plan, const struct oci_resources *r, int dir, struct err *e)
{
    const struct oci_cpu *c = &r->cpu;
    if (is_asked_u64(&c->realtime_period))
        return no_such_limit("cpu.realtimePeriod", e);
    if (is_asked(&c->realtime_runtime))
        return no_such_limit("cpu.realtimeRuntime", e);
    if (c->idle.is_set)
        ADD(plan, CONTROLLER_CPU, "cpu.idle", "cpu.idle", "%" PRId64, c->idle.value);
    if (is_asked_u64(&c->shares) && !(c->idle.is_set && c->idle.value))
        ADD(plan, CONTROLLER_CPU, "cpu.shares", "cpu.weight", "%" PRIu64,
            cgroup_weight_of_shares(c->shares.value));
    plan_cpu_max(plan, c, dir);
    if (c->burst.is_set)
        ADD(plan, CONTROLLER_CPU, "cpu.burst", "cpu.max.burst", "%" PRIu64, c->burst.value);
    return 0;
}

static int
plan_cpuset(struct cgroup_plan *plan, const struct oci_resources *r, int dir, struct err *e)
{
    (void)dir, (void)e;
    if (r->cpu.cpus && *r->cpu.cpus)
        ADD(plan, CONTROLLER_CPUSET, "cpu.cpus", "cpuset.cpus", "%s", r->cpu.cpus);
    if (r->cpu.mems && *r->cpu.mems)
        ADD(plan, CONTROLLER_CPUSET, "cpu.mems", "cpuset.mems", "%s", r->cpu.mems);
    return 0;
}

static int
plan_pids(struct cgroup_plan *plan, const struct oci_resources *r, int dir, struct err *e)
{
    (void)dir, (void)e;
    if (r->pids.limit.is_set)
        plan_number(plan, CONTROLLER_PIDS, "pids.limit", "pids.max",
                    r->pids.limit.value > 0 ? r->pids.limit.value : -1);
    return 0;
}

/* ---- block devices ---- */

/* 10 to 1000 on a line through 1 to 10000. */
static uint64_t
io_weight(uint64_t weight)
{
    return weight <= 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

/* BFQ takes the blkio weight as it is; io.weight is there with the iocost controller. */
static void
plan_weight(struct cgroup_plan *plan, const char *field, const char *whom, uint64_t weight)
{
    struct cgroup_write *w = ADD(plan, CONTROLLER_BLKIO, field, "io.bfq.weight",
                                 "%s%" PRIu64, whom, weight);
    snprintf(w->other_file, sizeof w->other_file, "io.weight");
    snprintf(w->other_value, sizeof w->other_value, "%s%" PRIu64, whom, io_weight(weight));
}

static void
plan_throttle(struct cgroup_plan *plan, const char *field, const char *key,
              const struct oci_throttle_devices *devices)
{
    char indexed[64];
    for (size_t i = 0; i < devices->n; i++) {
        const struct oci_throttle_device *d = &devices->v[i];
        snprintf(indexed, sizeof indexed, "blockIO.%s[%zu].rate", field, i);
        if (d->rate == 0)
            ADD(plan, CONTROLLER_BLKIO, indexed, "io.max", "%" PRId64 ":%" PRId64 " %s=max",
                d->major, d->minor, key);
        else
            ADD(plan, CONTROLLER_BLKIO, indexed, "io.max",
                "%" PRId64 ":%" PRId64 " %s=%" PRIu64, d->major, d->minor, key, d->rate);
    }
}

static int
plan_io(struct cgroup_plan *plan, const struct oci_resources *r, int dir, struct err *e)
{
    (void)dir;
    const struct oci_block_io *b = &r->block_io;
    if (is_asked_u64(&b->leaf_weight))
        return no_such_limit("blockIO.leafWeight", e);
    if (is_asked_u64(&b->weight))
        plan_weight(plan, "blockIO.weight", "", b->weight.value);
    for (size_t i = 0; i < b->weight_device.n; i++) {
        const struct oci_weight_device *d = &b->weight_device.v[i];
        char field[64], whom[48];
        snprintf(field, sizeof field, "blockIO.weightDevice[%zu]", i);
        snprintf(whom, sizeof whom, "%" PRId64 ":%" PRId64 " ", d->major, d->minor);
        if (is_asked_u64(&d->leaf_weight))
            return no_such_limit(field, e);
        if (is_asked_u64(&d->weight))
            plan_weight(plan, field, whom, d->weight.value);
    }
    plan_throttle(plan, "throttleReadBpsDevice", "rbps", &b->throttle_read_bps_device);
    plan_throttle(plan, "throttleWriteBpsDevice", "wbps", &b->throttle_write_bps_device);
    plan_throttle(plan, "throttleReadIOPSDevice", "riops", &b->throttle_read_iops_device);
    plan_throttle(plan, "throttleWriteIOPSDevice", "wiops", &b->throttle_write_iops_device);
    return 0;
}

/* ---- the rest ---- */

static int
plan_hugetlb(struct cgroup_plan *plan, const struct oci_resources *r, int dir,
             struct err *e)
{
    (void)dir;
    return cgroup_plan_hugetlb(plan, true, r, e);
}

static int
plan_net_cls(struct cgroup_plan *plan, const struct oci_resources *r, int dir,
             struct err *e)
{
    (void)plan, (void)dir;
    return is_asked_u64(&r->network.class_id) ? no_such_limit("network.classID", e) : 0;
}

static int
plan_net_prio(struct cgroup_plan *plan, const struct oci_resources *r, int dir,
              struct err *e)
{
    (void)plan, (void)dir;
    return r->network.priorities.n > 0 ? no_such_limit("network.priorities", e) : 0;
}

static int
plan_rdma(struct cgroup_plan *plan, const struct oci_resources *r, int dir, struct err *e)
{
    (void)dir;
    return cgroup_plan_rdma(plan, true, r, e);
}

int
cgroup_v2_plan(struct cgroup_plan *plan, enum cgroup_controller controller,
               const struct oci_resources *r, int dir, struct err *e)
{
    static int (*const planners[CONTROLLER_COUNT])(
        struct cgroup_plan *, const struct oci_resources *, int, struct err *) = {
        [CONTROLLER_CPU] = plan_cpu,         [CONTROLLER_CPUSET] = plan_cpuset,
        [CONTROLLER_MEMORY] = plan_memory,   [CONTROLLER_PIDS] = plan_pids,
        [CONTROLLER_BLKIO] = plan_io,        [CONTROLLER_HUGETLB] = plan_hugetlb,
        [CONTROLLER_NET_CLS] = plan_net_cls, [CONTROLLER_NET_PRIO] = plan_net_prio,
        [CONTROLLER_RDMA] = plan_rdma,
    };
    return planners[controller] ? planners[controller](plan, r, dir, e) : 0;
}

/* ---- unified: files of v2 by their names ---- */

/* The controller that a file belongs to; CONTROLLER_UNIFIED for the groups' own limits;
 * -EINVAL for a name that is no setting. */
static int
controller_of_file(const char *file)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.";
    const char *dot = strchr(file, '.');
    if (!dot || file[strspn(file, letters)] != '\0' || strlen(file) > 63)
        return -EINVAL;
    if (str_starts(file, "cgroup."))
        return str_starts(file, "cgroup.max.") ? CONTROLLER_UNIFIED : -EINVAL;
    for (int c = CONTROLLER_CPU; c < CONTROLLER_COUNT; c++) {
        const char *name = cgroup_controller_name(c, true);
        if (*name && strlen(name) == (size_t)(dot - file) &&
            strncmp(file, name, strlen(name)) == 0)
            return c;
    }
    return -EINVAL;
}

int
cgroup_v2_plan_unified(struct cgroup_plan *plan, const struct cgroup_layout *layout,
                       const struct oci_resources *r, struct err *e)
{
    for (size_t i = 0; i < r->unified.n; i++) {
        const char *file = r->unified.v[i].name;
        int controller = controller_of_file(file);
        if (controller < 0)
            return err_set(e, ERR_INVALID,
                           "linux.resources.unified: \"%s\" is no setting of cgroup v2",
                           file);
        if (layout->unified < 0 || (controller != CONTROLLER_UNIFIED &&
                                    !(layout->in_unified & CONTROLLER_BIT(controller))))
            return err_set(
                e, ERR_UNSUPPORTED,
                "linux.resources.unified.%s: the controller is not in a cgroup v2 "
                "hierarchy on this machine",
                file);
        char field[72];
        auto_list lines = {0};
        snprintf(field, sizeof field, "unified.%s", file);
        list_split(&lines, r->unified.v[i].value, '\n');
        for (size_t j = 0; j < lines.n; j++)
            if (*lines.v[j])
                ADD(plan, (enum cgroup_controller)controller, field, file, "%s",
                    lines.v[j]);
    }
    return 0;
}
