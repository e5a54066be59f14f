/* state.h - state.json: what a monitor says about its container, for everybody to read.
 *
 *     { "Status": "running", "Running": true, "Paused": false, "Restarting": false,
 *       "OOMKilled": false, "Dead": false, "Pid": 4711, "ExitCode": 0, "Error": "",
 *       "StartedAt": "2026-11-23T22:47:16.123456789Z",
 *       "FinishedAt": "0001-01-01T00:00:00Z",
 *       "Sampan": { "PidStart": 123456, "MonitorPid": 4710,
 *                   "Cgroup": { "Path": "sampan/<id>", "Made": 17, "Systemd": false } } }
 *
 * The names are those of Docker's inspect; "Sampan" is what the verbs need to find the
 * container again. Written beside its place and renamed: a reader never sees half of it.
 * A state that says "running" is to be believed only while the lock is held (lock.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MONITOR_STATE_H
#define MONITOR_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "runtime/container.h"

#define STATE_FILE "state.json"

enum status { STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_EXITED, STATUS_DEAD };

struct state {
    enum status status;
    bool is_oom_killed;
    int exit_code;
    int64_t started_at, finished_at; /* wall clock, ns; 0: never */
    char error[512];                 /* why it did not start, or "" */
    pid_t monitor_pid;
    struct container container; /* pid, pid_start and cgroup; descriptors are NO_FD */
};

const char *state_word(enum status status); /* "created", "running", ... */

/* A container that has never run. */
void state_init(struct state *ret);

/* Reads dir_fd/state.json; a container without one has never run. */
int state_read(struct state *ret, int dir_fd, struct err *e);
int state_write(const struct state *state, int dir_fd, struct err *e);

/* The object as above; "Sampan" only if has_inner. */
struct json *state_to_json(struct json_doc *doc, const struct state *state, bool has_inner);

#endif
