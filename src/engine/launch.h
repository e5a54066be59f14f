/* launch.h - a monitor is born, and reports.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_LAUNCH_H
#define ENGINE_LAUNCH_H

#include "engine/record.h"
#include "monitor/plan.h"
#include "monitor/protocol.h"

/* How the first listener, the command, takes part. */
struct launch_options {
    uint32_t attach;        /* ATTACH_* */
    uint16_t rows, columns; /* of its terminal, or 0 */
    /* Gets each kernel call of the monitor and of the container's first process, until the
     * program has started (--explain); or NULL. */
    void (*on_event)(const struct lx_event *event, int64_t ns, void *data);
    void *data;
};

/* Runs sampan-monitor with the plan. lock_fd: the container's lock, held; it is the
 * monitor's then (and stays open here). live_fd: the live directory. Waits for its
 * report. Returns the connected socket: frames of protocol.h follow. */
int launch(const struct engine *engine, const struct record *record,
           const struct monitor_plan *plan, int lock_fd, int live_fd,
           const struct launch_options *options, struct err *e);

#endif
