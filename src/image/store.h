/* store.h - the images on this machine: an OCI image layout plus unpacked layers.
 *
 *     <root>/images/oci-layout, index.json, blobs/sha256/<hex>    (image-spec, image-layout.md)
 *     <root>/images/records/<config hex>.json                     one per image, see below
 *     <root>/images/partial/<hex>                                 downloads broken off
 *     <root>/images/lock                                          flock: who may change it
 *     <root>/layers/<chain-id hex>/                               ready as overlay lower dir
 *     <root>/layers/<chain-id hex>.json                           {"size": bytes in files, ..}
 *
 * index.json is the table of names: one descriptor per name, with the full name in the
 * annotation org.opencontainers.image.ref.name and the image's id in sampan.image.id. A
 * record is what the start path needs and would otherwise have to hash for:
 *
 *     {"config": "sha256:..", "manifest": "sha256:..", "size": N,
 *      "layers": [{"chain": "<hex>", "blob": "sha256:.."}, ...]}
 *
 * The record is written last and removed first: an image exists if and only if its record
 * does. This header is the reading side and the names, small enough for the start path;
 * what loads and unpacks lives in the helper program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "image/digest.h"
#include "image/index.h"

struct image_store {
    int images_fd; /* directory images/ */
    int layers_fd; /* directory layers/ */
};

/* Opens the store below a data root, making what is missing (mode 0700: layers hold other
 * people's setuid programs). Close with store_close. */
int store_open(struct image_store *ret, int root_fd, struct err *e);
void store_close(struct image_store *store);

/* One image, resolved. Owned by the caller: image_done. */
struct image {
    char id[DIGEST_SIZE];       /* "sha256:<64 hex>": the digest of its config */
    char manifest[DIGEST_SIZE]; /* digest of the manifest */
    struct json_doc *config;    /* the image config (image-spec, config.md) */
    struct list layers;         /* directory names below layers_fd, lowest first */
    struct list blobs;          /* digests of the layers as they came, lowest first */
    struct list names;          /* every full name that points here: host/path:tag */
    int64_t size;               /* bytes in the files of all layers, unpacked */
    int64_t created_ns;         /* the config's "created"; 0 if it has none */
};
void image_done(struct image *image);

/* Finds by name ("busybox" = docker.io/library/busybox:latest, name@digest) or by id or an
 * unambiguous prefix of it, with or without "sha256:". ERR_NOT_FOUND "No such image: X",
 * ERR_CONFLICT if ambiguous, ERR_INVALID for a malformed name. */
int store_find(const struct image_store *store, const char *name, struct image *ret,
               struct err *e);

/* All images, newest first. visit may keep an image by copying the struct and zeroing
 * *image; what it leaves there is freed. A negative result of visit ends the walk. */
int store_each(const struct image_store *store,
               int (*visit)(struct image *image, void *data), void *data, struct err *e);

/* Changes to the table of names; locked, atomic, durable. store_tag: the full or short new
 * name, taken away from the image that had it; store_untag removes one name (full, as in
 * image.names); the image itself stays, perhaps nameless. */
int store_tag(const struct image_store *store, const struct image *image,
              const char *new_name, struct err *e);
int store_untag(const struct image_store *store, const char *full_name, struct err *e);

/* Removes an image that nothing names (else ERR_CONFLICT), with its blobs and layers that
 * no other image uses and that are not among kept_layers (what containers stand on).
 * removed: what happened, one line each, as Docker prints it ("Deleted: sha256:...");
 * *ret_bytes, if not NULL, grows by what that frees. Whether a container still needs the
 * image is for the caller to ask. */
int store_delete(const struct image_store *store, const struct image *image,
                 const struct list *kept_layers, struct list *removed, int64_t *ret_bytes,
                 struct err *e);

/* Removes every layer and blob that no image uses, what dead owners left in stages and
 * trash, and downloads that were broken off: the end of what crashes began. Arguments as
 * above. */
int store_prune(const struct image_store *store, const struct list *kept_layers,
                struct list *removed, int64_t *ret_bytes, struct err *e);

/* With the store's lock held: removes the leftovers of dead processes, new or to be
 * removed. What has a living owner is locked; what cannot be removed now is tried again
 * next time. */
void store_sweep(const struct image_store *store);

/* For the helper program that adds images. store_lock: the store's lock as a descriptor,
 * waits; close it to unlock. With the lock held: store_has_layer, store_has_blob say what
 * is there; store_put writes the image's record (from id, manifest, layers, blobs, size)
 * and its place in index.json, under these full names or, with none, nameless. */
int store_lock(const struct image_store *store, struct err *e);
bool store_has_layer(const struct image_store *store, const char *chain_hex);
bool store_has_blob(const struct image_store *store, const char *digest);
int store_put(const struct image_store *store, const struct image *image,
              const struct list *full_names, struct err *e);

/* Bytes in the files of an unpacked layer, and the number of its files, as they were
 * written down when it was unpacked; -1 if they were not. */
int64_t store_layer_size(const struct image_store *store, const char *chain_hex);
int64_t store_layer_names(const struct image_store *store, const char *chain_hex);

/* Bytes of an image's blobs: config, manifest, layers as they came. */
int64_t store_content_size(const struct image_store *store, const struct image *image);

/* A blob that is a JSON document, of at most JSON_BYTES_MOST: its text (the caller frees), or read. */
int store_read_text(const struct image_store *store, const char *digest, char **ret,
                    size_t *ret_len, struct err *e);
int store_read_json(const struct image_store *store, const char *digest,
                    struct json_doc **ret, struct err *e);

#endif
