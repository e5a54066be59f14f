/* store.c - finding, naming and deleting images.
 *
 * Everything that decides is one small file that is replaced by rename: index.json says
 * which name means which image, a record says what an image is made of. To start a
 * container three small files are read (index, record, config) and nothing is hashed.
 *
 * Whoever changes the store holds flock on images/lock for the moment of the change, never
 * while it loads or unpacks. Readers take no lock: each file is whole at any time.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "image/index.h"
#include "image/reference.h"

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

#define RECORD_PATH_SIZE (8 + DIGEST_HEX + 5 + 1)

static void
record_path(char *buf, const char *id)
{
    snprintf(buf, RECORD_PATH_SIZE, "records/%.64s.json", digest_hex(id));
}

/* ---- opening ---------------------------------------------------------------------- */

static int
make_layout(int root_fd)
{
    static const char layout[] = "{\"imageLayoutVersion\": \"1.0.0\"}\n";
    static const char empty_index[] =
        "{\"schemaVersion\": 2, \"mediaType\": \"application/vnd.oci.image.index.v1+json\", "
        "\"manifests\": []}\n";

    TRY(file_mkdirs_at(root_fd, "images/blobs/sha256", 0700));
    TRY(file_mkdirs_at(root_fd, "images/records", 0700));
    TRY(file_replace_at(root_fd, "images/oci-layout", layout, strlen(layout), 0644, false));

    /* Two processes may both be the first: only one may put the empty table there, and whole,
     * as nothing would ever mend one that a full disk or a signal has cut short. */
    int r = file_create_at(root_fd, "images/index.json", empty_index, strlen(empty_index),
                           0644);
    if (r < 0 && r != -EEXIST)
        return r;
    return file_mkdirs_at(root_fd, "layers", 0700);
}

int
store_open(struct image_store *ret, int root_fd, struct err *e)
{
    auto_close int layers = file_open_dir_at(root_fd, "layers");
    if (layers == -ENOENT) { /* made last, so the rest is missing too */
        TRY(err_sys(e, make_layout(root_fd), "make the image store"));
        layers = file_open_dir_at(root_fd, "layers");
    }
    TRY(err_sys(e, layers, "open the directory layers of the image store"));
    auto_close int images = file_open_dir_at(root_fd, "images");
    TRY(err_sys(e, images, "open the directory images of the image store"));
    ret->images_fd = take_fd(&images);
    ret->layers_fd = take_fd(&layers);
    return 0;
}

void
store_close(struct image_store *store)
{
    fd_close(&store->images_fd);
    fd_close(&store->layers_fd);
}

int
store_lock(const struct image_store *store, struct err *e)
{
    auto_close int fd = openat(store->images_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC,
                               0600);
    int r = fd < 0 ? -errno : 0;
    while (r == 0 && flock(fd, LOCK_EX) < 0)
        if (errno != EINTR)
            r = -errno;
    TRY(err_sys(e, r, "lock the image store"));
    return take_fd(&fd);
}

/* ---- reading ---------------------------------------------------------------------- */

static int
read_text(const struct image_store *store, const char *path, char **ret, size_t *ret_len,
          struct err *e)
{
    return err_sys(e, file_read_at(store->images_fd, path, JSON_BYTES_MOST, ret, ret_len),
                   "read images/%s", path);
}

int
store_read_text(const struct image_store *store, const char *digest, char **ret,
                size_t *ret_len, struct err *e)
{
    char path[DIGEST_PATH_SIZE];
    digest_blob_path(path, digest);
    return read_text(store, path, ret, ret_len, e);
}

static int
read_json(const struct image_store *store, const char *path, struct json_doc **ret,
          struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    TRY(read_text(store, path, &text, &len, e));
    int r = json_parse(text, len, ret, e);
    return r < 0 ? err_wrap(e, r, "images/%s", path) : 0;
}

int
store_read_json(const struct image_store *store, const char *digest, struct json_doc **ret,
                struct err *e)
{
    char path[DIGEST_PATH_SIZE];
    digest_blob_path(path, digest);
    return read_json(store, path, ret, e);
}

static int
take_layers(const struct json *layers, struct image *image)
{
    for (json_each(layer, layers)) {
        const char *chain = json_str(json_get(layer, "chain"), "");
        const char *blob = json_str(json_get(layer, "blob"), "");
        if (!digest_is_hex(chain) || !digest_is_valid(blob))
            return -EINVAL;
        list_add(&image->layers, chain);
        list_add(&image->blobs, blob);
    }
    return 0;
}

static int
take_record(const struct json_doc *record, struct image *image)
{
    const struct json *root = json_root(record);
    const char *manifest = json_str(json_get(root, "manifest"), "");
    if (!str_eq(json_str(json_get(root, "config"), ""), image->id) ||
        !digest_is_valid(manifest))
        return -EINVAL;
    snprintf(image->manifest, sizeof image->manifest, "%s", manifest);
    image->size = json_i64(json_get(root, "size"), 0);
    return take_layers(json_get(root, "layers"), image);
}

