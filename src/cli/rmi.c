/* rmi.c - `sampan rmi`: names of images, and images that nothing names any more.
 *
 * By a name only that name is removed, and the image if it was the last; by an id the image
 * with its names. A container keeps its image, unless it is forced and the container does
 * not run: then its layers stay until it is removed too.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "engine/image_use.h"
#include "image/reference.h"
#include "image/store.h"

struct rmi_options {
    bool is_forced, is_kept;
};

static const struct option table[] = {
    {"force",    'f', KIND_FLAG, offsetof(struct rmi_options, is_forced), NULL,
     "Also an image of several names, or of stopped containers; a missing one is no failure"},
    {"no-prune", 0,   KIND_FLAG, offsetof(struct rmi_options, is_kept),   NULL,
     "Accepted: there are no hidden parents"                                                },
    OPTION_END,
};

struct removal {
    const struct image_store *store;
    const struct image *image;
    const char *word; /* as typed */
    bool is_forced;
    struct image_users users;
    struct list *removed;
};

static int
untag(struct removal *r, const char *full, struct err *e)
{
    struct reference name;
    char words[REFERENCE_SIZE];
    struct err ignored;
    TRY(store_untag(r->store, full, e));
    bool is_name = reference_parse(full, &name, &ignored) >= 0;
    list_addf(r->removed, "Untagged: %s", is_name ? reference_short(&name, words) : full);
    return 0;
}

static int delete (struct removal *r, struct err *e)
{
    return store_delete(r->store, r->image, &r->users.layers, r->removed, NULL, e);
}

static int
remove_name(struct removal *r, const char *full, struct err *e)
{
    const struct record *user = image_users_find(&r->users, r->image->id);
    bool is_last = r->image->names.n == 1;
    if (is_last && user != NULL && !r->is_forced)
        return err_set(
            e, ERR_CONFLICT,
            "conflict: unable to remove repository reference \"%s\" (must force) - "
            "container %.12s (%s) is using its referenced image %.12s",
            r->word, user->id, record_name(user), digest_hex(r->image->id));
    TRY(untag(r, full, e));
    if (!is_last || (user != NULL && record_is_running(user)))
        return 0;
    return delete (r, e);
}

static int
check_id(const struct removal *r, struct err *e)
{
    const struct record *user = image_users_find(&r->users, r->image->id);
    if (user != NULL && record_is_running(user))
        return err_set(
            e, ERR_CONFLICT,
            "conflict: unable to delete %.12s (cannot be forced) - image is being "
            "used by running container %.12s (%s)",
            digest_hex(r->image->id), user->id, record_name(user));
    if (user != NULL && !r->is_forced)
        return err_set(e, ERR_CONFLICT,
                       "conflict: unable to delete %.12s (must be forced) - image is being "
                       "used by stopped container %.12s (%s)",
                       digest_hex(r->image->id), user->id, record_name(user));
    if (r->image->names.n > 1 && !r->is_forced)
        return err_set(e, ERR_CONFLICT,
                       "conflict: unable to delete %.12s (must be forced) - image is "
                       "referenced by several names",
                       digest_hex(r->image->id));
    return 0;
}

static int
remove_image(struct removal *r, struct err *e)
{
    struct reference name;
    char full[REFERENCE_SIZE];
    struct err ignored;
    if (reference_parse(r->word, &name, &ignored) >= 0 &&
        list_has(&r->image->names, reference_full(&name, full)))
        return remove_name(r, full, e);
    TRY(check_id(r, e));
    for (size_t i = 0; i < r->image->names.n; i++)
        TRY(untag(r, r->image->names.v[i], e));
    return delete (r, e);
}

static int
remove_from(struct command_context *context, struct removal *r, struct err *e)
{
    TRY(image_users_read(context->engine, &r->users, e));
    int result = remove_image(r, e);
    image_users_done(&r->users);
    return result;
}

static int
rmi(struct command_context *context, const char *word, void *data, struct err *e)
{
    const struct rmi_options *o = data;
    struct image_store store;
    struct image image = {0};
    auto_list removed = {0};
    TRY(store_open(&store, context->engine->root_fd, e));
    int r = store_find(&store, word, &image, e);
    bool is_missing = r < 0 && e->kind == ERR_NOT_FOUND;
    if (r >= 0) {
        struct removal removal = {.store = &store,
                                  .image = &image,
                                  .word = word,
                                  .is_forced = o->is_forced,
                                  .removed = &removed};
        r = remove_from(context, &removal, e);
    }
    store_close(&store);
    image_done(&image);
    for (size_t i = 0; i < removed.n; i++)
        puts(removed.v[i]);
    if (is_missing && o->is_forced) {
        command_complain(e);
        return 0;
    }
    return r;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)e;
    return command_each(context, rmi, options, true);
}

static const struct syntax syntax = {
    .command = "rmi",
    .operands = "IMAGE [IMAGE...]",
    .summary = "Remove images",
    .options = table,
    .operands_least = 1,
    .operands_most = -1,
};

const struct command command_rmi = {
    .syntax = &syntax,
    .options_size = sizeof(struct rmi_options),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
