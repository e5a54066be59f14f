/* logs.h - what a container has written, and what it goes on to write.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_LOGS_H
#define ENGINE_LOGS_H

#include "engine/record.h"
#include "monitor/log.h"

struct logs_request {
    int64_t tail;         /* only so many last lines; < 0: all */
    int64_t since, until; /* wall clock ns; 0: no bound */
    bool want_follow;
};

/* Gets one line; < 0 stops and is passed on. */
typedef int logs_visitor(const struct text *text, enum log_stream stream, int64_t wall_ns,
                         void *data);

/* Visits the lines that are there; with want_follow goes on until the container ends. */
int engine_logs(const struct engine *engine, const struct record *record,
                const struct logs_request *request, logs_visitor *visit, void *data,
                struct err *e);

#endif
