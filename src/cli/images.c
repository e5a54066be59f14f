/* images.c - `sampan images`: the table of images, or a tree of what each takes.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/image_filter.h"
#include "cli/image_words.h"
#include "cli/table.h"
#include "engine/image_use.h"
#include "image/reference.h"

struct images_options {
    bool want_all, is_quiet, is_untruncated, want_digests, want_tree;
    struct list filters;
    const char *format;
};

static const struct option table[] = {
    {"all",      'a', KIND_FLAG,   offsetof(struct images_options, want_all),       NULL,
     "Accepted: there are no hidden images"                                                                },
    {"digests",  0,   KIND_FLAG,   offsetof(struct images_options, want_digests),   NULL,
     "Show digests"                                                                                        },
    {"filter",   'f', KIND_FILTER, offsetof(struct images_options, filters),        "KEY=VALUE",
     "before, dangling, label, reference, since, until"                                                    },
    {"format",   0,   KIND_TEXT,   offsetof(struct images_options, format),         "FORMAT",
     "table, json, a Go template, or 'table TEMPLATE'"                                                     },
    {"no-trunc", 0,   KIND_FLAG,   offsetof(struct images_options, is_untruncated), NULL,
     "Do not shorten ids"                                                                                  },
    {"quiet",    'q', KIND_FLAG,   offsetof(struct images_options, is_quiet),       NULL,        "Only ids"},
    {"tree",     0,   KIND_FLAG,   offsetof(struct images_options, want_tree),      NULL,
     "Show what each takes of the disk, its platform, and whether it is used"                              },
    OPTION_END,
};

static const struct table_column columns[] = {
    {"Repository",   "REPOSITORY",  true },
    {"Tag",          "TAG",         true },
    {"ID",           "IMAGE ID",    true },
    {"CreatedSince", "CREATED",     true },
    {"Size",         "SIZE",        true },
    {"Digest",       "DIGEST",      false},
    {"CreatedAt",    "CREATED AT",  false},
    {"Containers",   "CONTAINERS",  false},
    {"SharedSize",   "SHARED SIZE", false},
    {"UniqueSize",   "UNIQUE SIZE", false},
    {"VirtualSize",  "SIZE",        false},
    {NULL,           NULL,          false},
};

static const struct table_column tree_columns[] = {
    {"Image",   "IMAGE",        true },
    {"ID",      "ID",           true },
    {"Disk",    "DISK USAGE",   true },
    {"Content", "CONTENT SIZE", true },
    {"Extra",   "EXTRA",        true },
    {NULL,      NULL,           false},
};

struct listing {
    const struct images_options *options;
    const struct image_store *store;
    const struct image_users *users;
    struct image_filter filter;
    struct json_doc *doc;
    struct json *rows;
};

/* ---- the table -------------------------------------------------------------------- */

static void
split_name(const char *full, struct text *repository, struct text *tag)
{
    struct reference r;
    char name[REFERENCE_SIZE];
    struct err ignored;
    bool is_name = full != NULL && reference_parse(full, &r, &ignored) >= 0;
    text_add(repository, is_name ? reference_repository(&r, name) : "<none>");
    text_add(tag, is_name && *r.tag && !*r.digest ? r.tag : "<none>");
}

static void
add_row(struct listing *l, const struct image *image, const char *full_name)
{
    auto_text repository = {0}, tag = {0};
    split_name(full_name, &repository, &tag);
    auto_free char *since = words_since(image->created_ns);
    auto_free char *at = words_at(image->created_ns);
    auto_free char *size = words_size(image->size);
    auto_free char *id = words_id(image->id, l->options->is_untruncated);
    const char *const cells[][2] = {
        {"Containers",   "N/A"                },
        {"CreatedAt",    at                   },
        {"CreatedSince", since                },
        {"Digest",       image->manifest      },
        {"ID",           id                   },
        {"Repository",   text_str(&repository)},
        {"SharedSize",   "N/A"                },
        {"Size",         size                 },
        {"Tag",          text_str(&tag)       },
        {"UniqueSize",   "N/A"                },
        {"VirtualSize",  size                 },
    };
    struct json *row = json_append(l->rows, json_object(l->doc));
    for (size_t i = 0; i < ARRAY_LEN(cells); i++)
        json_set_str(l->doc, row, cells[i][0], cells[i][1]);
}

/* ---- the tree --------------------------------------------------------------------- */

