/* load.c - which of an archive's files make which image.
 *
 * Two tables of contents are known:
 *
 *     manifest.json  docker-archive: [{"Config": F, "RepoTags": [..], "Layers": [F, ..]}, ..]
 *     index.json     OCI layout: descriptors of manifests, or of further indexes
 *
 * Newer archives of Docker have both, about the same files: manifest.json is read then,
 * because only it has the names beyond doubt. All that is believed is digests computed
 * here; a file's name or a descriptor's word is only ever compared with them (rule R4).
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "image/add.h"
#include "image/archive.h"
#include "image/manifest.h"
#include "image/reference.h"

struct loading {
    struct stage *stage;
    const struct archive *archive;
    struct list *loaded;
};

static void
report(const struct loading *l, const struct new_image *image)
{
    struct err ignored;
    for (size_t i = 0; i < image->names.n; i++) {
        struct reference r;
        char name[REFERENCE_SIZE];
        if (reference_parse(image->names.v[i], &r, &ignored) >= 0)
            list_addf(l->loaded, "Loaded image: %s", reference_short(&r, name));
    }
    if (image->names.n == 0)
        list_addf(l->loaded, "Loaded image ID: %s", image->config);
}

static int
add_name(struct new_image *image, const char *name, struct err *e)
{
    struct reference r;
    char full[REFERENCE_SIZE];
    TRY(reference_parse(name, &r, e));
    list_add_once(&image->names, reference_full(&r, full));
    return 0;
}

static int
finish(const struct loading *l, struct new_image *image, struct err *e)
{
    TRY(add_image(l->stage, image, e));
    report(l, image);
    return 0;
}

/* ---- docker-archive --------------------------------------------------------------- */

static int
find_member(const struct loading *l, const char *name, const char **ret, struct err *e)
{
    *ret = name ? archive_find(l->archive, name) : NULL;
    if (!*ret)
        return err_set(e, ERR_INVALID,
                       "the archive's manifest.json names \"%.200s\", which "
                       "is not in the archive",
                       name ? name : "");
    return 0;
}

static int
load_docker_image(const struct loading *l, const struct json *item, struct err *e)
{
    __attribute__((cleanup(new_image_done))) struct new_image image = {0};
    const char *digest;
    TRY(find_member(l, json_str(json_get(item, "Config"), NULL), &digest, e));
    snprintf(image.config, sizeof image.config, "%s", digest);
    for (json_each(layer, json_get(item, "Layers"))) {
        TRY(find_member(l, json_str(layer, NULL), &digest, e));
        list_add(&image.layers, digest);
    }
    for (json_each(tag, json_get(item, "RepoTags")))
        TRY(add_name(&image, json_str(tag, ""), e));
    return finish(l, &image, e);
}

static int
load_docker(const struct loading *l, const char *table, struct err *e)
{
    auto_json *doc = NULL;
    TRY(stage_read_json(l->stage, table, &doc, e));
    const struct json *items = json_root(doc);
    if (items->type != JSON_ARRAY || json_count(items) == 0 ||
        json_count(items) > MANIFEST_MOST)
        return err_set(e, ERR_INVALID, "the archive's manifest.json is no list of images");
    for (json_each(item, items))
        TRY(load_docker_image(l, item, e));
    return 0;
}

/* ---- OCI layout ------------------------------------------------------------------- */

/* A full name if there is one: a lone word in ref.name is only a tag (image-spec), and of
 * what, the archive does not say. */
static const char *
name_of(const struct json *descriptor)
{
    const struct json *notes = json_get(descriptor, "annotations");
    const char *name = json_str(json_get(notes, "io.containerd.image.name"), NULL);
    if (name)
        return name;
    name = json_str(json_get(notes, STORE_NAME_KEY), NULL);
    return name && (strchr(name, ':') || strchr(name, '/')) ? name : NULL;
}

