/* relay.c - the monitor's loop.
 *
 * It waits in poll(2) for: the program's end (pidfd), its output, room in its input, a new
 * listener, a frame from a listener. Nothing is queued here but one frame of input: output
 * is read only when each listener that wants it has room in its socket, and input only
 * when the frame before it was taken.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/relay.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "linux/path.h"
#include "linux/terminal.h"

#define OUTPUT_WANTED  (ATTACH_STDOUT | ATTACH_STDERR)
#define LAST_WORDS_MS  10000 /* how long a stuck listener may hold up the end */
#define LISTEN_BACKLOG 16

/* ---- listeners ---- */

void
relay_add(struct relay *relay, int fd, uint32_t attach, bool is_introduced)
{
    if (relay->n == LISTENERS_MOST) {
        close(fd);
        return;
    }
    relay->listeners[relay->n++] = (struct listener){fd, attach, is_introduced};
}

static void
end_input(struct relay *relay)
{
    if (relay->session->terminal_fd < 0)
        fd_close(&relay->session->in_fd);
    relay->input.len = relay->input_at = 0;
}

/* A listener that goes away without a DETACH takes a "stdin once" input with it. */
static void
drop(struct relay *relay, size_t i, bool is_detached)
{
    struct listener gone = relay->listeners[i];
    relay->listeners[i] = relay->listeners[--relay->n];
    close(gone.fd);
    relay->is_blocked = false;
    if ((gone.attach & ATTACH_STDIN) && !is_detached &&
        relay->session->plan->is_stdin_once) {
        relay->is_input_at_end = true;
        if (relay->input.len == 0)
            end_input(relay);
    }
}

int
relay_listen(struct relay *relay, int live_fd, struct err *e)
{
    /* Through /proc, because a socket's path may have 107 bytes only. */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", live_fd,
             ATTACH_SOCKET);
    auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, LISTEN_BACKLOG) < 0)
        return err_sys(e, -errno, "open the socket for attach");
    relay->listen_fd = take_fd(&fd);
    return 0;
}

/* Only our own user and root may listen (rule R18): the directory already says so, this
 * says it again where it matters. */
static void
accept_listener(struct relay *relay)
{
    auto_close int fd = accept4(relay->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return;
    if (peer.uid == 0 || peer.uid == geteuid())
        relay_add(relay, take_fd(&fd), 0, false);
}

/* ---- the program's input ---- */

static void
write_input(struct relay *relay)
{
    struct frame *input = &relay->input;
    ssize_t n = write(relay->session->in_fd, input->payload + relay->input_at,
                      input->len - relay->input_at);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) { /* nobody reads it any more */
        end_input(relay);
        return;
    }
    relay->input_at += (size_t)n;
    if (relay->input_at < input->len)
        return;
    input->len = relay->input_at = 0;
    if (relay->is_input_at_end)
        end_input(relay);
}

/* ---- frames from listeners ---- */

static int
on_attach(struct relay *relay, struct listener *listener)
{
    TRY(frame_get(&relay->input, &listener->attach, sizeof(listener->attach)));
    int32_t pid = relay->session->pid;
    listener->is_introduced = true;
    return frame_send(listener->fd, FRAME_STARTED, &pid, sizeof(pid), MSG_DONTWAIT);
}

static int
on_resize(struct relay *relay)
{
    struct frame_size size;
    TRY(frame_get(&relay->input, &size, sizeof(size)));
    struct winsize window = {.ws_row = size.rows, .ws_col = size.columns};
    if (relay->session->terminal_fd >= 0)
        lx_tty_set_size(relay->session->terminal_fd, &window);
    return 0;
}

/* Handles the frame that lies in relay->input. 1: it is input for the program and stays
 * there; 0: done with; < 0: a listener that does not keep to the protocol. */
static int
handle(struct relay *relay, struct listener *listener)
{
    if (!listener->is_introduced)
        return relay->input.type == FRAME_ATTACH ? on_attach(relay, listener) : -EPROTO;
    bool has_stdin = listener->attach & ATTACH_STDIN;
    switch (relay->input.type) {
    case FRAME_STDIN:
        return has_stdin && relay->session->in_fd >= 0 && relay->input.len > 0;
    case FRAME_STDIN_EOF:
        if (has_stdin)
            end_input(relay);
        return 0;
    case FRAME_RESIZE:
        return on_resize(relay);
    default:
        return -EPROTO;
    }
}

static void
on_frame(struct relay *relay, size_t i)
{
    struct listener *listener = &relay->listeners[i];
    int r = frame_recv(listener->fd, &relay->input, MSG_DONTWAIT);
    bool is_detach = r > 0 && relay->input.type == FRAME_DETACH;
    if (r == -EAGAIN)
        r = 0;
    else if (r == 0)
        r = -EPIPE;
    else if (r > 0)
        r = is_detach ? -EPIPE : handle(relay, listener);
    relay->input_at = 0;
    if (r <= 0)
        relay->input.len = 0;
    if (r < 0)
        drop(relay, i, is_detach);
    else if (r > 0)
        write_input(relay);
}

/* ---- the program's output ---- */

/* Is there room for one more frame in every socket that wants output? Waits for at most
 * timeout_ms; drops those who have none after a wait. */
