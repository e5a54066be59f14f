/* add.c - the last steps that load, import and pull have in common.
 *
 *     check the config       as many diff_ids as layers, for Linux
 *     chain ids              chain(0) = diff(0), chain(i) = sha256(chain(i-1) " " diff(i))
 *                            (image-spec, config.md)
 *     unpack what is new     several layers at once, each in its own process
 *     syncfs                 one for all
 *     with the store's lock: rename blobs and layers into place, then record and names
 *
 * Until the record is there nothing can be seen; a crash leaves a stage for the next one to
 * sweep, or whole blobs and layers that no record names.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/add.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "image/index.h"
#include "image/layer.h"

#define AT_ONCE 2 /* layers being unpacked; each uses two threads */

struct adding {
    struct stage *stage;
    struct new_image *new;
    struct list diff_ids;
    struct image image; /* as it will be recorded */
};

static void
adding_done(struct adding *a)
{
    list_done(&a->diff_ids);
    image_done(&a->image);
}

void
new_image_done(struct new_image *image)
{
    list_done(&image->layers);
    list_done(&image->names);
}

/* ---- config and manifest ---------------------------------------------------------- */

static int
check_config(struct adding *a, struct err *e)
{
    auto_json *config = NULL;
    TRY(stage_read_json(a->stage, a->new->config, &config, e));
    return layer_diff_ids(json_root(config), a->new->layers.n, &a->diff_ids, e);
}

static int
add_descriptor(struct adding *a, struct json_doc *doc, struct json *to, const char *type,
               const char *digest, struct err *e)
{
    int64_t size;
    enum compression kind;
    TRY(stage_blob_facts(a->stage, digest, &size, &kind, e));
    auto_free char *full = str_format("%s%s", type, compression_suffix(kind));
    json_set_str(doc, to, "mediaType", full);
    json_set_str(doc, to, "digest", digest);
    json_set_i64(doc, to, "size", size);
    return 0;
}

/* For what came without one: a docker-archive, an import. */
static int
write_manifest(struct adding *a, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct json *root = json_object(doc), *layers = json_array(doc);
    json_set_i64(doc, root, "schemaVersion", 2);
    json_set_str(doc, root, "mediaType", "application/vnd.oci.image.manifest.v1+json");
    struct json *config = json_set(doc, root, "config", json_object(doc));
    TRY(add_descriptor(a, doc, config, "application/vnd.oci.image.config.v1+json",
                       a->new->config, e));
    for (size_t i = 0; i < a->new->layers.n; i++) {
        struct json *layer = json_append(layers, json_object(doc));
        TRY(add_descriptor(a, doc, layer, "application/vnd.oci.image.layer.v1.tar",
                           a->new->layers.v[i], e));
    }
    json_set(doc, root, "layers", layers);
    auto_text out = {0};
    json_write(&out, root, 0);
    return stage_text(a->stage, out.data, out.len, a->new->manifest, e);
}

/* ---- layers ----------------------------------------------------------------------- */

static int
finish_layer(struct adding *a, size_t i, struct unpack *unpack, struct err *e)
{
    int r = layer_finish(a->stage, a->image.layers.v[i], a->diff_ids.v[i], unpack, e);
    return r < 0 ? err_wrap(e, r, "layer %zu of %zu", i + 1, a->diff_ids.n) : 0;
}

static int
start_layer(struct adding *a, size_t i, bool is_alone, struct unpack *ret, struct err *e)
{
    auto_close int blob = stage_open_blob(a->stage, a->new->layers.v[i], e);
    TRY(blob);
    const struct unpack_source source = {
        .blob_fd = blob, .grown_fd = NO_FD, .is_alone = is_alone};
    return layer_start(a->stage, a->image.layers.v[i], &source, ret, e);
}

static bool
is_missing(const struct adding *a, size_t i)
{
    return !store_has_layer(a->stage->store, a->image.layers.v[i]) &&
           !layer_is_staged(a->stage, a->image.layers.v[i]);
}

/* A window of AT_ONCE running processes moves over the layers that are missing. Left out are
 * those that turn out to want more memory. */
static int
unpack_small(struct adding *a, struct err *e)
{
    struct {
        struct unpack unpack;
        size_t layer;
    } running[AT_ONCE] = {0};
    size_t started = 0, finished = 0;
    int r = 0;
    for (size_t i = 0; i < a->image.layers.n && r >= 0; i++) {
        if (!is_missing(a, i))
            continue;
        if (started - finished == AT_ONCE) {
            size_t oldest = finished++ % AT_ONCE;
            r = finish_layer(a, running[oldest].layer, &running[oldest].unpack, e);
        }
        if (r >= 0) {
            running[started % AT_ONCE].layer = i;
            r = start_layer(a, i, false, &running[started % AT_ONCE].unpack, e);
            started += r >= 0;
        }
    }
    for (; finished < started; finished++) {
        struct unpack *oldest = &running[finished % AT_ONCE].unpack;
        if (r >= 0)
            r = finish_layer(a, running[finished % AT_ONCE].layer, oldest, e);
        else
            unpack_cancel(oldest);
    }
    return r;
}

