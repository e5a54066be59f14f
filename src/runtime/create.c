/* create.c - the conductor: checks, makes, and talks with the child until it is ready.
 *
 * What can be found wrong without touching anything is found first. Then the cgroup, then
 * one clone3 with every namespace; the child does the rest itself (init.c) while we answer
 * its questions (sync.h). Whatever fails, the child is killed and reaped and the cgroup
 * removed before we return: nothing stays behind.
 *
 * Parent: the monitor, or the OCI command line.
 *
 * Workshop: 06_pid_namespace, 08_cpu_cgroup
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "oci/config.h"
#include "oci/resources.h"
#include "runtime/caller.h"
#include "runtime/cgroup.h"
#include "runtime/cgroup_owner.h"
#include "runtime/cgroup_systemd.h"
#include "runtime/container.h"
#include "runtime/hooks.h"
#include "runtime/hop.h"
#include "runtime/init.h"
#include "runtime/labels.h"
#include "runtime/limits.h"
#include "runtime/mounts.h"
#include "runtime/namespaces.h"
#include "runtime/oom_score.h"
#include "runtime/procfs.h"
#include "runtime/rootfs.h"
#include "runtime/seccomp.h"
#include "runtime/sync.h"
#include "runtime/terminal.h"

/* ---- what can be checked without touching anything ---- */

static int
check_process(const struct container_plan *plan, struct err *e)
{
    const struct oci_process *process = plan->spec->process;
    if (!process)
        return err_set(e, ERR_INVALID, "process: is missing");
    if (process->args.n == 0)
        return err_set(e, ERR_INVALID, "process.args: is empty");
    if (process->terminal && plan->gate_listener >= 0 && plan->console_socket < 0)
        return err_set(e, ERR_INVALID, "process.terminal: needs a console socket");
    if (!process->terminal && plan->console_socket >= 0)
        return err_set(e, ERR_INVALID, "a console socket without process.terminal");
    return 0;
}

/* What this kernel may not have. */
static int
check_supported(const struct oci_spec *spec, const char *id, struct err *e)
{
    const struct oci_intel_rdt *rdt = spec->linux_.intel_rdt;
    TRY(labels_check(spec->process, e));
    TRY(limits_check_affinity(spec->process, e));
    if (!rdt)
        return 0;
    TRY(resctrl_check(rdt, id, e));
    auto_close int root = resctrl_open(e);
    return root < 0 ? root : 0;
}

static int
check(const struct container_plan *plan, struct err *e)
{
    TRY(container_check_id(plan->id, e));
    TRY(check_process(plan, e));
    TRY(check_supported(plan->spec, plan->id, e));
    if (plan->root_mount < 0 && !plan->spec->root.path)
        return err_set(e, ERR_INVALID, "root.path: is missing");
    TRY(namespaces_check(plan->spec, e));
    TRY(rootfs_check(plan->spec, e));
    return procfs_check_sysctls(plan->spec, e);
}

static int
compile_filter(const struct container_plan *plan, struct seccomp_program *ret,
               struct err *e)
{
    const struct oci_spec *spec = plan->spec;
    if (spec->linux_.seccomp)
        return seccomp_compile(spec->linux_.seccomp, ret, e);
    if (!plan->want_default_seccomp)
        return 0;
    return seccomp_default(spec->process->capabilities.bounding, ret, e);
}

/* Device rules are no limit here: an ordinary user makes no device nodes. */
static bool
wants_limits(const struct oci_resources *resources)
{
    auto_json *doc = json_doc_new();
    struct json *json = oci_table_write(&oci_resources_table, doc, resources);
    json_remove(json, "devices");
    return json_count(json) > 0;
}

/* linux.cgroupsPath, or "sampan/<id>". An ordinary user to whom nothing is delegated gets a
 * container in the caller's own groups, but no limit is dropped (docs/decisions/0020). */
static int
make_groups(struct cgroup *ret, const struct container_plan *plan, struct err *e)
{
    const struct oci_linux *l = &plan->spec->linux_;
    char path[sizeof ret->path];
    TRY(cgroup_place(l->cgroups_path, plan->id, path, e));
    int r = cgroup_create(ret, path, &l->resources, e);
    bool is_forbidden = r == -EACCES || r == -EPERM || r == -EROFS;
    if (is_forbidden && !caller_is_root() && !wants_limits(&l->resources)) {
        *ret = (struct cgroup){0};
        return 0;
    }
    return r;
}

/* scope: systemd's, to be released when the first process is in it. */
static int
make_cgroup(struct cgroup *ret, struct systemd_scope *scope,
            const struct container_plan *plan, struct err *e)
{
    LX_STEP("look which cgroups this machine has", "08_cpu_cgroup");
    switch (plan->cgroup_driver) {
    case CGROUP_SYSTEMD:
        return cgroup_systemd_create(ret, scope, plan->spec, plan->id, e);
    case CGROUP_FILES:
        return make_groups(ret, plan, e);
    case CGROUP_NONE:
        break;
    }
    return 0;
}

/* ---- the child ---- */

