/* container.c - the names of one container.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "lib/container.h"
#include "lib/die.h"
#include "lib/files.h"

#include <stdint.h>
#include <sys/random.h>

/* A version 4 UUID (RFC 9562): 122 random bits, and six that say so. */
static char *
uuid_new(void)
{
    uint8_t b[16];
    if (getrandom(b, sizeof b, 0) != sizeof b)
        die_errno("get random bytes");
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    return text_format(
        "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
        b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
        b[15]);
}

struct container
container_name(const struct options *opt)
{
    struct container c = {.id = uuid_new()};
    c.dir = text_format("%s/%s", opt->container_dir, c.id);
    c.root = text_format("%s/rootfs", c.dir);
    return c;
}
