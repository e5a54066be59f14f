/* delete.c - `sampan-runtime delete`: what is left of a stopped container goes; with --force
 * also one that runs, and the remains of one whose maker died half-way.
 *
 * SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "cli/runtime/log.h"
#include "cli/runtime/verbs.h"
#include "runtime/cgroup_systemd.h"

/* Kills it and waits until it is gone: at most ten seconds. */
static int
kill_hard(struct record *record, struct err *e)
{
    enum { STEPS = 100, STEP_MS = 100 };
    struct container *c = &record->container;
    struct err ignored;
    c->pidfd = container_open_pidfd(c, e);
    if (c->pidfd < 0)
        return 0; /* it has just ended by itself */
    TRY(container_kill(c, SIGKILL, e));
    if (c->cgroup.made && !cgroup_dies_frozen(&c->cgroup))
        container_resume(c, &ignored);
    struct pollfd ended = {.fd = c->pidfd, .events = POLLIN};
    for (int i = 0; i < STEPS; i++) /* of its end alone there is no event */
        if (poll(&ended, 1, STEP_MS) == 1 || !container_is_alive(c))
            return 0;
    return err_set(e, ERR_CONFLICT, "%s does not end although it was killed", record->id);
}

/* ---- remains ---- */

/* What lives in a group is killed only if the group is surely the container's: named after
 * it. config.json may name any group, and nobody wrote down that ours was made. */
static int
check_group_is_own(const struct record *record, const struct cgroup *c, struct err *e)
{
    const char *slash = strrchr(c->path, '/');
    auto_free pid_t *pids = NULL;
    size_t n;
    if (strstr(slash ? slash : c->path, record->id))
        return 0;
    TRY(cgroup_pids(c, &pids, &n, e));
    if (n == 0)
        return 0;
    return err_set(e, ERR_CONFLICT,
                   "cannot delete %s: its cgroup %s has processes (pid %d), and it is not "
                   "known whether they are the container's",
                   record->id, c->path, (int)pids[0]);
}

static int
remove_group(const struct record *record, struct err *e)
{
    struct cgroup c = {.made = ~0u}; /* whatever there is of it */
    const char *path = record->spec ? record->spec->linux_.cgroups_path : NULL;
    struct err ignored;
    if (path && strchr(path, ':'))
        return cgroup_systemd_stop_remains(path, record->id, e);
    if (cgroup_place(path, record->id, c.path, &ignored) < 0)
        return 0;
    TRY(check_group_is_own(record, &c, e));
    return cgroup_remove(&c, e);
}

/* Its pid is not known, but a first process that waits at the gate ends when somebody comes
 * and goes; and its cgroup follows from config.json. */
static int
remove_remains(struct record *record, struct err *e)
{
    struct err ignored;
    record_read(record, &ignored); /* if only config.json */
    record_knock_and_leave(record);
    TRY(remove_group(record, e));
    return record_remove(record, e);
}

/* ---- the verb ---- */

static int
delete_one(const struct arguments *a, const char *id, struct err *e)
{
    auto_record record;
    int r = record_find_locked(a->root, id, &record, e);
    if (r < 0)
        return e->kind == ERR_NOT_FOUND && a->want_force ? 0 : r;
    r = record_read_for_hooks(&record, e);
    if (r < 0)
        return a->want_force ? remove_remains(&record, e) : r;
    if (!a->is_regex)
        record_recall_groups(&record);
    enum oci_status status = record_status_but_paused(&record);
    if (status != OCI_STOPPED) {
        if (!a->want_force)
            return err_set(e, ERR_CONFLICT, "cannot delete %s: it is %s (--force kills it)",
                           record.id, oci_status_name(record_status(&record)));
        TRY(kill_hard(&record, e));
    }
    TRY(container_destroy(&record.container, e));
    TRY(record_remove(&record, e));
    run_late_hooks(a, &record, HOOK_POSTSTOP);
    return 0;
}

int
verb_delete(const struct arguments *a, struct err *e)
{
    auto_list ids = {0};
    if (!a->is_regex)
        return delete_one(a, a->operands[0], e);
    TRY(record_list(a->root, a->operands[0], &ids, e));
    for (size_t i = 0; i < ids.n; i++)
        if (delete_one(a, ids.v[i], e) < 0)
            log_warning(a, "%s: %s", ids.v[i], e->text);
    return 0;
}
