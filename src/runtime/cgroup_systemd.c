/* cgroup_systemd.c - see cgroup_systemd.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_systemd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "linux/descriptor.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "runtime/caller.h"
#include "runtime/systemd_unit.h"

#define HELPER "sampan-systemd"

enum { REPLY_MOST = 8192 };

/* ---- whose systemd ---- */

static const char *
unit_of(const struct cgroup *c)
{
    const char *slash = strrchr(c->path, '/');
    return slash ? slash + 1 : c->path;
}

/* A user's manager has all its units below user@UID.service. */
bool
cgroup_systemd_is_users(const struct cgroup *c)
{
    return c->is_systemd && strstr(c->path, "/user@") != NULL;
}

/* ---- the helper ---- */

/* Where our program is, without links. The caller frees. */
static int
find_program(char **ret)
{
    const char *told = getenv(SYSTEMD_PROGRAM_VARIABLE);
    if (!told)
        return file_read_link_at(AT_FDCWD, "/proc/self/exe", ret);
    *ret = realpath(told, NULL);
    return *ret ? 0 : -errno;
}

int
cgroup_systemd_find_helper(char **ret, struct err *e)
{
    static const char *const places[] = {"", "../libexec/sampan/"};
    auto_free char *self = NULL;
    const char *known = getenv(SYSTEMD_HELPER_VARIABLE);
    if (known) {
        *ret = str_copy(known);
        return 0;
    }
    TRY(err_sys(e, find_program(&self), "find myself"));
    int folder = (int)(strrchr(self, '/') - self);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        auto_free char *path = str_format("%.*s/%s" HELPER, folder, self, places[i]);
        if (access(path, X_OK) == 0) {
            *ret = take_ptr(path);
            return 0;
        }
    }
    return err_set(e, ERR_NOT_FOUND,
                   "the systemd cgroup driver needs the program " HELPER
                   ", which is neither "
                   "beside %s nor in ../libexec/sampan",
                   self);
}

static void become_helper(const char *path, int socket) __attribute__((noreturn));
static void
become_helper(const char *path, int socket)
{
    auto_list argv = {0};
    list_add(&argv, HELPER);
    lx_dup_to(socket, STDIN_FILENO, 0);
    lx_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    lx_execve(path, list_argv(&argv), environ);
    _exit(127);
}

static int
call_helper(struct systemd_scope *ret, struct err *e)
{
    int ends[2];
    auto_free char *path = NULL;
    TRY(cgroup_systemd_find_helper(&path, e));
    TRY(err_sys(e, lx_socketpair(SOCK_SEQPACKET, ends), "make a socket pair"));
    auto_close int ours = ends[0], theirs = ends[1];
    pid_t pid = lx_clone3(0, NO_FD, NULL);
    if (pid == 0)
        become_helper(path, theirs);
    TRY(err_sys(e, pid, "make a process for " HELPER));
    ret->socket = take_fd(&ours);
    ret->pid = pid;
    return 0;
}

