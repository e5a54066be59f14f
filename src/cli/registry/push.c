/* push.c - `sampan push`.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/push.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/registry/commands.h"

struct push_words {
    bool want_all_tags, is_quiet;
};

static const struct option table[] = {
    {"all-tags", 'a', KIND_FLAG, offsetof(struct push_words, want_all_tags), NULL,
     "Push every tag of the repository that is here"},
    {"quiet",    'q', KIND_FLAG, offsetof(struct push_words, is_quiet),      NULL,
     "Print only the full names of what was pushed" },
    OPTION_END,
};

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct push_words *o = options;
    struct image_store store;
    auto_list sent = {0};
    TRY(store_open(&store, context->engine->root_fd, e));
    struct progress *progress = progress_new(STDOUT_FILENO, o->is_quiet);
    int r = push_image(&store, context->argv[0], o->want_all_tags, progress, &sent, e);
    progress_free(progress);
    store_close(&store);
    for (size_t i = 0; o->is_quiet && i < sent.n; i++)
        puts(sent.v[i]);
    return r;
}

static const struct syntax syntax = {
    .command = "push",
    .operands = "NAME[:TAG]",
    .summary = "Upload an image to a registry",
    .options = table,
    .operands_least = 1,
    .operands_most = 1,
};

const struct command command_push = {
    .syntax = &syntax,
    .options_size = sizeof(struct push_words),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
