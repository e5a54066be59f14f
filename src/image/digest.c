/* digest.c - digests as text, checked before they touch a path.
 *
 * A digest names a file in the store, so a text that merely looks like one
 * ("sha256:../../etc/passwd") must never get that far. Only SHA-256 is known: the other
 * registered algorithm (sha512) is not used by any registry or builder.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/digest.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static size_t
hex_length(const char *s)
{
    return strspn(s, "0123456789abcdef");
}

bool
digest_is_hex(const char *s)
{
    return hex_length(s) == DIGEST_HEX && s[DIGEST_HEX] == '\0';
}

bool
digest_is_hex_prefix(const char *s)
{
    size_t n = hex_length(s);
    return n > 0 && n <= DIGEST_HEX && s[n] == '\0';
}

bool
digest_is_valid(const char *s)
{
    const char *hex = s ? str_after(s, "sha256:") : NULL;
    return hex && digest_is_hex(hex);
}

const char *
digest_hex(const char *digest)
{
    return digest + strlen("sha256:");
}

void
digest_from_hex(char *buf, const char *hex)
{
    snprintf(buf, DIGEST_SIZE, "sha256:%.64s", hex);
}

void
digest_blob_path(char *buf, const char *digest)
{
    snprintf(buf, DIGEST_PATH_SIZE, "blobs/sha256/%.64s", digest_hex(digest));
}
