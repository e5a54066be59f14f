/* pull_image.c - the helper sampan-registry pulls, we wait.
 *
 * It shows its progress on our standard error and answers with one line on a pipe: the image's
 * full name, or what went wrong.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/pull_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/helper.h"

static int
check_word(const char *when, struct err *e)
{
    if (when == NULL || str_eq(when, "missing") || str_eq(when, "never") ||
        str_eq(when, "always"))
        return 0;
    return err_set(e, ERR_INVALID,
                   "invalid pull option: '%s': must be one of \"always\", \"missing\" or "
                   "\"never\"",
                   when);
}

static int
pull(struct command_context *context, const struct container_options *o, bool if_missing,
     char **ret_name, struct err *e)
{
    auto_list words = {0};
    auto_text answer = {0};
    list_add(&words, "pull-for-run");
    if (if_missing)
        list_add(&words, "--if-missing");
    if (o->platform != NULL)
        list_addf(&words, "--platform=%s", o->platform);
    list_add(&words, "--");
    list_add(&words, context->argv[0]);
    int status = helper_ask("sampan-registry", list_argv(&words), context->engine->root,
                            context->engine->state, &answer, e);
    TRY(status);
    auto_free char *line = str_format("%.*s", (int)strcspn(text_str(&answer), "\n"),
                                      text_str(&answer));
    if (status != 0)
        return err_set(e, ERR_SYSTEM, "%s",
                       *line ? line : "the pull was ended by a signal");
    free(*ret_name);
    *ret_name = take_ptr(line);
    context->argv[0] = *ret_name;
    return 0;
}

int
pull_image_before(struct command_context *context, const struct container_options *o,
                  char **ret_name, struct err *e)
{
    TRY(check_word(o->pull, e));
    return o->pull != NULL && str_eq(o->pull, "always")
               ? pull(context, o, false, ret_name, e)
               : 0;
}

int
pull_image_after(struct command_context *context, const struct container_options *o, int r,
                 char **ret_name, struct err *e)
{
    const char *image = context->argv[0];
    const char *when = o->pull != NULL ? o->pull : "missing";
    if (r >= 0 || e->kind != ERR_NOT_FOUND || !str_starts(e->text, "No such image") ||
        !str_eq(when, "missing"))
        return r;
    const char *slash = strrchr(image, '/');
    const char *last = slash != NULL ? slash : image;
    bool has_end = strchr(last, ':') != NULL || strchr(last, '@') != NULL;
    fprintf(stderr, "Unable to find image '%s%s' locally\n", image,
            has_end ? "" : ":latest");
    *e = (struct err){0};
    TRY(pull(context, o, true, ret_name, e));
    return 1;
}
