/* commit.c - `sampan commit`: an image of what a container has become.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/commit.h"

#include <stdio.h>

#include "cli/image/commands.h"

struct commit_options {
    struct list changes;
    const char *author, *message;
    bool want_pause;
};

static const struct option table[] = {
    {"author",  'a', KIND_TEXT, offsetof(struct commit_options, author),     "AUTHOR",
     "Who made it: \"Name <mail>\""                                                      },
    {"change",  'c', KIND_LIST, offsetof(struct commit_options, changes),    "INSTRUCTION",
     "Apply a Dockerfile instruction: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, WORKDIR"},
    {"message", 'm', KIND_TEXT, offsetof(struct commit_options, message),    "TEXT",
     "A comment for the image"                                                           },
    {"pause",   'p', KIND_FLAG, offsetof(struct commit_options, want_pause), NULL,
     "Pause the container meanwhile (default true)"                                      },
    OPTION_END,
};

static void
init(void *options)
{
    ((struct commit_options *)options)->want_pause = true;
}

static void
done(void *options)
{
    list_done(&((struct commit_options *)options)->changes);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct commit_options *o = options;
    const struct commit_request request = {
        .name = context->argc > 1 ? context->argv[1] : NULL,
        .author = o->author,
        .message = o->message,
        .changes = &o->changes,
        .want_pause = o->want_pause,
    };
    auto_record record = RECORD_NONE;
    char id[DIGEST_SIZE];
    TRY(record_find(context->engine, context->argv[0], &record, e));
    TRY(engine_commit(context->engine, &record, &request, id, e));
    puts(id);
    return 0;
}

static const struct syntax syntax = {
    .command = "commit",
    .operands = "CONTAINER [REPOSITORY[:TAG]]",
    .summary = "Make an image of what a container has become",
    .options = table,
    .operands_least = 1,
    .operands_most = 2,
};

const struct command command_commit = {
    .syntax = &syntax,
    .options_size = sizeof(struct commit_options),
    .init = init,
    .done = done,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
