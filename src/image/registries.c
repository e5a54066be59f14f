/* registries.c - registries.conf read, and asked.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/registries.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "image/toml.h"

#define FILE_MOST (1u << 20)

/* ---- reading ---------------------------------------------------------------------- */

/* Wrong types of what we read are errors: a "blocked" that is not understood would let
 * through what somebody wanted blocked (rule R25). */
static const struct {
    const char *name;
    enum json_type type;
} known[] = {
    {"prefix",                JSON_STRING},
    {"location",              JSON_STRING},
    {"insecure",              JSON_BOOL  },
    {"blocked",               JSON_BOOL  },
    {"mirror",                JSON_ARRAY },
    {"mirror-by-digest-only", JSON_BOOL  },
    {"pull-from-mirror",      JSON_STRING},
};

static int
check_table(const struct json *table, struct err *e)
{
    if (table->type != JSON_OBJECT)
        return err_set(e, ERR_INVALID, "\"registry\" and \"mirror\" are arrays of tables");
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        const struct json *value = json_get(table, known[i].name);
        if (value && value->type != known[i].type)
            return err_set(e, ERR_INVALID, "\"%s\" of a registry has the wrong type",
                           known[i].name);
    }
    return 0;
}

static int
check_registry(const struct json *registry, struct err *e)
{
    TRY(check_table(registry, e));
    if (!json_get(registry, "prefix") && !json_get(registry, "location"))
        return err_set(e, ERR_INVALID, "a [[registry]] without prefix and location");
    for (json_each(mirror, json_get(registry, "mirror"))) {
        TRY(check_table(mirror, e));
        if (!json_get(mirror, "location"))
            return err_set(e, ERR_INVALID, "a [[registry.mirror]] without location");
    }
    return 0;
}

static int
check_file(const struct json *root, struct err *e)
{
    const struct json *search = json_get(root, "unqualified-search-registries");
    const struct json *aliases = json_get(root, "aliases");
    const struct json *registries = json_get(root, "registry");
    auto_list words = {0};
    if (json_get(root, "registries"))
        return err_set(e, ERR_INVALID,
                       "[registries...] is the old form of this file: write [[registry]]");
    if (search && (search->type != JSON_ARRAY || json_to_list(search, &words) < 0))
        return err_set(e, ERR_INVALID, "unqualified-search-registries is no list of names");
    if (aliases && aliases->type != JSON_OBJECT)
        return err_set(e, ERR_INVALID, "\"aliases\" is no table");
    for (json_each(alias, aliases))
        if (alias->type != JSON_STRING)
            return err_set(e, ERR_INVALID, "the alias \"%.100s\" is no string",
                           alias->name);
    if (registries && registries->type != JSON_ARRAY)
        return err_set(e, ERR_INVALID, "\"registry\" is an array of tables");
    for (json_each(registry, registries))
        TRY(check_registry(registry, e));
    return 0;
}

int
registries_add(struct registries *registries, const char *name, const char *text,
               size_t len, struct err *e)
{
    auto_json *doc = NULL;
    int r = toml_parse(text, len, &doc, e);
    if (r >= 0)
        r = check_file(json_root(doc), e);
    if (r < 0)
        return err_wrap(e, r, "%.300s", name);
    registries->files = mem_resize(registries->files, registries->n + 1,
                                   sizeof *registries->files);
    registries->files[registries->n++] = take_ptr(doc);
    return 0;
}

/* 1 if it was there. */
static int
add_file(struct registries *registries, const char *path, struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    int r = file_read_at(AT_FDCWD, path, FILE_MOST, &text, &len);
    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    TRY(err_sys(e, r, "read %s", path));
    TRY(registries_add(registries, path, text, len, e));
    return 1;
}

static int
add_directory(struct registries *registries, const char *path, struct err *e)
{
    auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_list names = {0};
    if (fd < 0 || file_list_dir(fd, &names) < 0)
        return 0;
    for (size_t i = 0; i < names.n; i++) {
        auto_free char *file = str_format("%s/%s", path, names.v[i]);
        if (str_ends(names.v[i], ".conf"))
            TRY(add_file(registries, file, e));
    }
    return 0;
}

static int
load(struct registries *registries, struct err *e)
{
    const char *chosen = getenv("CONTAINERS_REGISTRIES_CONF"), *home = getenv("HOME");
    auto_free char *own = str_format("%s/.config/containers/registries.conf",
                                     home ? home : "");
    auto_free char *own_more = str_format("%s.d", own);
    if (chosen && *chosen)
        return add_file(registries, chosen, e);
    int found = home ? add_file(registries, own, e) : 0;
    TRY(found);
    if (!found)
        TRY(add_file(registries, "/etc/containers/registries.conf", e));
    TRY(add_directory(registries, "/etc/containers/registries.conf.d", e));
    return home ? add_directory(registries, own_more, e) : 0;
}

int
registries_load(struct registries *ret, struct err *e)
{
    *ret = (struct registries){0};
    int r = load(ret, e);
    if (r < 0)
        registries_done(ret);
    return r < 0 ? r : 0;
}

void
registries_done(struct registries *registries)
{
    for (size_t i = 0; i < registries->n; i++)
        json_doc_free(registries->files[i]);
    free(registries->files);
    *registries = (struct registries){0};
}

/* ---- short names ------------------------------------------------------------------ */

static const char *
alias_of(const struct registries *registries, const char *name)
{
    for (size_t i = registries->n; i-- > 0;) {
        const struct json *aliases = json_get(json_root(registries->files[i]), "aliases");
        const struct json *alias = json_get(aliases, name);
        if (alias)
            return *json_str(alias, "") ? json_str(alias, "") : NULL;
    }
    return NULL;
}

