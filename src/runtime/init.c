/* init.c - the story of a container's first process, told once from top to bottom.
 *
 * It begins as a copy of its parent in new namespaces that still show the host, and makes
 * itself a world step by step: cgroups, names, root, mounts, pivot_root; then it becomes
 * the user and the user's program (program.c). Any step that fails ends the story: the
 * error goes to the parent in one message, and the kernel takes everything back with the
 * namespaces.
 *
 * The workshop's levels are this file, step by step.
 *
 * Workshop: 01_chroot_image, 03_pivot_root, 05_uts_namespace, 08_cpu_cgroup, 99_done
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/init.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "linux/path.h"
#include "linux/privilege.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "runtime/attach.h"
#include "runtime/devices.h"
#include "runtime/hooks.h"
#include "runtime/masks.h"
#include "runtime/namespaces.h"
#include "runtime/pivot.h"
#include "runtime/privileges.h"
#include "runtime/procfs.h"
#include "runtime/program.h"
#include "runtime/rootfs.h"
#include "runtime/sync.h"
#include "runtime/terminal.h"

/* In a new user namespace we are nobody until the parent has written the maps. Asked before
 * we close ourselves to others: newuidmap looks at who owns our /proc files. */
static int
ask_for_ids(const struct init *init, struct err *e)
{
    if (!namespaces_want_ids(init->plan->spec))
        return 0;
    TRY(sync_send(init->sync, SYNC_WANT_IDS, NO_FD, e));
    return sync_expect(init->sync, SYNC_GO, e);
}

static int
settle_in(const struct init *init, struct err *e)
{
    const struct oci_spec *spec = init->plan->spec;
    LX_STEP("join the container's cgroups", "08_cpu_cgroup");
    if (!namespaces_join_user(spec)) /* else the helper has, before its rights were gone */
        TRY(cgroup_join_self(init->cgroup, e));
    LX_STEP("join the namespaces that the container shares", "");
    TRY(namespaces_join(spec, e));
    TRY(namespaces_become_root(spec, e));
    LX_STEP("leave the caller's session", "");
    TRY(err_sys(e, lx_setsid(), "begin a session"));
    TRY(namespaces_unshare_cgroup(spec, e));
    return namespaces_settle(spec, e);
}

/* The file tree, from the host's to the container's. Returns the root's descriptor. */
static int
build_tree(const struct init *init, struct err *e)
{
    const struct container_plan *plan = init->plan;
    auto_close int bundle = plan->bundle_fd < 0
                                ? NO_FD
                                : attach_reopen(plan->bundle_fd, plan->bundle);
    bool is_needless = namespaces_have_user(plan->spec) && init->root_mount >= 0;
    if (plan->bundle_fd >= 0 && !is_needless) /* else the parent has opened all */
        TRY(err_sys(e, bundle, "open the bundle in our own mount namespace"));
    TRY(mounts_make(init->mounts, bundle, e));
    auto_close int root = rootfs_attach(init->root_mount, bundle, plan->spec, e);
    TRY(root);
    TRY(mounts_attach(init->mounts, root, init->cgroup, e));
    return take_fd(&root);
}

static int
open_terminal(const struct init *init, int root, struct terminal *ret, struct err *e)
{
    const struct oci_process *process = init->plan->spec->process;
    if (!process->terminal)
        return 0;
    TRY(terminal_open(root, process, ret, e));
    return terminal_bind_console(root, ret, e);
}

/* Opens *procfs where something is to be written; sysctls are written at once. */
static int
open_procfs(const struct oci_spec *spec, int *procfs, struct err *e)
{
    if (spec->linux_.sysctl.n == 0 && !program_wants_procfs(spec->process))
        return 0;
    LX_STEP("open a /proc that no container can have prepared", "");
    *procfs = procfs_open(e);
    TRY(*procfs);
    LX_STEP("set the namespaces' sysctls", "");
    return procfs_write_sysctls(*procfs, spec, e);
}

