/* base64.c - three bytes are four letters.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(struct text *out, const void *data, size_t len)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)p[i] << 16;
        bits |= i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0;
        bits |= i + 2 < len ? p[i + 2] : 0;
        for (unsigned k = 0; k < 4; k++)
            text_add_char(out, i + k <= len ? letters[bits >> (18 - 6 * k) & 63] : '=');
    }
}

int
base64_decode(struct text *out, const char *s)
{
    size_t n = strcspn(s, "="), padding = strlen(s + n);
    if (strspn(s + n, "=") != padding || padding > 2 || n % 4 == 1 ||
        (padding > 0 && (n + padding) % 4 != 0))
        return -EINVAL;
    uint32_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        const char *letter = strchr(letters, s[i]);
        if (!letter)
            return -EINVAL;
        bits = bits << 6 | (uint32_t)(letter - letters);
        if (i % 4 > 0)
            text_add_char(out, (char)(bits >> (6 - 2 * (i % 4))));
    }
    return 0;
}
