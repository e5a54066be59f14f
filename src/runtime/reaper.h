/* reaper.h - our own pid 1 (--init): passes signals on, reaps, ends as the program ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_REAPER_H
#define RUNTIME_REAPER_H

#include <sys/types.h>

#include "base/error.h"

/* Makes the child that will be the program, in a process group of its own, which becomes
 * the foreground of the terminal if there is one. Returns as fork(2). */
pid_t reaper_fork(struct err *e);

/* The life of pid 1, until `program` has ended and with it the container. */
void reaper_run(pid_t program) __attribute__((noreturn));

#endif
