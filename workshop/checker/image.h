/* image.h - the checker's own small image.
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>

/* Writes the static probe (it is a part of this program). Returns 0 or -errno. */
int image_write_probe(const char *path);

/* Writes a tar archive with the probe at STAGE/bin/probe and at /bin/probe, the token in
 * /etc/token, a set-user-ID file, a link, a device node, a passwd with a user "daemon",
 * and a file of this many bytes before the last one, /etc/last. Returns 0 or -errno. */
int image_write(const char *path, const char *stage, const char *token, size_t filler);

#endif