/* Fills image from its record, its config and the names in index. -ENOENT: no record. */
static int
read_image(const struct image_store *store, const struct json_doc *index, const char *id,
           struct image *image, struct err *e)
{
    *image = (struct image){0};
    snprintf(image->id, sizeof image->id, "%s", id);

    char path[RECORD_PATH_SIZE];
    record_path(path, id);
    auto_json *record = NULL;
    int r = read_json(store, path, &record, e);
    if (r >= 0 && take_record(record, image) < 0)
        r = err_set(e, ERR_INVALID, "images/%s is damaged", path);
    if (r >= 0)
        r = store_read_json(store, id, &image->config, e);
    if (r < 0) {
        image_done(image);
        return r;
    }

    const char *created = json_str(json_get(json_root(image->config), "created"), "");
    clock_parse(created, &image->created_ns);
    for (json_each(entry, index_entries(index))) {
        const char *name = index_name(entry);
        if (name && str_eq(index_id(entry), id))
            list_add(&image->names, name);
    }
    return 0;
}

void
image_done(struct image *image)
{
    json_doc_free(image->config);
    list_done(&image->layers);
    list_done(&image->blobs);
    list_done(&image->names);
    *image = (struct image){0};
}

/* ---- finding ---------------------------------------------------------------------- */

static int
no_such_image(const char *name, struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "No such image: %.300s", name);
}

static int
list_records(const struct image_store *store, struct list *ids, struct err *e)
{
    auto_close int fd = file_open_dir_at(store->images_fd, "records");
    TRY(err_sys(e, fd, "open images/records"));
    auto_list names = {0};
    TRY(err_sys(e, file_list_dir(fd, &names), "list images/records"));
    for (size_t i = 0; i < names.n; i++) {
        if (!str_ends(names.v[i], ".json"))
            continue;
        names.v[i][strlen(names.v[i]) - 5] = '\0';
        if (digest_is_hex(names.v[i]))
            list_addf(ids, "sha256:%s", names.v[i]);
    }
    return 0;
}

/* The one id that begins with these digits, into id[DIGEST_SIZE]. */
static int
id_of_prefix(const struct image_store *store, const char *digits, const char *typed,
             char *id, struct err *e)
{
    auto_list ids = {0};
    TRY(list_records(store, &ids, e));
    const char *found = NULL;
    for (size_t i = 0; i < ids.n; i++) {
        if (!str_starts(digest_hex(ids.v[i]), digits))
            continue;
        if (found)
            return err_set(e, ERR_CONFLICT,
                           "\"%s\" begins the ids of several images: type more of it",
                           typed);
        found = ids.v[i];
    }
    if (!found)
        return no_such_image(typed, e);
    snprintf(id, DIGEST_SIZE, "%s", found);
    return 0;
}

int
store_find(const struct image_store *store, const char *name, struct image *ret,
           struct err *e)
{
    const char *after = str_after(name, "sha256:");
    const char *digits = after ? after : name;
    bool may_be_id = digest_is_hex_prefix(digits);
    bool must_be_id = may_be_id && (after || digest_is_hex(name));

    auto_json *index = NULL;
    TRY(index_read(store->images_fd, &index, e));
    const char *named = NULL;
    if (!must_be_id) {
        struct reference wanted;
        TRY(reference_parse(name, &wanted, e));
        named = index_find(index, &wanted);
    }

    char id[DIGEST_SIZE];
    if (named)
        snprintf(id, sizeof id, "%s", named);
    else if (may_be_id)
        TRY(id_of_prefix(store, digits, name, id, e));
    else
        return no_such_image(name, e);

    int r = read_image(store, index, id, ret, e);
    return r == -ENOENT ? no_such_image(name, e) : r;
}

static int
newer_first(const void *a, const void *b)
{
    const struct image *left = a, *right = b;
    if (left->created_ns != right->created_ns)
        return left->created_ns > right->created_ns ? -1 : 1;
    return strcmp(left->id, right->id);
}

int
store_each(const struct image_store *store, int (*visit)(struct image *image, void *data),
           void *data, struct err *e)
{
    auto_json *index = NULL;
    auto_list ids = {0};
    TRY(index_read(store->images_fd, &index, e));
    TRY(list_records(store, &ids, e));

    auto_free struct image *images = mem_new(ids.n + 1, sizeof *images);
    size_t n = 0;
    int r = 0;
    for (size_t i = 0; i < ids.n && r >= 0; i++) {
        r = read_image(store, index, ids.v[i], &images[n], e);
        if (r >= 0)
            n++;
        else if (r == -ENOENT) /* deleted since we listed it */
            r = 0;
    }
    qsort(images, n, sizeof *images, newer_first);
    for (size_t i = 0; i < n; i++) {
        if (r >= 0)
            r = visit(&images[i], data);
        image_done(&images[i]);
    }
    return r < 0 ? r : 0;
}

bool
store_has_layer(const struct image_store *store, const char *chain_hex)
{
    return faccessat(store->layers_fd, chain_hex, F_OK, 0) == 0;
}

bool
store_has_blob(const struct image_store *store, const char *digest)
{
    char path[DIGEST_PATH_SIZE];
    digest_blob_path(path, digest);
    return faccessat(store->images_fd, path, F_OK, 0) == 0;
}

