/* list.c - `sampan-runtime list`: one line, or one JSON object, for each container.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cli/runtime/log.h"
#include "cli/runtime/verbs.h"

static void
add_json(struct json_doc *doc, struct json *array, const struct record *r, pid_t pid,
         enum oci_status status, const char *created, const char *owner)
{
    struct json *json = json_append(array, json_object(doc));
    json_set_str(doc, json, "ociVersion", OCI_VERSION);
    json_set_str(doc, json, "id", r->id);
    json_set_i64(doc, json, "pid", pid);
    json_set_str(doc, json, "status", oci_status_name(status));
    json_set_str(doc, json, "bundle", r->bundle);
    json_set_str(doc, json, "created", created);
    json_set_str(doc, json, "owner", owner);
}

/* A container that another command removes at this moment is left out. */
static void
show(const struct arguments *a, const char *id, struct json_doc *doc, struct json *array)
{
    struct err e;
    char created[36];
    auto_record r;
    if (record_open(a->root, id, &r, &e) < 0) {
        if (e.kind != ERR_NOT_FOUND && container_check_id(id, &(struct err){0}) == 0)
            log_warning(a, "%s", e.text);
        return;
    }
    enum oci_status status = record_status(&r);
    pid_t pid = status == OCI_STOPPED ? 0 : r.container.pid;
    auto_free char *owner = record_owner(&r);
    clock_format(r.created_ns, created, sizeof created);
    if (a->is_quiet)
        puts(r.id);
    else if (str_eq(a->format, "json"))
        add_json(doc, array, &r, pid, status, created, owner);
    else
        printf("%-24s %-8d %-9s %-40s %-30s %s\n", r.id, (int)pid, oci_status_name(status),
               r.bundle, created, owner);
}

int
verb_list(const struct arguments *a, struct err *e)
{
    if (a->format && !str_eq(a->format, "json") && !str_eq(a->format, "table"))
        return err_set(e, ERR_INVALID, "--format: must be table or json, is %s", a->format);
    bool is_json = str_eq(a->format, "json");
    auto_json *doc = json_doc_new();
    struct json *array = json_array(doc);
    auto_list names = {0};
    TRY(record_list(a->root, NULL, &names, e));
    if (!is_json && !a->is_quiet)
        printf("%-24s %-8s %-9s %-40s %-30s %s\n", "ID", "PID", "STATUS", "BUNDLE",
               "CREATED", "OWNER");
    for (size_t i = 0; i < names.n; i++)
        show(a, names.v[i], doc, array);
    if (is_json && !a->is_quiet) {
        auto_text text = {0};
        json_write(&text, array, 0);
        puts(text_str(&text));
    }
    return 0;
}
