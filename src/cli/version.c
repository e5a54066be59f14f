/* version.c - `sampan version`.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/version.h"

#include <stdio.h>

#include "base/template.h"
#include "cli/commands.h"

struct version_options {
    const char *format;
};

static const struct option table[] = {
    {"format", 'f', KIND_TEXT, offsetof(struct version_options, format), "FORMAT",
     "json or a Go template, as in '{{.Client.Version}}'"},
    OPTION_END,
};

/* There is no daemon: client and server are one and the same. */
static int
print_formatted(const char *format, struct err *e)
{
    static const char *const sides[] = {"Client", "Server"};
    auto_json *doc = json_doc_new();
    auto_text out = {0};
    auto_template *template = NULL;
    struct json *root = json_object(doc);
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        struct json *side = json_object(doc);
        json_set_str(doc, side, "Version", SAMPAN_VERSION);
        json_set_str(doc, side, "Os", "linux");
        json_set(doc, root, sides[i], side);
    }
    auto_free char *source = template_unescape(str_eq(format, "json") ? "{{json .}}"
                                                                      : format);
    TRY(template_parse(source, &template, e));
    TRY(template_render(template, root, &out, e));
    text_add_char(&out, '\n');
    return command_print(&out, e);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)context;
    const struct version_options *o = options;
    if (o->format != NULL)
        return print_formatted(o->format, e);
    printf("sampan version %s\n", SAMPAN_VERSION);
    return 0;
}

static const struct syntax syntax = {
    .command = "version",
    .operands = "",
    .summary = "Show the version",
    .options = table,
};

const struct command command_version = {
    .syntax = &syntax,
    .options_size = sizeof(struct version_options),
    .run = run,
    .error_status = 1,
};
