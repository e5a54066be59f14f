/* record.c - see record.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/runtime/record.h"

#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_cut.h"
#include "base/memory.h"
#include "cli/runtime/kept_filter.h"
#include "linux/path.h"
#include "runtime/caller.h"

#define DEFAULT_ROOT "/run/sampan-runtime"
#define FOLDER       "sampan-runtime"

enum {
    CONFIG_MOST = 4 << 20,
    STATE_MOST = 1 << 16,
    WAIT_S = 10, /* for another command that changes the same container */
};

void
record_done(struct record *r)
{
    free(r->id);
    free(r->bundle);
    fd_close(&r->root);
    fd_close(&r->dir);
    fd_close(&r->lock);
    fd_close(&r->container.pidfd);
    fd_close(&r->container.gate_fd);
    fd_close(&r->container.terminal_fd);
    oci_spec_free(r->spec);
    list_done(&r->places);
    r->id = r->bundle = NULL;
    r->spec = NULL;
}

static void
init(struct record *r, const char *id)
{
    *r = (struct record){.root = NO_FD, .dir = NO_FD, .lock = NO_FD};
    r->container.pidfd = r->container.gate_fd = r->container.terminal_fd = NO_FD;
    r->id = str_copy(id);
}

/* ---- the directory of all ---- */

/* The caller frees. */
static char *
default_root(void)
{
    const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
    if (runtime_dir && *runtime_dir == '/' && !caller_is_root())
        return str_format("%s/" FOLDER, runtime_dir);
    return str_copy(DEFAULT_ROOT);
}

int
record_open_root(const char *root, bool want_made, struct err *e)
{
    auto_free char *path = root ? str_copy(root) : default_root();
    int fd = lx_open(path, O_RDONLY | O_DIRECTORY);
    if (fd == -ENOENT && want_made) {
        TRY(err_sys(e, file_mkdirs_at(AT_FDCWD, path, 0700), "make %s", path));
        fd = lx_open(path, O_RDONLY | O_DIRECTORY);
    }
    return fd == -ENOENT && !want_made ? fd : err_sys(e, fd, "open %s", path);
}

static int
keep_matching(const struct list *names, const char *expression, struct list *ret,
              struct err *e)
{
    regex_t regex;
    int r = regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB);
    if (r != 0) {
        char why[128];
        regerror(r, &regex, why, sizeof why);
        return err_set(e, ERR_INVALID, "--regex: %s: %s", expression, why);
    }
    for (size_t i = 0; i < names->n; i++)
        if (regexec(&regex, names->v[i], 0, NULL, 0) == 0)
            list_add(ret, names->v[i]);
    regfree(&regex);
    return 0;
}

int
record_list(const char *root, const char *expression, struct list *ret, struct err *e)
{
    auto_list names = {0};
    auto_close int dir = record_open_root(root, false, e);
    if (dir != -ENOENT) {
        TRY(dir);
        TRY(err_sys(e, file_list_dir(dir, &names), "list the containers"));
    }
    if (expression)
        return keep_matching(&names, expression, ret, e);
    list_add_all(ret, &names);
    return 0;
}

/* ---- one of them ---- */

int
record_new(const char *root, const char *id, struct record *ret, struct err *e)
{
    init(ret, id);
    TRY(container_check_id(id, e));
    ret->root = record_open_root(root, true, e);
    TRY(ret->root);
    int r = lx_mkdirat(ret->root, id, 0700);
    if (r == -EEXIST)
        return err_set(e, ERR_CONFLICT, "container with id exists: %s", id);
    TRY(err_sys(e, r, "make the state directory of %s", id));
    ret->dir = file_open_dir_at(ret->root, id);
    return err_sys(e, ret->dir, "open the state directory of %s", id);
}

static int
not_found(const char *id, struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "container does not exist: %s", id);
}

static int
find(const char *root, const char *id, struct record *ret, struct err *e)
{
    init(ret, id);
    TRY(container_check_id(id, e));
    ret->root = record_open_root(root, false, e);
    if (ret->root != -ENOENT)
        TRY(ret->root);
    ret->dir = ret->root < 0 ? -ENOENT : file_open_dir_at(ret->root, id);
    return ret->dir == -ENOENT ? not_found(id, e)
                               : err_sys(e, ret->dir, "open the state directory of %s", id);
}

/* ---- the lock ---- */

static void
wake(int signal)
{
    (void)signal;
}

