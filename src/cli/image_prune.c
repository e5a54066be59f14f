/* image_prune.c - `sampan image prune`: images that nothing needs, and what crashes left.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/image_filter.h"
#include "cli/image_words.h"
#include "engine/image_use.h"
#include "image/reference.h"

struct prune_options {
    bool want_all, is_forced;
    struct list filters;
};

static const struct option table[] = {
    {"all",    'a', KIND_FLAG,   offsetof(struct prune_options, want_all),  NULL,
     "All images without a container, not only those without a name"},
    {"filter", 0,   KIND_FILTER, offsetof(struct prune_options, filters),   "KEY=VALUE",
     "dangling, label, label!, until"                               },
    {"force",  'f', KIND_FLAG,   offsetof(struct prune_options, is_forced), NULL,
     "Do not ask"                                                   },
    OPTION_END,
};

struct pruning {
    const struct image_store *store;
    const struct image_users *users;
    struct image_filter filter;
    bool want_all;
    struct list untagged, removed;
    int64_t bytes;
    struct err *e;
};

static bool
is_agreed(bool want_all)
{
    char answer[16] = "";
    printf("WARNING! This will remove all %s.\n"
           "Are you sure you want to continue? [y/N] ",
           want_all ? "images without at least one container associated to them"
                    : "dangling images");
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) != NULL &&
           (answer[0] == 'y' || answer[0] == 'Y');
}

static int
untag(struct pruning *p, const struct image *image)
{
    for (size_t i = 0; i < image->names.n; i++) {
        struct reference r;
        char name[REFERENCE_SIZE];
        struct err ignored;
        TRY(store_untag(p->store, image->names.v[i], p->e));
        bool is_name = reference_parse(image->names.v[i], &r, &ignored) >= 0;
        list_addf(&p->untagged, "untagged: %s",
                  is_name ? reference_short(&r, name) : image->names.v[i]);
    }
    return 0;
}

static int
visit(struct image *image, void *data)
{
    struct pruning *p = data;
    bool is_wanted = p->want_all || image->names.n == 0;
    if (!is_wanted || image_users_find(p->users, image->id) != NULL ||
        !image_filter_passes(&p->filter, image))
        return 0;
    TRY(untag(p, image));
    int r = store_delete(p->store, image, &p->users->layers, &p->removed, &p->bytes, p->e);
    return r < 0 && p->e->kind == ERR_CONFLICT ? 0 : r; /* named again meanwhile */
}

static void
report(const struct pruning *p)
{
    if (p->untagged.n + p->removed.n > 0)
        printf("Deleted Images:\n");
    for (size_t i = 0; i < p->untagged.n; i++)
        puts(p->untagged.v[i]);
    for (size_t i = 0; i < p->removed.n; i++)
        printf("d%s\n", p->removed.v[i] + 1);
    auto_free char *size = words_size(p->bytes);
    printf("%sTotal reclaimed space: %s\n", p->untagged.n + p->removed.n > 0 ? "\n" : "",
           size);
}

static int
prune(const struct prune_options *o, struct pruning *p)
{
    bool is_narrow = o->filters.n > 0;
    TRY(image_filter_parse(&p->filter, &o->filters, p->store, p->e));
    p->want_all |= p->filter.is_dangling == 0; /* as Docker: dangling=false means -a */
    p->filter.is_dangling = p->filter.is_dangling == 1 ? 1 : -1;
    TRY(store_each(p->store, visit, p, p->e));
    return is_narrow
               ? 0
               : store_prune(p->store, &p->users->layers, &p->removed, &p->bytes, p->e);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct prune_options *o = options;
    struct image_store store;
    auto_image_users users = {0};
    struct pruning p = {.store = &store, .users = &users, .want_all = o->want_all, .e = e};
    if (!o->is_forced && !is_agreed(o->want_all))
        return 0; /* as Docker: not to want it is no failure */
    TRY(image_users_read(context->engine, &users, e));
    TRY(store_open(&store, context->engine->root_fd, e));
    int r = prune(o, &p);
    store_close(&store);
    if (r >= 0 || p.removed.n > 0)
        report(&p);
    image_filter_done(&p.filter);
    list_done(&p.untagged);
    list_done(&p.removed);
    return r;
}

static void
done(void *options)
{
    list_done(&((struct prune_options *)options)->filters);
}

static const struct syntax syntax = {
    .command = "image prune",
    .operands = "",
    .summary = "Remove images that nothing needs",
    .options = table,
};

const struct command command_image_prune = {
    .syntax = &syntax,
    .options_size = sizeof(struct prune_options),
    .done = done,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
