/* attach.c - `sampan attach`: joins a running container.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/stream.h"
#include "engine/attach.h"
#include "engine/record.h"
#include "monitor/protocol.h"

struct attach_options {
    bool is_without_stdin, want_signals;
    const char *detach_keys;
};

static const struct option table[] = {
    {"no-stdin",    0, KIND_FLAG, offsetof(struct attach_options, is_without_stdin), NULL,
     "Do not join its standard input"                               },
    {"sig-proxy",   0, KIND_FLAG, offsetof(struct attach_options, want_signals),     NULL,
     "Pass signals to the program (default true)"                   },
    {"detach-keys", 0, KIND_TEXT, offsetof(struct attach_options, detach_keys),      "KEYS",
     "Keys that leave the container running (default ctrl-p,ctrl-q)"},
    OPTION_END,
};

static void
init(void *options)
{
    ((struct attach_options *)options)->want_signals = true;
}

static int
join(struct command_context *context, const struct record *record, bool want_stdin,
     struct stream *stream, struct err *e)
{
    int status = 0;
    uint32_t attach = ATTACH_STDOUT | ATTACH_STDERR | (want_stdin ? ATTACH_STDIN : 0);
    auto_close int socket = engine_attach(context->engine, record->id, attach, e);
    TRY(socket);
    int r = stream_run(stream, socket, context->engine, record, &status, e);
    return r < 0 ? r : r == STREAM_DETACHED ? 1 : status;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct attach_options *o = options;
    auto_record record = RECORD_NONE;
    TRY(record_find(context->engine, context->argv[0], &record, e));
    if (!record_is_running(&record))
        return err_set(e, ERR_CONFLICT,
                       "you cannot attach to a stopped container, start it first");
    if (record.state.status == STATUS_PAUSED)
        return err_set(e, ERR_CONFLICT,
                       "you cannot attach to a paused container, unpause it first");
    bool has_stdin = json_bool(record_get(&record, "Config.OpenStdin"), false);
    const struct stream_options how = {
        .want_stdin = has_stdin && !o->is_without_stdin,
        .has_terminal = json_bool(record_get(&record, "Config.Tty"), false),
        .want_signals = o->want_signals,
        .detach_keys = o->detach_keys};
    TRY(stream_check_terminal(how.want_stdin, how.has_terminal, e));
    struct stream *stream;
    TRY(stream_open(&stream, &how, e));
    int r = join(context, &record, how.want_stdin, stream, e);
    stream_close(stream);
    return r;
}

static const struct syntax syntax = {
    .command = "attach",
    .operands = "CONTAINER",
    .summary = "Join the streams of a running container",
    .options = table,
    .operands_least = 1,
    .operands_most = 1,
};

const struct command command_attach = {
    .syntax = &syntax,
    .options_size = sizeof(struct attach_options),
    .init = init,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
