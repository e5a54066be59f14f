/* list.c - records read, filtered and sorted.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/list.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

void
records_done(struct records *records)
{
    for (size_t i = 0; i < records->n; i++)
        record_close(&records->v[i]);
    free(take_ptr(records->v));
    records->n = 0;
}

/* ---- filters: does a record have what the value says? ---- */

static bool
fits_id(const struct record *r, const char *value)
{
    return str_starts(r->id, value);
}

/* A regular expression anywhere in the name, which may be meant with its '/'. */
static bool
fits_name(const struct record *r, const char *value)
{
    regex_t expression;
    if (regcomp(&expression, value, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    auto_free char *with_slash = str_format("/%s", record_name(r));
    bool fits = regexec(&expression, with_slash + 1, 0, NULL, 0) == 0 ||
                regexec(&expression, with_slash, 0, NULL, 0) == 0;
    regfree(&expression);
    return fits;
}

/* "key" or "key=value" */
static bool
fits_label(const struct record *r, const char *value)
{
    auto_free char *key = str_copy(value);
    char *wanted = key;
    strsep(&wanted, "=");
    const struct json *label = json_get(record_get(r, "Config.Labels"), key);
    return label != NULL && (wanted == NULL || str_eq(json_str(label, ""), wanted));
}

static bool
fits_status(const struct record *r, const char *value)
{
    return str_eq(state_word(r->state.status), value);
}

static bool
fits_exited(const struct record *r, const char *value)
{
    int code;
    return r->state.status == STATUS_EXITED && num_parse_int(value, &code) == 0 &&
           code == r->state.exit_code;
}

/* The image as it was named, with or without its tag, or the beginning of its id. */
static bool
fits_ancestor(const struct record *r, const char *value)
{
    const char *image = json_str(record_get(r, "Config.Image"), "");
    const char *id = json_str(record_get(r, "Image"), "");
    const char *hex = str_after(id, "sha256:");
    const char *tag = str_after(image, value);
    return (tag != NULL && (tag[0] == '\0' || tag[0] == ':')) || str_eq(id, value) ||
           (strlen(value) >= ID_SHORT_LEN && hex != NULL && str_starts(hex, value));
}

static bool
fits_network(const struct record *r, const char *value)
{
    return str_eq(json_str(record_get(r, "HostConfig.NetworkMode"), ""), value);
}

/* The source or destination of a mount. */
static bool
fits_volume(const struct record *r, const char *value)
{
    for (json_each(mount, record_get(r, "Mounts")))
        if (str_eq(json_str(json_get(mount, "Source"), ""), value) ||
            str_eq(json_str(json_get(mount, "Destination"), ""), value))
            return true;
    return false;
}

/* For these two the value is the other container's time of creation (see check_value). */
static bool
fits_before(const struct record *r, const char *value)
{
    return strcmp(json_str(record_get(r, "Created"), ""), value) < 0;
}

static bool
fits_since(const struct record *r, const char *value)
{
    return strcmp(json_str(record_get(r, "Created"), ""), value) > 0;
}

/* No container has a health check or is a service's task. */
static bool
fits_health(const struct record *r, const char *value)
{
    (void)r;
    return str_eq(value, "none");
}

static bool
fits_task(const struct record *r, const char *value)
{
    (void)r;
    return str_eq(value, "false") || str_eq(value, "0");
}

static const struct filter {
    const char *key;
    bool (*fits)(const struct record *r, const char *value);
    bool implies_all; /* says something about containers that may not run */
} filters[] = {
    {"id",       fits_id,       false},
    {"name",     fits_name,     false},
    {"label",    fits_label,    false},
    {"status",   fits_status,   true },
    {"exited",   fits_exited,   true },
    {"ancestor", fits_ancestor, false},
    {"network",  fits_network,  false},
    {"volume",   fits_volume,   false},
    {"before",   fits_before,   true },
    {"since",    fits_since,    true },
    {"health",   fits_health,   false},
    {"is-task",  fits_task,     false},
};

static const struct filter *
find_filter(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        if (str_eq(filters[i].key, key))
            return &filters[i];
    return NULL;
}

/* The value as the filters take it, into ret. */
static int
check_value(const struct engine *engine, const char *key, const char *value,
            struct list *ret, struct err *e)
{
    static const char *const states[] = {"created", "restarting", "running", "removing",
                                         "paused",  "exited",     "dead"};
    bool is_known = !str_eq(key, "status");
    int code;
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        is_known |= str_eq(states[i], value);
    if (str_eq(key, "exited"))
        is_known = num_parse_int(value, &code) == 0;
    if (!is_known)
        return err_set(e, ERR_INVALID, "invalid filter '%s=%s'", key, value);
    if (!str_eq(key, "before") && !str_eq(key, "since")) {
        list_addf(ret, "%s=%s", key, value);
        return 0;
    }
    auto_record other = RECORD_NONE;
    TRY(record_find(engine, value, &other, e));
    list_addf(ret, "%s=%s", key, json_str(record_get(&other, "Created"), ""));
    return 0;
}

static int
check_filters(const struct engine *engine, const struct list *asked, struct list *ret,
              bool *want_all, struct err *e)
{
    for (size_t i = 0; asked != NULL && i < asked->n; i++) {
        auto_free char *key = str_copy(asked->v[i]);
        char *value = key;
        strsep(&value, "=");
        const struct filter *known = find_filter(key);
        if (value == NULL)
            return err_set(e, ERR_INVALID,
                           "bad format of filter \"%s\" (expected name=value)",
                           asked->v[i]);
        if (known == NULL)
            return err_set(e, ERR_INVALID,
                           "invalid filter '%s' (known: id, name, label, status, exited, "
                           "ancestor, network, volume, before, since, health, is-task)",
                           key);
        TRY(check_value(engine, key, value, ret, e));
        *want_all |= known->implies_all;
    }
    return 0;
}

/* One of the values of each key that was asked for; labels must all fit. */
static bool
passes(const struct record *record, const struct list *asked)
{
    for (size_t k = 0; k < ARRAY_LEN(filters); k++) {
        auto_free char *prefix = str_format("%s=", filters[k].key);
        bool is_label = str_eq(filters[k].key, "label");
        size_t n = 0, fitting = 0;
        for (size_t i = 0; i < asked->n; i++) {
            const char *value = str_after(asked->v[i], prefix);
            if (value == NULL)
                continue;
            n++;
            fitting += filters[k].fits(record, value);
        }
        if (is_label ? fitting < n : n > 0 && fitting == 0)
            return false;
    }
    return true;
}

static int
compare(const void *a, const void *b)
{
    const struct record *x = a, *y = b;
    return strcmp(json_str(record_get(y, "Created"), ""),
                  json_str(record_get(x, "Created"), ""));
}

int
engine_list(const struct engine *engine, const struct list_request *request,
            struct records *ret, struct err *e)
{
    bool want_all = request->want_all || request->most > 0;
    auto_list ids = {0}, asked = {0};
    TRY(check_filters(engine, request->filters, &asked, &want_all, e));
    TRY(record_ids(engine, &ids, e));

    auto_records found = {mem_new(ids.n + 1, sizeof(*found.v)), 0};
    for (size_t i = 0; i < ids.n; i++) {
        auto_record record = RECORD_NONE;
        struct err ignored;
        if (record_load(engine, ids.v[i], &record, &ignored) < 0 ||
            (!want_all && !record_is_running(&record)) || !passes(&record, &asked))
            continue;
        fd_close(&record.home_fd); /* a thousand containers, not a thousand descriptors */
        found.v[found.n++] = record;
        record = (struct record)RECORD_NONE; /* handed over */
    }
    qsort(found.v, found.n, sizeof(*found.v), compare);
    while (request->most > 0 && found.n > (size_t)request->most)
        record_close(&found.v[--found.n]);
    *ret = found;
    found = (struct records){0}; /* handed over */
    return 0;
}
