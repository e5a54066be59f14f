/* log.h - a container's output on disk, in Docker's json-file format.
 *
 * One JSON object a line:
 *
 *     {"log":"hello\n","stream":"stdout","time":"2026-11-23T22:47:16.123456789Z"}
 *
 * "log" is one line of output with its line feed; a line over 16 KiB is cut, and its parts
 * but the last have none. Bytes that are not UTF-8 stay as they are: what the container
 * wrote is what `logs` prints. The file is made with the first line, and moved to NAME.1,
 * NAME.2 ... before it would pass its bound; the oldest falls off.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MONITOR_LOG_H
#define MONITOR_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define LOG_LINE_MOST (16u << 10)

enum log_stream { LOG_STDOUT, LOG_STDERR, LOG_STREAMS };

struct log {
    int dir_fd;       /* borrowed */
    const char *name; /* borrowed; NULL: nothing is written */
    int64_t size_most;
    int files_most; /* with the current one */

    int fd;                         /* NO_FD until the first line */
    int64_t size;                   /* of the current file */
    bool is_torn;                   /* it may end in the half of a line */
    struct text rests[LOG_STREAMS]; /* lines that have no end yet */
};

void log_init(struct log *ret, int dir_fd, const char *name, int64_t size_most,
              int files_most);
void log_done(struct log *log);

/* Takes output as it comes; writes the lines that are whole. 0 or -errno (disk full);
 * after a failure later lines are tried again. */
int log_write(struct log *log, enum log_stream stream, const void *data, size_t len);

/* Writes what has no line feed yet: at the end of the output. */
int log_flush(struct log *log);

/* Reads one line of such a file back (its own line feed cut off). On success *text holds
 * the bytes that were written. -EINVAL if it is not one. */
int log_parse(const char *line, size_t len, struct text *text, enum log_stream *ret_stream,
              int64_t *ret_wall_ns);

#endif
