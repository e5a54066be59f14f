/* rename.c - `sampan rename`.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "engine/rename.h"

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)options;
    auto_record record = RECORD_NONE;
    TRY(record_find(context->engine, context->argv[0], &record, e));
    return engine_rename(context->engine, &record, context->argv[1], e);
}

static const struct syntax syntax = {
    .command = "rename",
    .operands = "CONTAINER NEW_NAME",
    .summary = "Give a container another name",
    .operands_least = 2,
    .operands_most = 2,
};

const struct command command_rename = {
    .syntax = &syntax,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
