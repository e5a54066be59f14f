/* tar_sparse.h - where in a file of holes the data that stands in the archive belongs.
 *
 * Four formats say it: GNU's old one in the header and blocks after it (type 'S'); pax 0.0
 * and 0.1 in extended headers; pax 1.0 as decimal lines before the data. All become one map.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_TAR_SPARSE_H
#define IMAGE_TAR_SPARSE_H

#include "image/tar_stream.h"

struct tar_piece {
    int64_t offset, len; /* bytes */
};

struct tar_map { /* zeros are a map of nothing: the data is in one piece */
    struct tar_piece *pieces;
    size_t count, room;
};

/* Adds a piece behind the others; s is for the message when there are too many. */
int tar_map_add(struct tar_map *map, const struct tar_stream *s, int64_t offset,
                int64_t len, struct err *e);

/* Reads the map of a header of type 'S', and the file's size. */
int tar_map_read_old(struct tar_map *map, struct tar_stream *s, const struct tar_header *h,
                     int64_t *ret_size, struct err *e);

/* Reads the map of format 1.0 off the entry's data. */
int tar_map_read_new(struct tar_map *map, struct tar_stream *s, struct err *e);

/* Refuses a map that is not in order, apart, inside a file of `size` bytes, and together as
 * long as the data that is there. */
int tar_map_check(const struct tar_map *map, const struct tar_stream *s, int64_t size,
                  struct err *e);

#endif
