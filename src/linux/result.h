/* result.h - from the C library's "-1 and errno" to the kernel's own -errno.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINUX_RESULT_H
#define LINUX_RESULT_H

#include <errno.h>

static inline int
lx_result(long r)
{
    return r < 0 ? -errno : (int)r;
}

#endif
