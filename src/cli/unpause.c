/* unpause.c - `sampan unpause`.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "engine/unpause.h"

static int
unpause_one(struct command_context *context, const char *name, void *data, struct err *e)
{
    (void)data;
    auto_record record = RECORD_NONE;
    TRY(record_find(context->engine, name, &record, e));
    return engine_unpause(context->engine, &record, e);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)options, (void)e;
    return command_each(context, unpause_one, NULL, false);
}

static const struct syntax syntax = {
    .command = "unpause",
    .operands = "CONTAINER [CONTAINER...]",
    .summary = "Let paused containers go on",
    .operands_least = 1,
    .operands_most = -1,
};

const struct command command_unpause = {
    .syntax = &syntax,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
