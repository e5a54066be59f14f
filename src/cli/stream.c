/* stream.c - the client's loop: standard input, signals and the monitor's socket in one
 * poll(2).
 *
 * Signals are not handled but read (signalfd(2)): they come in turn with everything else,
 * and none is lost between the start of the program and this loop, since they are blocked
 * from before.
 *
 * If this process is killed the container goes on: the monitor sees a closed socket.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/stream.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/kill.h"
#include "linux/terminal.h"
#include "monitor/protocol.h"

#define KEYS_MOST       16
#define IMPATIENT_TIMES 3 /* so many interrupts that the container does not heed: we go */

struct stream {
    struct stream_options options;
    bool is_raw;
    struct termios old_terminal;
    sigset_t old_mask;
    int signal_fd;
    unsigned char keys[KEYS_MOST]; /* the detach sequence */
    size_t keys_n, keys_seen;
    bool is_input_at_end;
    int interrupts;
};

/* ---- detach keys ---- */

/* "a", "ctrl-p", "ctrl-@", "ctrl-[" */
static int
parse_key(const char *word, unsigned char *ret)
{
    if (strncasecmp(word, "ctrl-", 5) == 0 && strlen(word) == 6) {
        char c = word[5];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            strchr("@[\\]^_", c) != NULL) {
            *ret = c & 0x1f;
            return 0;
        }
    }
    if (strlen(word) == 1) {
        *ret = (unsigned char)word[0];
        return 0;
    }
    return -EINVAL;
}

static int
parse_keys(struct stream *stream, const char *words, struct err *e)
{
    auto_list list = {0};
    list_split(&list, words, ',');
    if (list.n > KEYS_MOST)
        return err_set(e, ERR_INVALID, "detach keys \"%s\": too many", words);
    for (size_t i = 0; i < list.n; i++)
        if (parse_key(list.v[i], &stream->keys[i]) < 0)
            return err_set(e, ERR_INVALID,
                           "Invalid detach keys (%s): unknown key \"%s\" (as in "
                           "ctrl-p,ctrl-q)",
                           words, list.v[i]);
    stream->keys_n = list.n;
    return 0;
}

/* Takes the detach sequence out of typed bytes. What looks like its beginning is held back
 * until the next byte tells. out: room for n + KEYS_MOST. true: the user leaves. */
static bool
filter_keys(struct stream *stream, const unsigned char *in, size_t n, unsigned char *out,
            size_t *ret_n)
{
    *ret_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (in[i] == stream->keys[stream->keys_seen]) {
            if (++stream->keys_seen == stream->keys_n)
                return true;
            continue;
        }
        memcpy(out + *ret_n, stream->keys, stream->keys_seen);
        *ret_n += stream->keys_seen;
        stream->keys_seen = 0;
        if (in[i] == stream->keys[0] && stream->keys_n > 1)
            stream->keys_seen = 1;
        else
            out[(*ret_n)++] = in[i];
    }
    return false;
}

/* ---- open and close ---- */

int
stream_check_terminal(bool want_stdin, bool want_terminal, struct err *e)
{
    if (want_stdin && want_terminal && !lx_is_tty(STDIN_FILENO))
        return err_set(e, ERR_INVALID, "the input device is not a TTY");
    return 0;
}

/* All that have a meaning for the program. SIGCHLD, SIGPIPE, SIGURG are about ourselves;
 * faults, SIGKILL and SIGSTOP cannot be passed on; the stop signals stay the shell's. */
static void
fill_signals(sigset_t *set)
{
    static const int passed[] = {SIGHUP,  SIGINT,    SIGQUIT, SIGTERM,  SIGUSR1,
                                 SIGUSR2, SIGALRM,   SIGCONT, SIGWINCH, SIGIO,
                                 SIGPWR,  SIGVTALRM, SIGPROF};
    sigemptyset(set);
    for (size_t i = 0; i < ARRAY_LEN(passed); i++)
        sigaddset(set, passed[i]);
}

int
stream_open(struct stream **ret, const struct stream_options *options, struct err *e)
{
    struct stream *stream = mem_new(1, sizeof(*stream));
    auto_free void *memory = stream;
    stream->options = *options;
    stream->is_input_at_end = !options->want_stdin;
    const char *keys = options->detach_keys;
    TRY(parse_keys(stream, keys != NULL ? keys : "ctrl-p,ctrl-q", e));

    sigset_t set;
    fill_signals(&set);
    if (!options->want_signals) {
        sigemptyset(&set);
        sigaddset(&set, SIGWINCH);
    }
    sigprocmask(SIG_BLOCK, &set, &stream->old_mask);
    stream->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    if (stream->signal_fd < 0) {
        sigprocmask(SIG_SETMASK, &stream->old_mask, NULL);
        return err_sys(e, -errno, "open a signalfd");
    }
    *ret = stream;
    memory = NULL;
    return 0;
}

void
stream_close(struct stream *stream)
{
    if (stream->is_raw)
        lx_tty_restore(STDIN_FILENO, &stream->old_terminal);
    close(stream->signal_fd);
    sigprocmask(SIG_SETMASK, &stream->old_mask, NULL);
    free(stream);
}

