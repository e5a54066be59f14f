/* logs.c - reads a json-file log: NAME.2, NAME.1, NAME, each from its beginning, and then
 * follows NAME.
 *
 * To follow is to wait for inotify(7) to tell of changes in the container's directory, and
 * for the monitor's socket to tell of the end. When the log is rotated the file that we
 * hold open is read to its end first, so no line is missed and none comes twice.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/logs.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/attach.h"
#include "linux/path.h"
#include "monitor/protocol.h"

#define FILES_MOST 1000

struct reader {
    const struct logs_request *request;
    logs_visitor *visit;
    void *data;
    int64_t skip;     /* so many lines are not wanted (tail) */
    struct text rest; /* a line whose end was not read yet */
};

/* One line of the file. What is no log line (a crash in the middle of a write) is passed
 * over. */
static int
take_line(struct reader *reader, const char *line, size_t len)
{
    auto_text text = {0};
    enum log_stream stream;
    int64_t when;
    if (log_parse(line, len, &text, &stream, &when) < 0)
        return 0;
    if (reader->skip > 0) {
        reader->skip--;
        return 0;
    }
    const struct logs_request *request = reader->request;
    if ((request->since != 0 && when < request->since) ||
        (request->until != 0 && when > request->until))
        return 0;
    return reader->visit(&text, stream, when, reader->data);
}

static int
take_bytes(struct reader *reader, const char *at, size_t len)
{
    const char *end = at + len, *feed;
    while ((feed = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        text_add_bytes(&reader->rest, at, (size_t)(feed - at));
        int r = take_line(reader, text_str(&reader->rest), reader->rest.len);
        text_done(&reader->rest);
        TRY(r);
        at = feed + 1;
    }
    text_add_bytes(&reader->rest, at, (size_t)(end - at));
    return 0;
}

static int
read_to_end(struct reader *reader, int fd)
{
    static char bytes[64 << 10];
    for (;;) {
        ssize_t n = read(fd, bytes, sizeof(bytes));
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            return 0;
        if (n > 0)
            TRY(take_bytes(reader, bytes, (size_t)n));
    }
}

/* The files from the oldest on, opened: a rotation meanwhile renames, it closes nothing. */
struct files {
    int fd[FILES_MOST];
    int n;
};

static void
files_close(struct files *files)
{
    for (int i = 0; i < files->n; i++)
        close(files->fd[i]);
}

static void
files_open(struct files *ret, int dir_fd, const char *name)
{
    int count = 0;
    int fds[FILES_MOST];
    for (int i = 0; i < FILES_MOST; i++) {
        auto_free char *path = i == 0 ? str_copy(name) : str_format("%s.%d", name, i);
        int fd = lx_openat(dir_fd, path, O_RDONLY | O_NOFOLLOW, 0);
        if (fd < 0 && i > 0)
            break;
        if (fd >= 0)
            fds[count++] = fd;
    }
    for (ret->n = 0; count > 0;)
        ret->fd[ret->n++] = fds[--count];
}

static int
count_line(const struct text *text, enum log_stream stream, int64_t when, void *data)
{
    (void)text, (void)stream, (void)when;
    ++*(int64_t *)data;
    return 0;
}

/* How many lines to leave out so that `tail` of them stay. */
static int
count_skipped(const struct files *files, int64_t tail, int64_t *ret)
{
    struct logs_request all = {.tail = -1};
    int64_t lines = 0;
    struct reader reader = {.request = &all, .visit = count_line, .data = &lines};
    for (int i = 0; i < files->n; i++) {
        TRY(read_to_end(&reader, files->fd[i]));
        lseek(files->fd[i], 0, SEEK_SET);
    }
    text_done(&reader.rest);
    *ret = lines > tail ? lines - tail : 0;
    return 0;
}

static bool
is_same(int fd, const struct stat *there)
{
    struct stat held;
    return fd >= 0 && fstat(fd, &held) == 0 && held.st_ino == there->st_ino;
}

/* The file after the held one: NAME.(i-1) for NAME.i. If the held one has fallen off the
 * end, or there was none, the oldest that is there. NO_FD: the held one is the newest. */
static int
open_next(int held, int dir_fd, const char *name)
{
    int next = NO_FD;
    for (int i = 0; i < FILES_MOST; i++) {
        struct stat there;
        auto_free char *path = i == 0 ? str_copy(name) : str_format("%s.%d", name, i);
        int fd = lx_openat(dir_fd, path, O_RDONLY | O_NOFOLLOW, 0);
        bool is_held = fd >= 0 && fstat(fd, &there) == 0 && is_same(held, &there);
        if (fd < 0 || is_held) {
            fd_close(&fd);
            return next;
        }
        fd_close(&next);
        next = fd;
    }
    return next;
}

/* Reads what the held file still has, then what rotations put after it. */
static int
catch_up(struct reader *reader, int *fd, int dir_fd, const char *name)
{
    for (;;) {
        if (*fd >= 0)
            TRY(read_to_end(reader, *fd));
        int next = open_next(*fd, dir_fd, name);
        if (next < 0)
            return 0;
        /* A last write may have come between our last read and the rotation. */
        if (*fd >= 0)
            TRY(read_to_end(reader, *fd));
        fd_close(fd);
        *fd = next;
    }
}

static int
follow(const struct engine *engine, const struct record *record, struct reader *reader,
       int *fd, const char *name, struct err *e)
{
    char path[40], events[4096];
    struct err ended;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", record->home_fd);
    auto_close int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch < 0 || inotify_add_watch(watch, path, IN_MODIFY | IN_CREATE | IN_MOVE) < 0)
        return err_sys(e, -errno, "watch container %.12s's log", record->id);
    auto_close int socket = engine_attach(engine, record->id, 0, &ended);
    auto_free struct frame *frame = mem_new(1, sizeof(*frame));
    bool has_ended = socket < 0;
    for (;;) {
        TRY(catch_up(reader, fd, record->home_fd, name));
        if (has_ended)
            return 0;
        struct pollfd slots[2] = {
            {.fd = watch,  .events = POLLIN},
            {.fd = socket, .events = POLLIN}
        };
        if (poll(slots, 2, -1) < 0 && errno != EINTR)
            return err_sys(e, -errno, "wait for container %.12s", record->id);
        while (read(watch, events, sizeof(events)) > 0)
            ;
        if (slots[1].revents &&
            (frame_recv(socket, frame, 0) <= 0 || frame->type == FRAME_EXITED))
            has_ended = true;
    }
}

