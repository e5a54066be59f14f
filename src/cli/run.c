/* run.c - `sampan run`: create, start, stay joined.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/container_options.h"
#include "cli/create.h"
#include "cli/pull_image.h"
#include "cli/story.h"
#include "cli/stream.h"
#include "engine/create.h"
#include "engine/remove.h"
#include "engine/start.h"

/* Which streams the command takes part in. */
static int
choose_streams(const struct container_options *o, uint32_t *ret, struct err *e)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } streams[] = {
        {"stdin",  ATTACH_STDIN },
        {"stdout", ATTACH_STDOUT},
        {"stderr", ATTACH_STDERR}
    };
    *ret = 0;
    if (o->is_detached && o->attach.n > 0)
        return err_set(e, ERR_INVALID,
                       "conflicting options: cannot specify both --attach "
                       "and --detach");
    if (o->attach.n == 0 && !o->is_detached)
        *ret = ATTACH_STDOUT | ATTACH_STDERR | (o->is_interactive ? ATTACH_STDIN : 0);
    for (size_t i = 0; i < o->attach.n; i++) {
        uint32_t bit = 0;
        for (size_t k = 0; k < ARRAY_LEN(streams); k++)
            if (str_eq(streams[k].name, o->attach.v[i]))
                bit = streams[k].bit;
        if (bit == 0)
            return err_set(e, ERR_INVALID,
                           "invalid argument \"%s\" for \"-a, --attach\" flag: valid "
                           "streams are STDIN, STDOUT and STDERR",
                           o->attach.v[i]);
        *ret |= bit;
    }
    return 0;
}

/* Started; its output comes from `socket`. Joins it, or prints its id. */
static int
stay(struct command_context *context, const struct container_options *o,
     const struct record *record, struct stream *stream, int socket, struct err *e)
{
    int status = 0;
    if (o->is_detached) {
        puts(record->id);
        return 0;
    }
    int r = stream_run(stream, socket, context->engine, record, &status, e);
    TRY(r);
    return r == STREAM_DETACHED ? 0 : status;
}

static int
start(struct command_context *context, const struct container_options *o,
      const struct record *record, int lock, struct stream *stream, struct err *e)
{
    bool is_told = story_is_wanted(o->want_explain);
    struct launch_options launch = {.on_event = is_told ? story_add : NULL};
    TRY(choose_streams(o, &launch.attach, e));
    stream_size(stream, &launch.rows, &launch.columns);
    auto_close int socket = engine_start(context->engine, record, lock, &launch, e);
    if (is_told)
        story_tell();
    TRY(socket);
    return stay(context, o, record, stream, socket, e);
}

static int
run_with_stream(struct command_context *context, const struct container_options *o,
                struct stream *stream, struct err *e)
{
    auto_record record = RECORD_NONE;
    auto_close int lock = NO_FD;
    TRY(create_container(context, o, !o->is_detached, &record, &lock, e));
    return start(context, o, &record, lock, stream, e);
}

/* The whole of it, from an image that is here. */
static int
run_once(struct command_context *context, const struct container_options *o,
         const struct stream_options *how, struct err *e)
{
    struct stream *stream;
    TRY(stream_open(&stream, how, e));
    int r = run_with_stream(context, o, stream, e);
    stream_close(stream);
    return r;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct container_options *o = options;
    auto_free char *pulled = NULL;
    uint32_t attach;
    const struct stream_options how = {
        .want_stdin = o->is_interactive && !o->is_detached,
        .has_terminal = o->want_tty && !o->is_detached,
        .want_signals = o->want_signals && !o->is_detached,
        .detach_keys = o->detach_keys,
    };
    TRY(choose_streams(o, &attach, e));
    if (stream_check_terminal(how.want_stdin, how.has_terminal, e) < 0) {
        command_complain(e);
        return 1;
    }
    if (story_is_wanted(o->want_explain))
        story_begin();
    TRY(pull_image_before(context, o, &pulled, e));
    int r = run_once(context, o, &how, e);
    if (r >= 0)
        return r;
    TRY(pull_image_after(context, o, r, &pulled, e));
    return run_once(context, o, &how, e);
}

static const struct syntax syntax = {
    .command = "run",
    .operands = "IMAGE [COMMAND] [ARG...]",
    .summary = "Create and run a new container from an image",
    .options = run_options,
    .operands_least = 1,
    .operands_most = -1,
    .stops_at_operand = true,
};

const struct command command_run = {
    .syntax = &syntax,
    .options_size = sizeof(struct container_options),
    .init = container_options_init,
    .done = container_options_done,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 125,
};
