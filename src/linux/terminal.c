/* terminal.c - pseudo-terminals by descriptor; see terminal.h, pty(7), ioctl_tty(2).
 *
 * SPDX-License-Identifier: MIT
 */
#include "linux/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include "linux/path.h"
#include "linux/result.h"
#include "linux/trace.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int
lx_pty_open(int devpts_fd)
{
    int master = lx_openat(devpts_fd, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, 0);
    if (master < 0)
        return master;
    int unlock = 0;
    int r = lx_result(ioctl(master, TIOCSPTLCK, &unlock));
    if (r < 0) {
        close(master);
        return r;
    }
    return master;
}

int
lx_pty_peer(int master_fd)
{
    int r = lx_result(ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    lx_trace("ioctl", r, "%d TIOCGPTPEER", master_fd);
    return r;
}

int
lx_pty_number(int master_fd)
{
    int number = -1;
    int r = lx_result(ioctl(master_fd, TIOCGPTN, &number));
    return r < 0 ? r : number;
}

int
lx_tty_set_controlling(int fd)
{
    int r = lx_result(ioctl(fd, TIOCSCTTY, 0));
    lx_trace("ioctl", r, "%d TIOCSCTTY", fd);
    return r;
}

int
lx_tty_get_size(int fd, struct winsize *ret)
{
    return lx_result(ioctl(fd, TIOCGWINSZ, ret));
}

int
lx_tty_set_size(int fd, const struct winsize *size)
{
    int r = lx_result(ioctl(fd, TIOCSWINSZ, size));
    lx_trace("ioctl", r, "%d TIOCSWINSZ %ux%u", fd, size->ws_col, size->ws_row);
    return r;
}

int
lx_tty_make_raw(int fd, struct termios *ret_old)
{
    int r = lx_result(tcgetattr(fd, ret_old));
    if (r < 0)
        return r;
    struct termios raw = *ret_old;
    cfmakeraw(&raw);
    return lx_result(tcsetattr(fd, TCSANOW, &raw));
}

int
lx_tty_restore(int fd, const struct termios *old)
{
    return lx_result(tcsetattr(fd, TCSANOW, old));
}

bool
lx_is_tty(int fd)
{
    return isatty(fd) == 1;
}
