/* add.h - blobs in a stage become an image of the store.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_ADD_H
#define IMAGE_ADD_H

#include "image/stage.h"

struct new_image {
    char config[DIGEST_SIZE];   /* blob of the image config */
    char manifest[DIGEST_SIZE]; /* blob of the manifest; "" to have one written */
    struct list layers;         /* blobs of the layers, lowest first */
    struct list names;          /* full names it shall have; may be empty */
};
void new_image_done(struct new_image *image);

/* Checks the config, unpacks the layers that the store has not, compares each with its
 * diff_id, and only then makes all of it visible at once. The blobs must be in the stage or
 * in the store. ERR_INVALID where the parts do not belong together. */
int add_image(struct stage *stage, struct new_image *image, struct err *e);

#endif