static int64_t
layer_fact(const struct image_store *store, const char *chain_hex, const char *which)
{
    auto_free char *name = str_format("%.64s.json", chain_hex);
    auto_free char *text = NULL;
    auto_json *facts = NULL;
    struct err ignored;
    size_t len;
    if (file_read_at(store->layers_fd, name, 4096, &text, &len) < 0 ||
        json_parse(text, len, &facts, &ignored) < 0)
        return -1;
    return json_i64(json_get(json_root(facts), which), -1);
}

int64_t
store_layer_size(const struct image_store *store, const char *chain_hex)
{
    return layer_fact(store, chain_hex, "size");
}

int64_t
store_layer_names(const struct image_store *store, const char *chain_hex)
{
    return layer_fact(store, chain_hex, "names");
}

int64_t
store_content_size(const struct image_store *store, const struct image *image)
{
    auto_list digests = {0};
    int64_t total = 0;
    list_add(&digests, image->id);
    list_add(&digests, image->manifest);
    list_add_all(&digests, &image->blobs);
    for (size_t i = 0; i < digests.n; i++) {
        char path[DIGEST_PATH_SIZE];
        struct stat st;
        digest_blob_path(path, digests.v[i]);
        if (fstatat(store->images_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
            total += st.st_size;
    }
    return total;
}

/* ---- the table of names ----------------------------------------------------------- */

static int
blob_size(const struct image_store *store, const char *digest, int64_t *ret, struct err *e)
{
    char path[DIGEST_PATH_SIZE];
    struct stat st;
    digest_blob_path(path, digest);
    int r = fstatat(store->images_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    *ret = r < 0 ? 0 : st.st_size;
    return err_sys(e, r, "find the blob %s", digest);
}

static int
manifest_type(const struct image_store *store, const char *manifest, char *buf, size_t size,
              struct err *e)
{
    auto_json *doc = NULL;
    TRY(store_read_json(store, manifest, &doc, e));
    snprintf(buf, size, "%s",
             json_str(json_get(json_root(doc), "mediaType"), MANIFEST_TYPE));
    return 0;
}

/* With the lock held: the name (or, NULL, only its place in the table) for an image. */
static int
put_name(const struct image_store *store, const struct image *image, const char *name,
         struct err *e)
{
    __attribute__((cleanup(index_edit_done))) struct index_edit edit = {0};
    int64_t size = 0;
    char type[128];
    TRY(blob_size(store, image->manifest, &size, e));
    TRY(manifest_type(store, image->manifest, type, sizeof type, e));
    TRY(index_edit_begin(&edit, store->images_fd, e));
    index_edit_drop_name(&edit, name);
    if (name)
        index_edit_drop_nameless(&edit, image->id);
    if (name || !index_edit_has(&edit, image->id))
        index_edit_add(&edit, type, image->manifest, size, image->id, name);
    return index_edit_write(&edit, store->images_fd, e);
}

int
store_tag(const struct image_store *store, const struct image *image, const char *new_name,
          struct err *e)
{
    struct reference r;
    char full[REFERENCE_SIZE];
    TRY(reference_parse_new(new_name, &r, e));
    auto_close int lock = store_lock(store, e);
    TRY(lock);
    char path[RECORD_PATH_SIZE];
    record_path(path, image->id);
    if (faccessat(store->images_fd, path, F_OK, 0) < 0)
        return no_such_image(image->id, e);
    return put_name(store, image, reference_full(&r, full), e);
}

int
store_untag(const struct image_store *store, const char *full_name, struct err *e)
{
    auto_close int lock = store_lock(store, e);
    TRY(lock);
    __attribute__((cleanup(index_edit_done))) struct index_edit edit = {0};
    TRY(index_edit_begin(&edit, store->images_fd, e));
    if (!index_edit_drop_name(&edit, full_name))
        return no_such_image(full_name, e);
    return index_edit_write(&edit, store->images_fd, e);
}

int
store_put(const struct image_store *store, const struct image *image,
          const struct list *full_names, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct json *record = json_object(doc), *layers = json_array(doc);
    json_set_str(doc, record, "config", image->id);
    json_set_str(doc, record, "manifest", image->manifest);
    json_set_i64(doc, record, "size", image->size);
    for (size_t i = 0; i < image->layers.n; i++) {
        struct json *layer = json_append(layers, json_object(doc));
        json_set_str(doc, layer, "chain", image->layers.v[i]);
        json_set_str(doc, layer, "blob", image->blobs.v[i]);
    }
    json_set(doc, record, "layers", layers);

    auto_text out = {0};
    json_write(&out, record, 2);
    text_add_char(&out, '\n');
    char path[RECORD_PATH_SIZE];
    record_path(path, image->id);
    TRY(err_sys(e, file_replace_at(store->images_fd, path, out.data, out.len, 0644, true),
                "write images/%s", path));
    if (full_names->n == 0)
        return put_name(store, image, NULL, e);
    for (size_t i = 0; i < full_names->n; i++)
        TRY(put_name(store, image, full_names->v[i], e));
    return 0;
}
