/* system_df.c - `sampan system df`: what takes how much of the disk.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/image_words.h"
#include "cli/table.h"
#include "engine/disk_use.h"
#include "image/reference.h"

struct df_options {
    bool is_verbose;
    const char *format;
};

static const struct option table[] = {
    {"format",  0,   KIND_TEXT, offsetof(struct df_options, format),     "FORMAT",
     "table, json, a Go template, or 'table TEMPLATE'"},
    {"verbose", 'v', KIND_FLAG, offsetof(struct df_options, is_verbose), NULL,
     "Each image, container and volume by itself"     },
    OPTION_END,
};

static const struct table_column columns[] = {
    {"Type",        "TYPE",        true },
    {"TotalCount",  "TOTAL",       true },
    {"Active",      "ACTIVE",      true },
    {"Size",        "SIZE",        true },
    {"Reclaimable", "RECLAIMABLE", true },
    {NULL,          NULL,          false},
};

static const struct table_column image_columns[] = {
    {"Repository",   "REPOSITORY",   true },
    {"Tag",          "TAG",          true },
    {"ID",           "IMAGE ID",     true },
    {"CreatedSince", "CREATED",      true },
    {"Size",         "SIZE",         true },
    {"SharedSize",   "SHARED SIZE",  true },
    {"UniqueSize",   "UNIQUE SIZE",  true },
    {"ContentSize",  "CONTENT SIZE", true },
    {"Containers",   "CONTAINERS",   true },
    {NULL,           NULL,           false},
};

static const struct table_column container_columns[] = {
    {"ID",     "CONTAINER ID", true },
    {"Image",  "IMAGE",        true },
    {"Size",   "SIZE",         true },
    {"Since",  "CREATED",      true },
    {"Status", "STATUS",       true },
    {"Names",  "NAMES",        true },
    {NULL,     NULL,           false},
};

static const struct table_column volume_columns[] = {
    {"Name",  "VOLUME NAME", true },
    {"Links", "LINKS",       true },
    {"Size",  "SIZE",        true },
    {NULL,    NULL,          false},
};

struct df {
    const struct engine *engine;
    const struct image_store *store;
    struct image_users users;
    struct list layers; /* of all images, those of several several times */
    struct json_doc *doc;
    struct json *rows;
};

static void
set_size(struct df *df, struct json *row, const char *name, int64_t bytes)
{
    auto_free char *size = words_size(bytes);
    json_set_str(df->doc, row, name, size);
}

/* ---- the summary ------------------------------------------------------------------ */

static void
add_summary(struct df *df, const char *type, const struct use *use)
{
    struct json *row = json_append(df->rows, json_object(df->doc));
    auto_free char *total = str_format("%d", use->total);
    auto_free char *active = str_format("%d", use->active);
    auto_free char *bytes = words_size(use->reclaimable);
    auto_free char *reclaimable =
        use->size > 0
            ? str_format("%s (%d%%)", bytes, (int)(use->reclaimable * 100 / use->size))
            : str_copy(bytes);
    json_set_str(df->doc, row, "Active", active);
    json_set_str(df->doc, row, "Reclaimable", reclaimable);
    set_size(df, row, "Size", use->size);
    json_set_str(df->doc, row, "TotalCount", total);
    json_set_str(df->doc, row, "Type", type);
}

static int
print_summary(struct df *df, const char *format, struct err *e)
{
    static const struct use no_cache = {0};
    struct disk_use use;
    auto_text out = {0};
    TRY(disk_use_read(df->engine, df->store, &df->users, &use, e));
    add_summary(df, "Images", &use.images);
    add_summary(df, "Containers", &use.containers);
    add_summary(df, "Local Volumes", &use.volumes);
    add_summary(df, "Build Cache", &no_cache);
    TRY(table_print(&out, df->rows, columns, format, e));
    return command_print(&out, e);
}

/* ---- one by one ------------------------------------------------------------------- */

static int
note_layers(struct image *image, void *data)
{
    list_add_all(&((struct df *)data)->layers, &image->layers);
    return 0;
}

static int64_t
shared_size(const struct df *df, const struct image *image)
{
    int64_t shared = 0;
    for (size_t i = 0; i < image->layers.n; i++) {
        int times = 0;
        for (size_t j = 0; j < df->layers.n && times < 2; j++)
            times += str_eq(df->layers.v[j], image->layers.v[i]);
        if (times > 1)
            shared += store_layer_size(df->store, image->layers.v[i]);
    }
    return shared;
}

