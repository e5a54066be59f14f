/* exec.h - one more program in a running container.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_EXEC_H
#define ENGINE_EXEC_H

#include "engine/launch.h"

struct exec_request {
    const struct list *command;
    const struct list *env;  /* NAME=value, over the container's */
    const char *user;        /* NULL: the container's */
    const char *working_dir; /* NULL: the container's */
    bool is_privileged;
    bool want_terminal, want_stdin;
};

/* Starts it with a monitor of its own, which carries its streams and reaps it; returns the
 * socket to that. ERR_CONFLICT when the container does not run or is paused. */
int engine_exec(const struct engine *engine, const struct record *record,
                const struct exec_request *request, const struct launch_options *options,
                struct err *e);

#endif
