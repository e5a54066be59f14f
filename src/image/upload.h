/* upload.h - blobs into a repository, several at once (distribution-spec 1.1, "Push").
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_UPLOAD_H
#define IMAGE_UPLOAD_H

#include "image/manifest.h"
#include "image/progress.h"
#include "image/registry.h"
#include "image/store.h"

struct upload_blob {
    struct descriptor descriptor;
    bool may_mount;   /* registry->mount_from has it, as far as we know */
    bool is_unspoken; /* no line of progress: the config */
};

/* Brings the blobs of the store that the repository has not yet. Each is asked for, mounted
 * from another repository, or sent in pieces; what breaks off goes on where the registry says
 * it is. */
int upload_blobs(const struct image_store *store, struct registry *registry,
                 const struct upload_blob *blobs, size_t count, struct progress *progress,
                 struct err *e);

#endif
