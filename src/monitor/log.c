/* log.c - lines of output to JSON lines, and back.
 *
 * Not base/json: a line may hold any byte, NUL too, and is written once per line of
 * output, so it goes straight from the pipe's buffer into one write(2).
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "linux/path.h"

static const char *const stream_words[] = {
    [LOG_STDOUT] = "stdout", [LOG_STDERR] = "stderr"};

void
log_init(struct log *ret, int dir_fd, const char *name, int64_t size_most, int files_most)
{
    *ret = (struct log){.dir_fd = dir_fd,
                        .name = name,
                        .size_most = size_most,
                        .files_most = files_most,
                        .fd = NO_FD};
}

void
log_done(struct log *log)
{
    fd_close(&log->fd);
    for (int i = 0; i < LOG_STREAMS; i++)
        text_done(&log->rests[i]);
}

/* NAME.1 becomes NAME.2 and so on, NAME becomes NAME.1; with one file it starts anew. */
static void
rotate(struct log *log)
{
    for (int i = log->files_most - 1; i > 0; i--) {
        auto_free char *to = str_format("%s.%d", log->name, i);
        auto_free char *from = i > 1 ? str_format("%s.%d", log->name, i - 1)
                                     : str_copy(log->name);
        lx_renameat2(log->dir_fd, from, log->dir_fd, to, 0);
    }
    if (log->files_most <= 1)
        lx_unlinkat(log->dir_fd, log->name, 0);
    fd_close(&log->fd);
}

static int
open_file(struct log *log)
{
    log->fd = lx_openat(log->dir_fd, log->name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW,
                        0600);
    if (log->fd < 0)
        return log->fd;
    struct stat st;
    if (fstat(log->fd, &st) < 0)
        return -errno;
    log->size = st.st_size;
    return 0;
}

static void
escape(struct text *out, const unsigned char *s, size_t len)
{
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                   ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    size_t plain = 0; /* start of bytes that need nothing */
    for (size_t i = 0; i < len; i++) {
        bool has_letter = s[i] < sizeof(letters) && letters[s[i]] != '\0';
        if (s[i] >= 0x20 && !has_letter)
            continue;
        text_add_bytes(out, s + plain, i - plain);
        if (has_letter)
            text_addf(out, "\\%c", letters[s[i]]);
        else
            text_addf(out, "\\u%04x", s[i]);
        plain = i + 1;
    }
    text_add_bytes(out, s + plain, len - plain);
}

static int
write_line(struct log *log, enum log_stream stream, const void *data, size_t len)
{
    char now[36];
    auto_text line = {0};
    text_add(&line, log->is_torn ? "\n{\"log\":\"" : "{\"log\":\"");
    escape(&line, data, len);
    text_addf(&line, "\",\"stream\":\"%s\",\"time\":\"%s\"}\n", stream_words[stream],
              clock_format(clock_wall_ns(), now, sizeof(now)));

    if (log->fd < 0)
        TRY(open_file(log));
    if (log->size > 0 && log->size_most > 0 &&
        log->size + (int64_t)line.len > log->size_most) {
        rotate(log);
        TRY(open_file(log));
    }
    int r = file_write_all(log->fd, line.data, line.len);
    log->is_torn = r < 0;
    if (r >= 0)
        log->size += (int64_t)line.len;
    return r;
}

int
log_write(struct log *log, enum log_stream stream, const void *data, size_t len)
{
    if (log->name == NULL)
        return 0;
    struct text *rest = &log->rests[stream];
    int result = 0;
    for (const char *at = data, *end = at + len; at < end;) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((feed != NULL ? feed + 1 : end) - at);
        if (rest->len + n > LOG_LINE_MOST)
            n = LOG_LINE_MOST - rest->len;
        bool is_whole = at[n - 1] == '\n' || rest->len + n == LOG_LINE_MOST;

        int r = 0;
        if (is_whole && rest->len == 0) {
            r = write_line(log, stream, at, n);
        } else {
            text_add_bytes(rest, at, n);
            if (is_whole) {
                r = write_line(log, stream, rest->data, rest->len);
                text_done(rest);
            }
        }
        result = r < 0 ? r : result;
        at += n;
    }
    return result;
}

int
log_flush(struct log *log)
{
    int result = 0;
    for (int i = 0; i < LOG_STREAMS; i++) {
        struct text *rest = &log->rests[i];
        int r = rest->len > 0 ? write_line(log, i, rest->data, rest->len) : 0;
        result = r < 0 ? r : result;
        text_done(rest);
    }
    return result;
}

/* One escape after its backslash; *at moves behind it. */
static int
unescape(const char **at, const char *end, struct text *out)
{
    static const char letters[] = {['b'] = '\b', ['t'] = '\t', ['n'] = '\n',  ['f'] = '\f',
                                   ['r'] = '\r', ['"'] = '"',  ['\\'] = '\\', ['/'] = '/'};
    unsigned char c = (unsigned char)**at;
    if (c < sizeof(letters) && letters[c] != '\0') {
        text_add_char(out, letters[c]);
        *at += 1;
        return 0;
    }
    static const char digits[] = "0123456789abcdef";
    if (c != 'u' || end - *at < 5 || memcmp(*at + 1, "00", 2) != 0)
        return -EINVAL;
    const char *high = strchr(digits, (*at)[3]), *low = strchr(digits, (*at)[4]);
    if (high == NULL || low == NULL || !*high || !*low || high - digits > 7)
        return -EINVAL;
    text_add_char(out, (char)((high - digits) << 4 | (low - digits)));
    *at += 5;
    return 0;
}

/* A JSON string at *at, without its quotes, into out. */
static int
parse_string(const char **at, const char *end, struct text *out)
{
    for (;;) {
        const char *plain = *at;
        while (*at < end && **at != '"' && **at != '\\')
            *at += 1;
        text_add_bytes(out, plain, (size_t)(*at - plain));
        if (end - *at < 2)
            return -EINVAL;
        if (*(*at)++ == '"')
            return 0;
        TRY(unescape(at, end, out));
    }
}

static int
skip(const char **at, const char *end, const char *expected)
{
    size_t n = strlen(expected);
    if ((size_t)(end - *at) < n || memcmp(*at, expected, n) != 0)
        return -EINVAL;
    *at += n;
    return 0;
}

int
log_parse(const char *line, size_t len, struct text *text, enum log_stream *ret_stream,
          int64_t *ret_wall_ns)
{
    const char *at = line, *end = line + len;
    auto_text stream = {0};
    auto_text when = {0};
    TRY(skip(&at, end, "{\"log\":\""));
    TRY(parse_string(&at, end, text));
    TRY(skip(&at, end, ",\"stream\":\""));
    TRY(parse_string(&at, end, &stream));
    TRY(skip(&at, end, ",\"time\":\""));
    TRY(parse_string(&at, end, &when));
    TRY(skip(&at, end, "}"));
    if (at < end)
        return -EINVAL;
    for (int i = 0; i < LOG_STREAMS; i++)
        if (str_eq(text_str(&stream), stream_words[i])) {
            *ret_stream = i;
            return clock_parse(text_str(&when), ret_wall_ns);
        }
    return -EINVAL;
}
