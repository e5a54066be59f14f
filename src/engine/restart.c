/* restart.c - stop, then start with the record as the stop has left it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/restart.h"

#include "engine/start.h"
#include "engine/stop.h"

static int
stop(const struct engine *engine, const char *name, const char *signal, int seconds,
     struct err *e)
{
    auto_record record = RECORD_NONE;
    TRY(record_find(engine, name, &record, e));
    if (record.is_transient)
        return err_set(e, ERR_CONFLICT,
                       "container %.12s runs with --rm: stopped, it would be gone",
                       record.id);
    return record_is_running(&record) ? engine_stop(engine, &record, signal, seconds, e)
                                      : 0;
}

int
engine_restart(const struct engine *engine, const char *name, const char *signal,
               int seconds, struct err *e)
{
    const struct launch_options nobody_listens = {0};
    auto_record record = RECORD_NONE;
    TRY(stop(engine, name, signal, seconds, e));
    TRY(record_find(engine, name, &record, e));
    auto_close int socket = engine_start(engine, &record, NO_FD, &nobody_listens, e);
    return socket < 0 ? socket : 0;
}
