/* load.c - `sampan load`: images out of an archive.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/image/commands.h"
#include "cli/image/input.h"
#include "image/load.h"

struct load_options {
    const char *input;
    bool is_quiet;
};

static const struct option table[] = {
    {"input", 'i', KIND_TEXT, offsetof(struct load_options, input),    "FILE",
     "Read from FILE instead of standard input"},
    {"quiet", 'q', KIND_FLAG, offsetof(struct load_options, is_quiet), NULL,
     "Print only what was loaded"              },
    OPTION_END,
};

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct load_options *o = options;
    struct image_store store;
    auto_list loaded = {0};
    auto_close int fd = input_open(o->input, e);
    TRY(fd);
    TRY(store_open(&store, context->engine->root_fd, e));
    int r = load_archive(&store, fd, &loaded, e);
    store_close(&store);
    for (size_t i = 0; i < loaded.n; i++)
        puts(loaded.v[i]);
    return r;
}

static const struct syntax syntax = {
    .command = "load",
    .operands = "",
    .summary = "Load images from an archive (docker-archive or OCI layout)",
    .options = table,
};

const struct command command_load = {
    .syntax = &syntax,
    .options_size = sizeof(struct load_options),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
