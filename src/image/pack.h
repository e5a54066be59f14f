/* pack.h - a directory tree becomes a tar.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_PACK_H
#define IMAGE_PACK_H

#include "image/tar_write.h"
#include "image/tree.h"

/* Writes the tree and the archive's end. An overlay's upper directory becomes a layer
 * (image-spec, layer.md): whiteouts and opaque directories by name, and no entry for what
 * is as it was. The same tree gives the same bytes. Sockets are left out: no archive has a
 * word for them. A file that changes while it is read is written as it was found, in the
 * size that it had; so of a running container each file is whole or torn, as with tar. */
int pack_tree(const struct tree *tree, struct tar_sink sink, struct err *e);

#endif
