/* protocol.h - what a command and a monitor say to each other.
 *
 * One frame is one packet of a SOCK_SEQPACKET socket: a type byte, then the payload. The
 * kernel keeps packets whole and its socket buffer is the only buffer: the monitor reads
 * from the container only while every listener's socket has room, so a slow listener slows
 * the container (as a slow terminal would) and nothing grows.
 *
 * The command that starts a container holds one end of a socket pair; later ones connect
 * to the path socket `attach` in the container's live directory (mode 0600, and the peer's
 * user id must be the monitor's own or root's).
 *
 *     command                                   monitor
 *        |  (start: plan in a memfd)               |
 *        |            <- TRACE ... TRACE           |  only with --explain
 *        |            <- STARTED pid | FAILED err  |  exactly one
 *        |  (later: ATTACH flags ->)               |  first frame on the path socket
 *        |            <- STARTED pid               |  the answer to it
 *        |  STDIN bytes ->                         |
 *        |  STDIN_EOF ->   RESIZE rows,columns ->  |
 *        |            <- STDOUT bytes, STDERR bytes|
 *        |  DETACH ->                              |  leaves; standard input stays open
 *        |            <- EXITED status             |  after the last byte of output
 *
 * Closing the socket leaves as well; if the listener held the standard input of a
 * container that was started with "stdin once" (run -i), that input then ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MONITOR_PROTOCOL_H
#define MONITOR_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "linux/trace.h"

#define FRAME_PAYLOAD_MOST (16u << 10)
#define ATTACH_SOCKET      "attach" /* its name in the live directory */

enum frame_type {
    FRAME_ATTACH = 'a',    /* uint32_t: ATTACH_* */
    FRAME_STDIN = 'i',     /* bytes */
    FRAME_STDIN_EOF = 'e', /* nothing */
    FRAME_RESIZE = 'w',    /* struct frame_size */
    FRAME_DETACH = 'd',    /* nothing */
    FRAME_STDOUT = 'o',    /* bytes */
    FRAME_STDERR = 'r',    /* bytes */
    FRAME_TRACE = 't',     /* see frame_send_event */
    FRAME_STARTED = 's',   /* int32_t: the pid of the program */
    FRAME_FAILED = 'f',    /* struct err */
    FRAME_EXITED = 'x',    /* int32_t: the exit status, 128+n for signal n */
};

enum { ATTACH_STDIN = 1, ATTACH_STDOUT = 2, ATTACH_STDERR = 4 };

struct frame_size {
    uint16_t rows, columns;
};

struct frame {
    unsigned char type;
    unsigned char payload[FRAME_PAYLOAD_MOST];
    size_t len; /* of the payload */
};

/* Sends one frame; flags as for sendmsg, MSG_NOSIGNAL is added. 0 or -errno: -EAGAIN with
 * MSG_DONTWAIT and a full socket, -EPIPE when the other end is gone. */
int frame_send(int socket, enum frame_type type, const void *payload, size_t len,
               int flags);

/* Receives one. 1, 0 when the other end closed, or -errno (-EMSGSIZE: over-long). */
int frame_recv(int socket, struct frame *ret, int flags);

/* The payload as a number or struct of that very size; -EINVAL if it is not. */
int frame_get(const struct frame *f, void *ret, size_t size);

/* A kernel call on its way to --explain: two int64_t (result, monotonic ns), then who,
 * step, level, file, call, args, each NUL-terminated. Strings point into the frame. */
int frame_send_event(int socket, const struct lx_event *event, int64_t ns);
int frame_get_event(const struct frame *f, struct lx_event *ret, int64_t *ret_ns);

#endif
