/* extract.h - the entries of a layer become files below one directory.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_EXTRACT_H
#define IMAGE_EXTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "image/tar.h"

struct extract_options {
    bool
        has_userxattr; /* overlay without privilege: "user.overlay." instead of "trusted." */
    bool has_no_devices; /* device nodes cannot be made here: leave them out */
};

/* Whether an attribute of a file may be in a layer, coming or going. */
bool extract_keeps_xattr(const char *name);

struct extract_totals {
    int64_t bytes;   /* in regular files, as du --apparent-size would say */
    int64_t names;   /* of all files, directories and whiteouts that were made */
    int64_t entries; /* of the archive */
    bool is_opaque;  /* the layer hides all that is below its root */
};

/* Makes what tar holds below root_fd, an empty directory; nothing outside it is touched
 * (rules R1, R2). On failure what was made so far stays: the caller throws it away. */
int extract_layer(int root_fd, struct tar *tar, const struct extract_options *options,
                  struct extract_totals *ret, struct err *e);

#endif
