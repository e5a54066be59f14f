/* digest.h - a content digest as text: "sha256:" and 64 lower-case hexadecimal digits.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_DIGEST_H
#define IMAGE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define DIGEST_HEX  64
#define DIGEST_SIZE (7 + DIGEST_HEX + 1) /* "sha256:", digits, NUL */

/* Exactly ^sha256:[0-9a-f]{64}$: the only text that may become part of a path (rule R4). */
bool digest_is_valid(const char *s);

/* The 64 digits of a valid digest. */
const char *digest_hex(const char *digest);

/* 64 lower-case digits, no "sha256:". */
bool digest_is_hex(const char *s);

/* 1 to 64 lower-case digits: what a user may type for an id. */
bool digest_is_hex_prefix(const char *s);

/* "sha256:" and 64 digits into buf of DIGEST_SIZE. */
void digest_from_hex(char *buf, const char *hex);

/* The path of a blob below an OCI layout, "blobs/sha256/<hex>", into buf. */
#define DIGEST_PATH_SIZE (13 + DIGEST_HEX + 1)
void digest_blob_path(char *buf, const char *digest);

#endif