/* Everything is mounted and "/" is still the host's: the parent runs its hooks, then we run
 * ours. */
static int
stop_for_hooks(const struct init *init, struct err *e)
{
    const struct container_plan *plan = init->plan;
    if (!hooks_want_stop(plan->spec))
        return 0;
    const struct hook_subject subject = {
        .id = plan->id, .bundle = plan->bundle, .spec = plan->spec, .pid = getpid()};
    TRY(sync_send(init->sync, SYNC_WANT_HOOKS, NO_FD, e));
    TRY(sync_expect(init->sync, SYNC_GO, e));
    return hooks_run(HOOK_CREATE_CONTAINER, &subject, e);
}

static int
write_notice(const struct init *init, struct err *e)
{
    const struct container_plan *plan = init->plan;
    const struct oci_state state = {
        .id = plan->id,
        .status = OCI_CREATING,
        .bundle = plan->bundle ? plan->bundle : "",
        .annotations = &plan->spec->annotations,
    };
    return seccomp_notice_write(init->notice, plan->spec->linux_.seccomp, &state, e);
}

static int
enter_root(const struct init *init, int root, struct err *e)
{
    const struct container_plan *plan = init->plan;
    auto_close int null = devices_open_null(e);
    TRY(null);
    TRY(masks_apply(root, &plan->spec->linux_, null, e));
    bool want_pivot = plan->want_pivot && !shared_root_is_wanted(plan->spec);
    TRY(want_pivot ? pivot_enter(root, e) : pivot_enter_by_chroot(root, e));
    return rootfs_finish(plan->spec, e);
}

static int
run(struct init *init, struct err *e)
{
    const struct container_plan *plan = init->plan;
    const struct oci_spec *spec = plan->spec;
    auto_terminal terminal = {.master = NO_FD, .slave = NO_FD};
    umask(0); /* nodes and directories get the modes that are asked for */
    TRY(ask_for_ids(init, e));
    TRY(program_isolate(plan->preserve_fds, e));
    TRY(settle_in(init, e));
    bool may_not_set_groups = namespaces_have_user(spec) && !privileges_may_set_groups(0);

    auto_close int root = build_tree(init, e);
    TRY(root);
    TRY(open_terminal(init, root, &terminal, e));
    auto_close int procfs = NO_FD;
    TRY(open_procfs(spec, &procfs, e));
    TRY(write_notice(init, e));
    TRY(stop_for_hooks(init, e));
    TRY(enter_root(init, root, e));
    fd_close(&root); /* nothing of the way here may be a working directory */

    const struct hook_subject subject = {
        .id = plan->id, .bundle = plan->bundle, .spec = spec, .pid = getpid()};
    struct program program = {
        .process = spec->process,
        .hooks = hooks_has(spec, HOOK_START_CONTAINER) ? &subject : NULL,
        .personality = spec->linux_.personality,
        .user_name = plan->user_name,
        .groups = plan->groups,
        .filter = init->filter,
        .notice = init->notice,
        .terminal = spec->process->terminal ? &terminal : NULL,
        .stdio = {plan->stdio[0], plan->stdio[1], plan->stdio[2]},
        .procfs = procfs,
        .preserve_fds = plan->preserve_fds,
        .may_not_set_groups = may_not_set_groups,
        .want_cwd_made = true,
        .want_init = plan->want_init,
        .want_session_keyring = plan->want_session_keyring,
        .sync = init->sync,
        .gate_listener = plan->gate_listener,
    };
    int r = program_run(&program, e);
    init->sync = program.sync;
    return r;
}

void
init_main(struct init *init)
{
    lx_trace_as("init");
    lx_prctl("PR_SET_NAME sampan:init", PR_SET_NAME, (unsigned long)"sampan:init", 0, 0, 0);
    struct err e = {0};
    run(init, &e);
    sync_send_failure(init->sync, &e);
    _exit(err_exit_status(&e));
}
