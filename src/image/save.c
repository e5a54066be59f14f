/* save.c - from blobs to a tar of blobs.
 *
 *     blobs/sha256/<hex>   configs, manifests and layers
 *     index.json           OCI: name -> manifest
 *     manifest.json        Docker: config, names and layers of each image
 *     oci-layout
 *
 * Docker 25 and later write the same; older ones, podman and skopeo read either table.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "image/reference.h"
#include "image/sha256.h"
#include "image/tar_write.h"

#define BUFFER (256u << 10)

struct saved {
    struct image image;
    struct list names;        /* those that were asked for */
    struct text manifest;     /* as it is written */
    char digest[DIGEST_SIZE]; /* of that */
    char media_type[128];
};

struct saving {
    const struct image_store *store;
    enum save_format format;
    struct saved *images;
    size_t n;
    struct tar_writer writer;
    struct list written; /* digests */
    int fd;
    char *out; /* what is not written yet */
    size_t out_len;
};

static const struct {
    const char *word;
    enum save_format format;
} formats[] = {
    {"docker-archive", SAVE_DOCKER_ARCHIVE},
    {"oci-archive",    SAVE_OCI_ARCHIVE   },
};

int
save_format_parse(const char *s, enum save_format *ret, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (str_eq(formats[i].word, s)) {
            *ret = formats[i].format;
            return 0;
        }
    return err_set(e, ERR_INVALID,
                   "invalid --format \"%.60s\": it is docker-archive or oci-archive", s);
}

static void
saving_done(struct saving *s)
{
    for (size_t i = 0; i < s->n; i++) {
        image_done(&s->images[i].image);
        list_done(&s->images[i].names);
        text_done(&s->images[i].manifest);
    }
    free(s->images);
    free(s->out);
    list_done(&s->written);
}

/* ---- which images ----------------------------------------------------------------- */

/* The image's place among those to save; image is taken over. */
static struct saved *
add_image(struct saving *s, struct image *image)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->images[i].image.id, image->id)) {
            image_done(image);
            return &s->images[i];
        }
    s->images = mem_resize(s->images, s->n + 1, sizeof *s->images);
    s->images[s->n] = (struct saved){.image = *image};
    *image = (struct image){0};
    return &s->images[s->n++];
}

static void
add_name(struct saved *saved, const char *full)
{
    list_add_once(&saved->names, full);
}

struct repository {
    struct saving *saving;
    const struct reference *wanted;
    bool is_found;
};

static int
add_if_of_repository(struct image *image, void *data)
{
    struct repository *r = data;
    auto_list names = {0};
    for (size_t i = 0; i < image->names.n; i++) {
        struct reference name;
        struct err ignored;
        if (reference_parse(image->names.v[i], &name, &ignored) >= 0 &&
            str_eq(name.host, r->wanted->host) && str_eq(name.path, r->wanted->path) &&
            *name.tag)
            list_add(&names, image->names.v[i]);
    }
    if (names.n == 0)
        return 0;
    struct saved *saved = add_image(r->saving, image);
    for (size_t i = 0; i < names.n; i++)
        add_name(saved, names.v[i]);
    r->is_found = true;
    return 0;
}

static int
add_wanted(struct saving *s, const char *name, struct err *e)
{
    struct reference wanted;
    char full[REFERENCE_SIZE];
    struct err ignored;
    bool is_name = reference_parse(name, &wanted, &ignored) >= 0;
    if (is_name && reference_is_bare(name)) {
        struct repository all = {s, &wanted, false};
        TRY(store_each(s->store, add_if_of_repository, &all, e));
        if (all.is_found)
            return 0;
    }
    struct image image = {0};
    TRY(store_find(s->store, name, &image, e));
    struct saved *saved = add_image(s, &image);
    if (is_name && list_has(&saved->image.names, reference_full(&wanted, full)) &&
        *wanted.tag)
        add_name(saved, full);
    return 0;
}

/* ---- manifests -------------------------------------------------------------------- */

static const char *const oci_types[][2] = {
    {"application/vnd.docker.distribution.manifest.v2+json",
     "application/vnd.oci.image.manifest.v1+json" },
    {"application/vnd.docker.container.image.v1+json",
     "application/vnd.oci.image.config.v1+json"   },
    {"application/vnd.docker.image.rootfs.diff.tar.gzip",
     "application/vnd.oci.image.layer.v1.tar+gzip"},
    {"application/vnd.docker.image.rootfs.diff.tar",
     "application/vnd.oci.image.layer.v1.tar"     },
};

static void
make_oci_type(struct json_doc *doc, struct json *node)
{
    const char *type = json_str(json_get(node, "mediaType"), "");
    for (size_t i = 0; i < ARRAY_LEN(oci_types); i++)
        if (str_eq(type, oci_types[i][0])) {
            json_set_str(doc, node, "mediaType", oci_types[i][1]);
            return;
        }
}

