/* diff.c - `sampan diff`: what a container changed in the files of its image.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/diff.h"

#include "cli/commands.h"

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)options;
    auto_record record = RECORD_NONE;
    auto_list lines = {0};
    auto_text out = {0};
    TRY(record_find(context->engine, context->argv[0], &record, e));
    TRY(engine_diff(context->engine, &record, &lines, e));
    for (size_t i = 0; i < lines.n; i++)
        text_addf(&out, "%s\n", lines.v[i]);
    return command_print(&out, e);
}

static const struct syntax syntax = {
    .command = "diff",
    .operands = "CONTAINER",
    .summary = "Show what a container changed in the files of its image",
    .operands_least = 1,
    .operands_most = 1,
};

const struct command command_diff = {
    .syntax = &syntax,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
