/* seccomp.h - the table of config.json's "linux.seccomp".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OCI_SECCOMP_H
#define OCI_SECCOMP_H

#include "base/error.h"
#include "oci/spec.h"
#include "oci/table.h"

extern const struct oci_table oci_seccomp_table;

/* What no table can say: rules name calls, metadata has somebody to go to. */
int oci_seccomp_check(const struct oci_seccomp *seccomp, struct err *e);

#endif
