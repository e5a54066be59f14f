/* wait.c - `sampan wait`: until containers end; prints their exit statuses.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "engine/wait.h"

static int
wait_one(struct command_context *context, const char *name, void *data, struct err *e)
{
    (void)data;
    auto_record record = RECORD_NONE;
    int status;
    TRY(record_find(context->engine, name, &record, e));
    TRY(engine_wait(context->engine, &record, WAIT_FOREVER, &status, e));
    printf("%d\n", status);
    fflush(stdout);
    return 0;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)options, (void)e;
    return command_each(context, wait_one, NULL, true);
}

static const struct syntax syntax = {
    .command = "wait",
    .operands = "CONTAINER [CONTAINER...]",
    .summary = "Wait until containers end and print their exit statuses",
    .operands_least = 1,
    .operands_most = -1,
};

const struct command command_wait = {
    .syntax = &syntax,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