static const struct json *
searched(const struct registries *registries)
{
    for (size_t i = registries->n; i-- > 0;) {
        const struct json *list = json_get(json_root(registries->files[i]),
                                           "unqualified-search-registries");
        if (list)
            return list;
    }
    return NULL;
}

/* "host/path" and the ends of the name that was typed (":tag", "@digest"). */
static int
add_candidate(struct list *ret, const char *base, const char *ends, struct err *e)
{
    auto_free char *name = str_format("%s%s", base, ends);
    struct reference r;
    char full[REFERENCE_SIZE];
    TRY(reference_parse(name, &r, e));
    list_add_once(ret, reference_full(&r, full));
    return 0;
}

int
registries_candidates(const struct registries *registries, const char *typed,
                      struct list *ret, struct err *e)
{
    struct reference r;
    TRY(reference_parse(typed, &r, e));
    if (!reference_is_short(typed))
        return add_candidate(ret, typed, "", e);
    auto_free char *name = str_format("%.*s", (int)strcspn(typed, ":@"), typed);
    const char *ends = typed + strlen(name), *alias = alias_of(registries, name);
    if (alias) {
        int result = add_candidate(ret, alias, ends, e);
        return result < 0
                   ? err_wrap(e, result, "the alias of \"%.100s\" in registries.conf", name)
                   : 0;
    }
    const struct json *list = searched(registries);
    for (json_each(host, list)) {
        const char *library = str_eq(json_str(host, ""), "docker.io") && !strchr(name, '/')
                                  ? "library/"
                                  : "";
        auto_free char *base = str_format("%s/%s%s", json_str(host, ""), library, name);
        int result = add_candidate(ret, base, ends, e);
        if (result < 0)
            return err_wrap(e, result, "unqualified-search-registries in registries.conf");
    }
    return ret->n ? 0 : add_candidate(ret, typed, "", e);
}

/* ---- endpoints -------------------------------------------------------------------- */

static const char *
prefix_of(const struct json *registry)
{
    return json_str(json_get(registry, "prefix"),
                    json_str(json_get(registry, "location"), ""));
}

/* How much of the name a prefix is about: its length, 0 if it is not about it. "*.example.org"
 * is about all hosts below. */
static size_t
match(const char *prefix, const char *name)
{
    if (str_starts(prefix, "*.")) {
        size_t host = strcspn(name, "/"), tail = strlen(prefix) - 1;
        bool is_below = host > tail && strncmp(name + host - tail, prefix + 1, tail) == 0;
        return is_below ? host : 0;
    }
    size_t n = strlen(prefix);
    bool is_below = strncmp(name, prefix, n) == 0 && (name[n] == '\0' || name[n] == '/');
    return is_below ? n : 0;
}

/* The registry table with the longest prefix; of equal ones that of the later file. */
static const struct json *
find(const struct registries *registries, const char *name, size_t *ret_len)
{
    const struct json *best = NULL;
    *ret_len = 0;
    for (size_t i = 0; i < registries->n; i++)
        for (json_each(registry, json_get(json_root(registries->files[i]), "registry"))) {
            size_t n = match(prefix_of(registry), name);
            if (n > 0 && n >= *ret_len) {
                best = registry;
                *ret_len = n;
            }
        }
    return best;
}

const char *
registries_real_host(const char *host)
{
    return str_eq(host, "docker.io") ? "registry-1.docker.io" : host;
}

/* "host[:port][/path]" with the rest of the name behind it. */
static int
place(const char *location, const char *rest, struct endpoint *ret, struct err *e)
{
    auto_free char *name = str_format("%s%s", location, rest);
    struct reference r;
    int result = reference_parse(name, &r, e);
    if (result >= 0 && (reference_is_short(name) || *r.digest))
        result = err_set(e, ERR_INVALID, "\"%.200s\" does not begin with a host", name);
    if (result < 0)
        return err_wrap(e, result, "a location in registries.conf");
    snprintf(ret->host, sizeof ret->host, "%s", registries_real_host(r.host));
    snprintf(ret->path, sizeof ret->path, "%s", r.path);
    return 0;
}

static bool
mirror_serves(const struct json *registry, const struct json *mirror,
              const struct reference *r)
{
    const char *what = json_str(json_get(mirror, "pull-from-mirror"), "all");
    if (json_bool(json_get(registry, "mirror-by-digest-only"), false))
        what = "digest-only";
    return str_eq(what, "all") || str_eq(what, *r->digest ? "digest-only" : "tag-only");
}

int
registries_endpoints(const struct registries *registries, const struct reference *r,
                     bool want_mirrors, struct endpoint ret[ENDPOINTS_MOST], struct err *e)
{
    auto_free char *name = str_format("%s/%s", r->host, r->path);
    size_t len, n = 0;
    const struct json *registry = find(registries, name, &len);
    if (registry && json_bool(json_get(registry, "blocked"), false))
        return err_set(e, ERR_INVALID, "registries.conf blocks %s (its prefix \"%.100s\")",
                       name, prefix_of(registry));
    if (registry && want_mirrors)
        for (json_each(mirror, json_get(registry, "mirror"))) {
            if (n == ENDPOINTS_MOST - 1 || !mirror_serves(registry, mirror, r))
                continue;
            ret[n] = (struct endpoint){.is_mirror = true};
            ret[n].is_insecure = json_bool(json_get(mirror, "insecure"), false);
            TRY(place(json_str(json_get(mirror, "location"), ""), name + len, &ret[n], e));
            n++;
        }
    const char *location = json_str(json_get(registry, "location"), NULL);
    ret[n] =
        (struct endpoint){.is_insecure = json_bool(json_get(registry, "insecure"), false)};
    if (location)
        TRY(place(location, name + len, &ret[n], e));
    else
        TRY(place(name, "", &ret[n], e));
    return (int)n + 1;
}
