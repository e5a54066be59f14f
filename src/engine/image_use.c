/* image_use.c - the records of all containers, asked about images.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/image_use.h"

static bool
is_of(const struct record *record, const char *id)
{
    return str_eq(json_str(record_get(record, "Image"), ""), id);
}

int
image_users_read(const struct engine *engine, struct image_users *ret, struct err *e)
{
    const struct list_request all = {.want_all = true};
    *ret = (struct image_users){0};
    TRY(engine_list(engine, &all, &ret->records, e));
    for (size_t i = 0; i < ret->records.n; i++)
        for (json_each(layer, record_get(&ret->records.v[i], "Sampan.Layers")))
            list_add(&ret->layers, json_str(layer, ""));
    return 0;
}

void
image_users_done(struct image_users *users)
{
    records_done(&users->records);
    list_done(&users->layers);
}

const struct record *
image_users_find(const struct image_users *users, const char *id)
{
    const struct record *found = NULL;
    for (size_t i = 0; i < users->records.n; i++) {
        const struct record *record = &users->records.v[i];
        if (is_of(record, id) && (found == NULL || record_is_running(record)))
            found = record;
    }
    return found;
}

int
image_users_count(const struct image_users *users, const char *id)
{
    int n = 0;
    for (size_t i = 0; i < users->records.n; i++)
        n += is_of(&users->records.v[i], id);
    return n;
}
