/* space.h - room on the disk that is left to the host (rule R5).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_SPACE_H
#define IMAGE_SPACE_H

#include "base/error.h"

#define SPACE_CHECK (32ll << 20) /* bytes written between two looks at free space */

/* Fails with -ENOSPC, "WHAT: the disk is nearly full", if the file system of fd has less than
 * 256 MiB, or 2 % of a small one, left. */
int space_check(int fd, const char *what, struct err *e);

#endif
