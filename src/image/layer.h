/* layer.h - one layer of an image: its names, and how it is unpacked into a stage.
 *
 * A layer has three names: the digest of its blob as it came, its diff_id (the digest of the
 * plain tar), and its chain id, which stands for it with all layers below it (image-spec,
 * config.md). In a stage it is the directory layer-<chain> and, once that is whole and
 * compared with its diff_id, layer-<chain>.json.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_LAYER_H
#define IMAGE_LAYER_H

#include "image/stage.h"
#include "image/unpack.h"

/* The diff_ids of an image config for Linux, which must be `count` valid digests, lowest
 * first. ERR_INVALID or ERR_UNSUPPORTED (an image for another system). */
int layer_diff_ids(const struct json *config, size_t count, struct list *ret,
                   struct err *e);

/* chain(0) = diff(0), chain(i) = sha256(chain(i-1) " " diff(i)): adds the hex of each. */
void layer_chains(const struct list *diff_ids, struct list *ret);

/* Unpacked and compared already? */
bool layer_is_staged(const struct stage *stage, const char *chain);

/* Starts to unpack a blob as layer-<chain>, emptied before. */
int layer_start(struct stage *stage, const char *chain, const struct unpack_source *source,
                struct unpack *ret, struct err *e);

/* Waits for it, compares with the diff_id, writes down how large it is. 1: it wants more memory
 * than one of several gets, and must be started again alone. */
int layer_finish(struct stage *stage, const char *chain, const char *diff_id,
                 struct unpack *unpack, struct err *e);

#endif
