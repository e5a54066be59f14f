/* program.c - see program.h.
 *
 * Child, inside the container's root and namespaces, still with all rights. What needs
 * rights comes first; then the user's ids; then what shall be judged with the user's eyes:
 * is the program there and may it be run? Behind the gate only the filter and execve are
 * left.
 *
 * Workshop: 00_fork_exec, 10_setuid
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/program.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "linux/descriptor.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "runtime/attach.h"
#include "runtime/labels.h"
#include "runtime/limits.h"
#include "runtime/privileges.h"
#include "runtime/procfs.h"
#include "runtime/reaper.h"
#include "runtime/sync.h"
#include "runtime/users.h"

static const char default_path[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* What prepare() finds out. */
struct ready {
    struct oci_process process; /* a shallow copy, with the user resolved */
    struct users_found user;
    struct list env;
    char path[PATH_MAX]; /* of the program */
};

int
program_isolate(int preserve_fds, struct err *e)
{
    LX_STEP("let no descriptor and no look inside slip through to the program", "");
    TRY(err_sys(e, lx_prctl("PR_SET_DUMPABLE 0", PR_SET_DUMPABLE, 0, 0, 0, 0),
                "close our memory to others"));
    unsigned first = 3 + (unsigned)(preserve_fds > 0 ? preserve_fds : 0);
    return err_sys(e, lx_close_range(first, ~0U, CLOSE_RANGE_CLOEXEC),
                   "mark descriptors close-on-exec");
}

/* ---- standard input, output, error ---- */

/* A pipe must belong to the user, or /dev/stdout could not be opened by name. */
static int
give_to_user(int fd, uint32_t uid, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) ||
        st.st_uid == uid)
        return 0;
    int r = lx_fchownat(fd, "", uid, (gid_t)-1, AT_EMPTY_PATH);
    if (r == -EPERM || r == -EINVAL || r == -EROFS)
        return 0;
    return err_sys(e, r, "give standard descriptor %d to user %u", fd, uid);
}

static int
set_stdio(const struct program *p, struct err *e)
{
    int from[3];
    for (int i = 0; i < 3; i++)
        from[i] = p->terminal ? p->terminal->slave : p->stdio[i];

    /* Out of the way first, so that "2 becomes 1" cannot run over "1 becomes 2". */
    for (int i = 0; i < 3; i++) {
        if (from[i] < 0 || from[i] > 2 || from[i] == i)
            continue;
        from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3);
        TRY(err_sys(e, from[i] < 0 ? -errno : 0, "copy a standard descriptor"));
    }
    for (int i = 0; i < 3; i++)
        if (from[i] >= 0)
            TRY(err_sys(e, lx_dup_to(from[i], i, 0), "set standard descriptor %d", i));
    return 0;
}

/* ---- the working directory ---- */

/* The descriptors of a directory that we left behind would be a way out: the path of where
 * we are must exist below our root (rule R9, CVE-2024-21626). */
static int
check_inside(const char *cwd, struct err *e)
{
    char buf[PATH_MAX];
    if (getcwd(buf, sizeof buf) && buf[0] == '/')
        return 0;
    return err_set(e, ERR_INVALID, "process.cwd: %s leads out of the container", cwd);
}

static int
make_cwd(const char *cwd, struct err *e)
{
    auto_close int root = lx_open("/", O_PATH | O_DIRECTORY);
    TRY(err_sys(e, root, "open the container's root"));
    auto_close int made = attach_make_directory(root, cwd, 0755, e);
    return made < 0 ? err_wrap(e, made, "process.cwd") : 0;
}

/* 1 if the directory is there but closed to us: the user may still be let in. */
static int
enter_cwd(const char *cwd, bool want_made, struct err *e)
{
    int r = lx_chdir(cwd);
    if (r == -ENOENT && want_made) {
        TRY(make_cwd(cwd, e));
        r = lx_chdir(cwd);
    }
    if (r == -EACCES)
        return 1;
    TRY(err_sys(e, r, "process.cwd: enter %s", cwd));
    return check_inside(cwd, e);
}

