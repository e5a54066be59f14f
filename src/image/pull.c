/* pull.c - from a name to an image of the store.
 *
 *     name --registries.conf--> full names to try, endpoints for each
 *     manifest by tag or digest; an index leads to the manifest of the platform
 *     config, then all layers at once (fetch.c), then add.c makes it visible
 *
 * Every document is hashed and compared before a word of it is believed (rule R4). Of two
 * pulls of one image the second waits for the first: it holds a lock on the manifest's place
 * in images/partial.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/pull.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "image/add.h"
#include "image/fetch.h"
#include "image/partial.h"
#include "image/tags.h"
#include "image/token.h"

#define MANIFEST_SIZE_MOST (4u << 20)

static const char accepted[] = "Accept: application/vnd.oci.image.index.v1+json, "
                               "application/vnd.docker.distribution.manifest.list.v2+json, "
                               "application/vnd.oci.image.manifest.v1+json, "
                               "application/vnd.docker.distribution.manifest.v2+json";

struct pull {
    const struct image_store *store;
    const struct pull_options *options;
    struct progress *progress;
    struct registry *registry;
    struct reference name;
    char full[REFERENCE_SIZE];
    char asked[DIGEST_SIZE]; /* digest of what the name led to: an index or a manifest */
    struct descriptor descriptor; /* of the manifest */
    struct json_doc *document;
    struct manifest manifest;
    struct stage stage;
    struct list diff_ids;
    bool is_new; /* there was something to do */
};

/* ---- documents -------------------------------------------------------------------- */

/* A document of the repository, by its path there. digest: what it must have, or ""; size: or
 * -1. Its text stays in the call. */
static int
get(struct pull *p, struct registry_call *call, const char *path, const char *what,
    const struct descriptor *expected, struct err *e)
{
    char found[DIGEST_SIZE];
    call->method = "GET";
    call->url = registry_url(p->registry, path);
    call->is_timed = true;
    call->body_most = MANIFEST_SIZE_MOST;
    TRY(registry_do(p->registry, call, e));
    const struct http_answer *a = &call->http.answer;
    if (a->status != 200)
        return registry_refusal(call, what, e);
    sha256_of(text_str(&a->body), a->body.len, found);
    const char *digest = *expected->digest ? expected->digest : a->digest;
    if (*digest && !str_eq(found, digest))
        return err_set(e, ERR_INVALID,
                       "%s is not what %s calls it: its digest is %s, not %s", what,
                       p->registry->host, found, digest);
    if (expected->size >= 0 && (int64_t)a->body.len != expected->size)
        return err_set(e, ERR_INVALID, "%s has %zu bytes, not %lld", what, a->body.len,
                       (long long)expected->size);
    return 0;
}

/* What the answer says it is, if it is something that we asked for. */
static void
take_media_type(const struct http_answer *a, struct descriptor *ret)
{
    bool is_known = *a->content_type && strstr(accepted, a->content_type);
    snprintf(ret->media_type, sizeof ret->media_type, "%s",
             is_known && !*ret->media_type ? a->content_type : ret->media_type);
}

/* Fetches a manifest or an index; descriptor has what is known of it and gets the rest. */
static int
get_manifest(struct pull *p, const char *tag, struct descriptor *descriptor,
             struct registry_call *call, struct err *e)
{
    const char *by = *descriptor->digest ? descriptor->digest : tag;
    char name[REFERENCE_SIZE];
    auto_free char *path = str_format("manifests/%s", by);
    auto_free char *what = str_format("manifest for %s", reference_short(&p->name, name));
    list_add(&call->extra, accepted);
    TRY(get(p, call, path, what, descriptor, e));
    const struct http_answer *a = &call->http.answer;
    sha256_of(text_str(&a->body), a->body.len, descriptor->digest);
    descriptor->size = (int64_t)a->body.len;
    take_media_type(a, descriptor);
    json_doc_free(take_ptr(p->document));
    int r = json_parse(text_str(&a->body), a->body.len, &p->document, e);
    return r < 0 ? err_wrap(e, r, "%s", what) : 0;
}

