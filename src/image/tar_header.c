/* tar_header.c - the numbers of a tar header, checked before they are used.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/tar_header.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

/* GNU's base 256: the first bit set, then a big-endian two's complement number. */
static int
parse_base256(const unsigned char *p, size_t n, int64_t *ret)
{
    bool is_negative = p[0] & 0x40;
    int64_t value = is_negative ? -1 : 0;
    for (size_t i = 0; i < n; i++) {
        int byte = i == 0 ? (p[0] & 0x3f) | (is_negative ? 0xc0 : 0) : p[i];
        if (value > (INT64_MAX >> 8) || value < (INT64_MIN >> 8))
            return -ERANGE;
        value = value * 256 + byte;
        if (i == 0 && is_negative)
            value = byte - 256;
    }
    *ret = value;
    return 0;
}

int
tar_number(const char *field, size_t n, int64_t *ret)
{
    if ((unsigned char)field[0] & 0x80)
        return parse_base256((const unsigned char *)field, n, ret);
    size_t i = 0;
    while (i < n && field[i] == ' ')
        i++;
    uint64_t value = 0;
    for (; i < n && field[i] >= '0' && field[i] <= '7'; i++) {
        if (value >> 60)
            return -ERANGE;
        value = value * 8 + (uint64_t)(field[i] - '0');
    }
    for (; i < n; i++)
        if (field[i] != ' ' && field[i] != '\0')
            return -EINVAL;
    *ret = (int64_t)value;
    return 0;
}

bool
tar_checksum_is_right(const struct tar_header *h)
{
    int64_t wanted;
    const unsigned char *block = (const void *)h;
    if (TAR_NUMBER(h->checksum, &wanted) < 0)
        return false;
    int64_t sum = 8 * ' ', signed_sum = 8 * ' ';
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        if (i >= offsetof(struct tar_header, checksum) &&
            i < offsetof(struct tar_header, type))
            continue;
        sum += block[i];
        signed_sum += (signed char)block[i]; /* some old archivers summed so */
    }
    return wanted == sum || wanted == signed_sum;
}

bool
tar_is_zero(const struct tar_header *h)
{
    const unsigned char *block = (const void *)h;
    return block[0] == 0 && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

char *
tar_field(const char *field, size_t n)
{
    return str_format("%.*s", (int)strnlen(field, n), field);
}

int64_t
tar_pad(int64_t size)
{
    return -size & (TAR_BLOCK - 1);
}
