/* process.h - the table of config.json's "process".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OCI_PROCESS_H
#define OCI_PROCESS_H

#include "base/error.h"
#include "oci/spec.h"
#include "oci/table.h"

extern const struct oci_table oci_process_table;

/* What no table can say: the working directory is absolute, no limit is set twice, a
 * soft limit is not above its hard one. */
int oci_process_check(const struct oci_process *process, struct err *e);

/* {"RLIMIT_NOFILE", RLIMIT_NOFILE} and so on; ends with a NULL name. */
extern const struct oci_word oci_rlimit_words[];

#endif
