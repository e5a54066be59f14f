/* tar.h - reading a tar stream that a stranger wrote.
 *
 * Reads ustar, pax (POSIX.1-2001) and GNU archives: long names, numbers in base 256,
 * sparse files in all four formats, extended attributes as SCHILY.xattr. Data is handed
 * out in place, never copied; memory is bounded whatever the stream says (rule R3).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_TAR_H
#define IMAGE_TAR_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"

#define TAR_NAME_MOST   4096        /* bytes of a name or a link's text */
#define TAR_PAX_MOST    (1u << 20)  /* bytes of one extended header */
#define TAR_XATTR_MOST  (64u << 10) /* bytes of one attribute */
#define TAR_SPARSE_MOST 65536       /* pieces of one sparse file */

/* Where the bytes come from: *p and *n become the next piece, which stays valid until the
 * next call; *n = 0 at the end. Negative: failed, with e filled. */
struct tar_source {
    int (*next)(void *data, const unsigned char **p, size_t *n, struct err *e);
    void *data;
};

enum tar_type {
    TAR_FILE,
    TAR_HARD_LINK,
    TAR_SYMLINK,
    TAR_CHAR_DEVICE,
    TAR_BLOCK_DEVICE,
    TAR_DIRECTORY,
    TAR_FIFO,
};

struct tar_xattr {
    char *name;
    void *value;
    size_t len;
};

struct tar_entry {
    enum tar_type type;
    char *name; /* as written: not to be trusted as a path */
    char *link; /* of links, else "" */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    struct timespec mtime;
    unsigned major, minor;
    int64_t size; /* of the file as it will be; 0 for all but TAR_FILE */
    struct tar_xattr *xattrs;
    size_t xattr_count;
};

struct tar;
struct tar *tar_open(struct tar_source source);
void tar_close(struct tar *tar);

/* The next entry: 1, or 0 at the end of the archive. What was left of the last entry's data
 * is skipped. *ret is good until the next call. ERR_INVALID says what is wrong and where. */
int tar_next(struct tar *tar, const struct tar_entry **ret, struct err *e);

/* The next piece of the entry's data, in place, and where in the file it belongs: 1, or 0
 * when there is no more. */
int tar_data(struct tar *tar, const void **ret, size_t *ret_len, int64_t *ret_offset,
             struct err *e);

/* Reads the source to its end: what follows the archive's end still counts for its hash. */
int tar_drain(struct tar *tar, struct err *e);

#endif
