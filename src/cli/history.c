/* history.c - `sampan history`: how an image came to be, the newest step first.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/image_words.h"
#include "cli/table.h"
#include "image/store.h"

#define COMMAND_COLUMNS 45

struct history_options {
    bool is_human, is_untruncated, is_quiet;
    const char *format;
};

static const struct option table[] = {
    {"format",   0,   KIND_TEXT, offsetof(struct history_options, format),         "FORMAT",
     "table, json, a Go template, or 'table TEMPLATE'"                                                 },
    {"human",    'H', KIND_FLAG, offsetof(struct history_options, is_human),       NULL,
     "Sizes and times for people (default true)"                                                       },
    {"no-trunc", 0,   KIND_FLAG, offsetof(struct history_options, is_untruncated), NULL,
     "Do not shorten ids and commands"                                                                 },
    {"quiet",    'q', KIND_FLAG, offsetof(struct history_options, is_quiet),       NULL,     "Only ids"},
    OPTION_END,
};

static const struct table_column columns[] = {
    {"ID",           "IMAGE",      true },
    {"CreatedSince", "CREATED",    true },
    {"CreatedBy",    "CREATED BY", true },
    {"Size",         "SIZE",       true },
    {"Comment",      "COMMENT",    true },
    {"CreatedAt",    "CREATED AT", false},
    {NULL,           NULL,         false},
};

static const struct table_column columns_for_programs[] = {
    {"ID",           "IMAGE",         true },
    {"CreatedAt",    "CREATED AT",    true },
    {"CreatedBy",    "CREATED BY",    true },
    {"Size",         "SIZE",          true },
    {"Comment",      "COMMENT",       true },
    {"CreatedSince", "CREATED SINCE", false},
    {NULL,           NULL,            false},
};

struct step {
    const struct json *entry; /* of the config's history, or NULL: it tells nothing */
    int64_t size;
};

/* A command on one line: tabs and line feeds would be columns and rows. */
static char *
shorten(const char *s, bool is_whole)
{
    auto_text out = {0};
    for (; *s; s++)
        text_add_char(&out, strchr("\t\n\r", *s) ? ' ' : *s);
    if (is_whole || out.len <= COMMAND_COLUMNS)
        return text_take(&out);
    size_t n = COMMAND_COLUMNS - 1;
    while (n > 0 && (out.data[n] & 0xc0) == 0x80)
        n--; /* no letter is cut in the middle */
    return str_format("%.*s…", (int)n, out.data);
}

static void
add_row(const struct history_options *o, struct json_doc *doc, struct json *rows,
        const struct step *step, const char *id)
{
    const char *created = json_str(json_get(step->entry, "created"), "");
    int64_t ns = 0;
    clock_parse(created, &ns);
    auto_free char *since = words_since(ns);
    auto_free char *command = shorten(json_str(json_get(step->entry, "created_by"), ""),
                                      o->is_untruncated);
    auto_free char *comment = shorten(json_str(json_get(step->entry, "comment"), ""), true);
    auto_free char *size = o->is_human ? words_size(step->size)
                                       : str_format("%lld", (long long)step->size);
    struct json *row = json_append(rows, json_object(doc));
    json_set_str(doc, row, "Comment", comment);
    json_set_str(doc, row, "CreatedAt", *created ? created : "N/A");
    json_set_str(doc, row, "CreatedBy", command);
    json_set_str(doc, row, "CreatedSince", since);
    json_set_str(doc, row, "ID", id);
    json_set_str(doc, row, "Size", size);
}

/* Steps and layers are counted from the bottom; a step that made no layer says so. What
 * layers are left over, nobody told about. */
static void
add_rows(const struct history_options *o, const struct image_store *store,
         const struct image *image, struct json_doc *doc, struct json *rows)
{
    const struct json *history = json_get(json_root(image->config), "history");
    size_t n = 0, layer = 0;
    auto_free struct step *steps = mem_new(json_count(history) + image->layers.n + 1,
                                           sizeof *steps);
    for (json_each(entry, history)) {
        bool is_empty = json_bool(json_get(entry, "empty_layer"), false);
        bool has_layer = !is_empty && layer < image->layers.n;
        int64_t size = has_layer ? store_layer_size(store, image->layers.v[layer++]) : 0;
        steps[n++] = (struct step){entry, size};
    }
    while (layer < image->layers.n)
        steps[n++] = (struct step){NULL, store_layer_size(store, image->layers.v[layer++])};

    auto_free char *id = words_id(image->id, o->is_untruncated);
    for (size_t i = n; i-- > 0;)
        add_row(o, doc, rows, &steps[i], i + 1 == n ? id : "<missing>");
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct history_options *o = options;
    struct image_store store;
    struct image image = {0};
    auto_json *doc = json_doc_new();
    auto_text out = {0};
    struct json *rows = json_array(doc);
    TRY(store_open(&store, context->engine->root_fd, e));
    int r = store_find(&store, context->argv[0], &image, e);
    if (r >= 0)
        add_rows(o, &store, &image, doc, rows);
    image_done(&image);
    store_close(&store);
    TRY(r);
    const char *format = o->format == NULL && o->is_quiet ? "{{.ID}}" : o->format;
    TRY(table_print(&out, rows, o->is_human ? columns : columns_for_programs, format, e));
    return command_print(&out, e);
}

static void
init(void *options)
{
    ((struct history_options *)options)->is_human = true;
}

static const struct syntax syntax = {
    .command = "history",
    .operands = "IMAGE",
    .summary = "Show how an image came to be",
    .options = table,
    .operands_least = 1,
    .operands_most = 1,
};

const struct command command_history = {
    .syntax = &syntax,
    .options_size = sizeof(struct history_options),
    .init = init,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