void
stream_size(const struct stream *stream, uint16_t *ret_rows, uint16_t *ret_columns)
{
    struct winsize size;
    *ret_rows = *ret_columns = 0;
    if (!stream->options.has_terminal || lx_tty_get_size(STDOUT_FILENO, &size) < 0)
        return;
    *ret_rows = size.ws_row;
    *ret_columns = size.ws_col;
}

/* ---- the loop ---- */

static void
send_size(const struct stream *stream, int socket)
{
    struct frame_size size;
    stream_size(stream, &size.rows, &size.columns);
    if (size.rows > 0)
        frame_send(socket, FRAME_RESIZE, &size, sizeof(size), 0);
}

static int
on_signal(struct stream *stream, int socket, const struct engine *engine,
          const struct record *record, struct err *e)
{
    struct signalfd_siginfo info;
    if (read(stream->signal_fd, &info, sizeof(info)) != sizeof(info))
        return 0;
    int number = (int)info.ssi_signo;
    if (number == SIGWINCH && stream->options.has_terminal) {
        send_size(stream, socket);
        return 0;
    }
    if (number == SIGINT && ++stream->interrupts >= IMPATIENT_TIMES)
        return err_set(e, ERR_CONFLICT,
                       "interrupted %d times: this command ends, the container goes on",
                       stream->interrupts);
    struct err ignored; /* it may have just ended */
    auto_record now = RECORD_NONE;
    if (record != NULL && record_load(engine, record->id, &now, &ignored) >= 0)
        engine_kill(engine, &now, number, &ignored);
    return 0;
}

/* 1: the user leaves. */
static int
on_input(struct stream *stream, int socket)
{
    unsigned char typed[FRAME_PAYLOAD_MOST / 2], passed[sizeof(typed) + KEYS_MOST];
    ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n <= 0) {
        stream->is_input_at_end = true;
        frame_send(socket, FRAME_STDIN_EOF, NULL, 0, 0);
        return 0;
    }
    const unsigned char *bytes = typed;
    size_t len = (size_t)n;
    if (stream->is_raw) {
        bool is_leaving = filter_keys(stream, typed, (size_t)n, passed, &len);
        bytes = passed;
        if (is_leaving)
            return 1;
    }
    if (len > 0)
        frame_send(socket, FRAME_STDIN, bytes, len, 0);
    return 0;
}

/* A frame of the monitor's. 1 at the end. */
static int
on_frame(int socket, const struct engine *engine, const struct record *record,
         int *ret_status, struct err *e)
{
    static struct frame frame;
    int r = frame_recv(socket, &frame, 0);
    if (r <= 0) {
        if (record != NULL) { /* the monitor was killed: the record knows */
            auto_record now = RECORD_NONE;
            TRY(record_load(engine, record->id, &now, e));
        }
        return err_set(e, ERR_SYSTEM, "the container's monitor is gone");
    }
    int32_t status = 0;
    switch (frame.type) {
    case FRAME_STDOUT:
        r = file_write_all(STDOUT_FILENO, frame.payload, frame.len);
        return err_sys(e, r < 0 ? r : 0, "write to standard output");
    case FRAME_STDERR:
        r = file_write_all(STDERR_FILENO, frame.payload, frame.len);
        return err_sys(e, r < 0 ? r : 0, "write to standard error");
    case FRAME_EXITED:
        frame_get(&frame, &status, sizeof(status));
        *ret_status = status;
        return 1;
    default:
        return 0;
    }
}

static int
loop(struct stream *stream, int socket, const struct engine *engine,
     const struct record *record, int *ret_status, struct err *e)
{
    for (;;) {
        struct pollfd slots[3] = {
            {.fd = socket,                                      .events = POLLIN},
            {.fd = stream->is_input_at_end ? -1 : STDIN_FILENO, .events = POLLIN},
            {.fd = stream->signal_fd,                           .events = POLLIN},
        };
        if (poll(slots, ARRAY_LEN(slots), -1) < 0 && errno != EINTR)
            return err_sys(e, -errno, "wait for the program");
        if (slots[0].revents) {
            int r = on_frame(socket, engine, record, ret_status, e);
            if (r != 0)
                return r < 0 ? r : STREAM_EXITED;
        }
        if (slots[2].revents)
            TRY(on_signal(stream, socket, engine, record, e));
        if (slots[1].revents && on_input(stream, socket) == 1) {
            frame_send(socket, FRAME_DETACH, NULL, 0, 0);
            return STREAM_DETACHED;
        }
    }
}

int
stream_run(struct stream *stream, int socket, const struct engine *engine,
           const struct record *record, int *ret_status, struct err *e)
{
    if (stream->options.has_terminal) {
        send_size(stream, socket);
        if (stream->options.want_stdin && lx_is_tty(STDIN_FILENO))
            stream->is_raw = lx_tty_make_raw(STDIN_FILENO, &stream->old_terminal) >= 0;
    }
    int r = loop(stream, socket, engine, record, ret_status, e);
    if (stream->is_raw)
        lx_tty_restore(STDIN_FILENO, &stream->old_terminal);
    stream->is_raw = false;
    if (r == STREAM_DETACHED)
        fprintf(stderr, "read escape sequence\n");
    return r;
}
