/* plan.h - what a monitor is told when it is born.
 *
 * The command that starts a container execs sampan-monitor with these descriptors and no
 * others, and with the plan as JSON in a memfd. The monitor knows nothing of images,
 * records or options: everything it must do is said here and in config.json.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MONITOR_PLAN_H
#define MONITOR_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

/* 0, 1 and 2 are /dev/null. */
enum monitor_fd {
    MONITOR_SOCKET = 3, /* to the command: the first listener */
    MONITOR_LOCK,       /* the container's lock, held; for an exec: /dev/null */
    MONITOR_HOME,       /* the container's directory: config.json, state.json, the log */
    MONITOR_LIVE,       /* its live directory on the state root: the attach socket */
    MONITOR_DATA,       /* the data root: layers/, pool/ */
    MONITOR_STATE,      /* the state root: names/, trash/ */
    MONITOR_PLAN,       /* the memfd */
    MONITOR_FDS
};

enum monitor_mode {
    MONITOR_RUN,  /* make and start the container of config.json, stay until it ends */
    MONITOR_EXEC, /* run one more program in a container that runs; keeps no state */
};

struct monitor_plan {
    enum monitor_mode mode;
    char *id;           /* the container's */
    char *name;         /* without '/', or "" */
    char *user;         /* "user[:group]" in the container's own words, or "" */
    struct list groups; /* more groups, by name or number (--group-add) */
    char *runtime;      /* path of an OCI runtime to use instead of ours, or "" */

    bool is_removed_at_end; /* --rm: home is the live directory and goes with it */
    bool want_init;
    bool want_default_seccomp;
    bool want_terminal;
    bool want_stdin;        /* else the program's standard input is /dev/null */
    bool is_stdin_once;     /* it ends when the listener that holds it leaves */
    bool want_trace;        /* send kernel calls as TRACE frames until the start */
    bool use_pool;          /* a recycled, volatile upper directory */
    uint32_t attach;        /* ATTACH_*: what the first listener gets */
    uint16_t rows, columns; /* of the terminal; 0: not said */

    struct list layers; /* directory names below layers/, lowest first */
    char *log_name;     /* in the home directory; "" for none */
    int64_t log_size_most;
    int log_files_most;

    char *process; /* MONITOR_EXEC: the OCI process as JSON; else "" */
};

/* To JSON text and back; plan_read refuses wrong types, numbers that do not fit, and missing
 * fields. Strings and lists belong to the plan: plan_done. */
void plan_write(struct text *out, const struct monitor_plan *plan);
int plan_read(struct monitor_plan *ret, const char *text, size_t len, struct err *e);
void plan_done(struct monitor_plan *plan);

#endif
