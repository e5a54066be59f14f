/* pool.h - upper and work directories that are used again.
 *
 *     <data>/pool/0/{lock,upper,work}, pool/1/...
 *
 * A `run --rm` container needs an overlay's upper and work directory for a moment. Making
 * and removing them costs the disk some fifteen journaled operations (PERFORMANCE.md
 * §3.5), so they are kept. Whoever uses a slot holds its lock (lock.h): never two at a
 * time, and free again after a crash. A slot is emptied when it is given back and once
 * more looked at when it is taken.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MONITOR_POOL_H
#define MONITOR_POOL_H

#include "base/error.h"

#define POOL_SLOTS_MOST 512 /* how many are ever made: a bound on concurrent --rm */
#define POOL_SLOTS_KEPT 16  /* how many stay on disk when given back */

struct pool_slot {
    int fd;      /* the slot's directory, or NO_FD */
    int lock_fd; /* its lock, held */
    int number;
};

/* Takes a free slot below data_fd/pool, making one if there is none. */
int pool_take(struct pool_slot *ret, int data_fd, struct err *e);

/* Empties it and lets it go. The overlay on it must be gone. */
void pool_give(struct pool_slot *slot, int data_fd);

#endif
