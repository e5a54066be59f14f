/* state.c - `sampan-runtime state`: the OCI state as JSON on standard output, with what
 * runc and crun tell as well: rootfs, created, owner.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "base/clock.h"
#include "cli/runtime/verbs.h"

static char *
root_path(const struct record *r)
{
    const char *path = r->spec->root.path ? r->spec->root.path : "";
    return path[0] == '/' ? str_copy(path) : str_format("%s/%s", r->bundle, path);
}

static struct json *
state_to_json(struct json_doc *doc, const struct record *record)
{
    struct oci_state state = {
        .id = record->id,
        .status = record_status(record),
        .bundle = record->bundle,
    };
    char created[36];
    auto_free char *owner = record_owner(record);
    auto_free char *rootfs = record->spec ? root_path(record) : str_copy("");
    struct json *json = oci_state_to_json(doc, &state);
    json_set_i64(doc, json, "pid", state.status == OCI_STOPPED ? 0 : record->container.pid);
    json_set_str(doc, json, "rootfs", rootfs);
    json_set_str(doc, json, "created",
                 clock_format(record->created_ns, created, sizeof created));
    json_set_str(doc, json, "owner", owner);
    struct json *map = json_set(doc, json, "annotations", json_object(doc));
    for (size_t i = 0; record->spec && i < record->spec->annotations.n; i++)
        json_set_str(doc, map, record->spec->annotations.v[i].name,
                     record->spec->annotations.v[i].value);
    return json;
}

int
check_status(const struct record *record, unsigned wanted, const char *verb, struct err *e)
{
    unsigned alive = 1u << OCI_RUNNING | 1u << OCI_PAUSED;
    enum oci_status status = (wanted & alive) == alive ? record_status_but_paused(record)
                                                       : record_status(record);
    if (wanted & 1u << status)
        return 0;
    if (status == OCI_STOPPED)
        return err_set(e, ERR_CONFLICT, "cannot %s %s: container not running", verb,
                       record->id);
    return err_set(e, ERR_CONFLICT, "cannot %s %s: it is %s", verb, record->id,
                   oci_status_name(status));
}

int
verb_state(const struct arguments *a, struct err *e)
{
    auto_record record;
    TRY(record_open(a->root, a->operands[0], &record, e));
    record_recall_groups(&record);
    auto_json *doc = json_doc_new();
    auto_text text = {0};
    json_write(&text, state_to_json(doc, &record), 2);
    puts(text_str(&text));
    return 0;
}
