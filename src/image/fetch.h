/* fetch.h - the layers of an image: downloaded, checked and unpacked at the same time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_FETCH_H
#define IMAGE_FETCH_H

#include "image/layer.h"
#include "image/manifest.h"
#include "image/progress.h"
#include "image/registry.h"

/* Brings every layer of the manifest into the stage (or finds it in the store): its blob under
 * its digest, its directory as layer-<chain> compared with its diff_id. What was downloaded
 * stays in images/partial, also after a failure. */
int fetch_layers(struct stage *stage, struct registry *registry,
                 const struct manifest *manifest, const struct list *diff_ids,
                 struct progress *progress, struct err *e);

#endif
