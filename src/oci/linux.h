/* linux.h - the table of config.json's "linux".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OCI_LINUX_H
#define OCI_LINUX_H

#include "base/error.h"
#include "oci/spec.h"
#include "oci/table.h"

extern const struct oci_table oci_linux_table;
extern const struct oci_table oci_id_map_table; /* mounts have such maps too */

/* Sizes and overlaps; field: what errors begin with ("linux.uidMappings"). */
int oci_id_maps_check(const char *field, const struct oci_id_maps *maps, struct err *e);

/* {"pid", CLONE_NEWPID} and so on; ends with a NULL name. */
extern const struct oci_word oci_namespace_words[];

/* What no table can say: no namespace twice, devices of a known type, ... */
int oci_linux_check(const struct oci_linux *linux_, struct err *e);

#endif
