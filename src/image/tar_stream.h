/* tar_stream.h - the bytes of a tar, piece by piece from a source, and blocks of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_TAR_STREAM_H
#define IMAGE_TAR_STREAM_H

#include "image/tar.h"
#include "image/tar_header.h"

struct tar_stream {
    struct tar_source source;
    const unsigned char *piece; /* what is left of the source's last piece */
    size_t piece_len;
    int64_t at;             /* bytes read so far: for messages */
    const char *entry_name; /* of which entry these are; NULL: of none yet. The reader's */
    union {
        unsigned char block[TAR_BLOCK]; /* the last one read */
        struct tar_header header;
    };
    int64_t data_left; /* bytes of the entry's data still to come */
    int64_t pad_left;  /* and the zeros that fill its last block */
};

/* Up to `most` bytes in place, valid until the next call. *ret_len = 0: the stream's end. */
int tar_stream_take(struct tar_stream *s, int64_t most, const unsigned char **ret,
                    size_t *ret_len, struct err *e);

/* Copies n bytes; *ret_got is less only at the end of the stream. */
int tar_stream_copy(struct tar_stream *s, void *to, size_t n, size_t *ret_got,
                    struct err *e);

/* Passes n bytes over; it is an error if there are fewer. */
int tar_stream_skip(struct tar_stream *s, int64_t n, struct err *e);

/* Reads one whole block: 1, or 0 at a clean end of the stream. */
int tar_stream_block(struct tar_stream *s, struct err *e);

/* Reads the source to its end. */
int tar_stream_drain(struct tar_stream *s, struct err *e);

/* Says that the archive is damaged, where and how; returns err_set's result. */
int tar_stream_bad(const struct tar_stream *s, struct err *e, const char *what);

#endif
