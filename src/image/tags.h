/* tags.h - which tags a repository has (distribution-spec 1.1, "Listing Tags").
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_TAGS_H
#define IMAGE_TAGS_H

#include "image/registry.h"

/* Adds all tags to ret, each once, in the registry's order. ERR_NOT_FOUND: it has none, or the
 * registry does not know it. */
int tags_list(struct registry *registry, struct list *ret, struct err *e);

#endif
