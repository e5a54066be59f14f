/* exec.c - one more program in a container that runs.
 *
 * One pidfd opens all of its namespaces in one setns(2). Only the pid namespace is joined
 * by the parent, for a moment: setns changes it for children alone, and so one clone3 does
 * where others fork twice. Where there is a user namespace there is no way back from it, and
 * a helper joins all of them before it makes the process (hop.h).
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "linux/descriptor.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "oci/config.h"
#include "runtime/caller.h"
#include "runtime/cgroup_systemd.h"
#include "runtime/container.h"
#include "runtime/hop.h"
#include "runtime/labels.h"
#include "runtime/limits.h"
#include "runtime/namespaces.h"
#include "runtime/oom_score.h"
#include "runtime/privileges.h"
#include "runtime/procfs.h"
#include "runtime/program.h"
#include "runtime/seccomp.h"
#include "runtime/sync.h"
#include "runtime/terminal.h"

struct joiner {
    const struct container *container;
    const struct container_exec *exec;
    const struct seccomp_program *filter;
    struct seccomp_notice *notice;
    int pidfd;           /* of the container's init */
    bool is_moved_later; /* to the container's group, by systemd */
    int shared_root; /* the container's root, where its mount namespace is not its own */
    int sync;
    bool may_not_set_groups;
};

/* The namespaces that the container does not share with us. */
static int
namespace_flags(const struct oci_spec *spec)
{
    int flags = 0;
    for (size_t i = 0; i < spec->linux_.namespaces.n; i++)
        flags |= spec->linux_.namespaces.v[i].type;
    return flags;
}

static int
enter(const struct joiner *j, int flags, struct err *e)
{
    LX_STEP("join the container's cgroups", "08_cpu_cgroup");
    TRY(cgroup_join_self(&j->container->cgroup, e));
    for (size_t i = 0; i < j->exec->n_groups_below; i++)
        TRY(cgroup_join_self(&j->exec->groups_below[i], e));
    LX_STEP("join its namespaces, all at once", "06_pid_namespace");
    int r = flags ? lx_setns(j->pidfd, flags) : 0;
    TRY(err_sys(e, r, "join the container's namespaces"));
    return j->shared_root < 0 ? 0 : shared_root_enter(j->shared_root, e);
}

/* In the helper that goes into the user namespace. */
static int
enter_for_child(const void *arg, struct err *e)
{
    const struct joiner *j = arg;
    return enter(j, namespace_flags(j->exec->spec), e);
}

static int
open_terminal(const struct joiner *j, struct terminal *ret, struct err *e)
{
    if (!j->exec->process->terminal)
        return 0;
    auto_close int root = lx_open("/", O_PATH | O_DIRECTORY);
    TRY(err_sys(e, root, "open the container's root"));
    return terminal_open(root, j->exec->process, ret, e);
}

static int
set_affinity(const char *list, const char *which, struct err *e)
{
    struct cpus cpus;
    char field[48];
    if (!list || !*list)
        return 0;
    LX_STEP("choose the CPUs", "");
    snprintf(field, sizeof field, "process.execCPUAffinity.%s", which);
    TRY(limits_parse_cpus(list, field, &cpus, e));
    return err_sys(e, lx_sched_setaffinity(0, sizeof cpus, cpus.bits), "%s: set it to %s",
                   field, list);
}

static int
write_notice(const struct joiner *j, struct err *e)
{
    const struct container_exec *exec = j->exec;
    const struct oci_state state = {
        .id = exec->id ? exec->id : "",
        .status = OCI_RUNNING,
        .pid = j->container->pid,
        .bundle = exec->bundle ? exec->bundle : "",
        .annotations = &exec->spec->annotations,
    };
    return seccomp_notice_write(j->notice, exec->spec->linux_.seccomp, &state, e);
}

static int
run(struct joiner *j, struct err *e)
{
    const struct container_exec *exec = j->exec;
    auto_terminal terminal = {.master = NO_FD, .slave = NO_FD};
    TRY(write_notice(j, e));
    TRY(program_isolate(exec->preserve_fds, e));
    if (!namespaces_have_user(exec->spec))
        TRY(enter(j, namespace_flags(exec->spec) & ~CLONE_NEWPID, e));
    TRY(namespaces_become_root(exec->spec, e));
    TRY(set_affinity(exec->process->exec_cpu_affinity.final, "final", e));
    TRY(err_sys(e, lx_setsid(), "begin a session"));
    TRY(open_terminal(j, &terminal, e));
    auto_close int procfs = NO_FD;
    if (program_wants_procfs(exec->process)) {
        procfs = procfs_open(e);
        TRY(procfs);
    }
    struct program program = {
        .process = exec->process,
        .personality = exec->spec->linux_.personality,
        .user_name = exec->user_name,
        .groups = exec->groups,
        .filter = j->filter,
        .notice = j->notice,
        .terminal = exec->process->terminal ? &terminal : NULL,
        .stdio = {exec->stdio[0], exec->stdio[1], exec->stdio[2]},
        .procfs = procfs,
        .preserve_fds = exec->preserve_fds,
        .may_not_set_groups = j->may_not_set_groups,
        .want_session_keyring = exec->want_session_keyring,
        .sync = j->sync,
        .gate_listener = NO_FD,
    };
    int r = program_run(&program, e);
    j->sync = program.sync;
    return r;
}

