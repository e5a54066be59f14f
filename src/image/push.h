/* push.h - images to registries.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_PUSH_H
#define IMAGE_PUSH_H

#include "image/progress.h"
#include "image/store.h"

/* Sends the image of this name, with the blobs as they came. Layers that came uncompressed are
 * compressed first, and from then on the image has those instead: a second push, and everybody
 * who asks for the manifest's digest, finds the same. want_all_tags: `name` has no tag, and
 * every image here with a tag of that repository is sent. sent gets the full names. */
int push_image(const struct image_store *store, const char *name, bool want_all_tags,
               struct progress *progress, struct list *sent, struct err *e);

#endif
