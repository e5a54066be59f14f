/* kill.c - `sampan kill`: a signal to the first process of containers.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "engine/kill.h"
#include "engine/signals.h"

struct kill_options {
    const char *signal;
    int number;
};

static const struct option table[] = {
    {"signal", 's', KIND_TEXT, offsetof(struct kill_options, signal), "SIGNAL",
     "What to send, by name or number (default SIGKILL)"},
    OPTION_END,
};

static int
kill_one(struct command_context *context, const char *name, void *data, struct err *e)
{
    const struct kill_options *o = data;
    auto_record record = RECORD_NONE;
    TRY(record_find(context->engine, name, &record, e));
    return engine_kill(context->engine, &record, o->number, e);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    struct kill_options *o = options;
    TRY(signal_parse(o->signal != NULL ? o->signal : "KILL", &o->number, e));
    return command_each(context, kill_one, o, false);
}

static const struct syntax syntax = {
    .command = "kill",
    .operands = "CONTAINER [CONTAINER...]",
    .summary = "Send a signal to running containers",
    .options = table,
    .operands_least = 1,
    .operands_most = -1,
};

const struct command command_kill = {
    .syntax = &syntax,
    .options_size = sizeof(struct kill_options),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