static void
add_tree_row(struct listing *l, const char *const cells[5])
{
    struct json *row = json_append(l->rows, json_object(l->doc));
    for (size_t i = 0; i < 5; i++)
        json_set_str(l->doc, row, tree_columns[i].field, cells[i]);
}

static void
add_tree(struct listing *l, const struct image *image, const struct list *names)
{
    const struct json *config = json_root(image->config);
    int64_t content = store_content_size(l->store, image);
    const char *variant = json_str(json_get(config, "variant"), "");
    bool is_used = image_users_find(l->users, image->id) != NULL;
    auto_free char *id = words_id(image->id, l->options->is_untruncated);
    auto_free char *disk = words_size(image->size + content);
    auto_free char *packed = words_size(content);
    auto_free char *platform = str_format(
        "└─ %s/%s%s%s", json_str(json_get(config, "os"), "linux"),
        json_str(json_get(config, "architecture"), "?"), *variant ? "/" : "", variant);
    const char *first = names->n > 0 ? names->v[0] : "<untagged>";
    add_tree_row(l, (const char *const[]){first, id, disk, packed, is_used ? "U" : ""});
    for (size_t i = 1; i < names->n; i++)
        add_tree_row(l, (const char *const[]){names->v[i], "", "", "", ""});
    add_tree_row(l, (const char *const[]){platform, id, disk, packed, ""});
}

/* ---- together --------------------------------------------------------------------- */

static int
visit(struct image *image, void *data)
{
    struct listing *l = data;
    auto_list names = {0};
    if (!image_filter_passes(&l->filter, image))
        return 0;
    for (size_t i = 0; i < image->names.n; i++)
        if (image_filter_passes_name(&l->filter, image->names.v[i]))
            list_add(&names, image->names.v[i]);
    if (names.n == 0 && (image->names.n > 0 || l->filter.references.n > 0))
        return 0;
    if (l->options->want_tree) {
        for (size_t i = 0; i < names.n; i++) {
            struct reference r;
            char name[REFERENCE_SIZE];
            struct err ignored;
            auto_free char *full = take_ptr(names.v[i]);
            bool is_name = reference_parse(full, &r, &ignored) >= 0;
            names.v[i] = str_copy(is_name ? reference_short(&r, name) : full);
        }
        add_tree(l, image, &names);
        return 0;
    }
    for (size_t i = 0; i < names.n; i++)
        add_row(l, image, names.v[i]);
    if (names.n == 0)
        add_row(l, image, NULL);
    return 0;
}

static const char *
choose_format(const struct images_options *o)
{
    if (o->format != NULL || o->want_tree)
        return o->format;
    if (o->is_quiet)
        return "{{.ID}}";
    return o->want_digests ? "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t"
                             "{{.CreatedSince}}\t{{.Size}}"
                           : NULL;
}

static int
list_images(struct command_context *context, const struct images_options *o,
            struct listing *l, struct err *e)
{
    auto_text out = {0};
    TRY(image_filter_parse(&l->filter, &o->filters, l->store, e));
    if (context->argc > 0)
        list_add(&l->filter.references, context->argv[0]);
    TRY(store_each(l->store, visit, l, e));
    TRY(table_print(&out, l->rows, o->want_tree ? tree_columns : columns, choose_format(o),
                    e));
    return command_print(&out, e);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct images_options *o = options;
    struct image_store store;
    auto_image_users users = {0};
    auto_json *doc = json_doc_new();
    if (o->want_tree && (o->format != NULL || o->is_quiet || o->want_digests))
        return err_set(e, ERR_INVALID,
                       "--tree goes with none of --digests, --format and --quiet");
    if (o->want_tree)
        TRY(image_users_read(context->engine, &users, e));
    TRY(store_open(&store, context->engine->root_fd, e));
    struct listing l = {.options = o,
                        .store = &store,
                        .users = &users,
                        .doc = doc,
                        .rows = json_array(doc)};
    int r = list_images(context, o, &l, e);
    image_filter_done(&l.filter);
    store_close(&store);
    return r;
}

static void
done(void *options)
{
    list_done(&((struct images_options *)options)->filters);
}

static const struct syntax syntax = {
    .command = "images",
    .operands = "[REPOSITORY[:TAG]]",
    .summary = "List images",
    .options = table,
    .operands_most = 1,
};

const struct command command_images = {
    .syntax = &syntax,
    .options_size = sizeof(struct images_options),
    .done = done,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
