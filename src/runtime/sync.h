/* sync.h - what parent and child tell each other while a container is made.
 *
 * One socket pair (SOCK_SEQPACKET: a message is whole or not there), these words:
 *
 *     parent: create.c                           child: init.c, exec.c
 *        clone3 ------------------------------------->
 *        <------------------------- SYNC_WANT_IDS        only with a new user namespace
 *        writes uid_map and gid_map
 *        SYNC_GO ------------------------------------>
 *                                                        mounts
 *        <------------------------- SYNC_WANT_HOOKS      only with hooks before pivot_root
 *        prestart, createRuntime
 *        SYNC_GO ------------------------------------>
 *                                                        createContainer hooks
 *                                                        pivot_root, privileges
 *        <------------------------- SYNC_READY           + the terminal's master
 *        SYNC_START --------------------------------->   container_start
 *        <------------------------- end of file          execve closed the child's end
 *
 * At any point the child may send SYNC_FAILED with its whole struct err instead, and exit.
 * A child that sees the end of file has lost its parent and exits.
 *
 * With container_plan.gate_listener, the last two go over a connection that the child
 * accepts there: `create` and `start` are different processes then.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_SYNC_H
#define RUNTIME_SYNC_H

#include "base/error.h"

enum sync_word {
    SYNC_WANT_IDS = 1,
    SYNC_WANT_HOOKS,
    SYNC_GO,
    SYNC_READY,
    SYNC_START,
    SYNC_FAILED,
};

/* The two ends, close-on-exec. */
int sync_open(int *ret_parent, int *ret_child, struct err *e);

/* One word, with a descriptor if fd >= 0. */
int sync_send(int socket, enum sync_word word, int fd, struct err *e);

/* The child's last message; nothing can be done if it does not get through. */
void sync_send_failure(int socket, const struct err *failure);

/* Waits for the next word: returns it (> 0), 0 at the end of file, or < 0; SYNC_FAILED
 * gives the child's own error. *ret_fd: the descriptor that came along, or NO_FD; may be
 * NULL where none can. */
int sync_receive(int socket, int *ret_fd, struct err *e);

/* Waits for this word and takes anything else as an error. */
int sync_expect(int socket, enum sync_word word, struct err *e);

#endif
