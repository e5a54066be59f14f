/* check.h - whether the image store is whole, and how it becomes so again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_CHECK_H
#define IMAGE_CHECK_H

#include "image/store.h"

struct check_request {
    bool want_repair;
    const struct list *kept_layers; /* that containers stand on */
    const struct list *busy_layers; /* that running containers stand on */
};

struct check_report {
    struct list problems;          /* one line each */
    struct list repairs;           /* what was done about them */
    int64_t blobs, layers, images; /* that were looked at */
};
void check_report_done(struct check_report *report);

/* Looks at every name, record, blob (hashed) and layer. With want_repair afterwards
 *     a layer that is missing or has another size   is unpacked anew from its blob
 *     an image whose blobs are missing or damaged   is removed, with its names
 *     names of images that are not there            are removed
 *     what nothing uses, and what the dead left     is removed
 * so that the next check finds nothing, but for what running containers stand on. */
int check_store(const struct image_store *store, const struct check_request *request,
                struct check_report *report, struct err *e);

#endif
