/* resources.h - the table of config.json's "linux.resources".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OCI_RESOURCES_H
#define OCI_RESOURCES_H

#include "oci/spec.h"
#include "oci/table.h"

extern const struct oci_table oci_resources_table;

#endif
