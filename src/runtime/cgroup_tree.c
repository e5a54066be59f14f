/* cgroup_tree.c - the directories of a hierarchy.
 *
 * A group is a directory that the kernel fills with files. It is made by mkdir(2), holds
 * processes or groups, and can be removed by rmdir(2) when it holds neither. Every path is
 * followed below an open root, its components checked before (rule R23); where there is a
 * call for it, by openat2(2) with RESOLVE_BENEATH as well.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_layout.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/number.h"
#include "linux/path.h"

enum {
    COMPONENT_MOST = 255,
    DEPTH_MOST = 64,      /* of groups that a container made in its own */
    LIST_MOST = 64 << 20, /* bytes of cgroup.procs */
};

#define RESOLVE_GROUP (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

/* A file of the kernel that every group has; any other one is met as no directory. */
static bool
is_kernel_name(const char *component)
{
    static const char *const files[] = {"tasks", "notify_on_release", "release_agent"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (str_eq(component, files[i]))
            return true;
    return str_starts(component, "cgroup.");
}

int
cgroup_check_path(const char *path, struct err *e)
{
    char part[COMPONENT_MOST + 1];
    for (const char *next = path; next;) {
        size_t n = strcspn(next, "/");
        snprintf(part, sizeof part, "%.*s", (int)n, next);
        if (n == 0 || n > COMPONENT_MOST || str_eq(part, ".") || str_eq(part, "..") ||
            strchr(part, '\n') || is_kernel_name(part))
            return err_set(e, ERR_INVALID,
                           "cgroup path \"%s\": \"%s\" can't be the name of a group", path,
                           part);
        next = next[n] ? next + n + 1 : NULL;
    }
    return 0;
}

int
cgroup_open(int root, const char *path)
{
    return lx_openat2(root, path, O_RDONLY | O_DIRECTORY, 0, RESOLVE_GROUP);
}

int
cgroup_write_at(int root, const char *path, const char *file, const char *value)
{
    auto_free char *name = str_format("%s/%s", path, file);
    auto_close int fd = lx_openat2(root, name, O_WRONLY, 0, RESOLVE_GROUP);
    if (fd < 0)
        return fd;
    return lx_write(fd, name, value, strlen(value));
}

int
cgroup_write_file(int dir, const char *file, const char *value)
{
    auto_close int fd = lx_openat(dir, file, O_WRONLY | O_NOFOLLOW, 0);
    if (fd < 0)
        return fd;
    return lx_write(fd, file, value, strlen(value));
}

/* A new group of the v1 cpuset controller has no CPUs and no memory nodes, and nothing can
 * join it: it gets its parent's. */
static int
inherit_cpuset(int parent, int dir, struct err *e)
{
    static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        auto_free char *own = NULL, *inherited = NULL;
        TRY(err_sys(e, file_read_at(dir, files[i], 65536, &own, NULL), "read %s",
                    files[i]));
        if (own[strspn(own, " \n")] != '\0')
            continue;
        TRY(err_sys(e, file_read_at(parent, files[i], 65536, &inherited, NULL),
                    "read the parent's %s", files[i]));
        inherited[strcspn(inherited, "\n")] = '\0';
        TRY(err_sys(e, cgroup_write_file(dir, files[i], inherited), "write \"%s\" to %s",
                    inherited, files[i]));
    }
    return 0;
}

/* One level down: makes the component if it is missing and opens it. */
static int
make_component(int *dir, const char *name, enum cgroup_controller controller,
               bool *was_there, struct err *e)
{
    int r = lx_mkdirat(*dir, name, 0755);
    *was_there = r == -EEXIST;
    if (r < 0 && r != -EEXIST)
        return err_sys(e, r, "make the cgroup %s (%s)", name,
                       controller == CONTROLLER_UNIFIED
                           ? "v2"
                           : cgroup_controller_name(controller, false));
    auto_close int next = cgroup_open(*dir, name);
    TRY(err_sys(e, next, "open the cgroup %s", name));
    if (controller == CONTROLLER_CPUSET)
        TRY(inherit_cpuset(*dir, next, e));
    fd_close(dir);
    *dir = take_fd(&next);
    return 0;
}

