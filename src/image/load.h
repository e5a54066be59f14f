/* load.h - images out of an archive.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_LOAD_H
#define IMAGE_LOAD_H

#include "image/store.h"

/* Loads every image of the archive that fd reads: what `docker save`, podman and skopeo
 * write (docker-archive) or an OCI image layout as a tar; plain, gzip or zstd. loaded gets
 * one line per name, as Docker prints them ("Loaded image: busybox:latest"). */
int load_archive(const struct image_store *store, int fd, struct list *loaded,
                 struct err *e);

#endif
