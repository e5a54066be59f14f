/* unpause.c - thaws a container's cgroup.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/unpause.h"

#include "engine/pause.h"
#include "linux/path.h"

int
engine_unpause(const struct engine *engine, const struct record *record, struct err *e)
{
    if (record->state.status != STATUS_PAUSED)
        return err_set(e, ERR_CONFLICT, "Container %s is not paused", record->id);
    auto_free char *path = pause_marker(record);
    TRY(container_resume(&record->state.container, e));
    int r = lx_unlinkat(engine->live_fd, path, 0);
    return err_sys(e, r == -ENOENT ? 0 : r, "note that container %.12s goes on",
                   record->id);
}
