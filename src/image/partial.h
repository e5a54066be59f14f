/* partial.h - blobs that are on their way: <root>/images/partial/<hex>.
 *
 * A download appends to the file of its blob and hashes as it goes. Whatever ends it, also
 * kill -9 and a power cut, leaves a beginning from which the next pull goes on; what is wrong
 * in it shows in the digest, and then it is thrown away. flock on the file says who is at it.
 * A whole blob is linked into the stage of each pull that wants it; the file stays until an
 * image with the blob is in the store. Nobody reads it for anything else, and what nobody
 * came back for within two weeks is removed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_PARTIAL_H
#define IMAGE_PARTIAL_H

#include "image/manifest.h"
#include "image/stage.h"

struct partial {
    int fd; /* NO_FD: closed */
    struct descriptor blob;
    int64_t size; /* bytes that are there, hashed */
    int64_t unlooked;
    struct sha256 *hash;
};

/* Opens, locks and hashes what is there. -EWOULDBLOCK, with e filled: another pull is at it
 * (want_wait: waits for its end instead). */
int partial_open(struct partial *ret, const struct image_store *store,
                 const struct descriptor *blob, bool want_wait, struct err *e);

/* One more descriptor of the file, for reading from its beginning. */
int partial_open_again(const struct partial *partial, const struct image_store *store,
                       struct err *e);

/* Appends. More than the blob's size is ERR_INVALID (rule R5). */
int partial_add(struct partial *partial, const struct stage *stage, const void *data,
                size_t len, struct err *e);

/* Is it whole: compares the digest (rule R4) and gives the stage its link. ERR_INVALID: it is
 * another blob, and the file is gone. */
int partial_finish(struct partial *partial, struct stage *stage, struct err *e);

/* Closes and unlocks; what is there stays. */
void partial_close(struct partial *partial);

/* Removes the file of a blob that is in the store now. */
void partial_remove(const struct image_store *store, const char *digest);

/* Removes what is older than two weeks and what is no blob's. */
void partial_sweep(const struct image_store *store);

#endif
