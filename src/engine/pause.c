/* pause.c - freezes a container's cgroup. That it is paused is said by an empty file in
 * its live directory, so `ps` needs to ask no cgroup, and the file goes when the container
 * ends. The file comes first: should we die between the two, `unpause` still undoes both.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/pause.h"

#include "base/file.h"
#include "linux/path.h"

char *
pause_marker(const struct record *record)
{
    return str_format("%s/%s", record->id, PAUSED_FILE);
}

int
engine_pause(const struct engine *engine, const struct record *record, struct err *e)
{
    if (!record_is_running(record))
        return err_set(e, ERR_CONFLICT, "Container %s is not running", record->id);
    if (record->state.status == STATUS_PAUSED)
        return err_set(e, ERR_CONFLICT, "Container %s is already paused", record->id);
    auto_free char *path = pause_marker(record);
    TRY(err_sys(e, file_write_at(engine->live_fd, path, "", 0, 0600),
                "note that container %.12s is paused", record->id));
    int r = container_pause(&record->state.container, e);
    if (r < 0)
        lx_unlinkat(engine->live_fd, path, 0);
    return r;
}
