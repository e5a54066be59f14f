/* plan.c - the plan as JSON: one table says which member has which name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/plan.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

enum kind { KIND_TEXT, KIND_BOOL, KIND_I64, KIND_INT, KIND_U32, KIND_U16, KIND_LIST };

static const struct field {
    const char *name;
    enum kind kind;
    size_t offset;
} fields[] = {
#define FIELD(name, kind, member)                         \
    {                                                     \
        name, kind, offsetof(struct monitor_plan, member) \
    }
    FIELD("Mode", KIND_INT, mode),
    FIELD("Id", KIND_TEXT, id),
    FIELD("Name", KIND_TEXT, name),
    FIELD("User", KIND_TEXT, user),
    FIELD("Groups", KIND_LIST, groups),
    FIELD("Runtime", KIND_TEXT, runtime),
    FIELD("AutoRemove", KIND_BOOL, is_removed_at_end),
    FIELD("Init", KIND_BOOL, want_init),
    FIELD("DefaultSeccomp", KIND_BOOL, want_default_seccomp),
    FIELD("Tty", KIND_BOOL, want_terminal),
    FIELD("OpenStdin", KIND_BOOL, want_stdin),
    FIELD("StdinOnce", KIND_BOOL, is_stdin_once),
    FIELD("Trace", KIND_BOOL, want_trace),
    FIELD("Pool", KIND_BOOL, use_pool),
    FIELD("Attach", KIND_U32, attach),
    FIELD("Rows", KIND_U16, rows),
    FIELD("Columns", KIND_U16, columns),
    FIELD("Layers", KIND_LIST, layers),
    FIELD("Log", KIND_TEXT, log_name),
    FIELD("LogSizeMost", KIND_I64, log_size_most),
    FIELD("LogFilesMost", KIND_INT, log_files_most),
    FIELD("Process", KIND_TEXT, process),
#undef FIELD
};

static struct json *
field_to_json(struct json_doc *doc, enum kind kind, const void *at)
{
    switch (kind) {
    case KIND_TEXT:
        return json_string(doc, *(char *const *)at);
    case KIND_BOOL:
        return json_boolean(doc, *(const bool *)at);
    case KIND_I64:
        return json_number(doc, *(const int64_t *)at);
    case KIND_INT:
        return json_number(doc, *(const int *)at);
    case KIND_U32:
        return json_number(doc, *(const uint32_t *)at);
    case KIND_U16:
        return json_number(doc, *(const uint16_t *)at);
    case KIND_LIST:
        return json_strings(doc, at);
    }
    return json_null(doc);
}

void
plan_write(struct text *out, const struct monitor_plan *plan)
{
    auto_json *doc = json_doc_new();
    struct json *object = json_object(doc);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        json_set(doc, object, fields[i].name,
                 field_to_json(doc, fields[i].kind, (const char *)plan + fields[i].offset));
    json_write(out, object, 0);
}

/* A number that fits the member's type. */
static int
number_from_json(const struct json *node, enum kind kind, int64_t *ret)
{
    static const struct {
        int64_t least, most;
    } ranges[] = {
        [KIND_I64] = {INT64_MIN, INT64_MAX },
        [KIND_INT] = {INT_MIN,   INT_MAX   },
        [KIND_U32] = {0,         UINT32_MAX},
        [KIND_U16] = {0,         UINT16_MAX},
    };
    TRY(json_to_i64(node, ret));
    return *ret < ranges[kind].least || *ret > ranges[kind].most ? -ERANGE : 0;
}

static int
field_from_json(const struct json *node, enum kind kind, void *at)
{
    int64_t number = 0;
    if (kind == KIND_TEXT || kind == KIND_BOOL || kind == KIND_LIST) {
        static const enum json_type types[] = {
            [KIND_TEXT] = JSON_STRING, [KIND_BOOL] = JSON_BOOL, [KIND_LIST] = JSON_ARRAY};
        if (node == NULL || node->type != types[kind])
            return -EINVAL;
    } else {
        TRY(number_from_json(node, kind, &number));
    }
    switch (kind) {
    case KIND_TEXT:
        *(char **)at = str_copy(node->text);
        return 0;
    case KIND_BOOL:
        *(bool *)at = node->is_true;
        return 0;
    case KIND_I64:
        *(int64_t *)at = number;
        return 0;
    case KIND_INT:
        *(int *)at = (int)number;
        return 0;
    case KIND_U32:
        *(uint32_t *)at = (uint32_t)number;
        return 0;
    case KIND_U16:
        *(uint16_t *)at = (uint16_t)number;
        return 0;
    case KIND_LIST:
        return json_to_list(node, at);
    }
    return -EINVAL;
}

int
plan_read(struct monitor_plan *ret, const char *text, size_t len, struct err *e)
{
    auto_json *doc = NULL;
    TRY(json_parse(text, len, &doc, e));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct json *node = json_get(json_root(doc), fields[i].name);
        if (field_from_json(node, fields[i].kind, (char *)ret + fields[i].offset) < 0)
            return err_set(e, ERR_INVALID, "the monitor's plan: %s is missing or wrong",
                           fields[i].name);
    }
    return 0;
}

void
plan_done(struct monitor_plan *plan)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        void *at = (char *)plan + fields[i].offset;
        if (fields[i].kind == KIND_TEXT)
            free(take_ptr(*(char **)at));
        else if (fields[i].kind == KIND_LIST)
            list_done(at);
    }
}
