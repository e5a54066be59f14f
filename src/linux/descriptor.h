/* descriptor.h - socket pairs, descriptors passed along, ranges of them closed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINUX_DESCRIPTOR_H
#define LINUX_DESCRIPTOR_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

/* close_range(2): flags 0 closes, CLOSE_RANGE_CLOEXEC marks. Where the kernel lacks the
 * flag (before 5.11) each descriptor is marked singly. */
int lx_close_range(unsigned first, unsigned last, unsigned flags);

int lx_socketpair(int type, int ret[2]);      /* AF_UNIX, close-on-exec */
int lx_pipe(int ret[2], int flags);           /* pipe2, close-on-exec */
int lx_dup_to(int fd, int target, int flags); /* dup3; fd == target: flags are set */
int lx_memfd_create(const char *name);        /* close-on-exec, sealable */
int lx_memfd_seal(int fd);                    /* no write, grow, shrink, seal */

/* One message with data (at least one byte) and up to 16 descriptors: sendmsg with
 * SCM_RIGHTS. lx_recv_fds: *n is the room in fds, and then how many came (close-on-exec);
 * returns the bytes received, 0 at the end. More than fit are closed: -EMSGSIZE. */
int lx_send_fds(int socket, const void *data, size_t len, const int *fds, size_t n);
int lx_recv_fds(int socket, void *data, size_t len, int *fds, size_t *n);

#endif
