/* space.c - see space.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/space.h"

#include <errno.h>
#include <stdint.h>
#include <sys/statvfs.h>

#define RESERVE (256ll << 20)

int
space_check(int fd, const char *what, struct err *e)
{
    struct statvfs fs;
    if (fstatvfs(fd, &fs) < 0)
        return err_sys(e, -errno, "ask for free space");
    int64_t unit = (int64_t)fs.f_frsize, reserve = (int64_t)fs.f_blocks / 50 * unit;
    if (reserve > RESERVE)
        reserve = RESERVE;
    if ((int64_t)fs.f_bavail * unit < reserve)
        return err_sys(e, -ENOSPC, "%s: the disk is nearly full", what);
    return 0;
}