static int
ask(const struct systemd_scope *helper, const struct json *request, struct json_doc **ret,
    struct err *e)
{
    char reply[REPLY_MOST];
    auto_text text = {0};
    json_write(&text, request, 0);
    ssize_t n = send(helper->socket, text_str(&text), text.len, MSG_NOSIGNAL);
    TRY(err_sys(e, n < 0 ? -errno : 0, "ask " HELPER));
    do
        n = recv(helper->socket, reply, sizeof reply, 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return err_set(e, ERR_SYSTEM,
                       HELPER " ended without an answer (can it be run here?)");
    TRY(json_parse(reply, (size_t)n, ret, e));
    const char *failure = json_str(json_get(json_root(*ret), "error"), NULL);
    return failure ? err_set(e, ERR_SYSTEM, "systemd: %s", failure) : 0;
}

void
systemd_scope_release(struct systemd_scope *scope)
{
    siginfo_t info;
    if (scope->socket < 0)
        return;
    (void)!send(scope->socket, "", 1, MSG_NOSIGNAL);
    fd_close(&scope->socket);
    lx_waitid(P_PID, scope->pid, &info, WEXITED);
    scope->pid = 0;
}

static struct json *
new_request(struct json_doc *doc, const char *verb, bool is_for_user, const char *unit)
{
    struct json *request = json_object(doc);
    json_set_str(doc, request, "verb", verb);
    json_set_bool(doc, request, "user", is_for_user);
    json_set_str(doc, request, "unit", unit);
    return request;
}

/* A request with nothing but an answer. */
static int
ask_once(const struct json *request, struct err *e)
{
    auto_scope helper = NO_SCOPE;
    auto_json *reply = NULL;
    TRY(call_helper(&helper, e));
    return ask(&helper, request, &reply, e);
}

/* ---- the verbs ---- */

static void
add_flags(struct json_doc *doc, struct json *properties)
{
    static const struct {
        const char *name;
        bool value;
    } flags[] = {
        {"Delegate",            true}, /* what is below the group is the container's */
        {"DefaultDependencies",
         false                      }, /* the container's end is not the system's business */
        {"CPUAccounting",       true},
        {"MemoryAccounting",    true},
        {"TasksAccounting",     true},
        {"IOAccounting",        true},
    };
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        systemd_unit_add(doc, properties, flags[i].name, "b",
                         json_boolean(doc, flags[i].value));
}

static int
fill_properties(struct json_doc *doc, struct json *properties, const char *id,
                const struct oci_spec *spec, const char *slice, struct err *e)
{
    auto_plan plan = {0};
    auto_free char *description = str_format("Container %s", id);
    systemd_unit_add(doc, properties, "Description", "s", json_string(doc, description));
    systemd_unit_add(doc, properties, "Slice", "s", json_string(doc, slice));
    systemd_unit_add(doc, properties, "CollectMode", "s",
                     json_string(doc, "inactive-or-failed"));
    add_flags(doc, properties);
    TRY(cgroup_plan_make(&plan, &spec->linux_.resources, NULL, e));
    TRY(systemd_unit_add_limits(doc, properties, &plan, e));
    return systemd_unit_add_annotations(doc, properties, &spec->annotations, e);
}

static int
start_scope(struct systemd_scope *scope, const struct oci_spec *spec, const char *id,
            char **ret_path, struct err *e)
{
    struct systemd_unit unit;
    bool is_for_user = !caller_is_root();
    auto_json *doc = json_doc_new(), *reply = NULL;
    TRY(systemd_unit_name(spec->linux_.cgroups_path, id, is_for_user, &unit, e));
    struct json *request = new_request(doc, "start", is_for_user, unit.name);
    struct json *properties = json_set(doc, request, "properties", json_array(doc));
    TRY(fill_properties(doc, properties, id, spec, unit.slice, e));
    TRY(call_helper(scope, e));
    TRY(ask(scope, request, &reply, e));
    const char *path = json_str(json_get(json_root(reply), "path"), "");
    if (path[0] != '/' || path[1] == '\0')
        return err_set(e, ERR_SYSTEM, "systemd gave %s no cgroup", unit.name);
    *ret_path = str_copy(path + 1);
    return 0;
}

int
cgroup_systemd_create(struct cgroup *ret, struct systemd_scope *ret_scope,
                      const struct oci_spec *spec, const char *id, struct err *e)
{
    auto_scope scope = NO_SCOPE;
    auto_free char *path = NULL;
    LX_STEP("have systemd make a scope for the container", "08_cpu_cgroup");
    TRY(start_scope(&scope, spec, id, &path, e));
    /* If this fails the helper leaves, and an empty scope is no more. */
    TRY(cgroup_adopt(ret, path, &spec->linux_.resources, e));
    *ret_scope = scope;
    scope = (struct systemd_scope)NO_SCOPE;
    return 0;
}

int
systemd_scope_attach(const struct systemd_scope *scope, const struct cgroup *c, pid_t pid,
                     struct err *e)
{
    auto_json *doc = json_doc_new(), *reply = NULL;
    struct json *request = new_request(doc, "attach", cgroup_systemd_is_users(c),
                                       unit_of(c));
    json_set_i64(doc, request, "pid", pid);
    return ask(scope, request, &reply, e);
}

int
cgroup_systemd_attach(const struct cgroup *c, pid_t pid, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct json *request = new_request(doc, "attach", cgroup_systemd_is_users(c),
                                       unit_of(c));
    json_set_i64(doc, request, "pid", pid);
    return ask_once(request, e);
}

int
cgroup_systemd_set(const struct cgroup *c, const struct cgroup_plan *plan, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct json *request = new_request(doc, "set", cgroup_systemd_is_users(c), unit_of(c));
    struct json *properties = json_set(doc, request, "properties", json_array(doc));
    TRY(systemd_unit_add_limits(doc, properties, plan, e));
    return json_count(properties) > 0 ? ask_once(request, e) : 0;
}

int
cgroup_systemd_stop(const struct cgroup *c, struct err *e)
{
    LX_STEP("have systemd end the container's scope", "08_cpu_cgroup");
    auto_json *doc = json_doc_new();
    return ask_once(new_request(doc, "stop", cgroup_systemd_is_users(c), unit_of(c)), e);
}

int
cgroup_systemd_stop_remains(const char *cgroups_path, const char *id, struct err *e)
{
    struct systemd_unit unit;
    auto_json *doc = json_doc_new();
    bool is_for_user = !caller_is_root();
    if (systemd_unit_name(cgroups_path, id, is_for_user, &unit, e) < 0 ||
        !strstr(unit.name, id))
        return 0;
    struct json *request = new_request(doc, "stop", is_for_user, unit.name);
    json_set_bool(doc, request, "kill", true);
    return ask_once(request, e);
}
