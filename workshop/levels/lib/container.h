/* container.h - the names of one container.
 *
 * container_name() only makes up names: nothing is created on disk or in the kernel.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LIB_CONTAINER_H
#define LIB_CONTAINER_H

#include "lib/options.h"

struct container {
    char *id;   /* a random UUID, such as 6ed1cf3c-0b1a-4d5e-9a43-7f0f5e0b6a10 */
    char *dir;  /* CONTAINER_DIR/ID: all that this container has on disk */
    char *root; /* CONTAINER_DIR/ID/rootfs: what the container will call / */
};

struct container container_name(const struct options *opt);

#endif
