/* run.c - `sampan-runtime run`: create, start, and unless detached stay with it and delete
 * it at its end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "cli/runtime/foreground.h"
#include "cli/runtime/verbs.h"
#include "linux/process.h"

/* In a pid namespace of its own its orphans have their own pid 1. */
static int
adopt_orphans(const struct arguments *a, const struct record *record, struct err *e)
{
    if (a->no_subreaper || oci_spec_namespace(record->spec, CLONE_NEWPID))
        return 0;
    return err_sys(e,
                   lx_prctl("PR_SET_CHILD_SUBREAPER 1", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0),
                   "become the reaper of the container's orphans");
}

static int
start_and_stay(const struct arguments *a, struct record *record, struct err *e)
{
    TRY(container_start(&record->container, e));
    run_late_hooks(a, record, HOOK_POSTSTART);
    if (a->is_detached)
        return 0;
    TRY(adopt_orphans(a, record, e));
    record_unlock(record);
    return foreground_stay(record->container.pid, record->container.pidfd,
                           record->container.terminal_fd, e);
}

int
verb_run(const struct arguments *a, struct err *e)
{
    auto_record record;
    TRY(make_container(a, true, &record, e));
    int status = start_and_stay(a, &record, e);
    if (status >= 0 && (a->is_detached || a->want_kept))
        return status;
    struct err ignored; /* somebody may have deleted it meanwhile, with --force */
    if (record_lock_again(&record, &ignored) >= 0) {
        container_destroy(&record.container, &ignored);
        record_remove(&record, &ignored);
        run_late_hooks(a, &record, HOOK_POSTSTOP);
    }
    return status;
}
