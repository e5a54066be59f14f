/* import.c - `sampan import`: an image from a root file system's tar.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/image/commands.h"
#include "cli/image/input.h"
#include "image/import.h"

struct import_words {
    struct list changes;
    const char *message, *platform;
};

static const struct option table[] = {
    {"change",   'c', KIND_LIST, offsetof(struct import_words, changes),  "INSTRUCTION",
     "Apply a Dockerfile instruction: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, WORKDIR"},
    {"message",  'm', KIND_TEXT, offsetof(struct import_words, message),  "TEXT",
     "A comment for the image"                                                           },
    {"platform", 0,   KIND_TEXT, offsetof(struct import_words, platform), "OS/ARCH",
     "What the image is for (default: this machine)"                                     },
    OPTION_END,
};

static void
done(void *options)
{
    list_done(&((struct import_words *)options)->changes);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct import_words *o = options;
    const struct import_options wanted = {
        .name = context->argc > 1 ? context->argv[1] : NULL,
        .message = o->message,
        .source = context->argv[0],
        .platform = o->platform,
        .changes = &o->changes,
    };
    struct image_store store;
    char id[DIGEST_SIZE];
    if (str_starts(wanted.source, "http://") || str_starts(wanted.source, "https://"))
        return err_set(e, ERR_UNSUPPORTED,
                       "import fetches nothing: curl -fL %.300s | sampan import - NAME",
                       wanted.source);
    auto_close int fd = input_open(wanted.source, e);
    TRY(fd);
    TRY(store_open(&store, context->engine->root_fd, e));
    int r = import_tar(&store, fd, &wanted, id, e);
    store_close(&store);
    TRY(r);
    puts(id);
    return 0;
}

static const struct syntax syntax = {
    .command = "import",
    .operands = "FILE|- [NAME[:TAG]]",
    .summary = "Make an image from a tar of a root file system",
    .options = table,
    .operands_least = 1,
    .operands_most = 2,
};

const struct command command_import = {
    .syntax = &syntax,
    .options_size = sizeof(struct import_words),
    .done = done,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
