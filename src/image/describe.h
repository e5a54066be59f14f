/* describe.h - an image in the words of Docker's inspect.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_DESCRIBE_H
#define IMAGE_DESCRIBE_H

#include "image/store.h"

/* root: the data root's path, for GraphDriver. A new object in doc. */
struct json *image_describe(const struct image *image, const char *root,
                            struct json_doc *doc);

/* Its names as people type them ("busybox:latest"), and as name@digest of its manifest. */
void image_tags(const struct image *image, struct list *ret);
void image_repo_digests(const struct image *image, struct list *ret);

/* A Config, of an image or a container, with every field that it may have. */
struct json *image_describe_config(const struct json *said, struct json_doc *doc);

#endif
