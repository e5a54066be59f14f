/* image_filter.c - --filter of `images` and `image prune`.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/image_filter.h"

#include <fnmatch.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "image/reference.h"

void
image_filter_done(struct image_filter *filter)
{
    list_done(&filter->labels);
    list_done(&filter->no_labels);
    list_done(&filter->references);
}

/* ---- values ----------------------------------------------------------------------- */

static int
bad(const char *key, const char *value, const char *want, struct err *e)
{
    return err_set(e, ERR_INVALID, "invalid filter '%s=%.100s': %s", key, value, want);
}

static int
parse_dangling(struct image_filter *f, const char *value, struct err *e)
{
    if (str_eq(value, "true") || str_eq(value, "1"))
        f->is_dangling = 1;
    else if (str_eq(value, "false") || str_eq(value, "0"))
        f->is_dangling = 0;
    else
        return bad("dangling", value, "true or false", e);
    return 0;
}

/* "24h", "2026-01-02", "2026-01-02T15:04:05", with a zone or in UTC, "1700000000". */
static int
parse_time(const char *value, int64_t *ret)
{
    int64_t n;
    if (num_parse_i64(value, &n) == 0 && n > 0 && n < INT64_MAX / 1000000000) {
        *ret = n * 1000000000;
        return 0;
    }
    if (num_parse_duration(value, &n) == 0) {
        *ret = clock_wall_ns() - n;
        return 0;
    }
    static const char *const ends[] = {"", "Z", ":00Z", ":00:00Z", "T00:00:00Z"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        auto_free char *whole = str_format("%s%s", value, ends[i]);
        if (clock_parse(whole, ret) == 0)
            return 0;
    }
    return -EINVAL;
}

static int
parse_image(const struct image_store *store, const char *name, int64_t *ret, struct err *e)
{
    struct image image = {0};
    TRY(store_find(store, name, &image, e));
    *ret = image.created_ns;
    image_done(&image);
    return 0;
}

static int
parse_word(struct image_filter *f, const char *word, const struct image_store *store,
           struct err *e)
{
    const char *value = strchr(word, '=');
    if (value == NULL)
        return err_set(e, ERR_INVALID, "invalid filter \"%.100s\": it is KEY=VALUE", word);
    auto_free char *key = str_format("%.*s", (int)(value++ - word), word);
    if (str_eq(key, "dangling"))
        return parse_dangling(f, value, e);
    if (str_eq(key, "label"))
        return list_add(&f->labels, value), 0;
    if (str_eq(key, "label!"))
        return list_add(&f->no_labels, value), 0;
    if (str_eq(key, "reference"))
        return list_add(&f->references, value), 0;
    if (str_eq(key, "since"))
        return parse_image(store, value, &f->since_ns, e);
    if (str_eq(key, "before"))
        return parse_image(store, value, &f->before_ns, e);
    if (!str_eq(key, "until"))
        return err_set(e, ERR_INVALID,
                       "invalid filter '%.60s': there are before, dangling, label, label!, "
                       "reference, since, until",
                       key);
    if (parse_time(value, &f->until_ns) < 0)
        return bad(key, value, "a time as in 2026-01-02T15:04:05Z, or a duration as in 24h",
                   e);
    return 0;
}

int
image_filter_parse(struct image_filter *ret, const struct list *words,
                   const struct image_store *store, struct err *e)
{
    *ret = (struct image_filter){.is_dangling = -1};
    for (size_t i = 0; i < words->n; i++)
        TRY(parse_word(ret, words->v[i], store, e));
    return 0;
}

/* ---- questions -------------------------------------------------------------------- */

/* "KEY" or "KEY=VALUE". */
static bool
has_label(const struct image *image, const char *wanted)
{
    const char *equals = strchr(wanted, '=');
    size_t len = equals ? (size_t)(equals - wanted) : strlen(wanted);
    for (json_each(label, json_path(json_root(image->config), "config.Labels")))
        if (strlen(label->name) == len && strncmp(label->name, wanted, len) == 0)
            return equals == NULL || str_eq(json_str(label, ""), equals + 1);
    return false;
}

bool
image_filter_passes(const struct image_filter *f, const struct image *image)
{
    if (f->is_dangling >= 0 && f->is_dangling != (image->names.n == 0))
        return false;
    if ((f->since_ns != 0 && image->created_ns <= f->since_ns) ||
        (f->before_ns != 0 && image->created_ns >= f->before_ns) ||
        (f->until_ns != 0 && image->created_ns >= f->until_ns))
        return false;
    for (size_t i = 0; i < f->labels.n; i++)
        if (!has_label(image, f->labels.v[i]))
            return false;
    for (size_t i = 0; i < f->no_labels.n; i++)
        if (has_label(image, f->no_labels.v[i]))
            return false;
    return true;
}

/* A pattern may speak of the name as typed or in full, with its tag or without. */
bool
image_filter_passes_name(const struct image_filter *f, const char *full_name)
{
    struct reference r, bare;
    char name[REFERENCE_SIZE];
    struct err ignored;
    if (f->references.n == 0)
        return true;
    if (reference_parse(full_name, &r, &ignored) < 0)
        return false;
    auto_list forms = {0};
    bare = r;
    bare.digest[0] = '\0';
    list_add(&forms, full_name);
    list_add(&forms, reference_short(&bare, name));
    list_add(&forms, reference_repository(&r, name));
    list_addf(&forms, "%s/%s", r.host, r.path);
    for (size_t i = 0; i < f->references.n; i++)
        for (size_t j = 0; j < forms.n; j++)
            if (fnmatch(f->references.v[i], forms.v[j], FNM_PATHNAME) == 0)
                return true;
    return false;
}
