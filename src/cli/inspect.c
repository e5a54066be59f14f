/* inspect.c - `sampan inspect`: all there is to know of containers and images.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "base/template.h"
#include "cli/commands.h"
#include "engine/inspect.h"
#include "image/describe.h"

struct inspect_options {
    const char *format, *type;
    bool want_size;
};

static const struct option table[] = {
    {"format", 'f', KIND_TEXT, offsetof(struct inspect_options, format),    "FORMAT",
     "json or a Go template, as in '{{.State.Pid}}'"      },
    {"type",   0,   KIND_TEXT, offsetof(struct inspect_options, type),      "TYPE",
     "container or image; default: whichever has the name"},
    {"size",   's', KIND_FLAG, offsetof(struct inspect_options, want_size), NULL,
     "Accepted: sizes are not measured yet"               },
    OPTION_END,
};

static int
inspect_container(const struct engine *engine, const char *name, struct json_doc *doc,
                  struct json **ret, struct err *e)
{
    auto_record record = RECORD_NONE;
    TRY(record_find(engine, name, &record, e));
    *ret = engine_inspect(engine, &record, doc);
    return 0;
}

static int
inspect_image(const struct engine *engine, const char *name, struct json_doc *doc,
              struct json **ret, struct err *e)
{
    struct image_store store;
    struct image image = {0};
    TRY(store_open(&store, engine->root_fd, e));
    int r = store_find(&store, name, &image, e);
    store_close(&store);
    TRY(r);
    *ret = image_describe(&image, engine->root, doc);
    image_done(&image);
    return 0;
}

static int
check_type(const char *type, struct err *e)
{
    if (type == NULL || str_eq(type, "container") || str_eq(type, "image"))
        return 0;
    return err_set(e, ERR_INVALID,
                   "\"%s\" is not a valid value for --type (container or image)", type);
}

static int
inspect_any(const struct engine *engine, const char *name, const char *type,
            struct json_doc *doc, struct json **ret, struct err *e)
{
    bool want_container = type == NULL || str_eq(type, "container");
    bool want_image = type == NULL || str_eq(type, "image");
    int r = -ENOENT;
    if (want_container)
        r = inspect_container(engine, name, doc, ret, e);
    if (want_image && r < 0)
        r = inspect_image(engine, name, doc, ret, e);
    if (r < 0 && type == NULL)
        return err_set(e, ERR_NOT_FOUND, "No such object: %s", name);
    return r;
}

/* Docker prints what it found, then says what it did not. */
static void
inspect_all(struct command_context *context, const struct inspect_options *o,
            struct json_doc *doc, struct json *found, struct list *missing)
{
    for (int i = 0; i < context->argc; i++) {
        struct err why = {0};
        struct json *object = NULL;
        if (inspect_any(context->engine, context->argv[i], o->type, doc, &object, &why) < 0)
            list_add(missing, why.text);
        else
            json_append(found, object);
    }
}

static int
print(const struct json *found, const char *format, struct err *e)
{
    auto_text out = {0};
    auto_template *template = NULL;
    if (format == NULL || str_eq(format, "json")) { /* "json": all of it on one line */
        json_write(&out, found, format == NULL ? 4 : 0);
        text_add_char(&out, '\n');
        return command_print(&out, e);
    }
    auto_free char *source = template_unescape(format);
    TRY(template_parse(source, &template, e));
    for (json_each(object, found)) {
        TRY(template_render(template, object, &out, e));
        text_add_char(&out, '\n');
    }
    return command_print(&out, e);
}

static int
inspect(struct command_context *context, const struct inspect_options *o, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct json *found = json_array(doc);
    TRY(check_type(o->type, e));
    auto_list missing = {0};
    inspect_all(context, o, doc, found, &missing);
    TRY(print(found, o->format, e));
    for (size_t i = 0; i < missing.n; i++) {
        struct err why = {0};
        err_set(&why, ERR_NOT_FOUND, "%s", missing.v[i]);
        command_complain(&why);
    }
    return missing.n > 0;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    return inspect(context, options, e);
}

static int
run_image(struct command_context *context, void *options, struct err *e)
{
    struct inspect_options *o = options;
    o->type = "image";
    return inspect(context, o, e);
}

static const struct syntax syntax = {
    .command = "inspect",
    .operands = "NAME|ID [NAME|ID...]",
    .summary = "Show all there is to know of containers or images",
    .options = table,
    .operands_least = 1,
    .operands_most = -1,
};

static const struct syntax image_syntax = {
    .command = "image inspect",
    .operands = "IMAGE [IMAGE...]",
    .summary = "Show all there is to know of images",
    .options = table,
    .operands_least = 1,
    .operands_most = -1,
};

const struct command command_inspect = {
    .syntax = &syntax,
    .options_size = sizeof(struct inspect_options),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};

const struct command command_image_inspect = {
    .syntax = &image_syntax,
    .options_size = sizeof(struct inspect_options),
    .run = run_image,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