/* The group that `path` lies in, with what is missing of it made. */
static int
make_parent(int root, const char *path, enum cgroup_controller controller, int *ret,
            struct err *e)
{
    const char *slash = strrchr(path, '/');
    auto_free char *parent = slash ? str_format("%.*s", (int)(slash - path), path)
                                   : str_copy(".");
    auto_close int dir = cgroup_open(root, parent);
    if (dir == -ENOENT) {
        auto_list parts = {0};
        bool was_there;
        dir = cgroup_open(root, ".");
        TRY(err_sys(e, dir, "open the root of the cgroup hierarchy"));
        list_split(&parts, parent, '/');
        for (size_t i = 0; i < parts.n; i++)
            TRY(make_component(&dir, parts.v[i], controller, &was_there, e));
    }
    TRY(err_sys(e, dir, "open the cgroup %s", parent));
    *ret = take_fd(&dir);
    return 0;
}

/* Its parents are nearly always there. The path was checked, and hierarchies hold no links. */
static int
make_last(int root, const char *path, enum cgroup_controller controller, bool *was_there)
{
    if (controller == CONTROLLER_CPUSET)
        return -ENOENT; /* what a level inherits is looked at level by level */
    int r = lx_mkdirat(root, path, 0755);
    *was_there = r == -EEXIST;
    return *was_there ? 0 : r;
}

static int
make_once(int root, const char *path, enum cgroup_controller controller, bool *was_there,
          struct err *e)
{
    const char *slash = strrchr(path, '/');
    auto_close int dir = NO_FD;
    if (make_last(root, path, controller, was_there) == 0)
        return 0;
    TRY(make_parent(root, path, controller, &dir, e));
    return make_component(&dir, slash ? slash + 1 : path, controller, was_there, e);
}

/* Another container's end may take an empty parent away between our two steps. */
int
cgroup_make(int root, const char *path, enum cgroup_controller controller, bool *was_there,
            struct err *e)
{
    enum { TRIES = 16 };
    TRY(cgroup_check_path(path, e));
    for (int i = 1; i < TRIES; i++) {
        int r = make_once(root, path, controller, was_there, e);
        if (r != -ENOENT && r != -ENODEV)
            return r;
    }
    return make_once(root, path, controller, was_there, e);
}

/* ---- controllers of v2 ---- */

static uint32_t
enabled_in(int dir)
{
    auto_free char *text = NULL;
    uint32_t enabled = 0;
    if (file_read_at(dir, "cgroup.subtree_control", 4096, &text, NULL) < 0)
        return 0;
    auto_list words = {0};
    text[strcspn(text, "\n")] = '\0';
    list_split(&words, text, ' ');
    for (unsigned c = CONTROLLER_CPU; c < CONTROLLER_COUNT; c++) {
        const char *name = cgroup_controller_name(c, true);
        if (*name && list_has(&words, name))
            enabled |= CONTROLLER_BIT(c);
    }
    return enabled;
}

/* Each on its own: one that cannot be had (the cpu controller beside real-time processes)
 * must not keep the others away. */
static int
enable_in(int dir, const char *path, uint32_t missing, uint32_t needed, struct err *e)
{
    for (unsigned c = CONTROLLER_CPU; c < CONTROLLER_COUNT; c++) {
        if (!(missing & CONTROLLER_BIT(c)))
            continue;
        char word[32];
        snprintf(word, sizeof word, "+%s", cgroup_controller_name(c, true));
        int r = cgroup_write_file(dir, "cgroup.subtree_control", word);
        if (r == -EBUSY && (needed & CONTROLLER_BIT(c)))
            return err_sys(e, r,
                           "hand the %s controller down from the cgroup /%s, which has "
                           "processes of its own (cgroup v2 wants them in a sub-group)",
                           word + 1, path);
        if (r < 0 && (needed & CONTROLLER_BIT(c)))
            return err_sys(e, r, "hand the %s controller down from the cgroup /%s",
                           word + 1, path);
    }
    return 0;
}

int
cgroup_enable(int root, const char *path, uint32_t wanted, uint32_t needed, struct err *e)
{
    if (wanted == 0)
        return 0;
    auto_free char *so_far = str_copy(path);
    for (char *end = so_far; end;) {
        /* The root first, then each ancestor: "", "a", "a/b" of "a/b/c". */
        char kept = *end;
        *end = '\0';
        auto_close int dir = cgroup_open(root, *so_far ? so_far : ".");
        TRY(err_sys(e, dir, "open the cgroup /%s", so_far));
        uint32_t missing = wanted & ~enabled_in(dir);
        if (missing)
            TRY(enable_in(dir, so_far, missing, needed, e));
        *end = kept;
        end = strchr(end == so_far ? so_far : end + 1, '/');
    }
    return 0;
}

