/* store_delete.c - images go, and with them what nothing else stands on.
 *
 * First the table of names, then the record: from then on the image is gone, and what is
 * left of it is known by that no record names it. Layers are moved to a directory for
 * trash, locked as long as its owner lives, and removed there after the store is free
 * again. A crash leaves blobs, layers and trash that the next prune, or the next stage,
 * clears away.
 *
 * A layer that a container stands on stays, with or without an image: the callers say
 * which, for containers are none of our business here.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "image/index.h"

/* ---- what is used ----------------------------------------------------------------- */

/* What the images that are left, and the containers, stand on; sorted once complete. */
struct used {
    struct list layers, blobs;
};

static void
used_done(struct used *used)
{
    list_done(&used->layers);
    list_done(&used->blobs);
}

static int
note_image(struct image *image, void *data)
{
    struct used *used = data;
    list_add_all(&used->layers, &image->layers);
    list_add_all(&used->blobs, &image->blobs);
    list_add(&used->blobs, image->id);
    list_add(&used->blobs, image->manifest);
    return 0;
}

/* One image may have come with several manifests, say with its layers compressed and not:
 * each entry of the index keeps its own. */
static int
note_entry(const struct image_store *store, const struct json *entry, struct used *used,
           struct err *e)
{
    const char *digest = json_str(json_get(entry, "digest"), "");
    if (!index_id(entry) || !digest_is_valid(digest))
        return err_set(e, ERR_INVALID,
                       "index.json has an entry that is not ours: what it "
                       "uses is not known, so nothing is removed");
    auto_json *doc = NULL;
    TRY(store_read_json(store, digest, &doc, e));
    list_add(&used->blobs, digest);
    list_add(&used->blobs, json_str(json_path(json_root(doc), "config.digest"), ""));
    for (json_each(layer, json_get(json_root(doc), "layers")))
        list_add(&used->blobs, json_str(json_get(layer, "digest"), ""));
    return 0;
}

static int
note_used(const struct image_store *store, const struct list *kept_layers,
          struct used *used, struct err *e)
{
    auto_json *index = NULL;
    TRY(index_read(store->images_fd, &index, e));
    for (json_each(entry, index_entries(index)))
        TRY(note_entry(store, entry, used, e));
    TRY(store_each(store, note_image, used, e));
    list_add_all(&used->layers, kept_layers);
    list_sort(&used->layers);
    list_sort(&used->blobs);
    return 0;
}

/* ---- trash ------------------------------------------------------------------------ */

/* A locked directory for what is to be removed: its name says so to those who find it
 * after we died, its lock that we live. */
struct trash {
    int fd;
    char name[24];
};

static int
trash_open(const struct image_store *store, struct trash *ret, struct err *e)
{
    char unique[17];
    TRY(err_sys(e, file_random_hex(unique, 8), "get random bytes"));
    snprintf(ret->name, sizeof ret->name, ".rm-%s", unique);
    if (mkdirat(store->layers_fd, ret->name, 0700) < 0)
        return err_sys(e, -errno, "make layers/%s", ret->name);
    ret->fd = file_open_dir_at(store->layers_fd, ret->name);
    int r = ret->fd < 0 ? ret->fd : flock(ret->fd, LOCK_EX) < 0 ? -errno : 0;
    return err_sys(e, r, "lock layers/%s", ret->name);
}

void
store_sweep(const struct image_store *store)
{
    auto_list names = {0};
    file_list_dir(store->layers_fd, &names);
    for (size_t i = 0; i < names.n; i++) {
        if (!str_starts(names.v[i], ".new-") && !str_starts(names.v[i], ".rm-"))
            continue;
        auto_close int fd = file_open_dir_at(store->layers_fd, names.v[i]);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            file_remove_tree_at(store->layers_fd, names.v[i]);
    }
}

/* ---- with the lock held ------------------------------------------------------------ */

struct removal {
    const struct image_store *store;
    struct used used;
    struct trash trash;
    struct list *lines;
    int64_t bytes;
};

/* Layers only move to the trash here. */
static int
delete_layer(struct removal *r, const char *chain, struct err *e)
{
    if (list_has_sorted(&r->used.layers, chain))
        return 0;
    int64_t size = store_layer_size(r->store, chain);
    auto_free char *facts = str_format("%.64s.json", chain);
    int moved = renameat(r->store->layers_fd, chain, r->trash.fd, chain) < 0 ? -errno : 0;
    if (moved < 0 && moved != -ENOENT)
        return err_sys(e, moved, "remove the layer %s", chain);
    unlinkat(r->store->layers_fd, facts, 0);
    if (moved < 0)
        return 0;
    r->bytes += size > 0 ? size : 0;
    list_addf(r->lines, "Deleted: sha256:%s", chain);
    return 0;
}

/* All blobs that nothing uses, this image's and what crashes left. Blobs come into the
 * store in one go with the record that names them, under the lock that we hold. */