/* Runs in the child after clone3. */
static void become_init(struct init *init, int parent_end) __attribute__((noreturn));
static void
become_init(struct init *init, int parent_end)
{
    fd_close(&parent_end); /* else we could not see that our parent is gone */
    init_main(init);
}

/* In the helper that goes into somebody else's user namespace (hop.h). */
static int
enter_user_namespace(const void *arg, struct err *e)
{
    const struct init *init = arg;
    TRY(cgroup_join_self(init->cgroup, e));
    return namespaces_join_from_helper(init->plan->spec, e);
}

/* As fork(2). */
static pid_t
clone_init(struct container *c, const struct init *init, int cgroup_fd, struct err *e)
{
    const struct oci_spec *spec = init->plan->spec;
    uint64_t flags = namespaces_clone_flags(spec);
    if (namespaces_join_user(spec))
        return hop_clone3(enter_user_namespace, init, flags, cgroup_fd, &c->pidfd, e);
    pid_t pid = lx_clone3(flags, cgroup_fd, &c->pidfd);
    err_sys(e, pid, "clone3: make the container's first process");
    if (pid == -EPERM && geteuid() != 0 && !namespaces_have_user(spec))
        return err_hint(e, pid,
                        " (linux.namespaces: an ordinary user needs a user "
                        "namespace)");
    return pid;
}

/* As fork(2); the child never comes back. An ordinary user may make processes in a group of
 * systemd's only if their own lies below the same manager: where *want_move is true on entry,
 * the child is then made elsewhere, and it stays true: systemd has to move it. */
static pid_t
clone_among_namespaces(struct container *c, struct init *init, int parent_end,
                       bool *want_move, struct err *e)
{
    struct namespaces_detour detour;
    LX_STEP("make the first process, in all its new namespaces at once",
            "06_pid_namespace");
    auto_close int cgroup_fd = cgroup_open_unified(&c->cgroup);
    int r = namespaces_leave(init->plan->spec, &detour, e);
    if (r >= 0)
        r = clone_init(c, init, cgroup_fd, e);
    *want_move = *want_move && r == -EACCES;
    if (*want_move)
        r = clone_init(c, init, NO_FD, e);
    if (r == 0)
        become_init(init, parent_end);
    struct err second;
    if (namespaces_return(&detour, &second) < 0 && r >= 0) {
        *e = second;
        r = -EIO;
    }
    return r;
}

static int
spawn(struct container *c, struct init *init, int parent_end,
      const struct systemd_scope *scope, struct err *e)
{
    struct oom_loan loan;
    struct err second;
    bool want_move = scope->socket >= 0;
    TRY(oom_score_lend(init->plan->spec->process, &loan, e));
    pid_t pid = clone_among_namespaces(c, init, parent_end, &want_move, e);
    if (oom_score_return(&loan, &second) < 0 && pid >= 0) {
        *e = second;
        pid = -EIO;
    }
    TRY(pid);
    c->pid = pid;
    if (want_move) /* it waits for its ids meanwhile */
        TRY(systemd_scope_attach(scope, &c->cgroup, c->pid, e));
    return err_sys(e, container_read_start(c->pid, &c->pid_start),
                   "read the start time of process %d", (int)c->pid);
}

/* ---- the conversation ---- */

static int
take_terminal(struct container *c, const struct container_plan *plan, int master,
              struct err *e)
{
    c->terminal_fd = master;
    if (master < 0 || plan->console_socket < 0)
        return 0;
    TRY(terminal_send(plan->console_socket, master, e));
    fd_close(&c->terminal_fd);
    return 0;
}

static int
died(const struct container *c, struct err *e)
{
    siginfo_t info;
    lx_waitid(P_PID, c->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid != 0 && info.si_code != CLD_EXITED)
        return err_set(
            e, ERR_SYSTEM,
            "the container's first process was killed by signal %d (%s) while it "
            "was made",
            info.si_status, strsignal(info.si_status));
    return err_set(e, ERR_SYSTEM, "the container's first process died while it was made");
}

/* The hooks that run out here while the child waits before pivot_root. */
static int
run_hooks(const struct container *c, const struct container_plan *plan, struct err *e)
{
    const struct hook_subject subject = {
        .id = plan->id, .bundle = plan->bundle, .spec = plan->spec, .pid = c->pid};
    TRY(hooks_run(HOOK_PRESTART, &subject, e));
    TRY(hooks_run(HOOK_CREATE_RUNTIME, &subject, e));
    return sync_send(c->gate_fd, SYNC_GO, NO_FD, e);
}

static int
converse(struct container *c, const struct container_plan *plan, bool *ret_has_run_hooks,
         struct err *e)
{
    for (;;) {
        int fd;
        int word = sync_receive(c->gate_fd, &fd, e);
        switch (word) {
        case SYNC_WANT_IDS:
            TRY(namespaces_map_ids(plan->spec, c->pid, e));
            TRY(sync_send(c->gate_fd, SYNC_GO, NO_FD, e));
            break;
        case SYNC_WANT_HOOKS:
            *ret_has_run_hooks = true;
            TRY(run_hooks(c, plan, e));
            break;
        case SYNC_READY:
            return take_terminal(c, plan, fd, e);
        case 0:
            return died(c, e);
        default:
            fd_close(&fd);
            return word < 0 ? word : err_set(e, ERR_SYSTEM, "unexpected message %d", word);
        }
    }
}

