/* kill.c - a signal to a container. The runtime finds the process by a pidfd and its start
 * time, so a pid that the kernel gave to somebody else is never hit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/kill.h"

#include <signal.h>

#include "engine/unpause.h"

int
engine_kill(const struct engine *engine, const struct record *record, int signal,
            struct err *e)
{
    if (!record_is_running(record))
        return err_set(e, ERR_CONFLICT,
                       "Cannot kill container: %s: Container %s is not running",
                       record_name(record), record->id);
    TRY(container_kill(&record->state.container, signal, e));
    if (signal != SIGKILL || record->state.status != STATUS_PAUSED)
        return 0;

    /* cgroup v2 lets this signal through the frost: it may be gone already, cgroup and all. */
    int r = engine_unpause(engine, record, e);
    return r < 0 && container_is_alive(&record->state.container) ? r : 0;
}
