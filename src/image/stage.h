/* stage.h - where an image is put together before anybody can see it.
 *
 * A stage is the directory layers/.new-RANDOM with a flock on it: as long as its owner lives
 * nobody touches it, and when the owner has died, however it died, the lock is gone and the
 * next stage_open removes it. In it: blobs under their hex digest, layers as directories.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_STAGE_H
#define IMAGE_STAGE_H

#include "base/error.h"
#include "image/inflate.h"
#include "image/sha256.h"
#include "image/store.h"

struct stage {
    const struct image_store *store;
    int fd; /* the directory, locked */
    char name[32];
};

/* Makes a stage, and removes what dead owners left. End with stage_close, which removes
 * whatever was not moved out of it. */
int stage_open(struct stage *ret, const struct image_store *store, struct err *e);
void stage_close(struct stage *stage);

/* A blob that is being written: hashed as it goes. */
struct stage_blob {
    int fd;
    char temporary[32];
    struct sha256 *hash;
    int64_t size;
    int64_t unlooked;
};
int stage_blob_begin(struct stage *stage, struct stage_blob *ret, struct err *e);
int stage_blob_add(struct stage *stage, struct stage_blob *blob, const void *data,
                   size_t len, struct err *e);

/* Gives it its digest for a name (and in ret, DIGEST_SIZE); or throws it away. */
int stage_blob_end(struct stage *stage, struct stage_blob *blob, char *ret, struct err *e);
void stage_blob_drop(struct stage *stage, struct stage_blob *blob);

/* The three above for text that is all there. */
int stage_text(struct stage *stage, const char *text, size_t len, char *ret_digest,
               struct err *e);

/* Opens a blob in the stage or, if it is not there, in the store; its size, its kind of
 * compression, its JSON. */
int stage_open_blob(const struct stage *stage, const char *digest, struct err *e);
int stage_blob_facts(const struct stage *stage, const char *digest, int64_t *ret_size,
                     enum compression *ret_kind, struct err *e);
int stage_read_json(const struct stage *stage, const char *digest, struct json_doc **ret,
                    struct err *e);

/* Room on the disk for more, or ERR_SYSTEM "no space" with the reserve kept (rule R5). */
int stage_check_space(const struct stage *stage, struct err *e);

/* The same for len bytes more, but looks only now and then: *unlooked is what was written since. */
int stage_spend(const struct stage *stage, int64_t *unlooked, size_t len, struct err *e);

#endif
