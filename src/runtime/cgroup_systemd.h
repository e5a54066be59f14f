/* cgroup_systemd.h - the systemd cgroup driver: a container's groups are those of a scope.
 *
 * Two rules of systemd shape it: only its own manager makes units' cgroups, and a scope is
 * made around processes that are there already. So the helper program sampan-systemd asks
 * for a scope around itself, and stays in it as a placeholder until the container's first
 * process has been born there by clone3 (or has joined, on v1):
 *
 *     runtime                                sampan-systemd              systemd
 *     cgroup_systemd_create --- request ------>
 *                                              StartTransientUnit ---------->
 *                                              <-------------- JobRemoved, "done"
 *        <------------------------ the path ---
 *     writes the limits, clone3(INTO_CGROUP)
 *     systemd_scope_release ----- one byte --->
 *                                              ends
 *
 * The limits are written to the group's files like everywhere else; systemd is told those
 * that it knows too, or it would undo them whenever it applies its units' settings again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_CGROUP_SYSTEMD_H
#define RUNTIME_CGROUP_SYSTEMD_H

#include <sys/types.h>

#include "oci/spec.h"
#include "runtime/cgroup.h"
#include "runtime/cgroup_layout.h"

/* The helper, as long as it holds the scope. */
struct systemd_scope {
    int socket; /* to it, or NO_FD */
    pid_t pid;
};
#define auto_scope __attribute__((cleanup(systemd_scope_release))) struct systemd_scope
#define NO_SCOPE        \
    {                   \
        .socket = NO_FD \
    }

/* Where the helper program is: what SAMPAN_SYSTEMD_HELPER says, else beside the running
 * program or in ../libexec/sampan. A copy does not know where its program was (shield.h): it
 * was told by SAMPAN_PROGRAM. The caller frees. */
#define SYSTEMD_HELPER_VARIABLE  "SAMPAN_SYSTEMD_HELPER"
#define SYSTEMD_PROGRAM_VARIABLE "SAMPAN_PROGRAM"
int cgroup_systemd_find_helper(char **ret, struct err *e);

/* Makes the scope and its groups, with the limits of spec->linux.resources. On success the
 * caller releases *ret_scope when a process of the container is in it; on failure nothing
 * stays behind. */
int cgroup_systemd_create(struct cgroup *ret, struct systemd_scope *ret_scope,
                          const struct oci_spec *spec, const char *id, struct err *e);

/* Moves a process into the scope by systemd itself, for an ordinary user who may not. */
int systemd_scope_attach(const struct systemd_scope *scope, const struct cgroup *c,
                         pid_t pid, struct err *e);

void systemd_scope_release(struct systemd_scope *scope);

/* Whether the groups are a scope of an ordinary user's manager; and such a move later on. */
bool cgroup_systemd_is_users(const struct cgroup *c);
int cgroup_systemd_attach(const struct cgroup *c, pid_t pid, struct err *e);

/* Tells systemd what a plan is about to change. */
int cgroup_systemd_set(const struct cgroup *c, const struct cgroup_plan *plan,
                       struct err *e);

/* The end of the scope; its processes are gone. Not an error if it is not there. */
int cgroup_systemd_stop(const struct cgroup *c, struct err *e);

/* The same by linux.cgroupsPath, for a container of which nobody wrote down more; what runs
 * in the scope is killed. Only if the scope is surely its own, named after it. */
int cgroup_systemd_stop_remains(const char *cgroups_path, const char *id, struct err *e);

#endif
