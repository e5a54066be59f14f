/* cgroup_v1.c - resources in the words of cgroup v1 (the kernel's admin-guide/cgroup-v1).
 *
 * Two pairs of files depend on each other and want the right order:
 *   - memory.memsw.limit_in_bytes (memory and swap together) may never be below
 *     memory.limit_in_bytes: going up the sum goes first, going down the limit does;
 *   - cpu.rt_runtime_us may not exceed cpu.rt_period_us: the period goes first.
 *
 * A limit of 0 is how engines say "leave it": no group can live with a limit of nothing.
 *
 * Workshop: 09_memory_cgroup
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_layout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define ADD(plan, controller, field, file, ...) \
    cgroup_plan_add(plan, controller, false, field, file, __VA_ARGS__)

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

/* ---- memory ---- */

static void
plan_limit(struct cgroup_plan *plan, const struct oci_memory *m)
{
    if (is_asked(&m->limit))
        ADD(plan, CONTROLLER_MEMORY, "memory.limit", "memory.limit_in_bytes", "%" PRId64,
            m->limit.value);
}

static void
plan_swap(struct cgroup_plan *plan, const struct oci_memory *m)
{
    if (is_asked(&m->swap))
        ADD(plan, CONTROLLER_MEMORY, "memory.swap", "memory.memsw.limit_in_bytes",
            "%" PRId64, m->swap.value)
            ->needs_swap = true;
}

static bool
is_swap_raised(const struct oci_memory *m, int dir)
{
    uint64_t now = UINT64_MAX;
    if (!is_asked(&m->swap))
        return false;
    if (dir >= 0)
        cgroup_read_number(dir, "memory.memsw.limit_in_bytes", NULL, &now);
    return m->swap.value < 0 || (uint64_t)m->swap.value > now;
}

static int
plan_memory(struct cgroup_plan *plan, const struct oci_resources *r, int dir, struct err *e)
{
    const struct oci_memory *m = &r->memory;
    if (is_asked(&m->swap) && m->swap.value > 0 && is_asked(&m->limit) &&
        m->swap.value < m->limit.value)
        return err_set(e, ERR_INVALID,
                       "linux.resources.memory.swap: %" PRId64 " is less than the limit of "
                       "%" PRId64 " (it counts memory and swap together)",
                       m->swap.value, m->limit.value);
    bool swap_first = is_swap_raised(m, dir);
    if (swap_first)
        plan_swap(plan, m);
    plan_limit(plan, m);
    if (!swap_first)
        plan_swap(plan, m);

    /* memory.kernel: since Linux 5.16 no such limit; kernel memory counts in the limit. */
    if (is_asked(&m->reservation))
        ADD(plan, CONTROLLER_MEMORY, "memory.reservation", "memory.soft_limit_in_bytes",
            "%" PRId64, m->reservation.value);
    if (is_asked(&m->kernel_tcp))
        ADD(plan, CONTROLLER_MEMORY, "memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes",
            "%" PRId64, m->kernel_tcp.value);
    if (m->swappiness.is_set)
        ADD(plan, CONTROLLER_MEMORY, "memory.swappiness", "memory.swappiness", "%" PRIu64,
            m->swappiness.value);
    if (m->disable_oom_killer.is_set && (m->disable_oom_killer.value || dir >= 0))
        ADD(plan, CONTROLLER_MEMORY, "memory.disableOOMKiller", "memory.oom_control", "%d",
            m->disable_oom_killer.value);
    return 0;
}

/* ---- cpu ---- */

static int
plan_cpu(struct cgroup_plan *plan, const struct oci_resources *r, int dir, struct err *e)
{
    (void)dir, (void)e;
    const struct oci_cpu *c = &r->cpu;
    if (is_asked_u64(&c->shares))
        ADD(plan, CONTROLLER_CPU, "cpu.shares", "cpu.shares", "%" PRIu64, c->shares.value);
    if (is_asked_u64(&c->period))
        ADD(plan, CONTROLLER_CPU, "cpu.period", "cpu.cfs_period_us", "%" PRIu64,
            c->period.value);
    if (is_asked(&c->quota))
        ADD(plan, CONTROLLER_CPU, "cpu.quota", "cpu.cfs_quota_us", "%" PRId64,
            c->quota.value);
    if (c->burst.is_set)
        ADD(plan, CONTROLLER_CPU, "cpu.burst", "cpu.cfs_burst_us", "%" PRIu64,
            c->burst.value);
    if (c->idle.is_set)
        ADD(plan, CONTROLLER_CPU, "cpu.idle", "cpu.idle", "%" PRId64, c->idle.value);
    if (is_asked_u64(&c->realtime_period))
        ADD(plan, CONTROLLER_CPU, "cpu.realtimePeriod", "cpu.rt_period_us", "%" PRIu64,
            c->realtime_period.value);
    if (is_asked(&c->realtime_runtime))
        ADD(plan, CONTROLLER_CPU, "cpu.realtimeRuntime", "cpu.rt_runtime_us", "%" PRId64,
            c->realtime_runtime.value);
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
    if (r->pids.limit.is_set && r->pids.limit.value > 0)
        ADD(plan, CONTROLLER_PIDS, "pids.limit", "pids.max", "%" PRId64,
            r->pids.limit.value);
    else if (r->pids.limit.is_set)
        ADD(plan, CONTROLLER_PIDS, "pids.limit", "pids.max", "max");
    return 0;
}

/* ---- block devices ---- */

