/* start.c - open the gate; the program runs when the child's end of the socket closes.
 *
 * execve(2) closes it, because it is close-on-exec, and nothing else does: a child that
 * fails before says why first. So there is no file, no flag and no race between them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <poll.h>

#include "base/memory.h"
#include "linux/trace.h"
#include "runtime/container.h"
#include "runtime/sync.h"

/* A process that has said why it fails is about to end: whoever asks next finds it ended. */
static void
wait_until_ended(const struct container *c)
{
    enum { WAIT_MS = 10000 };
    struct err ignored;
    auto_close int opened = c->pidfd < 0 ? container_open_pidfd(c, &ignored) : NO_FD;
    struct pollfd ended = {.fd = c->pidfd < 0 ? opened : c->pidfd, .events = POLLIN};
    if (ended.fd >= 0)
        poll(&ended, 1, WAIT_MS);
}

int
container_start(struct container *c, struct err *e)
{
    LX_STEP("open the gate, and wait until the program runs", "00_fork_exec");
    if (c->gate_fd < 0)
        return err_set(e, ERR_CONFLICT, "the container was started before");
    auto_close int gate = take_fd(&c->gate_fd);
    if (!c->is_gate_open)
        TRY(sync_send(gate, SYNC_START, NO_FD, e));
    int word = sync_receive(gate, NULL, e);
    if (word < 0)
        wait_until_ended(c);
    return word > 0 ? err_set(e, ERR_SYSTEM, "unexpected message %d", word) : word;
}
