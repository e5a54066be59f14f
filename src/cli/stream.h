/* stream.h - the user's terminal or pipes, joined to a program's, until it ends or the user
 * leaves.
 *
 * Runs the client's side of monitor/protocol.h: keys to the program, its output to standard
 * output and error, window sizes, signals, the detach keys.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include "engine/record.h"

struct stream_options {
    bool want_stdin;
    bool has_terminal;       /* the program's side is a terminal */
    bool want_signals;       /* pass signals on (--sig-proxy) */
    const char *detach_keys; /* "ctrl-p,ctrl-q"; NULL: those */
};

enum stream_end {
    STREAM_EXITED,   /* *ret_status is the exit status */
    STREAM_DETACHED, /* by keys */
};

/* Must be called before the program is started, so that no signal is missed. */
struct stream;
int stream_open(struct stream **ret, const struct stream_options *options, struct err *e);

/* The window's size, or 0, 0. */
void stream_size(const struct stream *stream, uint16_t *ret_rows, uint16_t *ret_columns);

/* Joins them. record: who gets the signals; NULL: nobody (an exec). */
int stream_run(struct stream *stream, int socket, const struct engine *engine,
               const struct record *record, int *ret_status, struct err *e);

/* Restores the terminal and the signal mask. */
void stream_close(struct stream *stream);

/* Docker's check: a terminal for the program needs one for the user's keys. */
int stream_check_terminal(bool want_stdin, bool want_terminal, struct err *e);

#endif
