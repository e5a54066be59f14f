/* manifest.c - manifests and indexes, believed only where all they say agrees.
 *
 * A document that is an index to one reader and a manifest to another is an attack (rule
 * R4), so what a document is, is decided by its members and must be what its mediaType and
 * the descriptor that led to it say.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static const struct {
    const char *type;
    bool is_index;
} types[] = {
    {"application/vnd.oci.image.manifest.v1+json",                false},
    {"application/vnd.oci.image.index.v1+json",                   true },
    {"application/vnd.docker.distribution.manifest.v2+json",      false},
    {"application/vnd.docker.distribution.manifest.list.v2+json", true },
};

/* 1 an index, 0 a manifest, -1 something else. */
static int
kind_of_type(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_eq(types[i].type, type))
            return types[i].is_index;
    return -1;
}

int
manifest_descriptor(const struct json *node, struct descriptor *ret, struct err *e)
{
    const char *digest = json_str(json_get(node, "digest"), "");
    int64_t size = json_i64(json_get(node, "size"), -1);
    if (!digest_is_valid(digest))
        return err_set(e, ERR_INVALID, "a descriptor with the digest \"%.100s\"", digest);
    if (size < 0)
        return err_set(e, ERR_INVALID, "the descriptor of %s has no size", digest);
    snprintf(ret->digest, sizeof ret->digest, "%s", digest);
    snprintf(ret->media_type, sizeof ret->media_type, "%.127s",
             json_str(json_get(node, "mediaType"), ""));
    ret->size = size;
    return 0;
}

bool
manifest_is_index(const struct json *root)
{
    return json_get(root, "manifests") != NULL;
}

static int
check_kind(const struct json *root, const char *media_type, bool is_index, struct err *e)
{
    bool has_manifests = json_get(root, "manifests") != NULL;
    bool has_layers = json_get(root, "layers") || json_get(root, "config");
    const char *own = json_str(json_get(root, "mediaType"), "");
    const char *what = is_index ? "an index" : "a manifest";
    if (json_get(root, "fsLayers"))
        return err_set(e, ERR_UNSUPPORTED,
                       "a manifest of the old schema 1: ask whoever "
                       "made the image to build it again");
    if (json_i64(json_get(root, "schemaVersion"), 0) != 2)
        return err_set(e, ERR_INVALID, "%s without schemaVersion 2", what);
    if (has_manifests == has_layers || has_manifests != is_index)
        return err_set(e, ERR_INVALID, "a document that should be %s and is not", what);
    if ((*own && kind_of_type(own) != is_index) ||
        (*media_type && kind_of_type(media_type) != is_index))
        return err_set(
            e, ERR_INVALID,
            "a document that looks like %s and calls itself %.60s, its descriptor "
            "%.60s",
            what, *own ? own : "nothing", *media_type ? media_type : "nothing");
    return 0;
}

void
manifest_done(struct manifest *manifest)
{
    free(manifest->layers);
    *manifest = (struct manifest){0};
}

/* Layers that are not to be distributed name other servers to fetch them from. */
static bool
is_foreign(const char *media_type)
{
    return strstr(media_type, "nondistributable") || strstr(media_type, ".foreign.");
}

int
manifest_read(const struct json *root, const char *media_type, struct manifest *ret,
              struct err *e)
{
    __attribute__((cleanup(manifest_done))) struct manifest m = {0};
    TRY(check_kind(root, media_type, false, e));
    TRY(manifest_descriptor(json_get(root, "config"), &m.config, e));
    const struct json *layers = json_get(root, "layers");
    if (!layers || layers->type != JSON_ARRAY || json_count(layers) > MANIFEST_MOST)
        return err_set(e, ERR_INVALID, "a manifest without a list of layers");
    m.layers = mem_new(json_count(layers) + 1, sizeof *m.layers);
    for (json_each(layer, layers)) {
        struct descriptor *d = &m.layers[m.layer_count++];
        TRY(manifest_descriptor(layer, d, e));
        if (is_foreign(d->media_type))
            return err_set(e, ERR_UNSUPPORTED,
                           "layer %zu may not be distributed and would come from another "
                           "server: refused",
                           m.layer_count);
    }
    *ret = m;
    m = (struct manifest){0};
    return 0;
}

