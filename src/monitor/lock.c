/* lock.c - open file description locks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/lock.h"

#include <errno.h>
#include <unistd.h>

#include "base/memory.h"
#include "linux/path.h"

static int
take(int dir_fd, const char *name, int command)
{
    auto_close int fd = lx_openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fd;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int r;
    do
        r = fcntl(fd, command, &whole) < 0 ? -errno : 0;
    while (r == -EINTR);
    if (r < 0)
        return r == -EACCES ? -EAGAIN : r;
    return take_fd(&fd);
}

int
lock_take(int dir_fd, const char *name)
{
    return take(dir_fd, name, F_OFD_SETLK);
}

int
lock_wait(int dir_fd, const char *name)
{
    return take(dir_fd, name, F_OFD_SETLKW);
}

int
lock_is_held(int dir_fd, const char *name)
{
    auto_close int fd = lx_openat(dir_fd, name, O_RDWR | O_NOFOLLOW, 0);
    if (fd == -ENOENT)
        return 0;
    if (fd < 0)
        return fd;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_GETLK, &whole) < 0)
        return -errno;
    return whole.l_type != F_UNLCK;
}
