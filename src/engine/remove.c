/* remove.c - moved to the trash in one step, then deleted: a crash in between leaves what
 * the next command recognises by its place.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/remove.h"

#include "base/file.h"
#include "engine/stop.h"
#include "linux/path.h"
#include "monitor/lock.h"

static int
move_and_delete(const struct engine *engine, const struct record *record, struct err *e)
{
    int root = record->is_transient ? engine->state_fd : engine->root_fd;
    auto_free char *home = str_format("containers/%s", record->id);
    auto_free char *trash = str_format("trash/%s", record->id);
    int r = lx_mkdirat(root, "trash", 0700);
    if (r < 0 && r != -EEXIST)
        return err_sys(e, r, "make the trash");
    name_give(engine, record_name(record), record->id);
    r = lx_renameat2(root, home, root, trash, 0);
    if (r == -ENOENT)
        return 0;
    TRY(err_sys(e, r, "move container %.12s to the trash", record->id));
    return err_sys(e, file_remove_tree_at(root, trash), "delete container %.12s's files",
                   record->id);
}

static void
empty(int root_fd)
{
    auto_close int trash = file_open_dir_at(root_fd, "trash");
    auto_list names = {0};
    if (trash < 0 || file_list_dir(trash, &names) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        auto_close int home = file_open_dir_at(trash, names.v[i]);
        if (home >= 0 && lock_is_held(home, "lock") == 0)
            file_remove_tree_at(trash, names.v[i]);
    }
}

/* What lies in the trash of both roots and is held by nobody is left from a crash. */
static void
empty_trash(const struct engine *engine)
{
    empty(engine->state_fd);
    empty(engine->root_fd);
}

int
engine_remove(const struct engine *engine, const struct record *record, bool is_forced,
              struct err *e)
{
    if (record_is_running(record) && !is_forced)
        return err_set(e, ERR_CONFLICT,
                       "cannot remove container \"/%s\": container is %s: stop the "
                       "container before removing or force remove",
                       record_name(record), state_word(record->state.status));
    TRY(stop_at_once(engine, record, e));
    if (record->is_transient)
        return 0; /* its monitor removes it */
    auto_close int lock = record_lock(record, e);
    TRY(lock);
    TRY(move_and_delete(engine, record, e));
    empty_trash(engine);
    return 0;
}

void
remove_unstarted(const struct engine *engine, const struct record *record)
{
    struct err ignored;
    move_and_delete(engine, record, &ignored);
}
