/* mount_helper.h - a mount that only another process can open, handed over by it.
 *
 *     we                         the helper (a copy of us, other namespaces)
 *      |--- clone3 ------------------>|
 *      |                             make_mount(data): a detached mount, or -errno
 *      |<-- result, descriptor --------|
 *
 * What must be done in another mount namespace is done there and leaves nothing but the
 * mount's descriptor: no mount of ours is ever seen outside.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_MOUNT_HELPER_H
#define RUNTIME_MOUNT_HELPER_H

#include <stdint.h>

/* Runs make_mount(data) in a child made with these CLONE_ flags and waits for it. Returns the
 * descriptor that it gave there, ours now, or -errno. It may leave things as it likes:
 * its process ends. */
int mount_helper_run(uint64_t flags, int (*make_mount)(const void *data), const void *data);

#endif