static int
add_image(struct image *image, void *data)
{
    struct df *df = data;
    struct reference r;
    char name[REFERENCE_SIZE];
    struct err ignored;
    bool is_named = image->names.n > 0 &&
                    reference_parse(image->names.v[0], &r, &ignored) >= 0;
    int64_t shared = shared_size(df, image);
    struct json *row = json_append(df->rows, json_object(df->doc));
    auto_free char *id = words_id(image->id, false);
    auto_free char *since = words_since(image->created_ns);
    auto_free char *count = str_format("%d", image_users_count(&df->users, image->id));
    json_set_str(df->doc, row, "Repository",
                 is_named ? reference_repository(&r, name) : "<none>");
    json_set_str(df->doc, row, "Tag", is_named && *r.tag ? r.tag : "<none>");
    json_set_str(df->doc, row, "ID", id);
    json_set_str(df->doc, row, "CreatedSince", since);
    set_size(df, row, "Size", image->size);
    set_size(df, row, "SharedSize", shared);
    set_size(df, row, "UniqueSize", image->size - shared);
    set_size(df, row, "ContentSize", store_content_size(df->store, image));
    json_set_str(df->doc, row, "Containers", count);
    return 0;
}

static void
add_container(struct df *df, const struct record *record)
{
    struct json *row = json_append(df->rows, json_object(df->doc));
    auto_free char *id = str_format("%.12s", record->id);
    int64_t created = 0;
    clock_parse(json_str(record_get(record, "Created"), ""), &created);
    auto_free char *since = words_since(created);
    json_set_str(df->doc, row, "ID", id);
    json_set_str(df->doc, row, "Image", json_str(record_get(record, "Config.Image"), ""));
    set_size(df, row, "Size", disk_use_of_container(df->engine, record));
    json_set_str(df->doc, row, "Since", since);
    json_set_str(df->doc, row, "Status", state_word(record->state.status));
    json_set_str(df->doc, row, "Names", record_name(record));
}

static int
add_volumes(struct df *df, struct err *e)
{
    auto_list names = {0};
    TRY(disk_use_list_volumes(df->engine, &names, e));
    for (size_t i = 0; i < names.n; i++) {
        struct json *row = json_append(df->rows, json_object(df->doc));
        auto_free char *links = str_format("%d",
                                           disk_use_volume_links(&df->users, names.v[i]));
        json_set_str(df->doc, row, "Name", names.v[i]);
        json_set_str(df->doc, row, "Links", links);
        set_size(df, row, "Size", disk_use_of_volume(df->engine, names.v[i]));
    }
    return 0;
}

static int
print_part(struct df *df, struct text *out, const char *title,
           const struct table_column *part_columns, struct err *e)
{
    text_addf(out, "%s space usage:\n\n", title);
    TRY(table_print(out, df->rows, part_columns, NULL, e));
    text_add_char(out, '\n');
    df->rows = json_array(df->doc);
    return 0;
}

static int
print_all(struct df *df, struct err *e)
{
    auto_text out = {0};
    TRY(store_each(df->store, note_layers, df, e));
    TRY(store_each(df->store, add_image, df, e));
    TRY(print_part(df, &out, "Images", image_columns, e));
    for (size_t i = 0; i < df->users.records.n; i++)
        add_container(df, &df->users.records.v[i]);
    TRY(print_part(df, &out, "Containers", container_columns, e));
    TRY(add_volumes(df, e));
    TRY(print_part(df, &out, "Local Volumes", volume_columns, e));
    text_add(&out, "Build cache usage: 0B\n");
    return command_print(&out, e);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct df_options *o = options;
    struct image_store store;
    auto_json *doc = json_doc_new();
    struct df df = {.engine = context->engine, .store = &store, .doc = doc};
    if (o->is_verbose && o->format != NULL)
        return err_set(e, ERR_INVALID,
                       "--format is for the summary: it has no place with -v");
    df.rows = json_array(doc);
    TRY(store_open(&store, context->engine->root_fd, e));
    int r = image_users_read(context->engine, &df.users, e);
    if (r >= 0)
        r = o->is_verbose ? print_all(&df, e) : print_summary(&df, o->format, e);
    image_users_done(&df.users);
    list_done(&df.layers);
    store_close(&store);
    return r;
}

static const struct syntax syntax = {
    .command = "system df",
    .operands = "",
    .summary = "Show what takes how much of the disk",
    .options = table,
};

const struct command command_system_df = {
    .syntax = &syntax,
    .options_size = sizeof(struct df_options),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
