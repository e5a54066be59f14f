/* archive.h - an image archive (docker-archive, OCI layout) taken apart into a stage.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_ARCHIVE_H
#define IMAGE_ARCHIVE_H

#include "image/stage.h"

struct member {
    char *name;               /* without "./" */
    char *link;               /* of links: where to look instead; else NULL */
    char digest[DIGEST_SIZE]; /* of files: the blob in the stage or the store */
};

struct archive {
    struct member *members;
    size_t n, room;
};

/* Reads the whole archive (plain, gzip or zstd) from fd; each file in it becomes a blob of
 * the stage, hashed. A blob that the store already has is not written again. */
int archive_read(struct archive *ret, struct stage *stage, int fd, struct err *e);
void archive_done(struct archive *archive);

/* The digest of a member, through links; NULL if there is none of this name. */
const char *archive_find(const struct archive *archive, const char *name);

#endif
