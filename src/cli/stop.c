/* stop.c - `sampan stop`: asks, waits, kills.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "engine/stop.h"

struct stop_options {
    int seconds;
    const char *signal;
};

static const struct option table[] = {
    {"timeout", 't', KIND_INT,  offsetof(struct stop_options, seconds), "SECONDS",
     "How long to wait before SIGKILL (default: the container's, else 10; -1: for ever)"},
    {"time",    0,   KIND_INT,  offsetof(struct stop_options, seconds), "SECONDS",
     "The same as --timeout"                                                            },
    {"signal",  's', KIND_TEXT, offsetof(struct stop_options, signal),  "SIGNAL",
     "What to send (default: the container's, else SIGTERM)"                            },
    OPTION_END,
};

static void
init(void *options)
{
    ((struct stop_options *)options)->seconds = STOP_AS_CONFIGURED;
}

static int
stop(struct command_context *context, const char *name, void *data, struct err *e)
{
    const struct stop_options *o = data;
    auto_record record = RECORD_NONE;
    TRY(record_find(context->engine, name, &record, e));
    return engine_stop(context->engine, &record, o->signal, o->seconds, e);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)e;
    return command_each(context, stop, options, false);
}

static const struct syntax syntax = {
    .command = "stop",
    .operands = "CONTAINER [CONTAINER...]",
    .summary = "Stop running containers",
    .options = table,
    .operands_least = 1,
    .operands_most = -1,
};

const struct command command_stop = {
    .syntax = &syntax,
    .options_size = sizeof(struct stop_options),
    .init = init,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