static int
read_all(const struct engine *engine, const struct record *record, struct reader *reader,
         struct files *files, struct err *e)
{
    auto_free char *name = str_format("%s-json.log", record->id);
    const struct logs_request *request = reader->request;
    if (request->tail >= 0)
        TRY(count_skipped(files, request->tail, &reader->skip));
    for (int i = 0; i < files->n; i++)
        TRY(read_to_end(reader, files->fd[i]));
    if (!request->want_follow || !record_is_running(record))
        return 0;
    auto_close int fd = files->n > 0 ? dup(files->fd[files->n - 1]) : NO_FD;
    return follow(engine, record, reader, &fd, name, e);
}

int
engine_logs(const struct engine *engine, const struct record *record,
            const struct logs_request *request, logs_visitor *visit, void *data,
            struct err *e)
{
    auto_free char *name = str_format("%s-json.log", record->id);
    const char *driver = json_str(record_get(record, "HostConfig.LogConfig.Type"), "");
    if (str_eq(driver, "none"))
        return err_set(e, ERR_UNSUPPORTED,
                       "container %.12s was made with --log-driver none: nothing is kept",
                       record->id);
    auto_free struct files *files = mem_new(1, sizeof(*files));
    struct reader reader = {.request = request, .visit = visit, .data = data};
    files_open(files, record->home_fd, name);
    e->kind = ERR_NONE;
    int r = read_all(engine, record, &reader, files, e);
    files_close(files);
    text_done(&reader.rest);
    return r < 0 && e->kind == ERR_NONE
               ? err_sys(e, r, "read container %.12s's log", record->id)
               : r;
}
