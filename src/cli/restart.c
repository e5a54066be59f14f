/* restart.c - `sampan restart`: stop and start.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "engine/restart.h"
#include "engine/stop.h"

struct restart_options {
    int seconds;
    const char *signal;
};

static const struct option table[] = {
    {"timeout", 't', KIND_INT,  offsetof(struct restart_options, seconds), "SECONDS",
     "How long to wait before SIGKILL (default: the container's, else 10; -1: for ever)"},
    {"time",    0,   KIND_INT,  offsetof(struct restart_options, seconds), "SECONDS",
     "The same as --timeout"                                                            },
    {"signal",  's', KIND_TEXT, offsetof(struct restart_options, signal),  "SIGNAL",
     "What to send (default: the container's, else SIGTERM)"                            },
    OPTION_END,
};

static void
init(void *options)
{
    ((struct restart_options *)options)->seconds = STOP_AS_CONFIGURED;
}

static int
restart(struct command_context *context, const char *name, void *data, struct err *e)
{
    const struct restart_options *o = data;
    return engine_restart(context->engine, name, o->signal, o->seconds, e);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)e;
    return command_each(context, restart, options, false);
}

static const struct syntax syntax = {
    .command = "restart",
    .operands = "CONTAINER [CONTAINER...]",
    .summary = "Stop containers and start them again",
    .options = table,
    .operands_least = 1,
    .operands_most = -1,
};

const struct command command_restart = {
    .syntax = &syntax,
    .options_size = sizeof(struct restart_options),
    .init = init,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
