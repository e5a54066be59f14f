/* session.h - one program, its standard streams, and what was made for it.
 *
 * A monitor has one session: the container's first program (MONITOR_RUN) or one more
 * program in a running container (MONITOR_EXEC). Both end up as the same thing: a child
 * to wait for, a place to write its input, two places to read its output.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MONITOR_SESSION_H
#define MONITOR_SESSION_H

#include "base/error.h"
#include "monitor/log.h"
#include "monitor/plan.h"
#include "monitor/pool.h"
#include "runtime/container.h"

struct session {
    const struct monitor_plan *plan; /* borrowed */
    struct container container;      /* MONITOR_RUN: ours; MONITOR_EXEC: the one joined */
    pid_t pid;
    int pidfd;
    int in_fd;               /* the program's input, non-blocking; NO_FD: none, or ended */
    int out_fd[LOG_STREAMS]; /* its output, non-blocking; a terminal has the first only */
    int terminal_fd;         /* the terminal's master, or NO_FD */
    int terminal_peer;       /* its other end, kept open: see session.c */
    int root_mount;          /* the overlay, kept until the exit is reported */
    struct pool_slot slot;
};

/* Makes and starts what the plan says, with the descriptors of enum monitor_fd. On
 * failure everything that was made is gone again. */
int session_start(struct session *ret, const struct monitor_plan *plan, struct err *e);

/* Reaps the program and gives its exit status (128+n for signal n). */
int session_reap(struct session *s, int *ret_status, struct err *e);

/* Removes what was made: cgroup, overlay, upper directory; closes descriptors. This is the
 * slow part: nobody waits for it. */
void session_done(struct session *s);

#endif
