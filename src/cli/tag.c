/* tag.c - `sampan tag`: one more name for an image.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands.h"
#include "image/store.h"

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)options;
    struct image_store store;
    struct image image = {0};
    TRY(store_open(&store, context->engine->root_fd, e));
    int r = store_find(&store, context->argv[0], &image, e);
    if (r >= 0)
        r = store_tag(&store, &image, context->argv[1], e);
    image_done(&image);
    store_close(&store);
    return r;
}

static const struct syntax syntax = {
    .command = "tag",
    .operands = "IMAGE NEW_NAME[:TAG]",
    .summary = "Give an image one more name",
    .operands_least = 2,
    .operands_most = 2,
};

const struct command command_tag = {
    .syntax = &syntax,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
