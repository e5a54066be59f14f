/* relay.h - carries bytes between a program and those who listen to it, until it ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MONITOR_RELAY_H
#define MONITOR_RELAY_H

#include "base/error.h"
#include "monitor/log.h"
#include "monitor/protocol.h"
#include "monitor/session.h"

#define LISTENERS_MOST 32

struct listener {
    int fd;
    uint32_t attach;    /* ATTACH_* */
    bool is_introduced; /* its ATTACH came (or it is the command that started us) */
};

struct relay {
    struct session *session; /* borrowed */
    struct log *log;         /* borrowed */
    int listen_fd;           /* the path socket, or NO_FD */
    struct listener listeners[LISTENERS_MOST];
    size_t n;
    bool is_blocked;      /* a listener has no room: the program's output waits */
    bool is_input_at_end; /* close the program's input when `input` is written */
    struct frame input;   /* what the program has not taken yet: from input_at on */
    size_t input_at;
};

/* Adds a listener whose socket is now the relay's. Closes it when there are too many. */
void relay_add(struct relay *relay, int fd, uint32_t attach, bool is_introduced);

/* Opens the path socket in the live directory (umask 077 must be set). */
int relay_listen(struct relay *relay, int live_fd, struct err *e);

/* Returns when the program has ended and its output was passed on. */
int relay_run(struct relay *relay, struct err *e);

/* Tells every listener and closes all sockets. */
void relay_end(struct relay *relay, int status);

#endif
