/* cgroup_work.h - a container's groups while they are made or changed.
 *
 * Limits become a plan (cgroup_v1.c, cgroup_v2.c), the plan tells which controllers are needed,
 * then the directories are made, then the plan is written. Only cgroup_create.c and
 * cgroup_update.c do that.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_CGROUP_WORK_H
#define RUNTIME_CGROUP_WORK_H

#include "runtime/cgroup_layout.h"

/* A container's groups, with the directories open that have been needed so far. */
struct cgroup_work {
    const struct cgroup_layout *layout;
    struct cgroup *cgroup;
    int dir[CONTROLLER_COUNT]; /* [CONTROLLER_UNIFIED]: v2; else v1; NO_FD: not open */
    uint32_t found;            /* groups that were there before: not ours to take away */
};

/* layout and cgroup are borrowed; no directory is open yet. */
void cgroup_work_init(struct cgroup_work *w, const struct cgroup_layout *layout,
                      struct cgroup *cgroup);
void
cgroup_work_done(struct cgroup_work *w); /* closes the directories, leaves the groups */
#define auto_cgroup_work __attribute__((cleanup(cgroup_work_done))) struct cgroup_work

bool cgroup_work_has(const struct cgroup_work *w, unsigned controller);

/* The directory of a group that was made; w keeps it open. */
int cgroup_work_open(struct cgroup_work *w, unsigned controller, struct err *e);

/* Makes the group in the controller's hierarchy, unless another controller of it has. */
int cgroup_work_make(struct cgroup_work *w, unsigned controller, struct err *e);

/* Writes the plan to the groups; an error names the field and hints at what the kernel means. */
int cgroup_work_write(struct cgroup_work *w, const struct cgroup_plan *plan, struct err *e);

/* The device rules of resources (NULL: none), as a program on v2 and in files on v1. */
int cgroup_work_set_devices(struct cgroup_work *w, const struct oci_resources *resources,
                            struct err *e);

/* The controllers, as bits, that the plan has something to write for on v2 or on v1. */
uint32_t cgroup_plan_controllers(const struct cgroup_plan *plan, bool is_v2);

#endif