static void child_main(struct joiner *j, int parent_end) __attribute__((noreturn));
static void
child_main(struct joiner *j, int parent_end)
{
    lx_trace_as("exec");
    lx_prctl("PR_SET_NAME sampan:exec", PR_SET_NAME, (unsigned long)"sampan:exec", 0, 0, 0);
    fd_close(&parent_end);
    struct err e = {0};
    run(j, &e);
    sync_send_failure(j->sync, &e);
    _exit(err_exit_status(&e));
}

/* A frozen container would freeze us with it before we could say so. */
static int
check(const struct container *c, const struct container_exec *exec, struct err *e)
{
    if (exec->process->args.n == 0)
        return err_set(e, ERR_INVALID, "process.args: is empty");
    TRY(limits_check_affinity(exec->process, e));
    TRY(labels_check(exec->process, e));
    bool is_frozen = false;
    if (!exec->ignore_paused)
        TRY(cgroup_is_frozen(&c->cgroup, &is_frozen, e));
    return is_frozen ? err_set(e, ERR_CONFLICT, "the container is paused") : 0;
}

static int
compile_filter(const struct container_exec *exec, struct seccomp_program *ret,
               struct err *e)
{
    if (exec->spec->linux_.seccomp)
        return seccomp_compile(exec->spec->linux_.seccomp, ret, e);
    if (!exec->want_default_seccomp)
        return 0;
    return seccomp_default(exec->process->capabilities.bounding, ret, e);
}

static int
open_group(const struct joiner *j)
{
    return j->is_moved_later ? NO_FD : cgroup_open_unified(&j->container->cgroup);
}

/* clone3 into the container's pid namespace and cgroup; our own pid namespace is back when
 * this returns. */
static pid_t
spawn_directly(struct joiner *j, int parent_end, int *ret_pidfd, struct err *e)
{
    bool has_pid = oci_spec_namespace(j->exec->spec, CLONE_NEWPID) != NULL;
    auto_close int cgroup_fd = open_group(j);
    auto_close int own = lx_open("/proc/self/ns/pid", O_RDONLY);
    TRY(err_sys(e, own, "open our own pid namespace"));
    if (has_pid)
        TRY(err_sys(e, lx_setns(j->pidfd, CLONE_NEWPID), "join the pid namespace"));
    LX_STEP("make the process, in the container's cgroup", "06_pid_namespace");
    pid_t pid = lx_clone3(0, cgroup_fd, ret_pidfd);
    if (pid == 0)
        child_main(j, parent_end);
    int back = has_pid ? lx_setns(own, CLONE_NEWPID) : 0;
    TRY(err_sys(e, pid, "clone3: make the process"));
    if (back == -EPERM && !caller_is_root())
        back =
            0; /* ours is the machine's, and not to be had back: this child is the last */
    TRY(err_sys(e, back, "return to our own pid namespace"));
    return pid;
}

static pid_t
spawn_anyhow(struct joiner *j, int parent_end, int *ret_pidfd, struct err *e)
{
    if (!namespaces_have_user(j->exec->spec))
        return spawn_directly(j, parent_end, ret_pidfd, e);
    j->may_not_set_groups = !privileges_may_set_groups(j->container->pid);
    auto_close int cgroup_fd = open_group(j);
    pid_t pid = hop_clone3(enter_for_child, j, 0, cgroup_fd, ret_pidfd, e);
    if (pid == 0)
        child_main(j, parent_end);
    return pid;
}

/* The child is born with our CPUs: the initial ones are ours for that moment. */
static pid_t
spawn(struct joiner *j, int parent_end, int *ret_pidfd, struct err *e)
{
    struct cpus own = {{0}};
    const char *initial = j->exec->process->exec_cpu_affinity.initial;
    if (!initial)
        return spawn_anyhow(j, parent_end, ret_pidfd, e);
    TRY(err_sys(e, lx_sched_getaffinity(0, sizeof own, own.bits), "read our CPUs"));
    TRY(set_affinity(initial, "initial", e));
    pid_t pid = spawn_anyhow(j, parent_end, ret_pidfd, e);
    lx_sched_setaffinity(0, sizeof own, own.bits);
    return pid;
}

static pid_t
spawn_with_oom_score(struct joiner *j, int parent_end, int *ret_pidfd, struct err *e)
{
    struct oom_loan loan;
    struct err second;
    TRY(oom_score_lend(j->exec->process, &loan, e));
    pid_t pid = spawn(j, parent_end, ret_pidfd, e);
    if (oom_score_return(&loan, &second) < 0 && pid >= 0) {
        *e = second;
        siginfo_t info;
        lx_pidfd_send_signal(*ret_pidfd, SIGKILL);
        lx_waitid(P_PID, pid, &info, WEXITED);
        pid = -EIO;
    }
    return pid;
}

