/* image_filter.h - which images a listing or a prune means.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_IMAGE_FILTER_H
#define CLI_IMAGE_FILTER_H

#include "image/store.h"

/* Filters "key=value" as typed, read once: of one key one must hold, of several keys each
 * (labels: each one). Free with image_filter_done. */
struct image_filter {
    struct list labels, no_labels, references;
    int64_t since_ns, before_ns, until_ns; /* created after or before; 0: no matter */
    int is_dangling;                       /* 1, 0, or -1: no matter */
};
#define auto_image_filter __attribute__((cleanup(image_filter_done))) struct image_filter

/* words: dangling=BOOL, label=KEY[=VALUE], label!=KEY[=VALUE], before=IMAGE, since=IMAGE,
 * reference=PATTERN, until=TIME; ERR_INVALID for others. */
int image_filter_parse(struct image_filter *ret, const struct list *words,
                       const struct image_store *store, struct err *e);
void image_filter_done(struct image_filter *filter);

/* Whether the image passes, but for its names. */
bool image_filter_passes(const struct image_filter *filter, const struct image *image);

/* Whether one of its full names does (all do, where no reference is asked for). */
bool image_filter_passes_name(const struct image_filter *filter, const char *full_name);

#endif
