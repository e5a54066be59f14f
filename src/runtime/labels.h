/* labels.h - AppArmor profiles and SELinux labels: has this kernel what is asked for?
 *
 * Labels of a process take effect at its execve(2) and are written just before (program.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_LABELS_H
#define RUNTIME_LABELS_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/spec.h"

/* process.apparmorProfile and process.selinuxLabel: an error where the kernel lacks the
 * module, for a container that was to be confined must not run unconfined (rule R25).
 * Nothing is looked at for a process that asks for neither. */
int labels_check(const struct oci_process *process, struct err *e);

/* Writes them for the calling process, through a procfs of our own (procfs.h). */
int labels_write(int procfs, const struct oci_process *process, struct err *e);

/* Whether a file system of this type takes linux.mountLabel, as its option "context". None does
 * on a kernel without SELinux: it has no labels, and nothing that asks for one. */
bool labels_fit(const char *type);

#endif
