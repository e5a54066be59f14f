/* push.c - from an image of the store to a repository.
 *
 *     config, so that we know whether we may
 *     compress what came plain, once (compact)
 *     layers (upload.c)
 *     manifest under the tag, last: only then can anybody see it
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/push.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "image/add.h"
#include "image/deflate.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "image/token.h"
#include "image/upload.h"

#define READ_SIZE    (256u << 10)
#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_LAYER    "application/vnd.oci.image.layer.v1.tar+gzip"
#define DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar.gzip"

struct push {
    const struct image_store *store;
    struct registry *registry;
    struct progress *progress;
    struct reference name;
    struct image image;
    char *text; /* of the manifest, as it is in the store */
    size_t text_len;
    struct json_doc *document;
    struct manifest manifest;
};

static void
push_done(struct push *p)
{
    image_done(&p->image);
    free(p->text);
    json_doc_free(take_ptr(p->document));
    manifest_done(&p->manifest);
}

static int
read_manifest(struct push *p, struct err *e)
{
    free(take_ptr(p->text));
    json_doc_free(take_ptr(p->document));
    manifest_done(&p->manifest);
    TRY(store_read_text(p->store, p->image.manifest, &p->text, &p->text_len, e));
    TRY(json_parse(p->text, p->text_len, &p->document, e));
    return manifest_read(json_root(p->document), "", &p->manifest, e);
}

/* ---- compressed once -------------------------------------------------------------- */

struct compressing {
    struct stage *stage;
    struct stage_blob blob;
};

static int
is_plain(const struct stage *stage, const char *digest, bool *ret, struct err *e)
{
    int64_t size;
    enum compression kind;
    TRY(stage_blob_facts(stage, digest, &size, &kind, e));
    *ret = kind == COMPRESSION_NONE && size > 0;
    return 0;
}

static int
put_in_blob(void *data, const void *p, size_t n, struct err *e)
{
    struct compressing *c = data;
    return stage_blob_add(c->stage, &c->blob, p, n, e);
}

static int
compress_all(int fd, struct deflate *deflate, struct err *e)
{
    auto_free char *buf = mem_new(READ_SIZE, 1);
    for (;;) {
        ssize_t n = file_read_some(fd, buf, READ_SIZE);
        TRY(err_sys(e, (int)n, "read the layer to compress"));
        if (n == 0)
            return deflate_end(deflate, e);
        TRY(deflate_add(deflate, buf, (size_t)n, e));
    }
}

/* A blob of the stage, compressed, is another blob of the stage. */
static int
compress(struct stage *stage, int fd, char *ret_digest, struct err *e)
{
    struct compressing c = {.stage = stage};
    TRY(stage_blob_begin(stage, &c.blob, e));
    struct deflate *deflate = deflate_open(put_in_blob, &c);
    int r = compress_all(fd, deflate, e);
    deflate_close(deflate);
    if (r >= 0)
        return stage_blob_end(stage, &c.blob, ret_digest, e);
    stage_blob_drop(stage, &c.blob);
    return r;
}

/* The descriptor of a layer's blob in the new manifest: compressed where it is plain. */
static int
compact_layer(struct stage *stage, struct json_doc *doc, struct json *layers,
              const struct json *old, struct list *blobs, struct err *e)
{
    char digest[DIGEST_SIZE];
    struct json *layer = json_append(layers, json_clone(doc, old));
    bool plain = false;
    const char *type = json_str(json_get(old, "mediaType"), "");
    snprintf(digest, sizeof digest, "%s", json_str(json_get(old, "digest"), ""));
    TRY(is_plain(stage, digest, &plain, e));
    if (plain) {
        auto_close int blob = stage_open_blob(stage, digest, e);
        int64_t size;
        enum compression kind;
        TRY(blob);
        TRY(compress(stage, blob, digest, e));
        TRY(stage_blob_facts(stage, digest, &size, &kind, e));
        json_set_str(doc, layer, "mediaType",
                     strstr(type, "docker") ? DOCKER_LAYER : OCI_LAYER);
        json_set_str(doc, layer, "digest", digest);
        json_set_i64(doc, layer, "size", size);
    }
    list_add(blobs, digest);
    return 0;
}

