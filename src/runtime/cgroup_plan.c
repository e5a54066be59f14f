/* cgroup_plan.c - the list of what is to be written where.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_layout.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void
cgroup_plan_done(struct cgroup_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++)
        free(plan->v[i].value);
    free(plan->v);
    *plan = (struct cgroup_plan){0};
}

struct cgroup_write *
cgroup_plan_add(struct cgroup_plan *plan, enum cgroup_controller controller, bool is_v2,
                const char *field, const char *file, const char *fmt, ...)
{
    plan->v = mem_resize(plan->v, plan->n + 1, sizeof plan->v[0]);
    struct cgroup_write *w = &plan->v[plan->n++];
    *w = (struct cgroup_write){.controller = controller, .is_v2 = is_v2};
    snprintf(w->field, sizeof w->field, "%s", field);
    snprintf(w->file, sizeof w->file, "%s", file);
    va_list args;
    va_start(args, fmt);
    if (vasprintf(&w->value, fmt, args) < 0)
        abort(); /* out of memory */
    va_end(args);
    return w;
}

/* Page sizes become parts of file names: "2MB", "1GB", nothing else (rule R23). */
static int
check_page_size(const char *size, size_t i, struct err *e)
{
    size_t digits = strspn(size, "0123456789");
    bool is_good = digits > 0 && digits < 10 && size[0] != '0' && size[digits] &&
                   strchr("KMG", size[digits]) && str_eq(size + digits + 1, "B");
    if (is_good)
        return 0;
    return err_set(e, ERR_INVALID,
                   "linux.resources.hugepageLimits[%zu].pageSize: \"%s\" is no page size "
                   "like 2MB",
                   i, size);
}

int
cgroup_plan_hugetlb(struct cgroup_plan *plan, bool is_v2, const struct oci_resources *r,
                    struct err *e)
{
    const char *end = is_v2 ? "max" : "limit_in_bytes";
    for (size_t i = 0; i < r->hugepage_limits.n; i++) {
        const struct oci_hugepage_limit *h = &r->hugepage_limits.v[i];
        char field[64], file[72];
        TRY(check_page_size(h->page_size, i, e));
        snprintf(field, sizeof field, "hugepageLimits[%zu].limit", i);
        snprintf(file, sizeof file, "hugetlb.%s.%s", h->page_size, end);
        cgroup_plan_add(plan, CONTROLLER_HUGETLB, is_v2, field, file, "%" PRIu64, h->limit);
        snprintf(file, sizeof file, "hugetlb.%s.rsvd.%s", h->page_size, end);
        cgroup_plan_add(plan, CONTROLLER_HUGETLB, is_v2, field, file, "%" PRIu64, h->limit)
            ->may_be_missing = true; /* before Linux 5.7 */
    }
    return 0;
}

int
cgroup_plan_rdma(struct cgroup_plan *plan, bool is_v2, const struct oci_resources *r,
                 struct err *e)
{
    for (size_t i = 0; i < r->rdma.n; i++) {
        const struct oci_rdma_limit *limit = &r->rdma.v[i];
        auto_text value = {0};
        if (!*limit->device || strpbrk(limit->device, " \t\n"))
            return err_set(e, ERR_INVALID, "linux.resources.rdma: no device \"%s\"",
                           limit->device);
        text_add(&value, limit->device);
        if (limit->hca_handles.is_set)
            text_addf(&value, " hca_handle=%" PRIu64, limit->hca_handles.value);
        if (limit->hca_objects.is_set)
            text_addf(&value, " hca_object=%" PRIu64, limit->hca_objects.value);
        cgroup_plan_add(plan, CONTROLLER_RDMA, is_v2, "rdma", "rdma.max", "%s",
                        text_str(&value));
    }
    return 0;
}
