/* sha256.h - SHA-256 while the bytes pass by.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_SHA256_H
#define IMAGE_SHA256_H

#include <stddef.h>

#include "image/digest.h"

struct sha256; /* libcrypto's context */

struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t len);

/* "sha256:<hex>" into buf of DIGEST_SIZE; the context is empty again after. */
void sha256_end(struct sha256 *hash, char *buf);

void sha256_of(const void *data, size_t len, char *buf);

#endif
