/* disk_use.c - sums over layers, blobs, containers and volumes.
 *
 * An image takes the disk twice: its blobs, as they came, for saving and pushing; and its
 * layers, unpacked, for containers. Both are counted, and each layer and blob once however
 * many images have it, so that the sum is what the store takes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/disk_use.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "engine/rootfs.h"
#include "image/tree.h"
#include "linux/path.h"

/* ---- images ----------------------------------------------------------------------- */

/* What images with containers stand on: the rest could go. */
struct needed {
    const struct image_users *users;
    struct use *use;
    struct list layers, blobs; /* chain ids; digits of digests; sorted once complete */
};

static int
note_image(struct image *image, void *data)
{
    struct needed *needed = data;
    needed->use->total++;
    if (image_users_find(needed->users, image->id) == NULL)
        return 0;
    needed->use->active++;
    list_add(&needed->blobs, digest_hex(image->id));
    list_add(&needed->blobs, digest_hex(image->manifest));
    list_add_all(&needed->layers, &image->layers);
    for (size_t i = 0; i < image->blobs.n; i++)
        list_add(&needed->blobs, digest_hex(image->blobs.v[i]));
    return 0;
}

static void
count(struct needed *needed, const struct list *l, const char *thing, int64_t size)
{
    if (size < 0)
        return;
    needed->use->size += size;
    if (!list_has_sorted(l, thing))
        needed->use->reclaimable += size;
}

/* Files of a directory of images/, if it is there. */
static int
count_files(const struct image_store *store, const char *directory, struct needed *needed,
            const struct list *used, struct err *e)
{
    auto_close int fd = file_open_dir_at(store->images_fd, directory);
    auto_list names = {0};
    if (fd == -ENOENT)
        return 0;
    TRY(err_sys(e, fd < 0 ? fd : file_list_dir(fd, &names), "list images/%s", directory));
    for (size_t i = 0; i < names.n; i++) {
        struct stat st;
        if (lx_fstatat(fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
            count(needed, used, names.v[i], st.st_size);
    }
    return 0;
}

static int
count_store(const struct image_store *store, struct needed *needed, struct err *e)
{
    static const struct list nothing = {0};
    auto_list layers = {0};
    TRY(err_sys(e, file_list_dir(store->layers_fd, &layers), "list layers"));
    for (size_t i = 0; i < layers.n; i++)
        if (digest_is_hex(layers.v[i]))
            count(needed, &needed->layers, layers.v[i],
                  store_layer_size(store, layers.v[i]));
    TRY(count_files(store, "blobs/sha256", needed, &needed->blobs, e));
    return count_files(store, "partial", needed, &nothing, e);
}

static int
read_images(const struct image_store *store, const struct image_users *users,
            struct use *use, struct err *e)
{
    struct needed needed = {.users = users, .use = use};
    int r = store_each(store, note_image, &needed, e);
    list_add_all(&needed.layers, &users->layers);
    list_sort(&needed.layers);
    list_sort(&needed.blobs);
    if (r >= 0)
        r = count_store(store, &needed, e);
    list_done(&needed.layers);
    list_done(&needed.blobs);
    return r;
}

/* ---- containers ------------------------------------------------------------------- */

/* A listed record has no descriptor any more: it is opened anew. */
int64_t
disk_use_of_container(const struct engine *engine, const struct record *record)
{
    struct err ignored;
    int64_t size;
    auto_record open = RECORD_NONE;
    if (record_load(engine, record->id, &open, &ignored) < 0)
        return -1;
    auto_close int upper = rootfs_open_upper(engine, &open, &ignored);
    return upper < 0 || tree_size(upper, &size, NULL, &ignored) < 0 ? -1 : size;
}

static void
read_containers(const struct engine *engine, const struct image_users *users,
                struct use *use)
{
    for (size_t i = 0; i < users->records.n; i++) {
        const struct record *record = &users->records.v[i];
        int64_t size = disk_use_of_container(engine, record);
        use->total++;
        use->active += record_is_running(record);
        use->size += size > 0 ? size : 0;
        if (!record_is_running(record) && size > 0)
            use->reclaimable += size;
    }
}

/* ---- volumes ---------------------------------------------------------------------- */

int
disk_use_list_volumes(const struct engine *engine, struct list *ret, struct err *e)
{
    auto_close int volumes = file_open_dir_at(engine->root_fd, "volumes");
    if (volumes == -ENOENT)
        return 0;
    TRY(err_sys(e, volumes, "open the directory of volumes"));
    return err_sys(e, file_list_dir(volumes, ret), "list the volumes");
}

int64_t
disk_use_of_volume(const struct engine *engine, const char *name)
{
    auto_free char *path = str_format("volumes/%s", name);
    auto_close int fd = file_open_dir_at(engine->root_fd, path);
    struct err ignored;
    int64_t size;
    return fd < 0 || tree_size(fd, &size, NULL, &ignored) < 0 ? -1 : size;
}

int
disk_use_volume_links(const struct image_users *users, const char *name)
{
    int links = 0;
    for (size_t i = 0; i < users->records.n; i++)
        for (json_each(mount, record_get(&users->records.v[i], "Mounts")))
            links += str_eq(json_str(json_get(mount, "Type"), ""), "volume") &&
                     str_eq(json_str(json_get(mount, "Name"), ""), name);
    return links;
}

static int
read_volumes(const struct engine *engine, const struct image_users *users, struct use *use,
             struct err *e)
{
    auto_list names = {0};
    TRY(disk_use_list_volumes(engine, &names, e));
    for (size_t i = 0; i < names.n; i++) {
        int64_t size = disk_use_of_volume(engine, names.v[i]);
        bool is_active = disk_use_volume_links(users, names.v[i]) > 0;
        use->total++;
        use->active += is_active;
        use->size += size > 0 ? size : 0;
        if (!is_active && size > 0)
            use->reclaimable += size;
    }
    return 0;
}

int
disk_use_read(const struct engine *engine, const struct image_store *store,
              const struct image_users *users, struct disk_use *ret, struct err *e)
{
    *ret = (struct disk_use){0};
    TRY(read_images(store, users, &ret->images, e));
    read_containers(engine, users, &ret->containers);
    return read_volumes(engine, users, &ret->volumes, e);
}