/* The manifest for our platform: p->document, p->descriptor, its text in *call. */
static int
find_manifest(struct pull *p, struct registry_call *call, struct err *e)
{
    struct descriptor d = {.size = -1};
    snprintf(d.digest, sizeof d.digest, "%s", p->name.digest);
    TRY(get_manifest(p, p->name.tag, &d, call, e));
    snprintf(p->asked, sizeof p->asked, "%s", d.digest);
    if (manifest_is_index(json_root(p->document))) {
        struct descriptor chosen;
        TRY(manifest_choose(json_root(p->document), d.media_type, p->options->platform,
                            &chosen, e));
        d = chosen;
        registry_call_done(call);
        *call = (struct registry_call)REGISTRY_CALL_NONE;
        TRY(get_manifest(p, NULL, &d, call, e));
    }
    p->descriptor = d;
    return manifest_read(json_root(p->document), d.media_type, &p->manifest, e);
}

/* ---- into the stage --------------------------------------------------------------- */

static int
fetch_config(struct pull *p, struct err *e)
{
    const struct descriptor *config = &p->manifest.config;
    struct registry_call call = REGISTRY_CALL_NONE;
    auto_free char *path = str_format("blobs/%s", config->digest);
    char digest[DIGEST_SIZE];
    if (config->size > MANIFEST_SIZE_MOST)
        return err_set(e, ERR_INVALID, "the image's config has %lld bytes: too many",
                       (long long)config->size);
    if (store_has_blob(p->store, config->digest))
        return 0;
    int r = get(p, &call, path, "the image's config", config, e);
    const struct text *body = &call.http.answer.body;
    if (r >= 0)
        r = stage_text(&p->stage, text_str(body), body->len, digest, e);
    registry_call_done(&call);
    return r;
}

/* Asked for by name, the platform must be the right one also without an index. */
static int
check_platform(const struct pull *p, const struct json *config, struct err *e)
{
    struct platform wanted;
    const char *os = json_str(json_get(config, "os"), "linux");
    const char *architecture = json_str(json_get(config, "architecture"), "");
    char name[REFERENCE_SIZE];
    if (!p->options->platform)
        return 0;
    TRY(manifest_platform(p->options->platform, &wanted, e));
    if (str_eq(os, wanted.os) && str_eq(architecture, wanted.architecture))
        return 0;
    return err_set(e, ERR_NOT_FOUND, "%s is for %.60s/%.60s only, not for %s",
                   reference_short(&p->name, name), os, architecture, p->options->platform);
}

/* So that a disk that is too small is known before it is full. */
static int
check_space(const struct pull *p, struct err *e)
{
    struct statvfs fs;
    int64_t needed = 0;
    for (size_t i = 0; i < p->manifest.layer_count; i++) {
        const struct descriptor *layer = &p->manifest.layers[i];
        if (!store_has_blob(p->store, layer->digest) &&
            __builtin_add_overflow(needed, layer->size, &needed))
            needed = INT64_MAX;
    }
    if (fstatvfs(p->stage.fd, &fs) < 0)
        return err_sys(e, -errno, "ask for free space");
    if (needed / (int64_t)fs.f_frsize <= (int64_t)fs.f_bavail)
        return 0;
    return err_set(
        e, ERR_SYSTEM,
        "no space left: the layers to download have %lld bytes, the disk has %lld "
        "free; remove images with 'sampan rmi', or give another --root",
        (long long)needed, (long long)fs.f_bavail * (long long)fs.f_frsize);
}

static int
fill_stage(struct pull *p, const struct text *manifest, struct err *e)
{
    auto_json *config = NULL;
    char digest[DIGEST_SIZE];
    TRY(stage_text(&p->stage, text_str(manifest), manifest->len, digest, e));
    TRY(check_space(p, e));
    TRY(fetch_config(p, e));
    TRY(stage_read_json(&p->stage, p->manifest.config.digest, &config, e));
    TRY(check_platform(p, json_root(config), e));
    TRY(layer_diff_ids(json_root(config), p->manifest.layer_count, &p->diff_ids, e));
    return fetch_layers(&p->stage, p->registry, &p->manifest, &p->diff_ids, p->progress, e);
}

