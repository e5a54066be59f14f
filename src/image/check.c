/* check.c - all that the store promises, looked at once.
 *
 *     blobs      hash to their names          (read without the lock: it takes long)
 *     names      mean images that are there
 *     records    can be read; their blobs and layers are there
 *     layers     are as large as was written down when they were unpacked
 *     the rest   belongs to nobody
 *
 * What is damaged is first only noted. Repairs come after, from the least to the most: one
 * repair can make another needless (a removed image leaves layers that nothing uses).
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "image/add.h"
#include "image/index.h"
#include "image/sha256.h"
#include "image/tree.h"

#define BUFFER (256u << 10)

struct check {
    const struct image_store *store;
    const struct check_request *request;
    struct check_report *report;
    struct list damaged_blobs;  /* digests */
    struct list damaged_layers; /* chain ids: missing, or not as they should be */
    struct list broken_images;  /* ids of images that cannot be mended */
    struct list to_unpack;      /* ids of images with layers to be unpacked anew */
    struct list used_blobs;     /* digits of digests that images stand on */
    struct list used_layers;    /* and chain ids: of a plain layer both are the same */
    bool has_wrong_names, has_leftovers;
};

void
check_report_done(struct check_report *report)
{
    list_done(&report->problems);
    list_done(&report->repairs);
    *report = (struct check_report){0};
}

static void
check_done(struct check *c)
{
    list_done(&c->damaged_blobs);
    list_done(&c->damaged_layers);
    list_done(&c->broken_images);
    list_done(&c->to_unpack);
    list_done(&c->used_blobs);
    list_done(&c->used_layers);
}

/* ---- blobs ------------------------------------------------------------------------ */

static int
hash_file(int fd, char *buffer, char *ret_digest)
{
    struct sha256 *hash = sha256_new();
    ssize_t n;
    while ((n = file_read_some(fd, buffer, BUFFER)) > 0)
        sha256_add(hash, buffer, (size_t)n);
    sha256_end(hash, ret_digest);
    sha256_free(hash);
    return (int)n;
}

