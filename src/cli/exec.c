/* exec.c - `sampan exec`: one more program in a running container.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/container_options.h"
#include "cli/story.h"
#include "cli/stream.h"
#include "engine/exec.h"

struct exec_options {
    bool is_detached, is_interactive, want_tty, is_privileged, want_explain;
    const char *user, *working_dir, *detach_keys;
    struct list env, env_files;
};

static const struct option table[] = {
    {"detach",      'd', KIND_FLAG, offsetof(struct exec_options, is_detached),    NULL,
     "Run in the background"                               },
    {"interactive", 'i', KIND_FLAG, offsetof(struct exec_options, is_interactive), NULL,
     "Keep its standard input open"                        },
    {"tty",         't', KIND_FLAG, offsetof(struct exec_options, want_tty),       NULL,
     "Give it a terminal"                                  },
    {"env",         'e', KIND_LIST, offsetof(struct exec_options, env),            "NAME=VALUE",
     "Set an environment variable; NAME alone copies yours"},
    {"env-file",    0,   KIND_LIST, offsetof(struct exec_options, env_files),      "FILE",
     "Read variables from FILE"                            },
    {"user",        'u', KIND_TEXT, offsetof(struct exec_options, user),           "USER[:GROUP]",
     "Run as this user"                                    },
    {"workdir",     'w', KIND_TEXT, offsetof(struct exec_options, working_dir),    "DIR",
     "Start in this directory"                             },
    {"privileged",  0,   KIND_FLAG, offsetof(struct exec_options, is_privileged),  NULL,
     "With all capabilities and without seccomp"           },
    {"detach-keys", 0,   KIND_TEXT, offsetof(struct exec_options, detach_keys),    "KEYS",
     "Keys that leave it running (default ctrl-p,ctrl-q)"  },
    {"explain",     0,   KIND_FLAG, offsetof(struct exec_options, want_explain),   NULL,
     "Print every step that starts the program"            },
    OPTION_END,
};

static void
done(void *options)
{
    struct exec_options *o = options;
    list_done(&o->env);
    list_done(&o->env_files);
}

static int
exec(struct command_context *context, const struct exec_options *o,
     const struct exec_request *request, struct stream *stream, struct err *e)
{
    auto_record record = RECORD_NONE;
    int status = 0;
    bool is_told = story_is_wanted(o->want_explain);
    TRY(record_find(context->engine, context->argv[0], &record, e));
    struct launch_options launch = {.on_event = is_told ? story_add : NULL};
    if (!o->is_detached)
        launch.attach = ATTACH_STDOUT | ATTACH_STDERR |
                        (o->is_interactive ? ATTACH_STDIN : 0);
    stream_size(stream, &launch.rows, &launch.columns);
    if (is_told)
        story_begin();
    auto_close int socket = engine_exec(context->engine, &record, request, &launch, e);
    if (is_told)
        story_tell();
    TRY(socket);
    if (o->is_detached)
        return 0;
    int r = stream_run(stream, socket, context->engine, NULL, &status, e);
    return r < 0 ? r : r == STREAM_DETACHED ? 0 : status;
}

static int
gather_env(const struct exec_options *o, struct list *ret, struct err *e)
{
    for (size_t i = 0; i < o->env_files.n; i++)
        TRY(env_file_read(o->env_files.v[i], ret, e));
    for (size_t i = 0; i < o->env.n; i++)
        env_add(ret, o->env.v[i]);
    return 0;
}

/* Errors of the engine are 1, those of the program 126 and 127, as Docker's exec. */
static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct exec_options *o = options;
    auto_list command = {0}, env = {0};
    for (int i = 1; i < context->argc; i++)
        list_add(&command, context->argv[i]);
    TRY(gather_env(o, &env, e));
    const struct exec_request request = {.command = &command,
                                         .env = &env,
                                         .user = o->user,
                                         .working_dir = o->working_dir,
                                         .is_privileged = o->is_privileged,
                                         .want_terminal = o->want_tty,
                                         .want_stdin = o->is_interactive &&
                                                       !o->is_detached};
    const struct stream_options how = {.want_stdin = request.want_stdin,
                                       .has_terminal = o->want_tty && !o->is_detached,
                                       .want_signals = false,
                                       .detach_keys = o->detach_keys};
    TRY(stream_check_terminal(how.want_stdin, how.has_terminal, e));
    struct stream *stream;
    TRY(stream_open(&stream, &how, e));
    int r = exec(context, o, &request, stream, e);
    stream_close(stream);
    if (r < 0 && (e->kind == ERR_NO_PROGRAM || e->kind == ERR_NOT_EXECUTABLE)) {
        command_complain(e);
        return err_exit_status(e);
    }
    return r;
}

static const struct syntax syntax = {
    .command = "exec",
    .operands = "CONTAINER COMMAND [ARG...]",
    .summary = "Run a program in a running container",
    .options = table,
    .operands_least = 2,
    .operands_most = -1,
    .stops_at_operand = true,
};

const struct command command_exec = {
    .syntax = &syntax,
    .options_size = sizeof(struct exec_options),
    .done = done,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