/* The manifest in OCI's words. The documents agree in all but their types. */
static int
convert_manifest(struct saved *saved, struct err *e)
{
    auto_json *doc = NULL;
    auto_text out = {0};
    TRY(json_parse(saved->manifest.data, saved->manifest.len, &doc, e));
    struct json *root = json_root(doc);
    make_oci_type(doc, root);
    make_oci_type(doc, (struct json *)json_get(root, "config"));
    for (json_each(layer, json_get(root, "layers")))
        make_oci_type(doc, (struct json *)layer);
    json_write(&out, root, 0);
    text_done(&saved->manifest);
    text_add_bytes(&saved->manifest, out.data, out.len);
    return 0;
}

static int
read_manifest(const struct saving *s, struct saved *saved, struct err *e)
{
    auto_free char *text = NULL;
    auto_json *doc = NULL;
    size_t len;
    TRY(store_read_text(s->store, saved->image.manifest, &text, &len, e));
    text_add_bytes(&saved->manifest, text, len);
    TRY(json_parse(text, len, &doc, e));
    const char *type = json_str(json_get(json_root(doc), "mediaType"), "");
    snprintf(saved->media_type, sizeof saved->media_type, "%.127s",
             *type ? type : oci_types[0][1]);
    if (s->format == SAVE_OCI_ARCHIVE && str_eq(type, oci_types[0][0])) {
        TRY(convert_manifest(saved, e));
        snprintf(saved->media_type, sizeof saved->media_type, "%s", oci_types[0][1]);
    }
    sha256_of(saved->manifest.data, saved->manifest.len, saved->digest);
    return 0;
}

/* ---- writing ---------------------------------------------------------------------- */

static int
flush(struct saving *s, struct err *e)
{
    size_t n = s->out_len;
    s->out_len = 0;
    return err_sys(e, file_write_all(s->fd, s->out, n), "write the archive");
}

static int
put(void *data, const void *p, size_t n, struct err *e)
{
    struct saving *s = data;
    if (n >= BUFFER) {
        TRY(flush(s, e));
        return err_sys(e, file_write_all(s->fd, p, n), "write the archive");
    }
    if (s->out_len + n > BUFFER)
        TRY(flush(s, e));
    memcpy(s->out + s->out_len, p, n);
    s->out_len += n;
    return 0;
}

static int
write_head(struct saving *s, enum tar_type type, const char *name, int64_t size,
           struct err *e)
{
    const struct tar_entry entry = {.type = type,
                                    .name = (char *)name,
                                    .link = (char *)"",
                                    .mode = type == TAR_DIRECTORY ? 0755 : 0644,
                                    .size = size};
    return tar_write_entry(&s->writer, &entry, e);
}

static int
write_text(struct saving *s, const char *name, const char *text, size_t len, struct err *e)
{
    TRY(write_head(s, TAR_FILE, name, (int64_t)len, e));
    return tar_write_data(&s->writer, text, len, e);
}

static int
write_json(struct saving *s, const char *name, const struct json *root, struct err *e)
{
    auto_text out = {0};
    json_write(&out, root, 0);
    text_add_char(&out, '\n');
    return write_text(s, name, out.data, out.len, e);
}

static int
copy_blob(struct saving *s, int fd, int64_t size, const char *digest, struct err *e)
{
    char found[DIGEST_SIZE];
    auto_free char *buffer = mem_new(BUFFER, 1);
    struct sha256 *hash = sha256_new();
    int r = 0;
    for (int64_t left = size; left > 0 && r >= 0;) {
        ssize_t n = file_read_some(fd, buffer, left < BUFFER ? (size_t)left : BUFFER);
        if (n <= 0) {
            r = err_sys(e, n < 0 ? (int)n : -EIO, "read the blob %s", digest);
            break;
        }
        sha256_add(hash, buffer, (size_t)n);
        r = tar_write_data(&s->writer, buffer, (size_t)n, e);
        left -= n;
    }
    sha256_end(hash, found);
    sha256_free(hash);
    if (r >= 0 && !str_eq(found, digest))
        return err_set(
            e, ERR_INVALID,
            "the blob %s in the store is damaged: `sampan system check --repair` "
            "clears it away, then get the image again",
            digest);
    return r;
}

