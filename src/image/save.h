/* save.h - images as one archive: an OCI layout, with Docker's table beside it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_SAVE_H
#define IMAGE_SAVE_H

#include "base/error.h"
#include "base/text.h"
#include "image/store.h"

enum save_format {
    SAVE_DOCKER_ARCHIVE, /* both tables: manifest.json and index.json */
    SAVE_OCI_ARCHIVE,    /* index.json alone; manifests in OCI's media types */
};

/* "docker-archive", "oci-archive"; ERR_INVALID names the others. */
int save_format_parse(const char *s, enum save_format *ret, struct err *e);

/* Writes the images to fd. A name without a tag means all tags of it, an id the image
 * without names, as for Docker. Blobs are written as they are, each once, and each is
 * hashed on the way: a damaged store is an error. The same images in the same order give
 * the same bytes. */
int save_images(const struct image_store *store, const struct list *wanted,
                enum save_format format, int fd, struct err *e);

#endif
