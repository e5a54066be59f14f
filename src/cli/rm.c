/* rm.c - `sampan rm`: removes containers.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "engine/remove.h"

struct rm_options {
    bool is_forced, want_volumes;
};

static const struct option table[] = {
    {"force",   'f', KIND_FLAG, offsetof(struct rm_options, is_forced),    NULL,
     "Kill it first if it runs; no failure if there is none"},
    {"volumes", 'v', KIND_FLAG, offsetof(struct rm_options, want_volumes), NULL,
     "Accepted: containers have no anonymous volumes yet"   },
    OPTION_END,
};

/* With -f a container that is not there is no failure, but is said. */
static int
rm(struct command_context *context, const char *name, void *data, struct err *e)
{
    const struct rm_options *o = data;
    auto_record record = RECORD_NONE;
    int r = record_find(context->engine, name, &record, e);
    if (r >= 0)
        r = engine_remove(context->engine, &record, o->is_forced, e);
    if (r >= 0) {
        puts(name);
    } else if (o->is_forced && e->kind == ERR_NOT_FOUND) {
        command_complain(e);
        return 0;
    }
    return r;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)e;
    return command_each(context, rm, options, true);
}

static const struct syntax syntax = {
    .command = "rm",
    .operands = "CONTAINER [CONTAINER...]",
    .summary = "Remove containers",
    .options = table,
    .operands_least = 1,
    .operands_most = -1,
};

const struct command command_rm = {
    .syntax = &syntax,
    .options_size = sizeof(struct rm_options),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
