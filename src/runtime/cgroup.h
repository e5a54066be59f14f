/* cgroup.h - one interface over cgroup v2, v1 and the hybrid of both.
 *
 * A container has one path, e.g. "sampan/<id>", in each hierarchy that carries something
 * for it. Which hierarchies there are is found out once (cgroup_detect). A container's
 * first process is born in its v2 cgroup by clone3 and joins v1 hierarchies by writing
 * "0" to `tasks` itself: neither waits for an RCU grace period, as a write of another
 * process's pid to cgroup.procs does (7 to 16 ms).
 *
 * Paths are walked component by component below a descriptor of our own parent; "..",
 * empty components and names of kernel files are refused (rule R23).
 *
 * Workshop: 08_cpu_cgroup, 09_memory_cgroup
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_CGROUP_H
#define RUNTIME_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"
#include "oci/spec.h"

enum cgroup_mode {
    CGROUP_V2,     /* only the unified hierarchy */
    CGROUP_V1,     /* only v1 hierarchies */
    CGROUP_HYBRID, /* v1 for limits, v2 for membership, kill, freeze and device rules */
};

enum cgroup_controller {
    CONTROLLER_UNIFIED, /* the v2 hierarchy itself */
    CONTROLLER_CPU,
    CONTROLLER_CPUACCT,
    CONTROLLER_CPUSET,
    CONTROLLER_MEMORY,
    CONTROLLER_PIDS,
    CONTROLLER_BLKIO,
    CONTROLLER_DEVICES,
    CONTROLLER_FREEZER,
    CONTROLLER_HUGETLB,
    CONTROLLER_NET_CLS,
    CONTROLLER_NET_PRIO,
    CONTROLLER_PERF,
    CONTROLLER_RDMA,
    CONTROLLER_SYSTEMD, /* name=systemd */
    CONTROLLER_COUNT
};

/* A container's place. Plain data, can be written to a state file and read back. */
struct cgroup {
    char path[512];  /* below each hierarchy's root, no leading '/' */
    uint32_t made;   /* bit per enum cgroup_controller: directories that we made */
    bool is_systemd; /* made by systemd as a scope: removed with StopUnit */
};

/* What this machine has: found once per process, then remembered. */
int cgroup_detect(enum cgroup_mode *ret, struct err *e);

/* Where the hierarchies are that carry c, to be written down beside it:
 * "memory=/sys/fs/cgroup/memory". Nothing on pure v2, whose place is known. */
void cgroup_places(const struct cgroup *c, struct list *ret);

/* Takes that back, and spares this process the look at mountinfo, which is as long as the machine
 * has mounts. For a process that does nothing but join, signal, freeze or remove c, before
 * anything else: hierarchies that do not carry c stay unknown to it. Where a place has changed
 * meanwhile, or the caller is not root, all is found out as without this call. */
void cgroup_recall(const struct cgroup *c, const struct list *places);

/* The path of a container's groups below each root: from linux.cgroupsPath, or, where that
 * is NULL, of its own ("sampan/<id>"). "/a/b" and "a/b" are the same for root; for an
 * ordinary user both start at the group that was delegated to them. Systemd's form
 * "slice:prefix:name" is -EOPNOTSUPP here: the systemd driver's. */
int cgroup_place(const char *cgroups_path, const char *id, char ret[512], struct err *e);

/* Makes the directories and writes all limits and device rules of `resources` (NULL: none).
 * Nothing stays behind on failure. A group that is there already is taken if no process is
 * in it, else refused. */
int cgroup_create(struct cgroup *ret, const char *path,
                  const struct oci_resources *resources, struct err *e);

/* The same for groups that systemd has made (is_systemd): who is in them stays there, and
 * what is not there yet, as in hierarchies that systemd leaves alone, is made. */
int cgroup_adopt(struct cgroup *ret, const char *path,
                 const struct oci_resources *resources, struct err *e);

/* The v2 directory for clone3's CLONE_INTO_CGROUP (caller closes), or NO_FD (v1 only). */
int cgroup_open_unified(const struct cgroup *c);

/* Called by the container's own first process, still single-threaded: joins the v1 groups. */
int cgroup_join_self(const struct cgroup *c, struct err *e);

/* Moves another process in, for --exec and engines that start processes elsewhere. */
int cgroup_join_pid(const struct cgroup *c, pid_t pid, struct err *e);

/* Writes the limits that are set, leaves the others. May make groups in v1 hierarchies that
 * carried none before, and moves the processes there: c changes, write it down again. */
int cgroup_update(struct cgroup *c, const struct oci_resources *resources, struct err *e);

/* Freezes or thaws, and waits until it is done (bounded). Like cgroup_kill it refuses a group
 * that the caller itself is in (rule R23). */
int cgroup_freeze(const struct cgroup *c, bool want_frozen, struct err *e);
/* Whether a signal that kills does so while they are frozen: not on v1. */
bool cgroup_dies_frozen(const struct cgroup *c);

int cgroup_is_frozen(const struct cgroup *c, bool *ret, struct err *e);

/* The group `path` below c, which must be there: in every hierarchy that carries c, or in those
 * of some controllers only ("cpu,memory"; v1), which leaves the other hierarchies out of *ret.
 * controllers: NULL for all. */
int cgroup_below(const struct cgroup *c, const char *controllers, const char *path,
                 struct cgroup *ret, struct err *e);

/* All pids in the cgroup and below it. *ret is an array that the caller frees. */
int cgroup_pids(const struct cgroup *c, pid_t **ret, size_t *ret_n, struct err *e);

/* Sends a signal to every process in it. SIGKILL misses none, whatever they fork. */
int cgroup_kill(const struct cgroup *c, int signal, struct err *e);

/* How often the OOM killer struck in it. */
int cgroup_oom_kills(const struct cgroup *c, uint64_t *ret, struct err *e);

/* Kills what is left, removes the directories that we made, sub-groups first; waits
 * (bounded) for the kernel to let go. */
int cgroup_remove(struct cgroup *c, struct err *e);

/* The mounts that show a container its own cgroups at /sys/fs/cgroup belong to mounts.c;
 * this tells it the v1 hierarchies to show: names ("memory", "cpu,cpuacct") to l. */
int cgroup_v1_hierarchies(struct list *l, struct err *e);

#endif