/* The same image with compressed layers takes the place of the one that is there. */
static int
compact_on_stage(struct push *p, struct stage *stage, struct err *e)
{
    __attribute__((cleanup(new_image_done))) struct new_image new = {0};
    auto_json *doc = json_doc_new();
    struct json *root = json_clone(doc, json_root(p->document)), *layers = json_array(doc);
    for (json_each(layer, json_get(json_root(p->document), "layers")))
        TRY(compact_layer(stage, doc, layers, layer, &new.layers, e));
    json_set(doc, root, "layers", layers);

    auto_text out = {0};
    json_write(&out, root, 0);
    TRY(stage_text(stage, out.data, out.len, new.manifest, e));
    snprintf(new.config, sizeof new.config, "%s", p->manifest.config.digest);
    list_add_all(&new.names, &p->image.names);
    TRY(add_image(stage, &new, e));
    snprintf(p->image.manifest, sizeof p->image.manifest, "%s", new.manifest);
    return read_manifest(p, e);
}

static int
compact(struct push *p, struct err *e)
{
    struct stage none = {.store = p->store, .fd = NO_FD}, stage;
    bool plain = false;
    for (size_t i = 0; i < p->manifest.layer_count && !plain; i++)
        TRY(is_plain(&none, p->manifest.layers[i].digest, &plain, e));
    if (!plain)
        return 0;
    progress_say(p->progress, "Compressing layers");
    TRY(stage_open(&stage, p->store, e));
    int r = compact_on_stage(p, &stage, e);
    stage_close(&stage);
    return r;
}

/* ---- what may be mounted ---------------------------------------------------------- */

/* Another repository of the same registry that has a blob of ours, as images here show. */
struct neighbour {
    const struct push *push;
    char *path; /* the first that was found */
    struct list blobs;
};

static const char *
neighbour_path(const struct push *p, const struct image *image, struct reference *r)
{
    struct err ignored;
    for (size_t i = 0; i < image->names.n; i++)
        if (reference_parse(image->names.v[i], r, &ignored) >= 0 &&
            str_eq(r->host, p->name.host) && !str_eq(r->path, p->name.path))
            return r->path;
    return NULL;
}

static int
look_at_neighbour(struct image *image, void *data)
{
    struct neighbour *n = data;
    const struct manifest *m = &n->push->manifest;
    struct reference r;
    const char *path = neighbour_path(n->push, image, &r);
    bool has_one = false;
    for (size_t i = 0; path && i < m->layer_count; i++)
        has_one |= list_has(&image->blobs, m->layers[i].digest);
    if (!has_one || (n->path && !str_eq(n->path, path)))
        return 0;
    if (!n->path)
        n->path = str_copy(path);
    list_add_all(&n->blobs, &image->blobs);
    return 0;
}

/* ---- sending ---------------------------------------------------------------------- */

/* The config goes first: it is small, and shows whether we may push here at all. */
static int
send_config(struct push *p, struct err *e)
{
    const struct upload_blob config = {.descriptor = p->manifest.config,
                                       .is_unspoken = true};
    return upload_blobs(p->store, p->registry, &config, 1, p->progress, e);
}

/* With a neighbour, a token must be good for both repositories: get it anew. */
static void
set_neighbour(struct registry *registry, char *path)
{
    free(registry->mount_from);
    registry->mount_from = path;
    if (path && registry->challenge.scheme == CHALLENGE_BEARER)
        free(take_ptr(registry->authorization));
}

static int
send_layers(struct push *p, struct err *e)
{
    size_t n = p->manifest.layer_count;
    struct neighbour neighbour = {.push = p};
    auto_free struct upload_blob *blobs = mem_new(n + 1, sizeof *blobs);
    int r = store_each(p->store, look_at_neighbour, &neighbour, e);
    set_neighbour(p->registry, neighbour.path);
    for (size_t i = 0; i < n; i++) {
        blobs[i].descriptor = p->manifest.layers[i];
        blobs[i].may_mount = list_has(&neighbour.blobs, p->manifest.layers[i].digest);
    }
    list_done(&neighbour.blobs);
    return r < 0 ? r : upload_blobs(p->store, p->registry, blobs, n, p->progress, e);
}