static int
write_blob(struct saving *s, const char *digest, struct err *e)
{
    char path[DIGEST_PATH_SIZE];
    struct stat st;
    if (list_has(&s->written, digest))
        return 0;
    list_add(&s->written, digest);
    digest_blob_path(path, digest);
    auto_close int fd = openat(s->store->images_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_sys(e, -errno, "open the blob %s (was the image removed meanwhile?)",
                       digest);
    TRY(write_head(s, TAR_FILE, path, st.st_size, e));
    return copy_blob(s, fd, st.st_size, digest, e);
}

static int
write_manifest(struct saving *s, const struct saved *saved, struct err *e)
{
    char path[DIGEST_PATH_SIZE];
    if (list_has(&s->written, saved->digest))
        return 0;
    list_add(&s->written, saved->digest);
    digest_blob_path(path, saved->digest);
    return write_text(s, path, saved->manifest.data, saved->manifest.len, e);
}

static int
write_blobs(struct saving *s, struct err *e)
{
    TRY(write_head(s, TAR_DIRECTORY, "blobs", 0, e));
    TRY(write_head(s, TAR_DIRECTORY, "blobs/sha256", 0, e));
    for (size_t i = 0; i < s->n; i++) {
        const struct saved *saved = &s->images[i];
        TRY(write_blob(s, saved->image.id, e));
        for (size_t j = 0; j < saved->image.blobs.n; j++)
            TRY(write_blob(s, saved->image.blobs.v[j], e));
        TRY(write_manifest(s, saved, e));
    }
    return 0;
}

/* ---- tables ----------------------------------------------------------------------- */

static void
add_to_index(struct json_doc *doc, struct json *entries, const struct saved *saved,
             const char *full_name)
{
    struct json *entry = json_append(entries, json_object(doc));
    json_set_str(doc, entry, "mediaType", saved->media_type);
    json_set_str(doc, entry, "digest", saved->digest);
    json_set_i64(doc, entry, "size", (int64_t)saved->manifest.len);
    struct reference r;
    struct err ignored;
    if (!full_name || reference_parse(full_name, &r, &ignored) < 0)
        return;
    struct json *notes = json_set(doc, entry, "annotations", json_object(doc));
    json_set_str(doc, notes, "io.containerd.image.name", full_name);
    json_set_str(doc, notes, STORE_NAME_KEY, r.tag);
}

static int
write_index(struct saving *s, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct json *root = json_object(doc), *entries = json_array(doc);
    json_set_i64(doc, root, "schemaVersion", 2);
    json_set_str(doc, root, "mediaType", "application/vnd.oci.image.index.v1+json");
    json_set(doc, root, "manifests", entries);
    for (size_t i = 0; i < s->n; i++) {
        const struct saved *saved = &s->images[i];
        for (size_t j = 0; j < saved->names.n; j++)
            add_to_index(doc, entries, saved, saved->names.v[j]);
        if (saved->names.n == 0)
            add_to_index(doc, entries, saved, NULL);
    }
    return write_json(s, "index.json", root, e);
}

/* Full names: podman would take a short one for an image of this machine. */
static struct json *
docker_entry(struct json_doc *doc, const struct saved *saved)
{
    char path[DIGEST_PATH_SIZE];
    struct json *entry = json_object(doc), *layers = json_array(doc);
    digest_blob_path(path, saved->image.id);
    json_set_str(doc, entry, "Config", path);
    json_set(doc, entry, "RepoTags",
             saved->names.n ? json_strings(doc, &saved->names) : json_null(doc));
    for (size_t i = 0; i < saved->image.blobs.n; i++) {
        digest_blob_path(path, saved->image.blobs.v[i]);
        json_append(layers, json_string(doc, path));
    }
    json_set(doc, entry, "Layers", layers);
    return entry;
}

static int
write_docker_table(struct saving *s, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct json *table = json_array(doc);
    for (size_t i = 0; i < s->n; i++)
        json_append(table, docker_entry(doc, &s->images[i]));
    return write_json(s, "manifest.json", table, e);
}

static int
write_archive(struct saving *s, struct err *e)
{
    static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}\n";
    TRY(write_blobs(s, e));
    TRY(write_index(s, e));
    if (s->format == SAVE_DOCKER_ARCHIVE)
        TRY(write_docker_table(s, e));
    TRY(write_text(s, "oci-layout", layout, strlen(layout), e));
    TRY(tar_write_end(&s->writer, e));
    return flush(s, e);
}

int
save_images(const struct image_store *store, const struct list *wanted,
            enum save_format format, int fd, struct err *e)
{
    __attribute__((cleanup(saving_done))) struct saving s = {
        .store = store, .format = format, .fd = fd, .out = mem_new(BUFFER, 1)};
    s.writer.sink = (struct tar_sink){put, &s};
    for (size_t i = 0; i < wanted->n; i++)
        TRY(add_wanted(&s, wanted->v[i], e));
    for (size_t i = 0; i < s.n; i++)
        TRY(read_manifest(&s, &s.images[i], e));
    return write_archive(&s, e);
}
