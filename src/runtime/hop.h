/* hop.h - a child that begins its life in somebody else's user namespace.
 *
 * Who joins a user namespace cannot come back: setns(2) into the old one wants rights there
 * that are gone. So a helper goes in and makes the child from inside, as a sibling of its
 * own (CLONE_PARENT): it is the caller's child, and the helper is gone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_HOP_H
#define RUNTIME_HOP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Runs enter(arg) in the helper, then clone3(flags) there. Returns as fork(2): 0 in the
 * child; in the caller the pid, with a pidfd in *ret_pidfd. cgroup_fd: a v2 group for the
 * helper, and so for the child, or < 0. An error of enter comes back in e. */
pid_t hop_clone3(int (*enter)(const void *arg, struct err *e), const void *arg,
                 uint64_t flags, int cgroup_fd, int *ret_pidfd, struct err *e);

#endif
