/* copy_up.h - tmpcopyup: a tmpfs begins with what the directory under it holds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_COPY_UP_H
#define RUNTIME_COPY_UP_H

#include "base/error.h"

/* Copies directories, regular files and symbolic links, with owners and modes, from the
 * directory `from` (any descriptor of it) to `to`. Other kinds of file are left out. */
int copy_up(int from, int to, const char *field, struct err *e);

#endif
