/* pull.c - `sampan pull`, and the pull inside `sampan run`.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/pull.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/registry/commands.h"

struct pull_words {
    const char *platform;
    bool is_quiet;
    bool want_all_tags;
    bool want_missing; /* of pull-for-run */
};

static int
pull(struct command_context *context, const struct pull_words *o, int progress_fd,
     struct err *e)
{
    const struct pull_options options = {.platform = o->platform,
                                         .want_missing = o->want_missing,
                                         .want_all_tags = o->want_all_tags,
                                         .is_for_run = progress_fd == STDERR_FILENO};
    char name[REFERENCE_SIZE];
    struct image_store store;
    TRY(store_open(&store, context->engine->root_fd, e));
    struct progress *progress = progress_new(progress_fd, o->is_quiet);
    int r = pull_image(&store, context->argv[0], &options, progress, name, e);
    progress_free(progress);
    store_close(&store);
    TRY(r);
    puts(name);
    return 0;
}

/* ---- sampan pull ------------------------------------------------------------------ */

static const struct option table[] = {
    {"all-tags", 'a', KIND_FLAG, offsetof(struct pull_words, want_all_tags), NULL,
     "Every tag of the repository"                     },
    {"platform", 0,   KIND_TEXT, offsetof(struct pull_words, platform),      "OS/ARCH",
     "Which image of several (default: this machine's)"},
    {"quiet",    'q', KIND_FLAG, offsetof(struct pull_words, is_quiet),      NULL,
     "Print only the image's full name"                },
    OPTION_END,
};

static int
run(struct command_context *context, void *options, struct err *e)
{
    return pull(context, options, STDOUT_FILENO, e);
}

static const struct syntax syntax = {
    .command = "pull",
    .operands = "NAME[:TAG|@DIGEST]",
    .summary = "Download an image from a registry",
    .options = table,
    .operands_least = 1,
    .operands_most = 1,
};

const struct command command_pull = {
    .syntax = &syntax,
    .options_size = sizeof(struct pull_words),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};

/* ---- for `run` and `create` ------------------------------------------------------- */

/* Progress goes to standard error, which is the user's; the full name to standard output,
 * which `run` reads. On failure standard output has the error's text instead, for `run` to
 * print as its own. */
static const struct option run_table[] = {
    {"platform",   0,   KIND_TEXT, offsetof(struct pull_words, platform),     "OS/ARCH",
     "Which image of several"                                                                         },
    {"quiet",      'q', KIND_FLAG, offsetof(struct pull_words, is_quiet),     NULL,      "No progress"},
    {"if-missing", 0,   KIND_FLAG, offsetof(struct pull_words, want_missing), NULL,
     "Only if it is not here"                                                                         },
    OPTION_END,
};

static int
run_for_run(struct command_context *context, void *options, struct err *e)
{
    if (pull(context, options, STDERR_FILENO, e) >= 0)
        return 0;
    puts(e->text);
    return 1;
}

static const struct syntax run_syntax = {
    .command = "pull-for-run",
    .operands = "NAME[:TAG|@DIGEST]",
    .summary = "What run and create do for an image that is missing",
    .options = run_table,
    .operands_least = 1,
    .operands_most = 1,
};

const struct command command_pull_for_run = {
    .syntax = &run_syntax,
    .options_size = sizeof(struct pull_words),
    .run = run_for_run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
