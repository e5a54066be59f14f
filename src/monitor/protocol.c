/* protocol.c - frames as packets. See protocol.h for who says what.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/memory.h"
#include "base/text.h"

int
frame_send(int socket, enum frame_type type, const void *payload, size_t len, int flags)
{
    unsigned char letter = type;
    struct iovec parts[2] = {
        {&letter,         1  },
        {(void *)payload, len}
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = len > 0 ? 2 : 1};
    ssize_t n;
    do
        n = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

int
frame_recv(int socket, struct frame *ret, int flags)
{
    struct iovec parts[2] = {
        {&ret->type,   1                   },
        {ret->payload, sizeof(ret->payload)}
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t n;
    /* ECONNRESET is told once, when the other end closed without having read all of ours;
     * what it had sent before still waits behind it. */
    int resets = 0;
    do
        n = recvmsg(socket, &message, flags);
    while (n < 0 && (errno == EINTR || (errno == ECONNRESET && resets++ == 0)));
    if (n <= 0)
        return n < 0 ? -errno : 0;
    if (message.msg_flags & MSG_TRUNC)
        return -EMSGSIZE;
    ret->len = (size_t)n - 1;
    return 1;
}

int
frame_get(const struct frame *f, void *ret, size_t size)
{
    if (f->len != size)
        return -EINVAL;
    memcpy(ret, f->payload, size);
    return 0;
}

int
frame_send_event(int socket, const struct lx_event *event, int64_t ns)
{
    const char *const words[] = {event->who,  event->step, event->level,
                                 event->file, event->call, event->args};
    int64_t numbers[2] = {event->result, ns};
    auto_text packet = {0};
    text_add_bytes(&packet, numbers, sizeof(numbers));
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        text_add_bytes(&packet, words[i], strlen(words[i]) + 1);
    if (packet.len > FRAME_PAYLOAD_MOST)
        return -EMSGSIZE;
    return frame_send(socket, FRAME_TRACE, packet.data, packet.len, 0);
}

int
frame_get_event(const struct frame *f, struct lx_event *ret, int64_t *ret_ns)
{
    const char **words[] = {&ret->who,  &ret->step, &ret->level,
                            &ret->file, &ret->call, &ret->args};
    int64_t numbers[2];
    if (f->len < sizeof(numbers))
        return -EINVAL;
    memcpy(numbers, f->payload, sizeof(numbers));
    ret->result = (long)numbers[0];
    *ret_ns = numbers[1];

    const char *at = (const char *)f->payload + sizeof(numbers);
    const char *end = (const char *)f->payload + f->len;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const char *nul = memchr(at, '\0', (size_t)(end - at));
        if (nul == NULL)
            return -EINVAL;
        *words[i] = at;
        at = nul + 1;
    }
    return at == end ? 0 : -EINVAL;
}
