/* pause.c - `sampan pause`.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "engine/pause.h"

static int
pause_one(struct command_context *context, const char *name, void *data, struct err *e)
{
    (void)data;
    auto_record record = RECORD_NONE;
    TRY(record_find(context->engine, name, &record, e));
    return engine_pause(context->engine, &record, e);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)options, (void)e;
    return command_each(context, pause_one, NULL, false);
}

static const struct syntax syntax = {
    .command = "pause",
    .operands = "CONTAINER [CONTAINER...]",
    .summary = "Stop all processes of containers where they are",
    .operands_least = 1,
    .operands_most = -1,
};

const struct command command_pause = {
    .syntax = &syntax,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
