/* config.h - config.json: text to struct oci_spec, and back.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OCI_CONFIG_H
#define OCI_CONFIG_H

#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/spec.h"
#include "oci/table.h"

/* Reads config.json. Wrong types, numbers that do not fit and unknown words are refused
 * with the field's path first ("linux.resources.memory.limit: ..."); fields that the spec
 * does not know are skipped, as it demands. The caller frees *ret. */
int oci_spec_parse(const char *text, size_t len, struct oci_spec **ret, struct err *e);

/* The same for one process (exec --process) and for resources (update --resources). */
int oci_process_parse(const char *text, size_t len, struct oci_process **ret,
                      struct err *e);
int oci_resources_parse(const char *text, size_t len, struct oci_resources **ret,
                        struct err *e);

/* Writes it back: what is absent stays absent. */
struct json *oci_spec_to_json(struct json_doc *doc, const struct oci_spec *spec);
struct json *oci_process_to_json(struct json_doc *doc, const struct oci_process *process);

/* Everything inside too; NULL is fine. To build a spec by hand: mem_new, and every string
 * and array with malloc (str_copy, list_add). */
void oci_spec_free(struct oci_spec *spec);
void oci_process_free(struct oci_process *process);
void oci_resources_free(struct oci_resources *resources);
void oci_spec_free_at(struct oci_spec **spec);
#define auto_spec __attribute__((cleanup(oci_spec_free_at))) struct oci_spec

extern const struct oci_table oci_hooks_table; /* one field for each moment */

/* The namespace entry of a type (CLONE_NEW...), or NULL: the caller's own is kept. */
const struct oci_namespace *oci_spec_namespace(const struct oci_spec *spec, int type);

#endif
