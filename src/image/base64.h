/* base64.h - RFC 4648, section 4, for the header Authorization and Docker's config.json.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_BASE64_H
#define IMAGE_BASE64_H

#include "base/text.h"

void base64_encode(struct text *out, const void *data, size_t len);

/* The whole text, padded or not. -EINVAL if it is not base64. */
int base64_decode(struct text *out, const char *s);

#endif
