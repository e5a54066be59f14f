/* inflate.h - gzip, zstd or plain bytes from a descriptor, as plain bytes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_INFLATE_H
#define IMAGE_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum compression {
    COMPRESSION_NONE,
    COMPRESSION_GZIP,
    COMPRESSION_ZSTD,
};

/* What the first bytes of a file say; others than these are taken for plain. */
enum compression compression_of(const unsigned char *first, size_t len);
const char *compression_suffix(enum compression kind); /* "", "+gzip", "+zstd" */

struct inflate;

/* The window of a zstd frame is memory that whoever compressed it asks for. What is usual (zstd
 * up to level 19, other encoders up to 16 MiB) is given to streams that run side by side; the
 * most, to one that runs alone: --ultra -20. More is refused. */
#define INFLATE_WINDOW_USUAL 23 /* logarithms: 8 MiB */
#define INFLATE_WINDOW_MOST  25 /* 32 MiB */

/* Reads fd from where it stands to its end; fd stays the caller's. kind is found out. */
struct inflate *inflate_open(int fd);

/* Gives it another window than INFLATE_WINDOW_MOST. */
void inflate_limit(struct inflate *in, int window_log);

/* The file grows while it is read, to `size` bytes in the end: whoever writes it adds to the
 * eventfd grown_fd how many bytes it has appended, those that were there before included. */
void inflate_follow(struct inflate *in, int grown_fd, int64_t size);
void inflate_close(struct inflate *in);

/* Fills buf with up to `room` plain bytes: the number, 0 at the end. ERR_INVALID for
 * damaged data, data that ends too early, or a kind that we do not read (xz, bzip2). */
ssize_t inflate_read(struct inflate *in, void *buf, size_t room, struct err *e);
enum compression inflate_kind(const struct inflate *in);

/* After a failure: it was for a window that is larger than the limit. */
bool inflate_wants_more(const struct inflate *in);

#endif
