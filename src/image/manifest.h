/* manifest.h - what an image is made of: manifests, indexes, descriptors.
 *
 * OCI image-spec (manifest.md, image-index.md) and Docker's schema 2, which differ in the
 * media types alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "image/digest.h"

#define MANIFEST_MOST 10000 /* layers of an image, manifests of an index */

struct descriptor {
    char media_type[128];
    char digest[DIGEST_SIZE];
    int64_t size;
};

struct manifest {
    struct descriptor config;
    struct descriptor *layers;
    size_t layer_count;
};

/* One descriptor: a valid digest and a size that is one. */
int manifest_descriptor(const struct json *node, struct descriptor *ret, struct err *e);

/* A manifest whose own mediaType, the descriptor's media_type ("" if unknown) and shape
 * agree (rule R4). Free with manifest_done. */
int manifest_read(const struct json *root, const char *media_type, struct manifest *ret,
                  struct err *e);
void manifest_done(struct manifest *manifest);

struct platform {
    char os[32], architecture[32], variant[32]; /* Go's words: "linux", "amd64", "" */
};

/* "os/arch[/variant]", or NULL: this machine. */
int manifest_platform(const char *s, struct platform *ret, struct err *e);

bool manifest_is_index(const struct json *root);

/* From an index the manifest for a platform "os/arch[/variant]", NULL for this machine.
 * ERR_NOT_FOUND lists the platforms that there are. */
int manifest_choose(const struct json *index, const char *media_type, const char *platform,
                    struct descriptor *ret, struct err *e);

#endif
