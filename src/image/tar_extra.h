/* tar_extra.h - what extended headers say about the entry that follows them.
 *
 *     'x'  pax: lines "LENGTH key=value\n" for the next entry    (pax(1), POSIX.1-2001)
 *     'L'  GNU: the next entry's name     'K'  its link's text
 *     'g'  pax for all that follow: read and ignored, as Docker does
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_TAR_EXTRA_H
#define IMAGE_TAR_EXTRA_H

#include "image/tar_sparse.h"

struct tar_extra { /* absent numbers are -1, absent names NULL */
    struct tar_stream *stream;
    char *name, *link;
    int64_t size, uid, gid, real_size;
    bool has_mtime;
    struct timespec mtime;
    struct tar_xattr *xattrs;
    size_t xattr_count;
    int sparse_major, sparse_minor;
    bool is_sparse;
    int64_t sparse_offset; /* of GNU.sparse.offset, until its numbytes comes */
    struct tar_map map;
};

void tar_extra_init(struct tar_extra *x, struct tar_stream *stream);
void tar_extra_done(struct tar_extra *x);

/* Nothing is said yet about the next entry. What the last one has not taken is freed; the
 * map's memory is kept for the next map. */
void tar_extra_reset(struct tar_extra *x);

/* Reads the `size` bytes of data of an entry of the type 'x', 'g', 'L' or 'K'. */
int tar_extra_read(struct tar_extra *x, char type, int64_t size, struct err *e);

void tar_xattrs_free(struct tar_xattr *xattrs, size_t count);

#endif
