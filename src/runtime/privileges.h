/* privileges.h - who the program is and what it may do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_PRIVILEGES_H
#define RUNTIME_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/spec.h"
#include "runtime/seccomp.h"
#include "runtime/seccomp_notice.h"

/* Whether a process may set groups: in some user namespaces of ordinary users nobody may
 * (user_namespaces(7), "setgroups"). pid: as /proc knows it; 0: our own. */
bool privileges_may_set_groups(pid_t pid);

/* In two steps, around the gate at which a container waits to be started.
 *
 * privileges_drop: bounding set, groups, ids, umask. After it the process has the ids of
 * process.user and the capabilities of process.capabilities; and CAP_SYS_ADMIN too where
 * the second step needs it: a filter without no_new_privs. Where nobody may set groups
 * those of now stay, and asking for others is an error. */
int privileges_drop(const struct oci_process *process, bool may_set_groups, bool has_filter,
                    struct err *e);

/* The last thing before execve: the exact capabilities, no_new_privs, the filter. Where
 * no_new_privs is not wanted, the filter comes before the last capset, which it thus must
 * allow; else it comes last, and need allow execve only. notice: where the descriptor of a
 * filter that notifies goes, or NULL. */
int privileges_seal(const struct oci_process *process, const struct seccomp_program *filter,
                    const struct seccomp_notice *notice, struct err *e);

#endif
