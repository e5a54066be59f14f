/* state.h - what `state` prints and hooks read (runtime-spec, runtime.md, "State").
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OCI_STATE_H
#define OCI_STATE_H

#include <sys/types.h>

#include "base/json.h"
#include "oci/spec.h"

enum oci_status { OCI_CREATING, OCI_CREATED, OCI_RUNNING, OCI_PAUSED, OCI_STOPPED };

struct oci_state {
    const char *id;
    enum oci_status status;
    pid_t pid;          /* 0: not told */
    const char *bundle; /* absolute */
    const struct oci_pairs *annotations;
};

const char *oci_status_name(enum oci_status status);
struct json *oci_state_to_json(struct json_doc *doc, const struct oci_state *state);

#endif