static int
unpack_missing(struct adding *a, struct err *e)
{
    TRY(unpack_small(a, e));
    for (size_t i = 0; i < a->image.layers.n; i++) {
        struct unpack unpack;
        if (!is_missing(a, i))
            continue;
        TRY(start_layer(a, i, true, &unpack, e));
        TRY(finish_layer(a, i, &unpack, e));
    }
    return 0;
}

/* ---- into the store --------------------------------------------------------------- */

/* Moves one thing out of the stage unless the store has it by now. -ENOENT: it is in
 * neither, because it was deleted from the store since we looked. */
static int
move(struct adding *a, const char *from, int to_fd, const char *to, struct err *e)
{
    if (faccessat(to_fd, to, F_OK, 0) == 0)
        return 0;
    int r = renameat(a->stage->fd, from, to_fd, to) < 0 ? -errno : 0;
    return r == -ENOENT ? r : err_sys(e, r, "move %s into the store", to);
}

static int
move_blob(struct adding *a, const char *digest, struct err *e)
{
    char path[DIGEST_PATH_SIZE];
    digest_blob_path(path, digest);
    return move(a, digest_hex(digest), a->stage->store->images_fd, path, e);
}

/* The facts first: a layer that is there has its size there too. */
static int
move_layer(struct adding *a, const char *chain, struct err *e)
{
    int layers = a->stage->store->layers_fd;
    if (store_has_layer(a->stage->store, chain))
        return 0;
    auto_free char *from = str_format("layer-%s", chain);
    auto_free char *facts_from = str_format("layer-%s.json", chain);
    auto_free char *facts = str_format("%s.json", chain);
    if (renameat(a->stage->fd, facts_from, layers, facts) < 0)
        return errno == ENOENT ? -ENOENT : err_sys(e, -errno, "move a layer's size");
    return move(a, from, layers, chain, e);
}

static int
add_up_size(struct adding *a, struct err *e)
{
    a->image.size = 0;
    for (size_t i = 0; i < a->image.layers.n; i++) {
        auto_free char *name = str_format("%s.json", a->image.layers.v[i]);
        auto_free char *text = NULL;
        auto_json *facts = NULL;
        size_t len = 0;
        TRY(err_sys(e, file_read_at(a->stage->store->layers_fd, name, 4096, &text, &len),
                    "read layers/%s", name));
        TRY(json_parse(text, len, &facts, e));
        a->image.size += json_i64(json_get(json_root(facts), "size"), 0);
    }
    return 0;
}

static int
sync_dir(int dir_fd, const char *name, struct err *e)
{
    auto_close int fd = file_open_dir_at(dir_fd, name);
    int r = fd < 0 ? fd : fsync(fd) < 0 ? -errno : 0;
    return err_sys(e, r, "write the directory %s to disk", name);
}

static int
publish(struct adding *a, struct err *e)
{
    const struct image_store *store = a->stage->store;
    auto_close int lock = store_lock(store, e);
    TRY(lock);
    TRY(move_blob(a, a->new->config, e));
    TRY(move_blob(a, a->new->manifest, e));
    for (size_t i = 0; i < a->image.layers.n; i++) {
        TRY(move_blob(a, a->image.blobs.v[i], e));
        TRY(move_layer(a, a->image.layers.v[i], e));
    }
    TRY(add_up_size(a, e));
    TRY(sync_dir(store->images_fd, "blobs/sha256", e));
    TRY(sync_dir(store->layers_fd, ".", e));
    TRY(store_put(store, &a->image, &a->new->names, e));
    index_keep_ballast(store->images_fd);
    return 0;
}

int
add_image(struct stage *stage, struct new_image *new, struct err *e)
{
    __attribute__((cleanup(adding_done))) struct adding a = {.stage = stage, .new = new};
    TRY(check_config(&a, e));
    layer_chains(&a.diff_ids, &a.image.layers);
    if (!*new->manifest)
        TRY(write_manifest(&a, e));
    snprintf(a.image.id, sizeof a.image.id, "%s", new->config);
    snprintf(a.image.manifest, sizeof a.image.manifest, "%s", new->manifest);
    list_add_all(&a.image.blobs, &new->layers);

    for (int tries = 0; tries < 5; tries++) {
        TRY(unpack_missing(&a, e));
        if (syncfs(stage->fd) < 0)
            return err_sys(e, -errno, "write the layers to disk");
        int r = publish(&a, e);
        if (r != -ENOENT)
            return r;
    }
    return err_set(e, ERR_CONFLICT,
                   "parts of the image are deleted as fast as they are stored");
}
