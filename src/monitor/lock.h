/* lock.h - who holds a container: a lock that dies with its holder.
 *
 * An open file description lock (fcntl(2), F_OFD_SETLK) belongs to the open file, not to
 * the process: the command that starts a container takes it and its monitor inherits it
 * with the descriptor. There is no moment in between, and after a crash or a reboot
 * nobody holds it: "running" is true only while somebody does.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MONITOR_LOCK_H
#define MONITOR_LOCK_H

#include <stdbool.h>

/* Opens (making it, 0600) and locks name below dir_fd without waiting. The descriptor is
 * the lock; -EAGAIN when somebody else holds it. */
int lock_take(int dir_fd, const char *name);

/* The same, waiting for the holder to let go. */
int lock_wait(int dir_fd, const char *name);

/* 1 while somebody holds it, 0 if nobody does (or there is no such file), or -errno.
 * Looking never gets in the way of one who takes. */
int lock_is_held(int dir_fd, const char *name);

#endif