/* The alarm interrupts a wait that takes too long. */
static int
lock_waiting(int fd, struct flock *whole)
{
    struct sigaction old, ring = {.sa_handler = wake};
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &alarms, NULL);
    sigaction(SIGALRM, &ring, &old);
    alarm(WAIT_S);
    int r = fcntl(fd, F_SETLKW, whole) < 0 ? -errno : 0;
    alarm(0);
    sigaction(SIGALRM, &old, NULL);
    return r;
}

static int
lock(struct record *r, struct err *e)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int got = fcntl(r->lock, F_SETLK, &whole) < 0 ? -errno : 0;
    if (got == -EAGAIN || got == -EACCES)
        got = lock_waiting(r->lock, &whole);
    if (got == -EINTR)
        return err_set(e, ERR_CONFLICT, "%s: another command has been at it for %d seconds",
                       r->id, WAIT_S);
    return err_sys(e, got, "lock %s", r->id);
}

/* Somebody else is making it, or changing it. */
static bool
is_locked_by_other(const struct record *r)
{
    auto_close int fd = lx_openat(r->dir, "config.json", O_RDWR | O_NOFOLLOW, 0);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fd >= 0 && fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

int
record_keep_config(struct record *r, const char *text, const struct seccomp_program *filter,
                   struct err *e)
{
    auto_text kept = {0};
    r->lock = lx_openat(r->dir, "config.json", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    TRY(err_sys(e, r->lock, "keep config.json of %s", r->id));
    TRY(lock(r, e));
    r->has_filter = filter != NULL;
    if (filter) {
        TRY(kept_filter_write(r->dir, filter, e));
        json_cut(&kept, text, "linux.seccomp.syscalls");
        text = text_str(&kept);
    }
    return err_sys(e, file_write_all(r->lock, text, strlen(text)), "keep config.json of %s",
                   r->id);
}

int
record_read_filter(const struct record *r, struct seccomp_program *ret, struct err *e)
{
    return r->has_filter ? kept_filter_read(r->dir, ret, e) : 0;
}

/* Whoever held the lock before us may have removed the container. */
int
record_find_locked(const char *root, const char *id, struct record *ret, struct err *e)
{
    struct stat st;
    TRY(find(root, id, ret, e));
    ret->lock = lx_openat(ret->dir, "config.json", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (ret->lock == -ENOENT)
        return not_found(id, e); /* its directory has just been removed */
    TRY(err_sys(e, ret->lock, "open config.json of %s", id));
    TRY(lock(ret, e));
    return fstat(ret->lock, &st) < 0 || st.st_nlink == 0 ? not_found(id, e) : 0;
}

/* ---- what is written there ---- */

/* What delete has to unmount, for a container in somebody else's mount namespace. */
static void
put_root(struct json_doc *doc, struct json *json, const struct shared_root *root)
{
    struct json *shared = json_set(doc, json, "sharedRoot", json_object(doc));
    json_set_str(doc, shared, "place", root->place);
    json_set_str(doc, shared, "mountNamespace", root->mount_ns);
    json_set_i64(doc, shared, "mount", (int64_t)root->mount);
}

static void
take_root(struct shared_root *root, const struct json *json)
{
    const char *place = json_str(json_get(json, "place"), "");
    const char *mount_ns = json_str(json_get(json, "mountNamespace"), "");
    if (strlen(place) >= sizeof root->place || strlen(mount_ns) >= sizeof root->mount_ns)
        return;
    memcpy(root->place, place, strlen(place) + 1);
    memcpy(root->mount_ns, mount_ns, strlen(mount_ns) + 1);
    root->mount = (uint64_t)json_i64(json_get(json, "mount"), 0);
}

static int
take_state(struct record *r, const struct json *json, struct err *e)
{
    struct container *c = &r->container;
    const struct json *cgroup = json_get(json, "cgroup");
    const char *bundle = json_str(json_get(json, "bundle"), NULL);
    const char *path = json_str(json_get(cgroup, "path"), NULL);
    int64_t pid = json_i64(json_get(json, "pid"), -1);
    int64_t start = json_i64(json_get(json, "pidStart"), -1);
    int64_t made = json_i64(json_get(cgroup, "made"), -1);
    r->created_ns = json_i64(json_get(json, "created"), -1);
    if (!bundle || !path || strlen(path) >= sizeof c->cgroup.path || pid <= 0 ||
        pid > INT32_MAX || start < 0 || made < 0 || made > UINT32_MAX || r->created_ns < 0)
        return err_set(e, ERR_INVALID, "a member is missing or out of range");
    c->pid = (pid_t)pid;
    c->pid_start = (uint64_t)start;
    r->has_late_hooks = json_bool(json_get(json, "hasLateHooks"), true);
    r->has_filter = json_bool(json_get(json, "hasFilter"), false);
    c->cgroup.made = (uint32_t)made;
    c->cgroup.is_systemd = json_bool(json_get(cgroup, "isSystemd"), false);
    memcpy(c->cgroup.path, path, strlen(path) + 1);
    list_done(&r->places); /* read again after record_lock_again */
    r->places = (struct list){0};
    if (json_to_list(json_get(cgroup, "places"), &r->places) < 0)
        return err_set(e, ERR_INVALID, "cgroup.places: must be a list of strings");
    const struct json *resctrl = json_get(json, "resctrl");
    snprintf(c->resctrl.clos, sizeof c->resctrl.clos, "%s",
             json_str(json_get(resctrl, "clos"), ""));
    snprintf(c->resctrl.monitor, sizeof c->resctrl.monitor, "%s",
             json_str(json_get(resctrl, "monitor"), ""));
    take_root(&c->root, json_get(json, "sharedRoot"));
    free(r->bundle);
    r->bundle = str_copy(bundle);
    return 0;
}

static int
read_state(struct record *r, struct err *e)
{
    auto_free char *text = NULL;
    auto_json *doc = NULL;
    size_t len;
    int found = file_read_at(r->dir, "state.json", STATE_MOST, &text, &len);
    if (found == -ENOENT && r->lock < 0 && is_locked_by_other(r)) {
        r->bundle = str_copy("");
        return 0; /* being made at this moment: no pid yet */
    }
    if (found == -ENOENT)
        return err_set(
            e, ERR_CONFLICT,
            "container %s was not finished: who made it has died (delete --force "
            "removes what is left)",
            r->id);
    TRY(err_sys(e, found, "read state.json of %s", r->id));
    int good = json_parse(text, len, &doc, e);
    if (good >= 0)
        good = take_state(r, json_root(doc), e);
    if (good >= 0)
        return 0;
    err_hint(e, good, " (delete --force removes what is left)");
    return err_wrap(e, good, "state.json of %s is damaged", r->id);
}

/* A lock goes when any descriptor of its file is closed: who has it reads by it. */
static int
read_config(struct record *r, char **ret, size_t *ret_len)
{
    if (r->lock < 0)
        return file_read_at(r->dir, "config.json", CONFIG_MOST, ret, ret_len);
    if (lseek(r->lock, 0, SEEK_SET) < 0)
        return -errno;
    return file_read_fd(r->lock, CONFIG_MOST, ret, ret_len);
}

int
record_read(struct record *r, struct err *e)
{
    auto_free char *text = NULL;
    size_t len;
    int spec = read_config(r, &text, &len);
    if (spec >= 0)
        spec = oci_spec_parse(text, len, &r->spec, e);
    else
        err_sys(e, spec, "read it");
    struct err damage = *e;
    TRY(read_state(r, e));
    *e = damage;
    if (spec < 0 && r->container.pid == 0)
        return not_found(r->id, e); /* its config.json is on the way */
    return spec < 0 ? err_wrap(e, spec, "config.json of %s is damaged", r->id) : 0;
}

int
record_read_for_hooks(struct record *r, struct err *e)
{
    TRY(read_state(r, e));
    return r->has_late_hooks || r->container.pid == 0 ? record_read(r, e) : 0;
}

void
record_recall_groups(const struct record *r)
{
    cgroup_recall(&r->container.cgroup, &r->places);
}

void
record_unlock(struct record *r)
{
    if (lx_fstatat(r->dir, "state.json", &r->state, AT_SYMLINK_NOFOLLOW) < 0)
        r->state = (struct stat){0};
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    (void)!fcntl(r->lock, F_SETLK, &whole);
}

int
record_lock_again(struct record *r, struct err *e)
{
    struct stat st;
    TRY(lock(r, e));
    if (fstat(r->lock, &st) < 0 || st.st_nlink == 0)
        return not_found(r->id, e);
    bool is_same = lx_fstatat(r->dir, "state.json", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                   st.st_ino == r->state.st_ino &&
                   st.st_ctim.tv_sec == r->state.st_ctim.tv_sec &&
                   st.st_ctim.tv_nsec == r->state.st_ctim.tv_nsec;
    return is_same ? 0 : read_state(r, e);
}

int
record_open(const char *root, const char *id, struct record *ret, struct err *e)
{
    struct stat st;
    TRY(find(root, id, ret, e));
    int r = record_read(ret, e);
    if (r < 0 && lx_fstatat(ret->root, id, &st, AT_SYMLINK_NOFOLLOW) == -ENOENT)
        return not_found(id, e); /* deleted while we read it */
    return r;
}

int
record_open_locked(const char *root, const char *id, struct record *ret, struct err *e)
{
    TRY(record_find_locked(root, id, ret, e));
    return record_read(ret, e);
}

int
record_save(struct record *r, struct err *e)
{
    const struct container *c = &r->container;
    auto_json *doc = json_doc_new();
    struct json *json = json_object(doc);
    json_set_i64(doc, json, "pid", c->pid);
    json_set_i64(doc, json, "pidStart", (int64_t)c->pid_start);
    json_set_i64(doc, json, "created", r->created_ns);
    json_set_str(doc, json, "bundle", r->bundle);
    json_set_bool(doc, json, "hasLateHooks", r->has_late_hooks);
    json_set_bool(doc, json, "hasFilter", r->has_filter);
    struct json *cgroup = json_set(doc, json, "cgroup", json_object(doc));
    json_set_str(doc, cgroup, "path", c->cgroup.path);
    json_set_i64(doc, cgroup, "made", c->cgroup.made);
    json_set_bool(doc, cgroup, "isSystemd", c->cgroup.is_systemd);
    auto_list places = {0};
    cgroup_places(&c->cgroup, &places);
    json_set(doc, cgroup, "places", json_strings(doc, &places));
    if (*c->resctrl.clos || *c->resctrl.monitor) {
        struct json *resctrl = json_set(doc, json, "resctrl", json_object(doc));
        json_set_str(doc, resctrl, "clos", c->resctrl.clos);
        json_set_str(doc, resctrl, "monitor", c->resctrl.monitor);
    }
    if (c->root.mount)
        put_root(doc, json, &c->root);

    auto_text text = {0};
    json_write(&text, json, 2);
    /* Whoever writes has the lock: the name beside it is free, or a dead one's. */
    int w = file_write_at(r->dir, ".new-state.json", text.data, text.len, 0600);
    if (w >= 0)
        w = lx_renameat2(r->dir, ".new-state.json", r->dir, "state.json", 0);
    return err_sys(e, w, "write the state of %s", r->id);
}

int
record_remove(struct record *r, struct err *e)
{
    static const char *const files[] = {"gate", "state.json", KEPT_FILTER, "config.json"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        lx_unlinkat(r->dir, files[i], 0);
    int left = lx_unlinkat(r->root, r->id, AT_REMOVEDIR);
    if (left == -ENOTEMPTY)
        left = file_remove_tree_at(r->root, r->id);
    return err_sys(e, left == -ENOENT ? 0 : left, "remove the state directory of %s",
                   r->id);
}

/* ---- the gate ---- */

/* A socket's address is 108 bytes long: the short way to it goes through our descriptor. */
static void
gate_address(const struct record *r, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/gate", r->dir);
}

int
record_listen(const struct record *r, struct err *e)
{
    auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    TRY(err_sys(e, fd < 0 ? -errno : 0, "make a socket"));
    struct sockaddr_un address;
    gate_address(r, &address);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0)
        return err_sys(e, -errno, "listen at the gate of %s", r->id);
    return take_fd(&fd);
}

static int
connect_gate(const struct record *r)
{
    auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;
    gate_address(r, &address);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    return take_fd(&fd);
}

int
record_connect(const struct record *r, struct err *e)
{
    int fd = connect_gate(r);
    if (fd >= 0)
        return fd;
    return err_set(e, ERR_CONFLICT, "cannot start %s: it is %s, not created", r->id,
                   oci_status_name(record_status(r)));
}

void
record_close_gate(const struct record *r)
{
    lx_unlinkat(r->dir, "gate", 0);
}

void
record_knock_and_leave(const struct record *r)
{
    int fd = connect_gate(r);
    fd_close(&fd);
}

enum oci_status
record_status_but_paused(const struct record *r)
{
    struct stat st;
    if (r->container.pid == 0)
        return OCI_CREATING;
    if (!container_is_alive(&r->container))
        return OCI_STOPPED;
    bool has_gate = lx_fstatat(r->dir, "gate", &st, AT_SYMLINK_NOFOLLOW) == 0;
    return has_gate ? OCI_CREATED : OCI_RUNNING;
}

enum oci_status
record_status(const struct record *r)
{
    struct err ignored;
    bool is_frozen = false;
    enum oci_status status = record_status_but_paused(r);
    if (status == OCI_RUNNING)
        cgroup_is_frozen(&r->container.cgroup, &is_frozen, &ignored);
    return is_frozen ? OCI_PAUSED : status;
}

char *
record_owner(const struct record *r)
{
    struct stat st;
    if (fstat(r->dir, &st) < 0 || st.st_uid == 0)
        return str_copy("root");
    return str_format("#%u", (unsigned)st.st_uid);
}