static int
delete_blobs(struct removal *r, bool is_told, struct err *e)
{
    auto_close int fd = openat(r->store->images_fd, "blobs/sha256",
                               O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    TRY(err_sys(e, fd < 0 ? -errno : 0, "open images/blobs/sha256"));
    auto_list names = {0};
    TRY(err_sys(e, file_list_dir(fd, &names), "list images/blobs/sha256"));
    for (size_t i = 0; i < names.n; i++) {
        char digest[DIGEST_SIZE];
        struct stat st;
        digest_from_hex(digest, names.v[i]);
        if (list_has_sorted(&r->used.blobs, digest) ||
            fstatat(fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            unlinkat(fd, names.v[i], 0) < 0)
            continue;
        r->bytes += st.st_size;
        if (is_told)
            list_addf(r->lines, "Deleted: %s", digest);
    }
    return 0;
}

/* Out of the table, the record, then what it alone stood on. */
static int
delete_image(struct removal *r, const struct image *image, const struct list *kept_layers,
             struct err *e)
{
    int images_fd = r->store->images_fd;
    __attribute__((cleanup(index_edit_done))) struct index_edit edit = {0};
    TRY(index_edit_begin(&edit, images_fd, e));
    index_edit_drop_name(&edit, NULL);
    index_edit_drop_nameless(&edit, image->id);
    if (index_edit_has(&edit, image->id))
        return err_set(e, ERR_CONFLICT, "image %.12s still has a name: remove that first",
                       digest_hex(image->id));
    TRY(index_edit_write(&edit, images_fd, e));

    auto_free char *record = str_format("records/%.64s.json", digest_hex(image->id));
    if (unlinkat(images_fd, record, 0) < 0 && errno != ENOENT)
        return err_sys(e, -errno, "remove images/%s", record);
    list_addf(r->lines, "Deleted: %s", image->id);
    TRY(note_used(r->store, kept_layers, &r->used, e));
    for (size_t i = image->layers.n; i-- > 0;)
        TRY(delete_layer(r, image->layers.v[i], e));
    return delete_blobs(r, false, e);
}

/* What file_replace_at leaves behind when its process dies. */
static void
delete_half_written(const struct image_store *store, const char *directory)
{
    auto_close int fd = file_open_dir_at(store->images_fd, directory);
    auto_list names = {0};
    if (fd < 0 || file_list_dir(fd, &names) < 0)
        return;
    for (size_t i = 0; i < names.n; i++)
        if (str_starts(names.v[i], ".new-"))
            unlinkat(fd, names.v[i], 0);
}

/* Downloads that were broken off, unless somebody goes on with them just now: whoever
 * appends to one holds its lock. */
static void
delete_partial(struct removal *r)
{
    auto_close int dir = file_open_dir_at(r->store->images_fd, "partial");
    auto_list names = {0};
    if (dir < 0 || file_list_dir(dir, &names) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        struct stat st;
        auto_close int fd = openat(dir, names.v[i], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0 ||
            unlinkat(dir, names.v[i], 0) < 0)
            continue;
        r->bytes += st.st_size;
        list_addf(r->lines, "Deleted: partial %.64s", names.v[i]);
    }
}

/* Every layer and blob that nothing uses, and files that a crash left half-written. */
static int
delete_orphans(struct removal *r, const struct list *kept_layers, struct err *e)
{
    auto_list names = {0};
    TRY(note_used(r->store, kept_layers, &r->used, e));
    TRY(err_sys(e, file_list_dir(r->store->layers_fd, &names), "list layers"));
    for (size_t i = 0; i < names.n; i++) {
        if (str_ends(names.v[i], ".json"))
            names.v[i][strlen(names.v[i]) - strlen(".json")] = '\0';
        if (digest_is_hex(names.v[i]))
            TRY(delete_layer(r, names.v[i], e));
    }
    delete_partial(r);
    delete_half_written(r->store, ".");
    delete_half_written(r->store, "records");
    return delete_blobs(r, true, e);
}

/* ---- from outside ------------------------------------------------------------------ */

static int
removal_begin(struct removal *ret, const struct image_store *store, struct list *lines,
              struct err *e)
{
    *ret = (struct removal){.store = store, .lines = lines, .trash = {.fd = NO_FD}};
    return trash_open(store, &ret->trash, e);
}

/* The slow part, without the lock. */
static void
removal_end(struct removal *r, int64_t *ret_bytes)
{
    if (*r->trash.name)
        file_remove_tree_at(r->store->layers_fd,
                            r->trash.name); /* or the next sweep does */
    fd_close(&r->trash.fd);
    used_done(&r->used);
    if (ret_bytes)
        *ret_bytes += r->bytes;
}

int
store_delete(const struct image_store *store, const struct image *image,
             const struct list *kept_layers, struct list *removed, int64_t *ret_bytes,
             struct err *e)
{
    struct removal removal;
    auto_close int lock = store_lock(store, e);
    TRY(lock);
    int r = removal_begin(&removal, store, removed, e);
    if (r >= 0)
        r = delete_image(&removal, image, kept_layers, e);
    fd_close(&lock);
    removal_end(&removal, ret_bytes);
    return r;
}

int
store_prune(const struct image_store *store, const struct list *kept_layers,
            struct list *removed, int64_t *ret_bytes, struct err *e)
{
    struct removal removal;
    auto_close int lock = store_lock(store, e);
    TRY(lock);
    store_sweep(store);
    int r = removal_begin(&removal, store, removed, e);
    if (r >= 0)
        r = delete_orphans(&removal, kept_layers, e);
    fd_close(&lock);
    removal_end(&removal, ret_bytes);
    return r;
}
