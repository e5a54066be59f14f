/* deflate.h - bytes become gzip while they pass by.
 *
 * The same bytes in give the same bytes out, however they are cut into pieces: no time, no
 * name in the header. ISA-L at its level 2 (docs/decisions/0014).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_DEFLATE_H
#define IMAGE_DEFLATE_H

#include <stddef.h>

#include "base/error.h"

/* Takes the compressed bytes: 0, or negative with e filled. */
typedef int deflate_sink(void *data, const void *p, size_t n, struct err *e);

struct deflate;
struct deflate *deflate_open(deflate_sink *sink, void *data);
void deflate_close(struct deflate *d);

int deflate_add(struct deflate *d, const void *p, size_t n, struct err *e);
int deflate_end(struct deflate *d, struct err *e); /* once, after the last bytes */

#endif
