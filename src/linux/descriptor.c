/* descriptor.c - descriptors: made in pairs, passed on, closed in ranges.
 *
 * SPDX-License-Identifier: MIT
 */
#include "linux/descriptor.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/result.h"
#include "linux/trace.h"

enum { FDS_MOST = 16 };

/* For kernels without CLOSE_RANGE_CLOEXEC, or without the call: walks /proc/self/fd. */
static int
mark_range(unsigned first, unsigned last)
{
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return -errno;
    for (struct dirent *d; (d = readdir(dir));) {
        char *end;
        unsigned long fd = strtoul(d->d_name, &end, 10);
        if (*end == '\0' && end != d->d_name && fd >= first && fd <= last)
            fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    }
    closedir(dir);
    return 0;
}

int
lx_close_range(unsigned first, unsigned last, unsigned flags)
{
    int r = lx_result(syscall(SYS_close_range, first, last, flags));
    lx_trace("close_range", r, "%u %u flags=%#x", first, last, flags);
    if ((r == -EINVAL || r == -ENOSYS) && flags == CLOSE_RANGE_CLOEXEC && first <= last)
        return mark_range(first, last);
    return r;
}

int
lx_socketpair(int type, int ret[2])
{
    int r = lx_result(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret));
    lx_trace("socketpair", r, "AF_UNIX type=%d", type);
    return r;
}

int
lx_pipe(int ret[2], int flags)
{
    int r = lx_result(pipe2(ret, flags | O_CLOEXEC));
    lx_trace("pipe2", r, "flags=%#x", flags);
    return r;
}

int
lx_dup_to(int fd, int target, int flags)
{
    int r = fd == target ? lx_result(fcntl(fd, F_SETFD, flags & O_CLOEXEC ? FD_CLOEXEC : 0))
                         : lx_result(dup3(fd, target, flags));
    lx_trace("dup3", r, "%d %d flags=%#x", fd, target, flags);
    return r;
}

int
lx_memfd_create(const char *name)
{
    enum { CLOEXEC = 1, ALLOW_SEALING = 2 };
    int r = lx_result(syscall(SYS_memfd_create, name, CLOEXEC | ALLOW_SEALING));
    lx_trace("memfd_create", r, "%s", name);
    return r;
}

int
lx_memfd_seal(int fd)
{
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    int r = lx_result(fcntl(fd, F_ADD_SEALS, seals));
    lx_trace("fcntl", r, "%d F_ADD_SEALS %#x", fd, seals);
    return r;
}

union control {
    struct cmsghdr header; /* for its alignment */
    char room[CMSG_SPACE(FDS_MOST * sizeof(int))];
};

int
lx_send_fds(int socket, const void *data, size_t len, const int *fds, size_t n)
{
    if (n > FDS_MOST)
        return -EMSGSIZE;
    union control control;
    memset(&control, 0, sizeof control);
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (n > 0) {
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(n * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n * sizeof(int));
    }
    int r;
    do
        r = lx_result(sendmsg(socket, &message, MSG_NOSIGNAL));
    while (r == -EINTR);
    lx_trace("sendmsg", r, "%d %zu bytes, %zu descriptors", socket, len, n);
    return r;
}

int
lx_recv_fds(int socket, void *data, size_t len, int *fds, size_t *n)
{
    union control control;
    struct iovec part = {.iov_base = data, .iov_len = len};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.room,
        .msg_controllen = sizeof control.room,
    };
    int r;
    do
        r = lx_result(recvmsg(socket, &message, MSG_CMSG_CLOEXEC));
    while (r == -EINTR);
    lx_trace("recvmsg", r, "%d", socket);

    size_t room = *n;
    *n = 0;
    if (r < 0)
        return r;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t came = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < came; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (*n < room) {
                fds[(*n)++] = fd;
            } else {
                close(fd);
                r = -EMSGSIZE;
            }
        }
    }
    return r;
}
