/* terminal.h - pseudo-terminals, window sizes, raw mode.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINUX_TERMINAL_H
#define LINUX_TERMINAL_H

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

/* A new pseudo-terminal on the devpts whose root directory is devpts_fd: opens its "ptmx",
 * unlocks it, and gives the master (close-on-exec). */
int lx_pty_open(int devpts_fd);

/* The slave of a master (TIOCGPTPEER: no path is followed), close-on-exec, not yet
 * anyone's controlling terminal. */
int lx_pty_peer(int master_fd);
int lx_pty_number(int master_fd); /* N of /dev/pts/N */

int lx_tty_set_controlling(int fd); /* TIOCSCTTY, after setsid */
int lx_tty_get_size(int fd, struct winsize *ret);
int lx_tty_set_size(int fd, const struct winsize *size);

/* Raw mode (no echo, no signals by keys), the old settings to *ret_old; and back. */
int lx_tty_make_raw(int fd, struct termios *ret_old);
int lx_tty_restore(int fd, const struct termios *old);
bool lx_is_tty(int fd);

#endif