/* ---- the program ---- */

/* 0 if it can be run, -ENOENT, -EACCES ... */
static int
try_program(const char *path)
{
    struct stat st;
    int r = lx_fstatat(AT_FDCWD, path, &st, 0);
    if (r < 0)
        return r == -ENOTDIR ? -ENOENT : r;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static int
search(const char *name, const struct list *env, char *ret, size_t size)
{
    const char *path = list_get_env(env, "PATH");
    int result = -ENOENT;
    auto_list dirs = {0};
    list_split(&dirs, path && *path ? path : default_path, ':');
    for (size_t i = 0; i < dirs.n; i++) {
        const char *dir = *dirs.v[i] ? dirs.v[i] : ".";
        if ((size_t)snprintf(ret, size, "%s/%s", dir, name) >= size)
            continue;
        int r = try_program(ret);
        if (r == 0)
            return 0;
        if (r != -ENOENT)
            result = r;
    }
    return result;
}

/* The exit codes that users know, 127 and 126, come from these two kinds. */
static int
program_error(int r, const char *name, struct err *e)
{
    switch (r) {
    case -ENOENT:
    case -ENOTDIR:
        return err_set(e, ERR_NO_PROGRAM, "exec: \"%s\": %s", name,
                       strchr(name, '/') ? "no such file or directory"
                                         : "executable file not found in $PATH");
    case -EISDIR:
        return err_set(e, ERR_NOT_EXECUTABLE,
                       "exec: \"%s\": permission denied: it is a directory", name);
    case -ENOEXEC:
        return err_set(e, ERR_NOT_EXECUTABLE, "exec: \"%s\": exec format error", name);
    case -EACCES:
        return err_set(e, ERR_NOT_EXECUTABLE, "exec: \"%s\": permission denied", name);
    default:
        err_sys(e, r, "exec: \"%s\"", name);
        e->kind = ERR_NOT_EXECUTABLE;
        return r;
    }
}

static int
find_program(struct ready *ready, struct err *e)
{
    LX_STEP("look for the program with the user's eyes", "00_fork_exec");
    const char *name = ready->process.args.v[0];
    int r;
    if (!strchr(name, '/'))
        r = search(name, &ready->env, ready->path, sizeof ready->path);
    else if ((size_t)snprintf(ready->path, sizeof ready->path, "%s", name) >=
             sizeof ready->path)
        r = -ENAMETOOLONG;
    else
        r = try_program(name);
    return r < 0 ? program_error(r, name, e) : 0;
}

/* ---- before the gate ---- */

static int
resolve_user(const struct program *p, struct ready *ready, struct err *e)
{
    ready->process = *p->process;
    list_add_all(&ready->env, &p->process->env);
    if (!p->user_name)
        return 0;
    LX_STEP("look the user up in the container's own files", "10_setuid");
    auto_close int root = lx_open("/", O_PATH | O_DIRECTORY);
    TRY(err_sys(e, root, "open the container's root"));
    TRY(users_resolve(root, p->user_name, p->groups, &ready->user, e));
    ready->process.user.uid = ready->user.uid;
    ready->process.user.gid = ready->user.gid;

    const struct oci_ids *asked = &p->process->user.additional_gids;
    struct oci_ids *groups = &ready->user.groups;
    groups->v = mem_resize(groups->v, groups->n + asked->n + 1, sizeof *groups->v);
    for (size_t i = 0; i < asked->n; i++)
        groups->v[groups->n++] = asked->v[i];
    ready->process.user.additional_gids = *groups;

    if (!list_get_env(&ready->env, "HOME"))
        list_addf(&ready->env, "HOME=%s", ready->user.home ? ready->user.home : "/");
    return 0;
}

bool
program_wants_procfs(const struct oci_process *process)
{
    return process->apparmor_profile || process->selinux_label;
}

static int
set_proc_files(const struct program *p, struct err *e)
{
    const struct oci_process *process = p->process;
    if (p->procfs < 0)
        return 0;
    LX_STEP("tell the kernel by a /proc of our own what it wants written there", "");
    return labels_write(p->procfs, process, e);
}

/* A key ring of its own; a kernel without key rings has nothing that could leak. */
static int
join_keyring(struct err *e)
{
    LX_STEP("take a fresh key ring, so that no key of the caller is reachable", "");
    int r = lx_keyctl_join_session(NULL);
    return r == -ENOSYS || r == -EPERM ? 0 : err_sys(e, r, "make a session key ring");
}

static int
prepare(struct program *p, struct ready *ready, struct err *e)
{
    TRY(resolve_user(p, ready, e));
    uint32_t uid = ready->process.user.uid;
    if (p->terminal)
        TRY(terminal_take(p->terminal, uid, e));
    TRY(set_stdio(p, e));
    for (int i = 0; i < 3 && !p->terminal; i++)
        TRY(give_to_user(i, uid, e));

    TRY(set_proc_files(p, e));
    TRY(limits_set_priorities(p->process, e));
    TRY(limits_set_personality(p->personality, e));
    TRY(limits_set_rlimits(&p->process->rlimits, e));
    if (p->want_session_keyring)
        TRY(join_keyring(e));
    LX_STEP("ignore and block no signal that the caller does", "");
    lx_signals_reset();

    LX_STEP("go to the working directory", "");
    int is_closed = enter_cwd(p->process->cwd, p->want_cwd_made, e);
    TRY(is_closed);
    TRY(privileges_drop(&ready->process, !p->may_not_set_groups, p->filter->n > 0, e));
    if (is_closed) {
        TRY(err_sys(e, lx_chdir(p->process->cwd), "process.cwd: enter %s",
                    p->process->cwd));
        TRY(check_inside(p->process->cwd, e));
    }
    return find_program(ready, e);
}

/* ---- the gate, and behind it ---- */

static int
pass_gate(struct program *p, struct err *e)
{
    LX_STEP("report that all is ready, and wait at the gate", "");
    TRY(sync_send(p->sync, SYNC_READY, p->terminal ? p->terminal->master : NO_FD, e));
    if (p->gate_listener >= 0) {
        int connection = accept4(p->gate_listener, NULL, NULL, SOCK_CLOEXEC);
        TRY(err_sys(e, connection < 0 ? -errno : 0, "wait for the start"));
        fd_close(&p->sync);
        p->sync = connection;
    }
    return sync_expect(p->sync, SYNC_START, e);
}

static int
execute(struct program *p, struct ready *ready, struct err *e)
{
    LX_STEP("put the system call filter on", "");
    TRY(privileges_seal(&ready->process, p->filter, p->notice, e));
    LX_STEP("become the program", "00_fork_exec");
    int r = lx_execve(ready->path, list_argv(&ready->process.args), list_argv(&ready->env));
    return program_error(r, ready->process.args.v[0], e);
}

/* Our own pid 1 stays behind with the program's own rights, and never comes back here. */
static int
execute_below_reaper(struct program *p, struct ready *ready, struct err *e)
{
    LX_STEP("stay as pid 1, and run the program as our child", "06_pid_namespace");
    pid_t pid = reaper_fork(e);
    TRY(pid);
    if (pid == 0)
        return execute(p, ready, e);
    fd_close(&p->sync);
    TRY(privileges_seal(&ready->process, p->filter, p->notice, e));
    reaper_run(pid);
}

int
program_run(struct program *p, struct err *e)
{
    struct ready *ready = mem_new(1, sizeof *ready); /* lives until the exec */
    TRY(prepare(p, ready, e));
    TRY(pass_gate(p, e));
    if (p->hooks)
        TRY(hooks_run(HOOK_START_CONTAINER, p->hooks, e));
    return p->want_init ? execute_below_reaper(p, ready, e) : execute(p, ready, e);
}
