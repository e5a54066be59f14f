/* tar_header.h - the block of 512 bytes that stands before each entry of a tar.
 *
 *     0        100  108 116 124  136   148      156  157  257   265        512
 *     [name    |mode|uid|gid|size|mtime|checksum|type|link|magic|owners ... ]
 *
 * ustar (POSIX.1-2001, pax(1)), and GNU's fields where they differ.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_TAR_HEADER_H
#define IMAGE_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAR_BLOCK     512
#define TAR_SIZE_MOST ((int64_t)1 << 60)

struct tar_header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char link[100], magic[6], version[2], uname[32], gname[32], major[8], minor[8];
    union {
        char prefix[155];
        struct {
            char times[24], offset[12], longnames[4], unused;
            char sparse[4][24];
            char is_extended, real_size[12];
        } gnu;
    };
    char pad[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a tar header is one block");

/* The number in a field of n bytes: octal digits, blanks before, blank or NUL after, an empty
 * field is 0; or GNU's base 256. -EINVAL: no number; -ERANGE: too large a one. */
int tar_number(const char *field, size_t n, int64_t *ret);
#define TAR_NUMBER(field, ret) tar_number(field, sizeof(field), ret)

bool tar_checksum_is_right(const struct tar_header *h);

/* All zeros: the end of the archive. */
bool tar_is_zero(const struct tar_header *h);

/* How many zeros fill up the last block of `size` bytes. */
int64_t tar_pad(int64_t size);

/* A field's text, which a NUL ends unless it fills the field. The caller frees. */
char *tar_field(const char *field, size_t n);

#endif