static void
check_blob(struct check *c, int blobs, const char *name, char *buffer)
{
    char found[DIGEST_SIZE], digest[DIGEST_SIZE];
    auto_close int fd = openat(blobs, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return; /* removed since */
    if (!digest_is_hex(name)) {
        c->has_leftovers = true;
        list_addf(&c->report->problems, "leftover: images/blobs/sha256/%.200s", name);
        return;
    }
    digest_from_hex(digest, name);
    int r = fd < 0 ? -errno : hash_file(fd, buffer, found);
    c->report->blobs++;
    if (r >= 0 && str_eq(found, digest))
        return;
    list_add(&c->damaged_blobs, digest);
    if (r < 0)
        list_addf(&c->report->problems, "blob %s cannot be read: %s", digest, strerror(-r));
    else
        list_addf(&c->report->problems, "blob %s is damaged: it hashes to %s", digest,
                  found);
}

static int
check_blobs(struct check *c, struct err *e)
{
    auto_close int blobs = openat(c->store->images_fd, "blobs/sha256",
                                  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_list names = {0};
    TRY(err_sys(e, blobs < 0 ? -errno : 0, "open images/blobs/sha256"));
    TRY(err_sys(e, file_list_dir(blobs, &names), "list images/blobs/sha256"));
    auto_free char *buffer = mem_new(BUFFER, 1);
    for (size_t i = 0; i < names.n; i++)
        check_blob(c, blobs, names.v[i], buffer);
    return 0;
}

/* ---- layers ----------------------------------------------------------------------- */

/* Why a layer is not as it should be, or NULL. The caller frees. */
static char *
fault_of_layer(const struct image_store *store, const char *chain)
{
    auto_close int fd = file_open_dir_at(store->layers_fd, chain);
    int64_t wanted = store_layer_size(store, chain), size;
    int64_t wanted_names = store_layer_names(store, chain), names;
    struct err why;
    if (fd == -ENOENT)
        return str_copy("is missing");
    if (fd < 0)
        return str_format("cannot be opened: %s", strerror(-fd));
    if (wanted < 0 || wanted_names < 0)
        return str_copy("has no size written down");
    if (tree_size(fd, &size, &names, &why) < 0)
        return str_format("cannot be read: %.300s", why.text);
    if (names != wanted_names)
        return str_format("holds %lld names, not %lld", (long long)names,
                          (long long)wanted_names);
    return size == wanted ? NULL
                          : str_format("holds %lld bytes, not %lld", (long long)size,
                                       (long long)wanted);
}

static void
check_layer(struct check *c, const char *chain)
{
    c->report->layers++;
    auto_free char *fault = fault_of_layer(c->store, chain);
    if (!fault)
        return;
    list_add_once(&c->damaged_layers, chain);
    list_addf(&c->report->problems, "layer %s %s", chain, fault);
}

/* ---- images ----------------------------------------------------------------------- */

/* Is the blob there and whole? */
static bool
check_needed(struct check *c, const char *id, const char *digest, const char *what)
{
    list_add(&c->used_blobs, digest_hex(digest));
    bool is_there = store_has_blob(c->store, digest);
    if (is_there && !list_has(&c->damaged_blobs, digest))
        return true;
    list_addf(&c->report->problems, "image %s: its %s %s is %s", id, what, digest,
              is_there ? "damaged" : "missing");
    return false;
}

static void
check_parts(struct check *c, const struct image *image)
{
    bool is_whole = check_needed(c, image->id, image->id, "config");
    is_whole &= check_needed(c, image->id, image->manifest, "manifest");
    for (size_t i = 0; i < image->blobs.n; i++)
        is_whole &= check_needed(c, image->id, image->blobs.v[i], "layer's blob");
    if (!is_whole)
        list_add(&c->broken_images, image->id);
    for (size_t i = 0; i < image->layers.n; i++) {
        const char *chain = image->layers.v[i];
        if (!list_has(&c->used_layers, chain)) {
            list_add(&c->used_layers, chain);
            check_layer(c, chain);
        }
        if (is_whole && list_has(&c->damaged_layers, chain))
            list_add_once(&c->to_unpack, image->id);
    }
}

static void
check_image(struct check *c, const char *hex)
{
    char id[DIGEST_SIZE];
    struct image image = {0};
    struct err why;
    digest_from_hex(id, hex);
    c->report->images++;
    if (list_has(&c->damaged_blobs, id)) {
        list_addf(&c->report->problems, "image %s: its config is damaged", id);
        list_add(&c->broken_images, id);
    } else if (store_find(c->store, id, &image, &why) < 0) {
        list_addf(&c->report->problems, "image %s: %.400s", id, why.text);
        list_add(&c->broken_images, id);
    } else {
        check_parts(c, &image);
        image_done(&image);
    }
}

static int
check_images(struct check *c, struct err *e)
{
    auto_close int records = file_open_dir_at(c->store->images_fd, "records");
    auto_list names = {0};
    TRY(err_sys(e, records, "open images/records"));
    TRY(err_sys(e, file_list_dir(records, &names), "list images/records"));
    for (size_t i = 0; i < names.n; i++) {
        auto_free char *hex = str_format("%.*s", DIGEST_HEX, names.v[i]);
        if (digest_is_hex(hex) && str_eq(names.v[i] + DIGEST_HEX, ".json")) {
            check_image(c, hex);
        } else {
            c->has_leftovers = true;
            list_addf(&c->report->problems, "leftover: images/records/%.200s", names.v[i]);
        }
    }
    return 0;
}

static bool
has_record(const struct image_store *store, const char *id)
{
    auto_free char *path = str_format("records/%.64s.json", digest_hex(id));
    return faccessat(store->images_fd, path, F_OK, 0) == 0;
}

static int
check_names(struct check *c, struct err *e)
{
    auto_json *index = NULL;
    TRY(index_read(c->store->images_fd, &index, e));
    for (json_each(entry, index_entries(index))) {
        const char *id = index_id(entry), *name = index_name(entry);
        const char *manifest = json_str(json_get(entry, "digest"), "");
        bool is_right = id && digest_is_valid(manifest) && has_record(c->store, id) &&
                        store_has_blob(c->store, manifest);
        if (digest_is_valid(manifest))
            list_add(&c->used_blobs, digest_hex(manifest));
        if (is_right)
            continue;
        c->has_wrong_names = true;
        list_addf(&c->report->problems, "name %.200s: there is no image %s",
                  name ? name : "(none)", id ? id : "of an id");
    }
    return 0;
}

/* Of images that were removed: nothing can bring these back. */
static void
check_kept_layers(struct check *c)
{
    auto_list seen = {0};
    for (size_t i = 0; i < c->request->kept_layers->n; i++) {
        const char *chain = c->request->kept_layers->v[i];
        if (list_has(&c->used_layers, chain) || list_has(&seen, chain))
            continue;
        list_add(&seen, chain);
        check_layer(c, chain);
    }
}

/* ---- what belongs to nobody -------------------------------------------------------- */

static void
leftover(struct check *c, const char *where, const char *name)
{
    c->has_leftovers = true;
    list_addf(&c->report->problems, "leftover: %s/%.200s", where, name);
}

static bool
is_owned(int layers_fd, const char *name)
{
    auto_close int fd = file_open_dir_at(layers_fd, name);
    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

static void
look_at_layer_name(struct check *c, const char *name)
{
    auto_free char *chain = str_format("%.*s", DIGEST_HEX, name);
    const char *rest = strlen(name) > DIGEST_HEX ? name + DIGEST_HEX : "";
    bool is_layer = digest_is_hex(chain) && (str_eq(rest, "") || str_eq(rest, ".json"));
    bool is_used = list_has(&c->used_layers, chain) ||
                   list_has(c->request->kept_layers, chain);
    bool is_stage = str_starts(name, ".new-") || str_starts(name, ".rm-");
    if ((is_layer && !is_used) || (is_stage && !is_owned(c->store->layers_fd, name)))
        leftover(c, "layers", name);
}

/* Blobs that a manifest of another form of the image names are used too. */
static int
note_manifests(struct check *c, struct err *e)
{
    auto_json *index = NULL;
    TRY(index_read(c->store->images_fd, &index, e));
    for (json_each(entry, index_entries(index))) {
        const char *digest = json_str(json_get(entry, "digest"), "");
        auto_json *doc = NULL;
        struct err ignored;
        if (!digest_is_valid(digest) ||
            store_read_json(c->store, digest, &doc, &ignored) < 0)
            continue;
        for (json_each(layer, json_get(json_root(doc), "layers"))) {
            const char *blob = json_str(json_get(layer, "digest"), "");
            if (digest_is_valid(blob))
                list_add(&c->used_blobs, digest_hex(blob));
        }
    }
    return 0;
}

static int
check_leftovers(struct check *c, struct err *e)
{
    auto_list layers = {0}, blobs = {0}, images = {0};
    auto_close int fd = file_open_dir_at(c->store->images_fd, "blobs/sha256");
    TRY(note_manifests(c, e));
    TRY(err_sys(e, file_list_dir(c->store->layers_fd, &layers), "list layers"));
    TRY(err_sys(e, fd < 0 ? fd : file_list_dir(fd, &blobs), "list images/blobs/sha256"));
    TRY(err_sys(e, file_list_dir(c->store->images_fd, &images), "list images"));
    for (size_t i = 0; i < layers.n; i++)
        look_at_layer_name(c, layers.v[i]);
    for (size_t i = 0; i < blobs.n; i++)
        if (digest_is_hex(blobs.v[i]) && !list_has(&c->used_blobs, blobs.v[i]))
            leftover(c, "images/blobs/sha256", blobs.v[i]);
    for (size_t i = 0; i < images.n; i++)
        if (str_starts(images.v[i], ".new-"))
            leftover(c, "images", images.v[i]);
    return 0;
}

/* ---- repairs ---------------------------------------------------------------------- */

/* With the lock: names of images that are not there, and of those in `broken`, go. */
static int
drop_names(struct check *c, struct err *e)
{
    __attribute__((cleanup(index_edit_done))) struct index_edit edit = {0};
    TRY(index_edit_begin(&edit, c->store->images_fd, e));
    for (json_each(entry, index_entries(edit.old))) {
        const char *id = index_id(entry), *name = index_name(entry);
        const char *manifest = json_str(json_get(entry, "digest"), "");
        if (id && digest_is_valid(manifest) && has_record(c->store, id) &&
            store_has_blob(c->store, manifest) && !list_has(&c->broken_images, id))
            index_edit_keep(&edit, entry);
        else
            list_addf(&c->report->repairs, "removed the name %.200s",
                      name ? name : "(none)");
    }
    return index_edit_write(&edit, c->store->images_fd, e);
}

/* Damaged blobs first: whoever gets the image again must not find them here. */
static int
drop_broken(struct check *c, struct err *e)
{
    auto_close int lock = store_lock(c->store, e);
    TRY(lock);
    TRY(drop_names(c, e));
    for (size_t i = 0; i < c->broken_images.n; i++) {
        const char *id = c->broken_images.v[i];
        auto_free char *path = str_format("records/%.64s.json", digest_hex(id));
        if (unlinkat(c->store->images_fd, path, 0) == 0)
            list_addf(&c->report->repairs, "removed image %s: load or pull it again", id);
    }
    for (size_t i = 0; i < c->damaged_blobs.n; i++) {
        char path[DIGEST_PATH_SIZE];
        digest_blob_path(path, c->damaged_blobs.v[i]);
        if (unlinkat(c->store->images_fd, path, 0) == 0)
            list_addf(&c->report->repairs, "removed blob %s", c->damaged_blobs.v[i]);
    }
    return 0;
}

/* Takes a damaged layer out of the way, or puts it back where it was. */
static void
move_layers(struct check *c, struct stage *stage, const struct image *image, bool is_back)
{
    int layers = c->store->layers_fd;
    for (size_t i = 0; i < image->layers.n; i++) {
        const char *chain = image->layers.v[i];
        auto_free char *old = str_format("old-%s", chain);
        if (is_back)
            renameat(stage->fd, old, layers, chain);
        else if (list_has(&c->damaged_layers, chain) &&
                 !list_has(c->request->busy_layers, chain))
            renameat(layers, chain, stage->fd, old);
    }
}

static int
unpack_again(struct check *c, struct stage *stage, struct image *image, struct err *e)
{
    __attribute__((cleanup(new_image_done))) struct new_image fresh = {0};
    snprintf(fresh.config, sizeof fresh.config, "%s", image->id);
    snprintf(fresh.manifest, sizeof fresh.manifest, "%s", image->manifest);
    list_add_all(&fresh.layers, &image->blobs);
    move_layers(c, stage, image, false);
    int r = add_image(stage, &fresh, e);
    if (r < 0)
        move_layers(c, stage, image, true);
    else
        list_addf(&c->report->repairs, "unpacked the layers of image %s anew", image->id);
    return r;
}

static bool
is_busy(const struct check *c, const struct image *image)
{
    for (size_t i = 0; i < image->layers.n; i++)
        if (list_has(&c->damaged_layers, image->layers.v[i]) &&
            list_has(c->request->busy_layers, image->layers.v[i]) &&
            store_has_layer(c->store, image->layers.v[i]))
            return true;
    return false;
}

/* A layer of several images is unpacked with the first of them. */
static int
repair_image(struct check *c, const char *id, struct err *e)
{
    struct image image = {0};
    struct stage stage;
    TRY(store_find(c->store, id, &image, e));
    if (is_busy(c, &image)) {
        list_addf(&c->report->repairs,
                  "left image %s as it is: a running container stands on it", id);
        image_done(&image);
        return 0;
    }
    int r = stage_open(&stage, c->store, e);
    if (r >= 0) {
        r = unpack_again(c, &stage, &image, e);
        stage_close(&stage);
    }
    image_done(&image);
    return r;
}

static bool
is_still_damaged(const struct check *c, const char *id)
{
    struct image image = {0};
    struct err ignored;
    bool is_damaged = false;
    if (store_find(c->store, id, &image, &ignored) < 0)
        return false;
    for (size_t i = 0; i < image.layers.n && !is_damaged; i++)
        if (list_has(&c->damaged_layers, image.layers.v[i])) {
            auto_free char *fault = fault_of_layer(c->store, image.layers.v[i]);
            is_damaged = fault != NULL;
        }
    image_done(&image);
    return is_damaged;
}

static int
repair(struct check *c, struct err *e)
{
    if (c->has_wrong_names || c->broken_images.n + c->damaged_blobs.n > 0)
        TRY(drop_broken(c, e));
    for (size_t i = 0; i < c->to_unpack.n; i++)
        if (is_still_damaged(c, c->to_unpack.v[i]))
            TRY(repair_image(c, c->to_unpack.v[i], e));
    if (c->has_leftovers || c->broken_images.n > 0)
        return store_prune(c->store, c->request->kept_layers, &c->report->repairs, NULL, e);
    return 0;
}

/* ---- together --------------------------------------------------------------------- */

/* The part that must not see the store change. */
static int
check_locked(struct check *c, struct err *e)
{
    auto_close int lock = store_lock(c->store, e);
    TRY(lock);
    TRY(check_names(c, e));
    TRY(check_images(c, e));
    check_kept_layers(c);
    return check_leftovers(c, e);
}

/* A table of names that cannot be read: a new one leads to every image again, but what
 * they were called is lost. */
static int
rebuild_index(const struct image_store *store, struct err *e)
{
    static const char empty[] = "{\"schemaVersion\": 2, \"manifests\": []}\n";
    static const struct list no_names = {0};
    auto_close int lock = store_lock(store, e);
    TRY(lock);
    auto_close int records = file_open_dir_at(store->images_fd, "records");
    auto_list names = {0};
    TRY(err_sys(e, records < 0 ? records : file_list_dir(records, &names),
                "list images/records"));
    TRY(err_sys(
        e,
        file_replace_at(store->images_fd, "index.json", empty, strlen(empty), 0644, true),
        "write images/index.json"));
    for (size_t i = 0; i < names.n; i++) {
        struct image image = {0};
        char id[DIGEST_SIZE];
        struct err ignored;
        auto_free char *hex = str_format("%.*s", DIGEST_HEX, names.v[i]);
        digest_from_hex(id, hex);
        if (!digest_is_hex(hex) || store_find(store, id, &image, &ignored) < 0)
            continue;
        int r = store_put(store, &image, &no_names, e);
        image_done(&image);
        TRY(r);
    }
    return 0;
}

/* 1 if the rest can be looked at. */
static int
check_index(struct check *c, struct err *e)
{
    auto_json *index = NULL;
    struct err why;
    if (index_read(c->store->images_fd, &index, &why) >= 0)
        return 1;
    list_addf(&c->report->problems, "the table of names is damaged: %.500s", why.text);
    if (!c->request->want_repair)
        return 0;
    TRY(rebuild_index(c->store, e));
    list_add(&c->report->repairs, "made the table of names anew: the images have no names");
    return 1;
}

int
check_store(const struct image_store *store, const struct check_request *request,
            struct check_report *report, struct err *e)
{
    __attribute__((cleanup(check_done))) struct check c = {
        .store = store, .request = request, .report = report};
    int r = check_index(&c, e);
    if (r <= 0)
        return r;
    TRY(check_blobs(&c, e));
    TRY(check_locked(&c, e));
    return request->want_repair && report->problems.n > 0 ? repair(&c, e) : 0;
}