/* The blob of a descriptor must be in the archive (or the store) and as long as it says. */
static int
check_blob(const struct loading *l, const struct descriptor *d, struct err *e)
{
    char path[DIGEST_PATH_SIZE];
    int64_t size;
    enum compression kind;
    digest_blob_path(path, d->digest);
    const char *found = archive_find(l->archive, path);
    if (!found && !store_has_blob(l->stage->store, d->digest))
        return err_set(e, ERR_INVALID, "the archive names the blob %s and does not have it",
                       d->digest);
    if (found && !str_eq(found, d->digest))
        return err_set(e, ERR_INVALID, "the archive's blob %s has the digest %s", d->digest,
                       found);
    TRY(stage_blob_facts(l->stage, d->digest, &size, &kind, e));
    if (size != d->size)
        return err_set(e, ERR_INVALID, "the blob %s has %lld bytes, not %lld", d->digest,
                       (long long)size, (long long)d->size);
    return 0;
}

static int
load_manifest(const struct loading *l, const struct descriptor *d, const char *name,
              struct err *e)
{
    __attribute__((cleanup(new_image_done))) struct new_image image = {0};
    __attribute__((cleanup(manifest_done))) struct manifest manifest = {0};
    auto_json *doc = NULL;
    TRY(stage_read_json(l->stage, d->digest, &doc, e));
    TRY(manifest_read(json_root(doc), d->media_type, &manifest, e));
    TRY(check_blob(l, &manifest.config, e));
    for (size_t i = 0; i < manifest.layer_count; i++) {
        TRY(check_blob(l, &manifest.layers[i], e));
        list_add(&image.layers, manifest.layers[i].digest);
    }
    snprintf(image.manifest, sizeof image.manifest, "%s", d->digest);
    snprintf(image.config, sizeof image.config, "%s", manifest.config.digest);
    if (name)
        TRY(add_name(&image, name, e));
    return finish(l, &image, e);
}

/* One entry of index.json: a manifest, or an index with one manifest per platform. */
static int
load_descriptor(const struct loading *l, const struct json *item, struct err *e)
{
    struct descriptor d, chosen;
    TRY(manifest_descriptor(item, &d, e));
    TRY(check_blob(l, &d, e));
    auto_json *doc = NULL;
    TRY(stage_read_json(l->stage, d.digest, &doc, e));
    if (!manifest_is_index(json_root(doc)))
        return load_manifest(l, &d, name_of(item), e);
    TRY(manifest_choose(json_root(doc), d.media_type, NULL, &chosen, e));
    TRY(check_blob(l, &chosen, e));
    return load_manifest(l, &chosen, name_of(item), e);
}

static int
load_oci(const struct loading *l, const char *index, struct err *e)
{
    auto_json *doc = NULL;
    TRY(stage_read_json(l->stage, index, &doc, e));
    const struct json *items = json_get(json_root(doc), "manifests");
    if (json_count(items) == 0 || json_count(items) > MANIFEST_MOST)
        return err_set(e, ERR_INVALID, "the archive's index.json names no image");
    for (json_each(item, items))
        TRY(load_descriptor(l, item, e));
    return 0;
}

/* ---- together --------------------------------------------------------------------- */

/* Where both tables are, the OCI one: it names manifests, which Docker's leaves out, and
 * with them the digests by which others know the images. */
static int
load_images(const struct loading *l, struct err *e)
{
    const char *docker = archive_find(l->archive, "manifest.json");
    const char *oci = archive_find(l->archive, "index.json");
    if (oci && archive_find(l->archive, "oci-layout"))
        return load_oci(l, oci, e);
    if (docker)
        return load_docker(l, docker, e);
    return err_hint(e,
                    err_set(e, ERR_INVALID,
                            "this is no image archive: it has neither manifest.json nor "
                            "oci-layout and index.json"),
                    " (a tar of a root file system is read by `import`)");
}

int
load_archive(const struct image_store *store, int fd, struct list *loaded, struct err *e)
{
    struct stage stage;
    struct archive archive = {0};
    TRY(stage_open(&stage, store, e));
    int r = archive_read(&archive, &stage, fd, e);
    if (r >= 0)
        r = load_images(&(struct loading){&stage, &archive, loaded}, e);
    archive_done(&archive);
    stage_close(&stage);
    return r;
}
