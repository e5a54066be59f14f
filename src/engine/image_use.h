/* image_use.h - which containers stand on which images.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_IMAGE_USE_H
#define ENGINE_IMAGE_USE_H

#include "engine/list.h"

/* All containers, read once, as users of images. Free with image_users_done. */
struct image_users {
    struct records records;
    struct list layers; /* names of all unpacked layers that a container stands on */
};
#define auto_image_users __attribute__((cleanup(image_users_done))) struct image_users

int image_users_read(const struct engine *engine, struct image_users *ret, struct err *e);
void image_users_done(struct image_users *users);

/* A container of the image: one that runs if there is one; NULL: none. */
const struct record *image_users_find(const struct image_users *users, const char *id);
int image_users_count(const struct image_users *users, const char *id);

#endif