static int
send_manifest(struct push *p, struct err *e)
{
    struct registry_call call = REGISTRY_CALL_NONE;
    auto_free char *what = str_format("manifests/%s", p->name.tag);
    call.method = "PUT";
    call.url = registry_url(p->registry, what);
    call.upload = p->text;
    call.upload_len = (int64_t)p->text_len;
    call.is_timed = true;
    list_addf(&call.extra, "Content-Type: %s",
              json_str(json_get(json_root(p->document), "mediaType"), OCI_MANIFEST));
    int r = registry_do(p->registry, &call, e);
    const struct http_answer *a = &call.http.answer;
    if (r >= 0 && a->status != 201 && a->status != 200 && a->status != 202)
        r = registry_refusal(&call, "the manifest that is pushed", e);
    else if (r >= 0 && *a->digest && !str_eq(a->digest, p->image.manifest))
        r = err_set(e, ERR_INVALID, "%s calls the manifest %s, but it is %s",
                    p->registry->host, a->digest, p->image.manifest);
    registry_call_done(&call);
    return r;
}

static int
not_here(const char *name, struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "An image does not exist locally with the tag: %.300s",
                   name);
}

static int
push_one(struct push *p, struct list *sent, struct err *e)
{
    char full[REFERENCE_SIZE], name[REFERENCE_SIZE];
    int r = store_find(p->store, reference_full(&p->name, full), &p->image, e);
    if (r < 0 && e->kind == ERR_NOT_FOUND)
        return not_here(reference_short(&p->name, name), e);
    TRY(r);
    TRY(read_manifest(p, e));
    TRY(send_config(p, e));
    TRY(compact(p, e));
    TRY(send_layers(p, e));
    TRY(send_manifest(p, e));
    progress_say(p->progress, "%s: digest: %s size: %zu", p->name.tag, p->image.manifest,
                 p->text_len);
    list_add(sent, full);
    return 0;
}

/* ---- which ------------------------------------------------------------------------ */

struct tags {
    const struct reference *repository;
    struct list tags;
};

static int
note_tags(struct image *image, void *data)
{
    struct tags *tags = data;
    struct reference r;
    struct err ignored;
    for (size_t i = 0; i < image->names.n; i++)
        if (reference_parse(image->names.v[i], &r, &ignored) >= 0 && !*r.digest &&
            str_eq(r.host, tags->repository->host) &&
            str_eq(r.path, tags->repository->path))
            list_add(&tags->tags, r.tag);
    return 0;
}

static int
choose_tags(const struct image_store *store, const char *typed,
            const struct reference *name, bool want_all, struct list *ret, struct err *e)
{
    struct tags tags = {.repository = name};
    if (*name->digest)
        return err_set(e, ERR_INVALID, "cannot push \"%.200s\" by digest: give a tag",
                       typed);
    if (!want_all) {
        list_add(ret, name->tag);
        return 0;
    }
    if (!reference_is_bare(typed))
        return err_set(e, ERR_INVALID, "tag can't be used with --all-tags/-a");
    int r = store_each(store, note_tags, &tags, e);
    list_add_all(ret, &tags.tags);
    list_done(&tags.tags);
    TRY(r);
    return ret->n ? 0 : not_here(typed, e);
}

static int
push_tags(const struct image_store *store, struct registry *registry,
          const struct reference *name, const struct list *tags, struct progress *progress,
          struct list *sent, struct err *e)
{
    for (size_t i = 0; i < tags->n; i++) {
        __attribute__((cleanup(push_done))) struct push p = {
            .store = store, .registry = registry, .progress = progress, .name = *name};
        snprintf(p.name.tag, sizeof p.name.tag, "%s", tags->v[i]);
        TRY(push_one(&p, sent, e));
    }
    return 0;
}

int
push_image(const struct image_store *store, const char *typed, bool want_all_tags,
           struct progress *progress, struct list *sent, struct err *e)
{
    struct reference name;
    struct registries registries;
    struct endpoint endpoints[ENDPOINTS_MOST];
    struct registry registry;
    auto_list tags = {0};
    TRY(reference_parse(typed, &name, e));
    TRY(choose_tags(store, typed, &name, want_all_tags, &tags, e));
    TRY(registries_load(&registries, e));
    int n = registries_endpoints(&registries, &name, false, endpoints, e);
    registries_done(&registries);
    TRY(n);
    if (reference_is_bare(typed) && !want_all_tags)
        progress_say(progress, "Using default tag: %s", name.tag);
    progress_say(progress, "The push refers to repository [%s/%s]", name.host, name.path);
    struct http *http = http_new();
    registry_open(&registry, http, &endpoints[n - 1], "pull,push", token_get);
    int r = push_tags(store, &registry, &name, &tags, progress, sent, e);
    registry_close(&registry);
    http_free(http);
    return r;
}
