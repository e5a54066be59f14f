/* import.h - a tar of a root file system becomes an image of one layer.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_IMPORT_H
#define IMAGE_IMPORT_H

#include "image/store.h"

struct import_options {
    const char *name;           /* as typed, or NULL: nameless */
    const char *message;        /* for the image's history, or NULL */
    const char *source;         /* "-" or the file's name, for the history */
    const char *platform;       /* "linux/arm64", or NULL: this machine */
    const struct list *changes; /* Dockerfile instructions (change.h) */
};

/* Reads the tar (plain, gzip or zstd) from fd; ret_id: DIGEST_SIZE. */
int import_tar(const struct image_store *store, int fd,
               const struct import_options *options, char *ret_id, struct err *e);

#endif