/* The gate stands open: whoever runs something in a container wants it at once. But in a
 * scope of an ordinary user's systemd we may not be allowed to make a process: then it is
 * made in our own group, and waits at the gate until systemd has moved it. */
static pid_t
spawn_in_group(struct joiner *j, int parent_end, int *ret_pidfd, struct err *e)
{
    bool may_be_forbidden = cgroup_systemd_is_users(&j->container->cgroup);
    if (!may_be_forbidden)
        TRY(sync_send(parent_end, SYNC_START, NO_FD, e));
    pid_t pid = spawn_with_oom_score(j, parent_end, ret_pidfd, e);
    if (pid == -EACCES && may_be_forbidden) {
        j->is_moved_later = true;
        return spawn_with_oom_score(j, parent_end, ret_pidfd, e);
    }
    if (pid > 0 && may_be_forbidden)
        TRY(sync_send(parent_end, SYNC_START, NO_FD, e));
    return pid;
}

static int
move_to_group(const struct joiner *j, pid_t pid, int parent_end, struct err *e)
{
    TRY(cgroup_systemd_attach(&j->container->cgroup, pid, e));
    return sync_send(parent_end, SYNC_START, NO_FD, e);
}

/* Until the program runs: its terminal on the way. */
static int
converse(int socket, const struct container_exec *exec, int *ret_terminal_fd, struct err *e)
{
    auto_close int master = NO_FD;
    int word = sync_receive(socket, &master, e);
    if (word == 0)
        return err_set(e, ERR_SYSTEM, "the process died while it was made");
    if (word != SYNC_READY)
        return word < 0 ? word : err_set(e, ERR_SYSTEM, "unexpected message %d", word);
    word = sync_receive(socket, NULL, e);
    if (word != 0)
        return word < 0 ? word : err_set(e, ERR_SYSTEM, "unexpected message %d", word);
    if (master >= 0 && exec->console_socket >= 0)
        return terminal_send(exec->console_socket, master, e);
    if (ret_terminal_fd)
        *ret_terminal_fd = take_fd(&master);
    return 0;
}

static int
join_resctrl(const struct container_exec *exec, pid_t pid, struct err *e)
{
    const struct oci_intel_rdt *rdt = exec->spec->linux_.intel_rdt;
    if (!rdt || !exec->id)
        return 0;
    auto_close int root = resctrl_open(e);
    TRY(root);
    return resctrl_add(root, rdt, exec->id, pid, e);
}

static int
open_shared_root(const struct container *c, const struct oci_spec *spec, struct err *e)
{
    char path[32];
    if (!shared_root_is_wanted(spec))
        return NO_FD;
    snprintf(path, sizeof path, "/proc/%d/root", (int)c->pid);
    int root = lx_open(path, O_PATH | O_DIRECTORY);
    TRY(err_sys(e, root, "open the root of process %d", (int)c->pid));
    if (container_is_alive(c)) /* so that the pid was still its own */
        return root;
    fd_close(&root);
    return err_set(e, ERR_CONFLICT, "the container has ended");
}

pid_t
container_exec(const struct container *c, const struct container_exec *exec, int *ret_pidfd,
               int *ret_terminal_fd, struct err *e)
{
    TRY(check(c, exec, e));
    auto_seccomp compiled = {0};
    if (!exec->filter)
        TRY(compile_filter(exec, &compiled, e));
    const struct seccomp_program *filter = exec->filter ? exec->filter : &compiled;
    auto_notice notice = NO_NOTICE;
    TRY(seccomp_notice_connect(exec->spec->linux_.seccomp, filter, &notice, e));
    auto_close int opened = c->pidfd < 0 ? container_open_pidfd(c, e) : NO_FD;
    int init = c->pidfd < 0 ? opened : c->pidfd;
    TRY(init);
    auto_close int parent_end = NO_FD;
    auto_close int child_end = NO_FD;
    TRY(sync_open(&parent_end, &child_end, e));
    auto_close int shared_root = open_shared_root(c, exec->spec, e);
    TRY(shared_root == NO_FD ? 0 : shared_root);
    struct joiner joiner = {
        .container = c,
        .exec = exec,
        .filter = filter,
        .notice = &notice,
        .pidfd = init,
        .shared_root = shared_root,
        .sync = child_end,
    };
    auto_close int pidfd = NO_FD;
    pid_t pid = spawn_in_group(&joiner, parent_end, &pidfd, e);
    TRY(pid);
    fd_close(&child_end);
    int r = join_resctrl(exec, pid, e);
    if (r >= 0 && joiner.is_moved_later)
        r = move_to_group(&joiner, pid, parent_end, e);
    if (r >= 0)
        r = converse(parent_end, exec, ret_terminal_fd, e);
    if (r < 0) {
        siginfo_t info;
        lx_pidfd_send_signal(pidfd, SIGKILL);
        lx_waitid(P_PID, pid, &info, WEXITED);
        return r;
    }
    if (ret_pidfd)
        *ret_pidfd = take_fd(&pidfd);
    return pid;
}
