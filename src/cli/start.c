/* start.c - `sampan start`: runs created or ended containers (again).
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/story.h"
#include "cli/stream.h"
#include "engine/start.h"

struct start_options {
    bool is_attached, is_interactive, want_signals, want_explain;
    const char *detach_keys;
};

static const struct option table[] = {
    {"attach",      'a', KIND_FLAG, offsetof(struct start_options, is_attached),    NULL,
     "Stay joined to its output and pass signals on"                },
    {"interactive", 'i', KIND_FLAG, offsetof(struct start_options, is_interactive), NULL,
     "Join its standard input too"                                  },
    {"sig-proxy",   0,   KIND_FLAG, offsetof(struct start_options, want_signals),   NULL,
     "With --attach: pass signals to the program (default true)"    },
    {"detach-keys", 0,   KIND_TEXT, offsetof(struct start_options, detach_keys),    "KEYS",
     "Keys that leave the container running (default ctrl-p,ctrl-q)"},
    {"explain",     0,   KIND_FLAG, offsetof(struct start_options, want_explain),   NULL,
     "Print every step that makes the container"                    },
    OPTION_END,
};

static void
init(void *options)
{
    ((struct start_options *)options)->want_signals = true;
}

static int
launch_one(struct command_context *context, const struct start_options *o,
           const struct record *record, struct launch_options *launch, struct err *e)
{
    bool is_told = story_is_wanted(o->want_explain);
    if (is_told) {
        story_begin();
        launch->on_event = story_add;
    }
    int socket = engine_start(context->engine, record, NO_FD, launch, e);
    if (is_told)
        story_tell();
    return socket;
}

/* One that runs already is as the user wants it. */
static int
start_one(struct command_context *context, const char *name, void *data, struct err *e)
{
    struct launch_options launch = {0};
    auto_record record = RECORD_NONE;
    TRY(record_find(context->engine, name, &record, e));
    if (record_is_running(&record))
        return 0;
    auto_close int socket = launch_one(context, data, &record, &launch, e);
    return socket < 0 ? socket : 0;
}

static int
start_joined(struct command_context *context, const struct start_options *o,
             const struct record *record, struct stream *stream, struct err *e)
{
    int status = 0;
    struct launch_options launch = {
        .attach = (o->is_attached ? ATTACH_STDOUT | ATTACH_STDERR : 0) |
                  (o->is_interactive ? ATTACH_STDIN : 0)};
    stream_size(stream, &launch.rows, &launch.columns);
    auto_close int socket = launch_one(context, o, record, &launch, e);
    TRY(socket);
    int r = stream_run(stream, socket, context->engine, record, &status, e);
    return r < 0 ? r : r == STREAM_DETACHED ? 0 : status;
}

static int
join(struct command_context *context, const struct start_options *o, struct err *e)
{
    auto_record record = RECORD_NONE;
    if (context->argc > 1)
        return err_set(e, ERR_INVALID,
                       "you cannot start and attach multiple containers at "
                       "once");
    TRY(record_find(context->engine, context->argv[0], &record, e));
    bool has_terminal = json_bool(record_get(&record, "Config.Tty"), false);
    bool has_stdin = json_bool(record_get(&record, "Config.OpenStdin"), false);
    const struct stream_options how = {.want_stdin = o->is_interactive && has_stdin,
                                       .has_terminal = has_terminal,
                                       .want_signals = o->want_signals,
                                       .detach_keys = o->detach_keys};
    TRY(stream_check_terminal(how.want_stdin, has_terminal, e));
    struct stream *stream;
    TRY(stream_open(&stream, &how, e));
    int r = start_joined(context, o, &record, stream, e);
    stream_close(stream);
    return r;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    struct start_options *o = options;
    if (o->is_attached || o->is_interactive)
        return join(context, o, e);
    return command_each(context, start_one, o, false);
}

static const struct syntax syntax = {
    .command = "start",
    .operands = "CONTAINER [CONTAINER...]",
    .summary = "Start containers",
    .options = table,
    .operands_least = 1,
    .operands_most = -1,
};

const struct command command_start = {
    .syntax = &syntax,
    .options_size = sizeof(struct start_options),
    .init = init,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