/* ---- platforms -------------------------------------------------------------------- */

/* Go's names for the machines that uname(2) knows. */
static const struct {
    const char *machine, *architecture, *variant;
} machines[] = {
    {"x86_64",  "amd64",   ""  },
    {"aarch64", "arm64",   ""  },
    {"armv7l",  "arm",     "v7"},
    {"armv6l",  "arm",     "v6"},
    {"i686",    "386",     ""  },
    {"riscv64", "riscv64", ""  },
    {"ppc64le", "ppc64le", ""  },
    {"s390x",   "s390x",   ""  },
};

static void
this_platform(struct platform *ret)
{
    struct utsname u;
    uname(&u);
    *ret = (struct platform){.os = "linux"};
    snprintf(ret->architecture, sizeof ret->architecture, "%.31s", u.machine);
    for (size_t i = 0; i < ARRAY_LEN(machines); i++)
        if (str_eq(machines[i].machine, u.machine)) {
            snprintf(ret->architecture, sizeof ret->architecture, "%s",
                     machines[i].architecture);
            snprintf(ret->variant, sizeof ret->variant, "%s", machines[i].variant);
        }
}

int
manifest_platform(const char *s, struct platform *ret, struct err *e)
{
    if (!s) {
        this_platform(ret);
        return 0;
    }
    auto_list parts = {0};
    list_split(&parts, s, '/');
    if (parts.n < 2 || parts.n > 3)
        return err_set(
            e, ERR_INVALID,
            "invalid platform \"%.60s\": it is OS/ARCHITECTURE, like linux/arm64", s);
    *ret = (struct platform){0};
    snprintf(ret->os, sizeof ret->os, "%.31s", parts.v[0]);
    snprintf(ret->architecture, sizeof ret->architecture, "%.31s", parts.v[1]);
    if (parts.n == 3)
        snprintf(ret->variant, sizeof ret->variant, "%.31s", parts.v[2]);
    return 0;
}

/* 0: not for us; 2: exactly; 1: the same processor in a variant that was not asked for. */
static int
match(const struct json *platform, const struct platform *wanted)
{
    if (!str_eq(json_str(json_get(platform, "os"), ""), wanted->os) ||
        !str_eq(json_str(json_get(platform, "architecture"), ""), wanted->architecture))
        return 0;
    const char *variant = json_str(json_get(platform, "variant"), "");
    if (str_eq(variant, wanted->variant) || (str_eq(wanted->architecture, "arm64") &&
                                             str_eq(variant, "v8") && !*wanted->variant))
        return 2;
    return *wanted->variant && *variant ? strcmp(variant, wanted->variant) < 0 : 1;
}

static int
no_match(const struct json *index, const struct platform *wanted, struct err *e)
{
    auto_text list = {0};
    for (json_each(item, json_get(index, "manifests"))) {
        const struct json *p = json_get(item, "platform");
        const char *os = json_str(json_get(p, "os"), NULL);
        if (os && !str_eq(os, "unknown") && list.len < 300)
            text_addf(&list, "%s%.20s/%.20s", list.len ? ", " : "", os,
                      json_str(json_get(p, "architecture"), "?"));
    }
    return err_set(e, ERR_NOT_FOUND, "no image for %s/%s in it; there are: %s", wanted->os,
                   wanted->architecture, text_str(&list));
}

int
manifest_choose(const struct json *index, const char *media_type, const char *platform,
                struct descriptor *ret, struct err *e)
{
    struct platform wanted;
    TRY(check_kind(index, media_type, true, e));
    TRY(manifest_platform(platform, &wanted, e));

    const struct json *items = json_get(index, "manifests"), *best = NULL;
    int best_match = 0;
    if (json_count(items) > MANIFEST_MOST)
        return err_set(e, ERR_INVALID, "an index of more than %d manifests", MANIFEST_MOST);
    for (json_each(item, items)) {
        int m = match(json_get(item, "platform"), &wanted);
        if (m > best_match) {
            best = item;
            best_match = m;
        }
    }
    if (!best && json_count(items) == 1 && !json_get(items->list.first, "platform"))
        best = items->list.first; /* an index of one that says nothing: that one */
    return best ? manifest_descriptor(best, ret, e) : no_match(index, &wanted, e);
}
