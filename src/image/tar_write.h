/* tar_write.h - writing a tar archive that everybody reads, the same to the byte for the
 * same entries.
 *
 * Plain ustar where a field is large enough, else the one extended header (pax, POSIX.1)
 * before the entry that holds what did not fit: long names, large ids and sizes, parts of
 * seconds, attributes as SCHILY.xattr. No owner's name, no access time, nothing of the
 * machine that wrote it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_TAR_WRITE_H
#define IMAGE_TAR_WRITE_H

#include "image/tar.h"

/* Where the bytes go: 0, or negative with e filled. */
struct tar_sink {
    int (*put)(void *data, const void *p, size_t n, struct err *e);
    void *data;
};

struct tar_writer {
    struct tar_sink sink;
    int64_t left; /* data that the entry still wants */
    int64_t pad;  /* zeros after it, to the end of its last block */
};

/* The header of one entry. A name that is not of a directory must not end in '/'; a
 * directory gets one. Attributes are written in the order in which they stand. ERR_INVALID
 * for what the format has no words for: names over TAR_NAME_MOST, an attribute whose name
 * holds '='. The data of the entry before must be complete. */
int tar_write_entry(struct tar_writer *w, const struct tar_entry *entry, struct err *e);

/* The next bytes of a file's data, or so many zeros: never more than its size in all. */
int tar_write_data(struct tar_writer *w, const void *p, size_t n, struct err *e);
int tar_write_zeros(struct tar_writer *w, int64_t n, struct err *e);

/* The two blocks of zeros that end an archive. */
int tar_write_end(struct tar_writer *w, struct err *e);

#endif