/* ---- what is inside ---- */

static int
add_pids(int dir, pid_t **ret, size_t *n)
{
    auto_free char *text = NULL;
    int r = file_read_at(dir, "cgroup.procs", LIST_MOST, &text, NULL);
    if (r == -EOPNOTSUPP || r == -ENODEV || r == -ENOENT)
        return 0; /* a threaded group lists its processes above; a removed one has none */
    if (r < 0)
        return r;
    for (char *line = text, *rest; (line = strtok_r(line, "\n", &rest)); line = NULL) {
        int pid;
        if (num_parse_int(line, &pid) < 0 || pid <= 0)
            continue; /* 0: of a pid namespace that is not below ours */
        if ((*n & (*n + 1)) == 0)
            *ret = mem_resize(*ret, 2 * (*n + 1), sizeof **ret);
        (*ret)[(*n)++] = pid;
    }
    return 0;
}

/* The names of the groups in a group. */
static int
list_groups(int dir, struct list *ret)
{
    auto_close int again = lx_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
    if (again < 0)
        return again;
    DIR *stream = fdopendir(again);
    if (!stream)
        return -errno;
    take_fd(&again);
    for (struct dirent *d; (d = readdir(stream));)
        if (d->d_type == DT_DIR && !str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
            list_add(ret, d->d_name);
    closedir(stream);
    return 0;
}

static int
list_pids(int dir, int depth, pid_t **ret, size_t *n)
{
    if (depth > DEPTH_MOST)
        return -ELOOP;
    TRY(add_pids(dir, ret, n));
    auto_list groups = {0};
    TRY(list_groups(dir, &groups));
    for (size_t i = 0; i < groups.n; i++) {
        auto_close int group = cgroup_open(dir, groups.v[i]);
        if (group == -ENOENT)
            continue;
        if (group < 0)
            return group;
        TRY(list_pids(group, depth + 1, ret, n));
    }
    return 0;
}

int
cgroup_list_pids(int dir, pid_t **ret, size_t *n)
{
    return list_pids(dir, 0, ret, n);
}

static int
remove_tree(int parent, const char *name, int depth)
{
    int r = lx_unlinkat(parent, name, AT_REMOVEDIR);
    if (r == -ENOENT)
        return 0;
    if (r != -EBUSY && r != -ENOTEMPTY)
        return r;
    if (depth > DEPTH_MOST)
        return -ELOOP;

    auto_list groups = {0};
    auto_close int dir = cgroup_open(parent, name);
    if (dir < 0)
        return dir == -ENOENT ? 0 : dir;
    TRY(list_groups(dir, &groups));
    if (groups.n == 0)
        return -EBUSY;
    for (size_t i = 0; i < groups.n; i++)
        TRY(remove_tree(dir, groups.v[i], depth + 1));
    r = lx_unlinkat(parent, name, AT_REMOVEDIR);
    return r == -ENOENT ? 0 : r;
}

static int
remove_one(int root, const char *path)
{
    const char *slash = strrchr(path, '/');
    auto_free char *parent_path = slash ? str_format("%.*s", (int)(slash - path), path)
                                        : str_copy(".");
    auto_close int parent = cgroup_open(root, parent_path);
    if (parent < 0)
        return parent;
    return lx_unlinkat(parent, slash ? slash + 1 : path, AT_REMOVEDIR);
}

int
cgroup_remove_tree(int root, const char *path)
{
    struct err ignored;
    int r = cgroup_check_path(path, &ignored);
    return r < 0 ? r : remove_tree(root, path, 0);
}

void
cgroup_remove_empty_parents(int root, const char *path)
{
    auto_free char *parent = str_copy(path);
    for (;;) {
        char *slash = strrchr(parent, '/');
        if (!slash)
            return;
        *slash = '\0';
        if (!strchr(parent, '/') || remove_one(root, parent) < 0)
            return;
    }
}

int
cgroup_read_number(int dir, const char *file, const char *key, uint64_t *ret)
{
    auto_free char *text = NULL;
    TRY(file_read_at(dir, file, 65536, &text, NULL));
    for (char *line = text, *rest; (line = strtok_r(line, "\n", &rest)); line = NULL) {
        const char *number = line;
        if (key) {
            number = str_after(line, key);
            if (!number || *number++ != ' ')
                continue;
        }
        if (num_parse_u64(number, ret) < 0)
            *ret = UINT64_MAX;
        return 0;
    }
    return -ENODATA;
}
