/* procfs.h - writing to /proc where no container can have a hand in it (rule R8).
 *
 * A label or a sysctl written to a path below a container's /proc may land in
 * a file that the image put there (CVE-2019-16884, CVE-2025-52881). So each write goes to a
 * procfs of our own, mounted nowhere, seen by nobody else.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_PROCFS_H
#define RUNTIME_PROCFS_H

#include "base/error.h"
#include "oci/spec.h"

/* A procfs of the current pid namespace that is attached nowhere: its root directory. */
int procfs_open(struct err *e);

/* Writes value to a file of it; no link is followed. */
int procfs_write(int procfs, const char *name, const char *value, struct err *e);

/* linux.sysctl: only names that belong to a namespace which the container has for itself
 * (spec->linux.namespaces); anything else would change the host and is refused. */
int procfs_write_sysctls(int procfs, const struct oci_spec *spec, struct err *e);

/* Checks every name of linux.sysctl without writing: for the parent, before clone3. */
int procfs_check_sysctls(const struct oci_spec *spec, struct err *e);

#endif
