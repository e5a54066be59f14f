/* untar.h - unpack an image.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LIB_UNTAR_H
#define LIB_UNTAR_H

/* Unpack an uncompressed tar archive (ustar, pax or GNU) into a directory. The directory
 * is made, with the ones above it, once the archive was opened: a wrong name leaves nothing
 * behind.
 *
 * Whatever the archive says, nothing is written outside the directory: the kernel resolves
 * each path as if the directory were the root (openat2(2), RESOLVE_IN_ROOT), and a path
 * with ".." is refused. Devices and fifos are skipped: the levels make their own devices.
 * Owners and modes are kept, with the set-user-ID bit; extended attributes are not. */
void untar(const char *archive, const char *directory);

#endif
