/* save.c - `sampan save`: images into an archive.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/save.h"

#include "cli/image/commands.h"
#include "cli/image/output.h"

struct save_options {
    const char *output, *format;
};

static const struct option table[] = {
    {"format", 0,   KIND_TEXT, offsetof(struct save_options, format), "FORMAT",
     "docker-archive (default; an OCI layout too) or oci-archive"},
    {"output", 'o', KIND_TEXT, offsetof(struct save_options, output), "FILE",
     "Write to FILE instead of standard output"                  },
    OPTION_END,
};

static void
init(void *options)
{
    ((struct save_options *)options)->format = "docker-archive";
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct save_options *o = options;
    enum save_format format;
    struct image_store store;
    struct output output;
    auto_list wanted = {0};
    for (int i = 0; i < context->argc; i++)
        list_add(&wanted, context->argv[i]);
    TRY(save_format_parse(o->format, &format, e));
    TRY(output_open(&output, o->output, e));
    int r = store_open(&store, context->engine->root_fd, e);
    if (r >= 0) {
        r = save_images(&store, &wanted, format, output.fd, e);
        store_close(&store);
    }
    if (r >= 0)
        r = output_keep(&output, e);
    output_close(&output);
    return r;
}

static const struct syntax syntax = {
    .command = "save",
    .operands = "IMAGE [IMAGE...]",
    .summary = "Save images to an archive that docker, podman and skopeo read",
    .options = table,
    .operands_least = 1,
    .operands_most = -1,
};

const struct command command_save = {
    .syntax = &syntax,
    .options_size = sizeof(struct save_options),
    .init = init,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
