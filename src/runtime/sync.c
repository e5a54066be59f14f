/* sync.c - the messages of sync.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/sync.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "linux/descriptor.h"

struct message {
    enum sync_word word;
    struct err failure; /* sent with SYNC_FAILED only */
};

static const char *const names[] = {
    [SYNC_WANT_IDS] = "want-ids",
    [SYNC_WANT_HOOKS] = "want-hooks",
    [SYNC_GO] = "go",
    [SYNC_READY] = "ready",
    [SYNC_START] = "start",
    [SYNC_FAILED] = "failed",
};

int
sync_open(int *ret_parent, int *ret_child, struct err *e)
{
    int pair[2];
    TRY(err_sys(e, lx_socketpair(SOCK_SEQPACKET, pair), "make a socket pair"));
    *ret_parent = pair[0];
    *ret_child = pair[1];
    return 0;
}

int
sync_send(int socket, enum sync_word word, int fd, struct err *e)
{
    int r = lx_send_fds(socket, &word, sizeof word, &fd, fd >= 0 ? 1 : 0);
    return r < 0 ? err_sys(e, r, "send \"%s\" to the other side", names[word]) : 0;
}

void
sync_send_failure(int socket, const struct err *failure)
{
    struct message m = {.word = SYNC_FAILED, .failure = *failure};
    lx_send_fds(socket, &m, sizeof m, NULL, 0);
}

int
sync_receive(int socket, int *ret_fd, struct err *e)
{
    struct message m;
    int fd = NO_FD;
    size_t n = ret_fd ? 1 : 0;
    int r = lx_recv_fds(socket, &m, sizeof m, &fd, &n);
    if (r == -ECONNRESET) { /* the other side went with a word of ours unread: told once, */
        n = ret_fd ? 1 : 0; /* and before what it had still sent */
        r = lx_recv_fds(socket, &m, sizeof m, &fd, &n);
    }
    if (ret_fd)
        *ret_fd = fd;
    if (r <= 0)
        return r == 0 ? 0 : err_sys(e, r, "receive from the other side");
    if (m.word == SYNC_FAILED && (size_t)r == sizeof m) {
        *e = m.failure;
        e->text[sizeof e->text - 1] = '\0';
        return e->number > 0 ? -e->number : -EIO;
    }
    if ((size_t)r != sizeof m.word || m.word < SYNC_WANT_IDS || m.word >= SYNC_FAILED)
        return err_set(e, ERR_SYSTEM, "a message of %d bytes that is none of ours", r);
    return (int)m.word;
}

int
sync_expect(int socket, enum sync_word word, struct err *e)
{
    int r = sync_receive(socket, NULL, e);
    if (r == (int)word)
        return 0;
    if (r == 0)
        return err_set(e, ERR_SYSTEM, "the other side is gone before it said \"%s\"",
                       names[word]);
    return r < 0 ? r
                 : err_set(e, ERR_SYSTEM, "\"%s\" came instead of \"%s\"", names[r],
                           names[word]);
}
