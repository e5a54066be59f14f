/* create.c - `sampan-runtime create`: everything but the user's program; the gate is a
 * socket in the state directory (record.h), at which `start` knocks.
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/runtime/log.h"
#include "cli/runtime/verbs.h"
#include "linux/path.h"
#include "linux/privilege.h"
#include "linux/process.h"
#include "oci/capability.h"
#include "oci/config.h"

enum {
    CONFIG_MOST = 4 << 20,
    LISTEN_MOST = 4096, /* descriptors of one activation */
};

int
write_pid_file(const char *path, pid_t pid, struct err *e)
{
    char text[24];
    if (!path)
        return 0;
    int n = snprintf(text, sizeof text, "%d", (int)pid);
    return err_sys(e, file_write_at(AT_FDCWD, path, text, (size_t)n, 0644), "write %s",
                   path);
}

/* ---- terminals and descriptors ---- */

int
connect_console(const char *path, int *ret, struct err *e)
{
    *ret = NO_FD;
    if (!path)
        return 0;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(e, ERR_INVALID, "--console-socket: the path is too long: %s", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return err_sys(e, -errno, "connect to the console socket %s", path);
    *ret = take_fd(&fd);
    return 0;
}

int
check_terminal(const struct arguments *a, bool has_terminal, bool has_watcher,
               struct err *e)
{
    if (has_terminal && !a->console_socket && !has_watcher)
        return err_set(e, ERR_INVALID,
                       "process.terminal: needs --console-socket, as nobody stays with it");
    if (!has_terminal && a->console_socket)
        return err_set(e, ERR_INVALID, "--console-socket: there is no process.terminal");
    return 0;
}

/* LISTEN_PID tells whom the descriptors are for. */
static int
count_listen_fds(void)
{
    const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
    int n, whom;
    if (!count || num_parse_int(count, &n) < 0 || n < 0 || n > LISTEN_MOST)
        return 0;
    if (pid && (num_parse_int(pid, &whom) < 0 || whom != getpid()))
        return 0;
    return n;
}

int
pass_listen_fds(const struct arguments *a, struct oci_process *process, bool is_first)
{
    int n = count_listen_fds();
    const char *names = getenv("LISTEN_FDNAMES");
    if (n > 0) {
        auto_free char *count = str_format("LISTEN_FDS=%d", n);
        list_set_env(&process->env, count);
        if (is_first)
            list_set_env(&process->env, "LISTEN_PID=1");
    }
    if (n > 0 && names) {
        auto_free char *all = str_format("LISTEN_FDNAMES=%s", names);
        list_set_env(&process->env, all);
    }
    return n + a->preserve_fds;
}

int
check_preserved(const struct arguments *a, struct err *e)
{
    for (int fd = 3; fd < 3 + count_listen_fds() + a->preserve_fds; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            return err_set(e, ERR_INVALID,
                           "--preserve-fds, LISTEN_FDS: descriptor %d is not open", fd);
    return 0;
}

/* ---- capabilities that nobody can grant ---- */

/* In a new user namespace there are all of them; in one that exists, whatever is there. */
static uint64_t
grantable(const struct oci_spec *spec)
{
    struct lx_caps caps;
    if (oci_spec_namespace(spec, CLONE_NEWUSER) || lx_capget(&caps) < 0)
        return OCI_CAPABILITY_ALL;
    return caps.permitted;
}

void
warn_of_capabilities(const struct arguments *a, const struct oci_spec *spec,
                     const struct oci_capabilities *wanted)
{
    auto_text names = {0};
    uint64_t lost = (wanted->bounding | wanted->effective | wanted->permitted |
                     wanted->inheritable | wanted->ambient) &
                    ~grantable(spec);
    for (int cap = 0; cap <= OCI_CAPABILITY_LAST; cap++)
        if (lost & 1ULL << cap)
            text_addf(&names, " %s", oci_word_name(oci_capability_words, 1ULL << cap));
    for (size_t i = 0; i < wanted->unknown.n; i++)
        text_addf(&names, " %s", wanted->unknown.v[i]);
    if (names.len)
        log_warning(a, "process.capabilities: cannot be granted here, left out:%s",
                    text_str(&names));
}

/* ---- making it ---- */

static int
read_config(const struct arguments *a, int bundle, char **ret, size_t *ret_len,
            struct err *e)
{
    const char *name = a->config ? a->config : "config.json";
    return err_sys(e, file_read_at(bundle, name, CONFIG_MOST, ret, ret_len), "read %s/%s",
                   a->bundle ? a->bundle : ".", name);
}

/* The bundle's directory, and its absolute path without links. */
static int
open_bundle(const struct arguments *a, char **ret_path, struct err *e)
{
    const char *path = a->bundle ? a->bundle : ".";
    auto_close int bundle = lx_open(path, O_PATH | O_DIRECTORY);
    TRY(err_sys(e, bundle, "open the bundle %s", path));
    *ret_path = realpath(path, NULL);
    if (!*ret_path)
        return err_sys(e, -errno, "name the bundle %s", path);
    return take_fd(&bundle);
}

static int
check(const struct arguments *a, bool is_started_now, const struct oci_spec *spec,
      struct err *e)
{
    bool has_terminal = spec->process && spec->process->terminal;
    return check_terminal(a, has_terminal, is_started_now && !a->is_detached, e);
}

/* Into the record: the spec, and its seccomp program, which is the caller's. */
static int
read_bundle(const struct arguments *a, bool is_started_now, int bundle, struct record *r,
            struct seccomp_program *ret_filter, struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    TRY(read_config(a, bundle, &text, &len, e));
    TRY(oci_spec_parse(text, len, &r->spec, e));
    TRY(check(a, is_started_now, r->spec, e));
    if (r->spec->process)
        warn_of_capabilities(a, r->spec, &r->spec->process->capabilities);
    r->has_late_hooks = hooks_has(r->spec, HOOK_POSTSTART) ||
                        hooks_has(r->spec, HOOK_POSTSTOP);
    const struct oci_seccomp *profile = r->spec->linux_.seccomp;
    if (profile)
        TRY(seccomp_compile(profile, ret_filter, e));
    return record_keep_config(r, text, profile ? ret_filter : NULL, e);
}

static int
fill(const struct arguments *a, bool is_started_now, struct record *r, struct err *e)
{
    r->created_ns = clock_wall_ns();
    auto_close int bundle = open_bundle(a, &r->bundle, e);
    TRY(bundle);
    auto_seccomp filter = {0};
    TRY(read_bundle(a, is_started_now, bundle, r, &filter, e));

    auto_close int console = NO_FD;
    TRY(connect_console(a->console_socket, &console, e));
    auto_close int gate = NO_FD;
    if (!is_started_now) {
        gate = record_listen(r, e);
        TRY(gate);
    }
    struct container_plan plan = {
        .id = r->id,
        .spec = r->spec,
        .root_mount = NO_FD,
        .bundle_fd = bundle,
        .bundle = r->bundle,
        .stdio = {NO_FD, NO_FD, NO_FD},
        .console_socket = console,
        .gate_listener = gate,
        .want_open_gate = is_started_now,
        .preserve_fds = a->preserve_fds,
        .filter = &filter,
        .want_session_keyring = !a->no_new_keyring,
        .want_pivot = !a->no_pivot,
        .cgroup_driver = a->cgroup_driver,
    };
    if (r->spec->process)
        plan.preserve_fds = pass_listen_fds(a, r->spec->process, true);
    TRY(container_create(&r->container, &plan, e));
    return record_save(r, e);
}

int
make_container(const struct arguments *a, bool is_started_now, struct record *ret,
               struct err *e)
{
    TRY(record_new(a->root, a->operands[0], ret, e));
    int r = fill(a, is_started_now, ret, e);
    if (r >= 0)
        r = write_pid_file(a->pid_file, ret->container.pid, e);
    if (r < 0) {
        struct err ignored;
        if (ret->container.pid > 0) {
            container_kill(&ret->container, SIGKILL, &ignored);
            container_destroy(&ret->container, &ignored);
            run_late_hooks(a, ret, HOOK_POSTSTOP);
        }
        record_remove(ret, &ignored);
    }
    return r;
}

int
verb_create(const struct arguments *a, struct err *e)
{
    auto_record record;
    return make_container(a, false, &record, e);
}