static int
add(struct pull *p, struct err *e)
{
    __attribute__((cleanup(new_image_done))) struct new_image image = {0};
    snprintf(image.config, sizeof image.config, "%s", p->manifest.config.digest);
    snprintf(image.manifest, sizeof image.manifest, "%s", p->descriptor.digest);
    for (size_t i = 0; i < p->manifest.layer_count; i++)
        list_add(&image.layers, p->manifest.layers[i].digest);
    list_add(&image.names, p->full);
    return add_image(&p->stage, &image, e);
}

/* Of blobs that are in the store now; a pull that was killed at its very end has left them. */
static void
remove_partials(const struct pull *p)
{
    for (size_t i = 0; i < p->manifest.layer_count; i++)
        partial_remove(p->store, p->manifest.layers[i].digest);
}

/* ---- one image -------------------------------------------------------------------- */

/* The name means just this manifest already. */
static bool
is_up_to_date(const struct pull *p)
{
    struct image image = {0};
    struct err ignored;
    bool is_same = store_find(p->store, p->full, &image, &ignored) >= 0 &&
                   str_eq(image.manifest, p->descriptor.digest) &&
                   str_eq(image.id, p->manifest.config.digest);
    image_done(&image);
    return is_same;
}

static int
lock(const struct pull *p, struct partial *ret, struct err *e)
{
    int r = partial_open(ret, p->store, &p->descriptor, false, e);
    if (r != -EWOULDBLOCK)
        return r;
    progress_say(p->progress, "Waiting for another pull of this image");
    return partial_open(ret, p->store, &p->descriptor, true, e);
}

/* Under the image's lock. */
static int
bring(struct pull *p, const struct text *manifest, struct err *e)
{
    p->is_new = !is_up_to_date(p);
    if (!p->is_new) {
        remove_partials(p);
        return 0;
    }
    TRY(stage_open(&p->stage, p->store, e));
    int r = fill_stage(p, manifest, e);
    if (r >= 0)
        r = add(p, e);
    if (r >= 0)
        remove_partials(p);
    stage_close(&p->stage);
    return r;
}

static int
pull_one(struct pull *p, struct err *e)
{
    struct registry_call call = REGISTRY_CALL_NONE;
    struct partial mine = {.fd = NO_FD};
    int r = find_manifest(p, &call, e);
    if (r >= 0)
        progress_say(p->progress, "%s: Pulling from %s",
                     *p->name.digest ? p->name.digest : p->name.tag, p->name.path);
    if (r >= 0)
        r = lock(p, &mine, e);
    if (r >= 0)
        r = bring(p, &call.http.answer.body, e);
    if (mine.fd >= 0)
        partial_remove(p->store, p->descriptor.digest);
    partial_close(&mine);
    registry_call_done(&call);
    TRY(r);
    progress_say(p->progress, "Digest: %s", p->asked);
    return 0;
}

static void
pull_done(struct pull *p)
{
    json_doc_free(take_ptr(p->document));
    manifest_done(&p->manifest);
    list_done(&p->diff_ids);
}

/* ---- one image or all of a repository --------------------------------------------- */

static void
say_status(const struct pull *p, bool is_new)
{
    char name[REFERENCE_SIZE];
    progress_say(p->progress,
                 is_new ? "Status: Downloaded newer image for %s"
                        : "Status: Image is up to date for %s",
                 p->options->want_all_tags ? reference_repository(&p->name, name)
                                           : reference_short(&p->name, name));
}

