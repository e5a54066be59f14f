/* limits.c - see limits.h, setrlimit(2), sched_setattr(2), ioprio_set(2).
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/limits.h"

#include <linux/ioprio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "oci/process.h"

int
limits_set_rlimits(const struct oci_rlimits *limits, struct err *e)
{
    if (limits->n > 0)
        LX_STEP("set the resource limits", "");
    for (size_t i = 0; i < limits->n; i++) {
        const struct oci_rlimit *l = &limits->v[i];
        struct rlimit value = {.rlim_cur = l->soft, .rlim_max = l->hard};
        int r = lx_prlimit(0, l->resource, &value, NULL);
        if (r < 0)
            return err_sys(e, r, "process.rlimits[%zu]: set %s to %llu, %llu", i,
                           oci_word_name(oci_rlimit_words, (uint64_t)l->resource),
                           (unsigned long long)l->soft, (unsigned long long)l->hard);
    }
    return 0;
}

static int
set_scheduler(const struct oci_scheduler *s, struct err *e)
{
    struct lx_sched_attr attr = {
        .size = sizeof attr,
        .policy = (uint32_t)s->policy,
        .flags = s->flags,
        .nice = s->nice,
        .priority = (uint32_t)s->priority,
        .runtime = s->runtime,
        .deadline = s->deadline,
        .period = s->period,
    };
    return err_sys(e, lx_sched_setattr(0, &attr), "process.scheduler: set it");
}

int
limits_set_priorities(const struct oci_process *process, struct err *e)
{
    if (process->io_priority) {
        int value = IOPRIO_PRIO_VALUE(process->io_priority->class,
                                      process->io_priority->priority);
        TRY(err_sys(e, lx_ioprio_set(IOPRIO_WHO_PROCESS, 0, value),
                    "process.ioPriority: set it"));
    }
    return process->scheduler ? set_scheduler(process->scheduler, e) : 0;
}

/* One CPU or a range: "7", "0-3". */
static int
parse_range(char *range, struct cpus *ret)
{
    enum { BITS = 8 * sizeof(unsigned long) };
    uint64_t first, last;
    char *dash = strchr(range, '-');
    if (dash)
        *dash++ = '\0';
    TRY(num_parse_u64(range, &first));
    TRY(num_parse_u64(dash ? dash : range, &last));
    if (first > last || last >= CPUS_MOST)
        return -ERANGE;
    for (uint64_t i = first; i <= last; i++)
        ret->bits[i / BITS] |= 1UL << i % BITS;
    return 0;
}

int
limits_parse_cpus(const char *list, const char *field, struct cpus *ret, struct err *e)
{
    auto_list ranges = {0};
    memset(ret, 0, sizeof *ret);
    list_split(&ranges, list, ',');
    for (size_t i = 0; i < ranges.n; i++)
        if (parse_range(ranges.v[i], ret) < 0)
            return err_set(e, ERR_INVALID, "%s: no list of CPUs like 0-3,7: \"%s\"", field,
                           list);
    return 0;
}

int
limits_check_affinity(const struct oci_process *process, struct err *e)
{
    struct cpus ignored;
    const char *initial = process->exec_cpu_affinity.initial;
    const char *final = process->exec_cpu_affinity.final;
    if (initial && *initial)
        TRY(limits_parse_cpus(initial, "process.execCPUAffinity.initial", &ignored, e));
    if (final && *final)
        TRY(limits_parse_cpus(final, "process.execCPUAffinity.final", &ignored, e));
    return 0;
}

int
limits_set_personality(const struct oci_personality *personality, struct err *e)
{
    if (!personality)
        return 0;
    return err_sys(e, lx_personality(personality->domain),
                   "linux.personality: set it to %#x", personality->domain);
}
