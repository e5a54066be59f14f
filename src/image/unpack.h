/* unpack.h - a layer's blob becomes a directory, in a process of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_UNPACK_H
#define IMAGE_UNPACK_H

#include <sys/types.h>

#include "base/error.h"
#include "image/digest.h"
#include "image/extract.h"

struct unpack_result {
    int status; /* >= 0, or the negative number that belongs to `error` */
    struct err error;
    char diff_id[DIGEST_SIZE]; /* digest of the layer's plain tar */
    struct extract_totals totals;
    bool wants_more; /* memory than one of several gets; alone it may succeed */
};

struct unpack { /* one that runs */
    pid_t pid;
    int result_fd;
};

/* A blob (plain, gzip or zstd tar), read with its own offset from the beginning. If it is still
 * being written (inflate_follow): the eventfd, and its size in the end; the writer cancels the
 * unpacking if that size is never reached. The descriptors stay the caller's. */
struct unpack_source {
    int blob_fd;
    int grown_fd; /* NO_FD: it is whole */
    int64_t size;
    bool is_alone; /* nothing else is being unpacked: it may take more memory */
};

/* Starts to unpack into the empty directory target_fd. All descriptors may be closed at once. */
int unpack_start(struct unpack *ret, const struct unpack_source *source, int target_fd,
                 const struct extract_options *options, struct err *e);

/* Waits until it is done; on success the layer is whole (but not synced). */
int unpack_wait(struct unpack *unpack, struct unpack_result *ret, struct err *e);

/* Ends one that is no longer wanted. */
void unpack_cancel(struct unpack *unpack);

#endif
