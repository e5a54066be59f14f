/* pull.h - images from registries.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_PULL_H
#define IMAGE_PULL_H

#include "image/progress.h"
#include "image/reference.h"
#include "image/store.h"

struct pull_options {
    const char *platform; /* "os/arch[/variant]", NULL: this machine's */
    bool want_missing;    /* an image of this name that is here already will do */
    bool want_all_tags;   /* every image of the repository; the name has no tag then */
    bool is_for_run;      /* nobody has said "pull": says less */
};

/* Brings the image into the store under its full name, which goes to ret_name (REFERENCE_SIZE);
 * for all tags that is the repository's. The first that fails ends it, what came before stays.
 * Short names are looked for as registries.conf says. What was here already is not fetched
 * again; what a broken pull left is continued. */
int pull_image(const struct image_store *store, const char *name,
               const struct pull_options *options, struct progress *progress,
               char *ret_name, struct err *e);

#endif
