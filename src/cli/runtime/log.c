/* log.c - see log.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/runtime/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "linux/path.h"
#include "linux/trace.h"

enum { WORDS_MOST = 2048 };

static void
format_line(struct text *line, bool is_json, const char *level, const char *words)
{
    char now[36];
    clock_format(clock_wall_ns(), now, sizeof now);
    if (is_json) {
        auto_json *doc = json_doc_new();
        struct json *json = json_object(doc);
        json_set_str(doc, json, "msg", words);
        json_set_str(doc, json, "level", level);
        json_set_str(doc, json, "time", now);
        json_write(line, json, 0);
    } else {
        text_addf(line, "time=\"%s\" level=%s msg=", now, level);
        json_write_string(line, words);
    }
    text_add_char(line, '\n');
}

/* One write: lines of several processes do not mix. */
static void
write_line(const struct arguments *a, const char *level, const char *words)
{
    auto_text line = {0};
    if (!a->log)
        return;
    format_line(&line, str_eq(a->log_format, "json"), level, words);
    auto_close int fd = lx_openat(AT_FDCWD, a->log, O_WRONLY | O_APPEND | O_CREAT, 0640);
    if (fd >= 0)
        file_write_all(fd, line.data, line.len);
}

void
log_failure(const struct arguments *a, const struct err *failure)
{
    fprintf(stderr, "sampan-runtime: %s\n", failure->text);
    write_line(a, "error", failure->text);
}

void
log_warning(const struct arguments *a, const char *fmt, ...)
{
    char words[WORDS_MOST];
    va_list args;
    va_start(args, fmt);
    vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    if (!a->log)
        fprintf(stderr, "sampan-runtime: warning: %s\n", words);
    write_line(a, "warning", words);
}

/* The hook knows no caller: where its lines go is kept here. */
static struct {
    int fd;
    bool is_json;
} call_log;

/* In the container's first process too, until it becomes the program. */
static void
log_call(const struct lx_event *event)
{
    char words[WORDS_MOST];
    auto_text line = {0};
    if (event->result < 0)
        snprintf(words, sizeof words, "%s: %s(%s): %s", event->who, event->call,
                 event->args, strerror((int)-event->result));
    else
        snprintf(words, sizeof words, "%s: %s(%s) = %ld", event->who, event->call,
                 event->args, event->result);
    format_line(&line, call_log.is_json, "debug", words);
    file_write_all(call_log.fd, line.data, line.len);
}

void
log_calls_if_asked(const struct arguments *a)
{
    bool is_asked = a->is_debug || str_eq(a->log_level, "debug") ||
                    str_eq(a->log_level, "trace");
    if (!is_asked || lx_trace_hook)
        return;
    call_log.is_json = str_eq(a->log_format, "json");
    call_log.fd = STDERR_FILENO;
    if (a->log) {
        int fd = lx_openat(AT_FDCWD, a->log, O_WRONLY | O_APPEND | O_CREAT, 0640);
        if (fd >= 0)
            call_log.fd = fd;
    }
    lx_trace_hook = log_call;
}