static bool
have_room(struct relay *relay, int timeout_ms)
{
    bool is_room = true;
    for (size_t i = relay->n; i-- > 0;) {
        struct pollfd wait = {.fd = relay->listeners[i].fd, .events = POLLOUT};
        if (!(relay->listeners[i].attach & OUTPUT_WANTED))
            continue;
        if (poll(&wait, 1, timeout_ms) > 0)
            continue;
        if (timeout_ms > 0)
            drop(relay, i, true);
        else
            is_room = false;
    }
    return is_room;
}

/* Reads once and passes it on. 1, or 0 when there is nothing (more) to read. */
static int
pass_output(struct relay *relay, enum log_stream stream)
{
    static char bytes[FRAME_PAYLOAD_MOST];
    int *fd = &relay->session->out_fd[stream];
    ssize_t n = read(*fd, bytes, sizeof(bytes));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0) {
        fd_close(fd);
        return 0;
    }
    log_write(relay->log, stream, bytes, (size_t)n);
    enum frame_type type = stream == LOG_STDOUT ? FRAME_STDOUT : FRAME_STDERR;
    uint32_t wanted = stream == LOG_STDOUT ? ATTACH_STDOUT : ATTACH_STDERR;
    for (size_t i = relay->n; i-- > 0;)
        if ((relay->listeners[i].attach & wanted) &&
            frame_send(relay->listeners[i].fd, type, bytes, (size_t)n, MSG_DONTWAIT) < 0)
            drop(relay, i, false);
    return 1;
}

static void
on_output(struct relay *relay, enum log_stream stream)
{
    relay->is_blocked = !have_room(relay, 0);
    if (!relay->is_blocked)
        pass_output(relay, stream);
}

/* After the program's end: what is still in the pipes. Programs that it left behind (an
 * exec's) may hold them open, so it ends at "nothing there", not at "closed". */
static void
drain(struct relay *relay)
{
    for (int stream = 0; stream < LOG_STREAMS; stream++)
        do
            have_room(relay, LAST_WORDS_MS);
        while (relay->session->out_fd[stream] >= 0 && pass_output(relay, stream) > 0);
    log_flush(relay->log);
}

/* ---- the loop ---- */

enum { SLOT_END, SLOT_LISTEN, SLOT_INPUT, SLOT_OUTPUT, SLOT_ERROR, SLOT_LISTENERS };

static nfds_t
prepare(const struct relay *relay, struct pollfd *slots)
{
    const struct session *s = relay->session;
    bool has_input = relay->input.len > 0;
    slots[SLOT_END] = (struct pollfd){.fd = s->pidfd, .events = POLLIN};
    slots[SLOT_LISTEN] = (struct pollfd){.fd = relay->listen_fd, .events = POLLIN};
    slots[SLOT_INPUT] = (struct pollfd){.fd = has_input ? s->in_fd : -1, .events = POLLOUT};
    for (int i = 0; i < LOG_STREAMS; i++)
        slots[SLOT_OUTPUT + i] =
            (struct pollfd){.fd = relay->is_blocked ? -1 : s->out_fd[i], .events = POLLIN};
    for (size_t i = 0; i < relay->n; i++) {
        bool wants_room = relay->is_blocked && (relay->listeners[i].attach & OUTPUT_WANTED);
        slots[SLOT_LISTENERS + i] = (struct pollfd){
            .fd = relay->listeners[i].fd,
            .events = (short)((has_input ? 0 : POLLIN) | (wants_room ? POLLOUT : 0))};
    }
    return SLOT_LISTENERS + relay->n;
}

/* Backwards, since a listener that goes is replaced by the last one. Whose socket is no
 * longer the one that was polled waits for the next round, and so do all but the first
 * who bring input. */
static void
serve_listeners(struct relay *relay, const struct pollfd *slots, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        short events = slots[SLOT_LISTENERS + i].revents;
        if (i >= relay->n || relay->listeners[i].fd != slots[SLOT_LISTENERS + i].fd)
            continue;
        if (events & POLLOUT)
            relay->is_blocked = false;
        if ((events & POLLIN) && relay->input.len == 0)
            on_frame(relay, i);
        else if ((events & (POLLHUP | POLLERR)) && !(events & POLLIN))
            drop(relay, i, false);
    }
}

int
relay_run(struct relay *relay, struct err *e)
{
    struct pollfd slots[SLOT_LISTENERS + LISTENERS_MOST];
    for (;;) {
        nfds_t n = prepare(relay, slots);
        if (poll(slots, n, -1) < 0) {
            if (errno == EINTR)
                continue;
            return err_sys(e, -errno, "wait for the program");
        }
        if (slots[SLOT_INPUT].revents)
            write_input(relay);
        for (int i = 0; i < LOG_STREAMS; i++)
            if (slots[SLOT_OUTPUT + i].revents)
                on_output(relay, i);
        if (slots[SLOT_END].revents) {
            drain(relay);
            return 0;
        }
        serve_listeners(relay, slots, n - SLOT_LISTENERS);
        if (slots[SLOT_LISTEN].revents)
            accept_listener(relay);
    }
}

void
relay_end(struct relay *relay, int status)
{
    int32_t number = status;
    for (size_t i = 0; i < relay->n; i++) {
        frame_send(relay->listeners[i].fd, FRAME_EXITED, &number, sizeof(number),
                   MSG_DONTWAIT);
        close(relay->listeners[i].fd);
    }
    relay->n = 0;
    fd_close(&relay->listen_fd);
}