/* The BFQ scheduler has its own file; blkio.weight was of CFQ, gone in Linux 5.0. */
static void
plan_weight(struct cgroup_plan *plan, const char *field, const char *file, uint64_t weight)
{
    struct cgroup_write *w = ADD(plan, CONTROLLER_BLKIO, field, file, "%" PRIu64, weight);
    snprintf(w->other_file, sizeof w->other_file, "blkio.bfq.%s", file + strlen("blkio."));
    snprintf(w->other_value, sizeof w->other_value, "%" PRIu64, weight);
}

static void
plan_weight_device(struct cgroup_plan *plan, size_t i, const char *what, const char *file,
                   const struct oci_weight_device *d, uint64_t weight)
{
    char field[64];
    snprintf(field, sizeof field, "blockIO.weightDevice[%zu].%s", i, what);
    struct cgroup_write *w = ADD(plan, CONTROLLER_BLKIO, field, file,
                                 "%" PRId64 ":%" PRId64 " %" PRIu64, d->major, d->minor,
                                 weight);
    snprintf(w->other_file, sizeof w->other_file, "blkio.bfq.%s", file + strlen("blkio."));
    snprintf(w->other_value, sizeof w->other_value, "%s", w->value);
}

static void
plan_throttle(struct cgroup_plan *plan, const char *field, const char *file,
              const struct oci_throttle_devices *devices)
{
    char indexed[64];
    for (size_t i = 0; i < devices->n; i++) {
        snprintf(indexed, sizeof indexed, "blockIO.%s[%zu].rate", field, i);
        ADD(plan, CONTROLLER_BLKIO, indexed, file, "%" PRId64 ":%" PRId64 " %" PRIu64,
            devices->v[i].major, devices->v[i].minor, devices->v[i].rate);
    }
}

static int
plan_blkio(struct cgroup_plan *plan, const struct oci_resources *r, int dir, struct err *e)
{
    (void)dir, (void)e;
    const struct oci_block_io *b = &r->block_io;
    if (is_asked_u64(&b->weight))
        plan_weight(plan, "blockIO.weight", "blkio.weight", b->weight.value);
    if (is_asked_u64(&b->leaf_weight))
        plan_weight(plan, "blockIO.leafWeight", "blkio.leaf_weight", b->leaf_weight.value);
    for (size_t i = 0; i < b->weight_device.n; i++) {
        const struct oci_weight_device *d = &b->weight_device.v[i];
        if (is_asked_u64(&d->weight))
            plan_weight_device(plan, i, "weight", "blkio.weight_device", d,
                               d->weight.value);
        if (is_asked_u64(&d->leaf_weight))
            plan_weight_device(plan, i, "leafWeight", "blkio.leaf_weight_device", d,
                               d->leaf_weight.value);
    }
    plan_throttle(plan, "throttleReadBpsDevice", "blkio.throttle.read_bps_device",
                  &b->throttle_read_bps_device);
    plan_throttle(plan, "throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
                  &b->throttle_write_bps_device);
    plan_throttle(plan, "throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
                  &b->throttle_read_iops_device);
    plan_throttle(plan, "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
                  &b->throttle_write_iops_device);
    return 0;
}

/* ---- the rest ---- */

static int
plan_hugetlb(struct cgroup_plan *plan, const struct oci_resources *r, int dir,
             struct err *e)
{
    (void)dir;
    return cgroup_plan_hugetlb(plan, false, r, e);
}

static int
plan_net_cls(struct cgroup_plan *plan, const struct oci_resources *r, int dir,
             struct err *e)
{
    (void)dir, (void)e;
    if (is_asked_u64(&r->network.class_id))
        ADD(plan, CONTROLLER_NET_CLS, "network.classID", "net_cls.classid", "%" PRIu64,
            r->network.class_id.value);
    return 0;
}

static int
plan_net_prio(struct cgroup_plan *plan, const struct oci_resources *r, int dir,
              struct err *e)
{
    (void)dir;
    for (size_t i = 0; i < r->network.priorities.n; i++) {
        const struct oci_net_priority *p = &r->network.priorities.v[i];
        char field[64];
        snprintf(field, sizeof field, "network.priorities[%zu]", i);
        if (!*p->name || strpbrk(p->name, " \t\n"))
            return err_set(e, ERR_INVALID, "linux.resources.%s.name: no interface \"%s\"",
                           field, p->name);
        ADD(plan, CONTROLLER_NET_PRIO, field, "net_prio.ifpriomap", "%s %u", p->name,
            p->priority);
    }
    return 0;
}

static int
plan_rdma(struct cgroup_plan *plan, const struct oci_resources *r, int dir, struct err *e)
{
    (void)dir;
    return cgroup_plan_rdma(plan, false, r, e);
}

int
cgroup_v1_plan(struct cgroup_plan *plan, enum cgroup_controller controller,
               const struct oci_resources *r, int dir, struct err *e)
{
    static int (*const planners[CONTROLLER_COUNT])(
        struct cgroup_plan *, const struct oci_resources *, int, struct err *) = {
        [CONTROLLER_CPU] = plan_cpu,         [CONTROLLER_CPUSET] = plan_cpuset,
        [CONTROLLER_MEMORY] = plan_memory,   [CONTROLLER_PIDS] = plan_pids,
        [CONTROLLER_BLKIO] = plan_blkio,     [CONTROLLER_HUGETLB] = plan_hugetlb,
        [CONTROLLER_NET_CLS] = plan_net_cls, [CONTROLLER_NET_PRIO] = plan_net_prio,
        [CONTROLLER_RDMA] = plan_rdma,
    };
    return planners[controller] ? planners[controller](plan, r, dir, e) : 0;
}
