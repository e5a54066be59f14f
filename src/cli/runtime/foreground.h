/* foreground.h - staying with a program that `run` or `exec` started, until it ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_RUNTIME_FOREGROUND_H
#define CLI_RUNTIME_FOREGROUND_H

#include <sys/types.h>

#include "base/error.h"

/* Passes on the signals that come, and if terminal_fd >= 0 (its terminal's master) all that
 * is typed and printed, with the window's size. pid is a child of ours; pidfd its own.
 * Returns its exit status as a shell would give it. */
int foreground_stay(pid_t pid, int pidfd, int terminal_fd, struct err *e);

#endif
