/* systemd_unit.h - a container as systemd sees it: a scope in a slice, with properties.
 *
 * Words alone; who speaks to systemd is cgroup_systemd.c, by the helper program
 * sampan-systemd (docs/decisions/0012).
 *
 * A property is an array in JSON: its name, its D-Bus type, its value:
 *
 *     ["MemoryMax", "t", 67108864]
 *     ["AllowedCPUs", "ay", [5]]
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_SYSTEMD_UNIT_H
#define RUNTIME_SYSTEMD_UNIT_H

#include <stdbool.h>

#include "base/json.h"
#include "oci/spec.h"
#include "runtime/cgroup_layout.h"

struct systemd_unit {
    char slice[256]; /* "machine.slice" */
    char name[256];  /* "libpod-4f2a.scope" */
};

/* From linux.cgroupsPath, "slice:prefix:name" with any part empty; NULL or "": one of our
 * own. is_user: whose default slice. */
int systemd_unit_name(const char *cgroups_path, const char *id, bool is_user,
                      struct systemd_unit *ret, struct err *e);

/* Those writes of a plan that systemd knows as well: else it would undo them, whenever it
 * applies a unit's settings again. */
int systemd_unit_add_limits(struct json_doc *doc, struct json *properties,
                            const struct cgroup_plan *plan, struct err *e);

/* Annotations "org.systemd.property.NAME", whose value is in GVariant's text form:
 * 'text', true, 5, uint64 5, ['a', 'b']. NAMESec in seconds becomes NAMEUSec. */
int systemd_unit_add_annotations(struct json_doc *doc, struct json *properties,
                                 const struct oci_pairs *annotations, struct err *e);

/* Adds one; value is a node of doc. */
void systemd_unit_add(struct json_doc *doc, struct json *properties, const char *name,
                      const char *type, struct json *value);

#endif
