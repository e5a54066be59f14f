/* caller.c - see caller.h; user_namespaces(7), "User and group ID mappings".
 *
 * No call tells in which user namespace a process is; its map does. Only the first one, or
 * one that root has made so on purpose, maps every id to itself.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/caller.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

bool
caller_is_root(void)
{
    auto_free char *map = NULL;
    unsigned inside, outside, count;
    if (geteuid() != 0)
        return false;
    if (file_read_at(AT_FDCWD, "/proc/self/uid_map", 4096, &map, NULL) < 0)
        return true; /* a kernel without user namespaces */
    return sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && inside == 0 &&
           outside == 0 && count == UINT32_MAX;
}
