/* cgroup_stats.h - what a container uses, read off its cgroups.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_CGROUP_STATS_H
#define RUNTIME_CGROUP_STATS_H

#include "base/json.h"
#include "runtime/cgroup.h"

/* The member "data" of a statistics event, in the shape that runc gives it and engines read:
 * cpu, memory, pids, blkio, hugetlb. Times in nanoseconds, sizes in bytes; what no
 * controller counts is 0 or not there. */
int cgroup_stats_to_json(const struct cgroup *c, struct json_doc *doc, struct json **ret,
                         struct err *e);

/* A descriptor that poll(2) reports when the OOM killer may have struck (POLLPRI), or NO_FD
 * where this kernel's hierarchy says nothing by itself. */
int cgroup_open_oom_events(const struct cgroup *c);

#endif
