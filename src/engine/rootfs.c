/* rootfs.c - three views of one overlay.
 *
 * Of a running container the overlay must not be mounted a second time: the kernel does not
 * say what either mount shows then. So we ask for the one that is there: a child process
 * joins the container's mount namespace, copies the mount of "/" alone (open_tree) and
 * sends the descriptor back. It runs nothing of the container (rule R11).
 *
 * A `run --rm` container has its upper directory in the pool (monitor/pool.h). Which one,
 * its monitor knows: it keeps the slot open.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/rootfs.h"

#include <unistd.h>

#include "base/file.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "linux/process.h"
#include "runtime/mount_helper.h"
#include "runtime/overlay.h"

/* ---- upper ------------------------------------------------------------------------ */

static bool
is_open_in(int fds, const struct list *numbers, const struct stat *wanted)
{
    struct stat st;
    for (size_t i = 0; i < numbers->n; i++)
        if (lx_fstatat(fds, numbers->v[i], &st, 0) == 0 && st.st_ino == wanted->st_ino &&
            st.st_dev == wanted->st_dev)
            return true;
    return false;
}

static int
open_pooled(const struct engine *engine, const struct record *record, struct err *e)
{
    auto_free char *path = str_format("/proc/%d/fd", (int)record->state.monitor_pid);
    auto_close int fds = lx_open(path, O_RDONLY | O_DIRECTORY);
    auto_close int pool = file_open_dir_at(engine->root_fd, "pool");
    auto_list numbers = {0}, slots = {0};
    if (fds < 0 || pool < 0 || file_list_dir(fds, &numbers) < 0 ||
        file_list_dir(pool, &slots) < 0)
        return err_set(e, ERR_CONFLICT, "container %.12s is not running", record->id);
    for (size_t i = 0; i < slots.n; i++) {
        struct stat st;
        if (lx_fstatat(pool, slots.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(st.st_mode) && is_open_in(fds, &numbers, &st)) {
            auto_free char *upper = str_format("%s/upper", slots.v[i]);
            return err_sys(e, file_open_dir_at(pool, upper), "open pool/%s", upper);
        }
    }
    return err_set(e, ERR_CONFLICT, "container %.12s is not running", record->id);
}

int
rootfs_open_upper(const struct engine *engine, const struct record *record, struct err *e)
{
    if (record->is_transient)
        return open_pooled(engine, record, e);
    return err_sys(e, file_open_dir_at(record->home_fd, "upper"),
                   "open the files of container %.12s", record->id);
}

/* ---- lower ------------------------------------------------------------------------ */

/* The layers' directories, the topmost first, behind the n that are there. */
static int
open_layers(const struct engine *engine, const struct record *record, int *fds, size_t *n,
            struct err *e)
{
    const struct json *names = record_get(record, "Sampan.Layers");
    auto_close int layers = file_open_dir_at(engine->root_fd, "layers");
    TRY(err_sys(e, layers, "open the unpacked layers"));
    if (json_count(names) + *n > OVERLAY_LOWER_MOST)
        return err_set(e, ERR_UNSUPPORTED, "more than %d layers cannot be stacked",
                       OVERLAY_LOWER_MOST);
    for (size_t i = json_count(names); i-- > 0;) {
        const char *name = json_str(json_at(names, i), "");
        fds[*n] = file_open_dir_at(layers, name);
        TRY(err_sys(e, fds[*n], "open the layer %.12s", name));
        ++*n;
    }
    return 0;
}

/* upper: a directory to lie on top, or NO_FD. */
static int
open_stack(const struct engine *engine, const struct record *record, int upper,
           struct err *e)
{
    int fds[OVERLAY_LOWER_MOST];
    size_t n = 0;
    if (upper >= 0)
        fds[n++] = upper;
    int r = open_layers(engine, record, fds, &n, e);
    if (r >= 0) {
        const struct overlay_plan plan = {
            .lower = fds, .n_lower = n, .upper = NO_FD, .work = NO_FD};
        r = overlay_open(&plan, e);
    }
    for (size_t i = upper >= 0; i < n; i++)
        fd_close(&fds[i]);
    return r;
}

int
rootfs_open_lower(const struct engine *engine, const struct record *record, struct err *e)
{
    return open_stack(engine, record, NO_FD, e);
}

/* ---- merged ----------------------------------------------------------------------- */

/* In the helper: data is a pidfd of the container's. */
static int
open_root_of(const void *data)
{
    int r = lx_setns(*(const int *)data, CLONE_NEWNS);
    return r < 0 ? r : lx_open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE);
}

static int
open_live(const struct record *record, struct err *e)
{
    auto_close int pidfd = container_open_pidfd(&record->state.container, e);
    TRY(pidfd);
    return err_sys(e, mount_helper_run(0, open_root_of, &pidfd),
                   "open the root of container %.12s", record->id);
}

int
rootfs_open_merged(const struct engine *engine, const struct record *record, struct err *e)
{
    if (record_is_running(record))
        return open_live(record, e);
    auto_close int upper = rootfs_open_upper(engine, record, e);
    TRY(upper);
    return open_stack(engine, record, upper, e);
}