/* ---- all together ---- */

static int
join_resctrl(struct container *c, const struct container_plan *plan, struct err *e)
{
    const struct oci_intel_rdt *rdt = plan->spec->linux_.intel_rdt;
    if (!rdt)
        return 0;
    auto_close int root = resctrl_open(e);
    TRY(root);
    return resctrl_join(root, rdt, plan->id, c->pid, &c->resctrl, e);
}

static void
undo(struct container *c)
{
    siginfo_t info;
    struct err ignored;
    /* Before it is killed: a namespace that it alone is in would go, and its mount with it. */
    shared_root_remember(&c->root, &ignored);
    if (c->pid > 0) {
        lx_pidfd_send_signal(c->pidfd, SIGKILL);
        lx_waitid(P_PID, c->pid, &info, WEXITED);
        c->pid = 0;
    }
    container_destroy(c, &ignored);
}

/* Whoever has prepared something may clean it up, although the container never was. */
static void
run_last_hooks(const struct container_plan *plan)
{
    struct err ignored; /* the failure that led here is the one to tell */
    const struct hook_subject subject = {
        .id = plan->id, .bundle = plan->bundle, .spec = plan->spec};
    hooks_run(HOOK_POSTSTOP, &subject, &ignored);
}

/* Whether the child will ask us something: then the first word it hears must be the answer. */
static bool
will_ask(const struct oci_spec *spec)
{
    return namespaces_want_ids(spec) || hooks_want_stop(spec);
}

/* Behind its user namespace the child can no longer walk the caller's directories: root opens
 * the container's root and the sources of binds for it. An ordinary user may copy no mount
 * out here; the child does, with the same user's rights. */
static int
open_sources(struct init *init, int *root, struct err *e)
{
    const struct container_plan *plan = init->plan;
    TRY(mounts_open_mapped(init->mounts, plan->bundle_fd, e));
    if (!namespaces_have_user(plan->spec) || geteuid() != 0)
        return 0;
    if (plan->root_mount < 0) {
        *root = rootfs_open(plan->bundle_fd, plan->spec, e);
        TRY(*root);
        init->root_mount = *root;
    }
    return mounts_open_sources(init->mounts, plan->bundle_fd, e);
}

static int
make(struct container *c, struct init *init, bool *ret_has_run_hooks, struct err *e)
{
    const struct container_plan *plan = init->plan;
    auto_close int child_end = NO_FD, root = NO_FD;
    auto_scope scope = NO_SCOPE;
    TRY(open_sources(init, &root, e));
    TRY(shared_root_locate(&c->root, plan->bundle, plan->spec, e));
    TRY(make_cgroup(&c->cgroup, &scope, plan, e));
    TRY(cgroup_give_away(&c->cgroup, plan->spec, e));
    TRY(sync_open(&c->gate_fd, &child_end, e));
    init->sync = child_end;
    TRY(spawn(c, init, c->gate_fd, &scope, e));
    fd_close(&child_end);
    TRY(join_resctrl(c, plan, e));

    if (plan->want_open_gate && !will_ask(plan->spec)) {
        /* A child that is gone already has said why: converse() will hear it. */
        struct err ignored;
        c->is_gate_open = sync_send(c->gate_fd, SYNC_START, NO_FD, &ignored) == 0;
    }
    TRY(converse(c, plan, ret_has_run_hooks, e));
    TRY(shared_root_remember(&c->root, e));
    if (plan->gate_listener >= 0)
        fd_close(&c->gate_fd); /* it waits at the listener now */
    return 0;
}

int
container_create(struct container *ret, const struct container_plan *plan, struct err *e)
{
    TRY(check(plan, e));
    auto_mounts mounts = {0};
    TRY(mounts_parse(plan->spec, &mounts, e));
    auto_seccomp compiled = {0};
    if (!plan->filter)
        TRY(compile_filter(plan, &compiled, e));
    const struct seccomp_program *filter = plan->filter ? plan->filter : &compiled;

    auto_notice notice = NO_NOTICE;
    TRY(seccomp_notice_connect(plan->spec->linux_.seccomp, filter, &notice, e));

    struct container c = {.pidfd = NO_FD, .gate_fd = NO_FD, .terminal_fd = NO_FD};
    struct init init = {
        .plan = plan,
        .cgroup = &c.cgroup,
        .filter = filter,
        .notice = &notice,
        .mounts = &mounts,
        .root_mount = plan->root_mount,
    };
    bool has_run_hooks = false;
    int r = make(&c, &init, &has_run_hooks, e);
    if (r < 0) {
        undo(&c);
        if (has_run_hooks)
            run_last_hooks(plan);
        return r;
    }
    *ret = c;
    return 0;
}
