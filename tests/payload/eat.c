/* eat.c - touches N MiB of memory, page by page, and says so. For tests of memory limits.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
    size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    for (size_t i = 0; i < mib; i++) {
        char *p = malloc(1 << 20);
        if (!p)
            return 1;
        memset(p, 1, 1 << 20);
    }
    printf("ate %zu MiB\n", mib);
    return 0;
}
