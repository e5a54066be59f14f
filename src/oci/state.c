/* state.c - see state.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "oci/state.h"

static const char *const names[] = {
    [OCI_CREATING] = "creating", [OCI_CREATED] = "created", [OCI_RUNNING] = "running",
    [OCI_PAUSED] = "paused",     [OCI_STOPPED] = "stopped",
};

const char *
oci_status_name(enum oci_status status)
{
    return names[status];
}

struct json *
oci_state_to_json(struct json_doc *doc, const struct oci_state *state)
{
    struct json *json = json_object(doc);
    json_set_str(doc, json, "ociVersion", OCI_VERSION);
    json_set_str(doc, json, "id", state->id);
    json_set_str(doc, json, "status", oci_status_name(state->status));
    if (state->pid > 0)
        json_set_i64(doc, json, "pid", state->pid);
    json_set_str(doc, json, "bundle", state->bundle);
    if (state->annotations && state->annotations->n > 0) {
        struct json *map = json_set(doc, json, "annotations", json_object(doc));
        for (size_t i = 0; i < state->annotations->n; i++)
            json_set_str(doc, map, state->annotations->v[i].name,
                         state->annotations->v[i].value);
    }
    return json;
}
