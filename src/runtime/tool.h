/* tool.h - a program of the host's or of the user's, run to its end: a hook, newuidmap.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_TOOL_H
#define RUNTIME_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct tool {
    const char *path;        /* absolute */
    const struct list *args; /* with the program's name first; none: the path is it */
    char *const *env;        /* NULL-terminated */
    const char *cwd;
    int input;         /* its standard input, read from the start: a file */
    int64_t timeout_s; /* 0: none */

    /* With a timeout: whoever becomes our child meanwhile is its orphan, and dies with it. Not
     * where others may become our children, nor inside a container, whose /proc tells of
     * other processes than ours. */
    bool want_orphans;
};

/* Runs it in a session of its own with nothing but 0, 1 and 2 open, and waits. A timeout
 * kills it with all it has started. Failure: the words say how it ended, and the last 400
 * bytes that it wrote. */
int tool_run(const struct tool *tool, struct err *e);

#endif