static int
pull_all(const struct pull *common, struct err *e)
{
    auto_list tags = {0};
    bool is_new = false;
    if (common->options->want_all_tags)
        TRY(tags_list(common->registry, &tags, e));
    else
        list_add(&tags, common->name.tag);
    for (size_t i = 0; i < tags.n; i++) {
        __attribute__((cleanup(pull_done))) struct pull p = *common;
        snprintf(p.name.tag, sizeof p.name.tag, "%s", tags.v[i]);
        reference_full(&p.name, p.full);
        TRY(pull_one(&p, e));
        is_new |= p.is_new;
    }
    say_status(common, is_new);
    return 0;
}

/* From each endpoint in turn: mirrors, then the registry itself, whose error counts. */
static int
pull_name(const struct image_store *store, const struct registries *registries,
          struct http *http, const struct reference *name,
          const struct pull_options *options, struct progress *progress, struct err *e)
{
    struct endpoint endpoints[ENDPOINTS_MOST];
    int n = registries_endpoints(registries, name, true, endpoints, e);
    TRY(n);
    int r = 0;
    for (int i = 0; i < n; i++) {
        __attribute__((cleanup(registry_close))) struct registry registry;
        struct pull p = {.store = store,
                         .options = options,
                         .progress = progress,
                         .registry = &registry,
                         .name = *name};
        p.stage.fd = NO_FD;
        if (*p.name.digest)
            *p.name.tag = '\0';
        registry_open(&registry, http, &endpoints[i], "pull", token_get);
        *e = (struct err){0};
        r = pull_all(&p, e);
        if (r >= 0)
            return 0;
        if (i + 1 < n)
            progress_say(progress, "The mirror %s cannot help: %s", endpoints[i].host,
                         e->text);
    }
    return r;
}

/* ---- all that a name may mean ----------------------------------------------------- */

static bool
is_here(const struct image_store *store, const char *name)
{
    struct image image = {0};
    struct err ignored;
    bool found = store_find(store, name, &image, &ignored) >= 0;
    image_done(&image);
    return found;
}

static int
try_candidates(const struct image_store *store, const struct registries *registries,
               const struct list *names, const struct pull_options *options,
               struct progress *progress, char *ret_name, struct err *e)
{
    struct http *http = http_new();
    auto_text tried = {0};
    int r = 0;
    for (size_t i = 0; i < names->n; i++) {
        struct reference name;
        r = reference_parse(names->v[i], &name, e);
        if (r >= 0)
            r = pull_name(store, registries, http, &name, options, progress, e);
        if (r >= 0) {
            if (*name.digest || options->want_all_tags)
                *name.tag = '\0';
            reference_full(&name, ret_name);
            break;
        }
        text_addf(&tried, "%s%s", tried.len ? ", " : "", names->v[i]);
    }
    http_free(http);
    if (r < 0 && names->n > 1)
        err_hint(e, r, " (tried as registries.conf says: %.300s)", text_str(&tried));
    return r;
}

int
pull_image(const struct image_store *store, const char *name,
           const struct pull_options *options, struct progress *progress, char *ret_name,
           struct err *e)
{
    struct registries registries;
    struct platform platform;
    auto_list names = {0};
    if (options->want_all_tags && !reference_is_bare(name))
        return err_set(e, ERR_INVALID, "tag can't be used with --all-tags/-a");
    TRY(manifest_platform(options->platform, &platform, e));
    TRY(registries_load(&registries, e));
    partial_sweep(store);
    int r = registries_candidates(&registries, name, &names, e);
    for (size_t i = 0; r >= 0 && options->want_missing && i < names.n; i++)
        if (is_here(store, names.v[i])) {
            snprintf(ret_name, REFERENCE_SIZE, "%s", names.v[i]);
            registries_done(&registries);
            return 0;
        }
    if (r >= 0 && reference_is_bare(name) && !options->want_all_tags &&
        !options->is_for_run)
        progress_say(progress, "Using default tag: latest");
    if (r >= 0)
        r = try_candidates(store, &registries, &names, options, progress, ret_name, e);
    registries_done(&registries);
    return r;
}
