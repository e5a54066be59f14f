/* stop.c - the stop signal, a time, SIGKILL.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/stop.h"

#include <limits.h>
#include <signal.h>

#include "engine/kill.h"
#include "engine/signals.h"
#include "engine/attach.h"
#include "engine/wait.h"

#define SECONDS_DEFAULT 10
#define KILL_WAIT_MS    10000 /* nothing of ours waits for ever for a process in D state */

/* One that has just ended by itself wants no signal, and has its end still to come: its monitor
 * is at it. */
static int
signal_it(const struct engine *engine, const struct record *record, int signal,
          struct err *e)
{
    int r = engine_kill(engine, record, signal, e);
    return r < 0 && container_is_alive(&record->state.container) ? r : 0;
}

static int
kill_and_wait(const struct engine *engine, const struct record *record, int socket,
              struct err *e)
{
    int status;
    TRY(signal_it(engine, record, SIGKILL, e));
    int r = wait_on(engine, record, socket, KILL_WAIT_MS, &status, e);
    if (r != 0)
        return r == -ENOENT ? 0 : r; /* it went with its end (--rm) */
    return err_set(e, ERR_SYSTEM,
                   "container %.12s got SIGKILL and did not end within %d s: one of its "
                   "processes hangs in the kernel (ps -eo pid,stat,wchan | grep D)",
                   record->id, KILL_WAIT_MS / 1000);
}

/* Less than none, or more than poll(2) can count, is for ever. */
static int
milliseconds(int64_t seconds)
{
    return seconds < 0 || seconds > INT_MAX / 1000 ? WAIT_FOREVER : (int)seconds * 1000;
}

int
stop_at_once(const struct engine *engine, const struct record *record, struct err *e)
{
    struct err ended;
    if (!record_is_running(record))
        return 0;
    auto_close int socket = engine_attach(engine, record->id, 0, &ended);
    if (socket < 0)
        return 0;
    int r = kill_and_wait(engine, record, socket, e);
    return r < 0 ? r : 0;
}

int
engine_stop(const struct engine *engine, const struct record *record, const char *signal,
            int seconds, struct err *e)
{
    struct err ended;
    int64_t time = seconds;
    int number, status;
    if (!record_is_running(record))
        return 0;
    if (signal == NULL)
        signal = json_str(record_get(record, "Config.StopSignal"), "");
    TRY(signal_parse(signal[0] != '\0' ? signal : "TERM", &number, e));
    if (seconds == STOP_AS_CONFIGURED)
        time = json_i64(record_get(record, "Config.StopTimeout"), SECONDS_DEFAULT);

    auto_close int socket = engine_attach(engine, record->id, 0, &ended);
    if (socket < 0)
        return 0;
    TRY(signal_it(engine, record, number, e));
    int r = wait_on(engine, record, socket, milliseconds(time), &status, e);
    if (r == 0)
        r = kill_and_wait(engine, record, socket, e);
    return r < 0 && r != -ENOENT ? r : 0;
}
