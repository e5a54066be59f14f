/* attach.c - see attach.h; fsopen(2), open_tree(2), mount_setattr(2), move_mount(2).
 *
 * Child, own mount namespace, host's mounts still visible.
 *
 * Workshop: 02_mount_ns
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/attach.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "linux/mount.h"
#include "linux/path.h"

/* A path to what fd is open on, for the calls that take no descriptor. */
struct fd_path {
    char text[32];
};

static const char *
fd_path(int fd, struct fd_path *buf)
{
    snprintf(buf->text, sizeof buf->text, "/proc/self/fd/%d", fd);
    return buf->text;
}

/* ---- targets ---- */

/* Opens path's first n bytes below root as a directory; the empty path is root itself. */
static int
open_prefix(int root, const char *path, size_t n)
{
    auto_free char *prefix = mem_copy(path, n + 1);
    prefix[n] = '\0';
    return lx_open_in_root(root, *prefix ? prefix : "/", O_PATH | O_DIRECTORY, 0);
}

static int make_missing(int root, const char *path, size_t len, mode_t mode);

/* Opens the directory that is the first `len` bytes of path, making what is missing. */
static int
make_directories(int root, const char *path, size_t len, mode_t mode)
{
    while (len > 0 && path[len - 1] == '/')
        len--;
    int there = open_prefix(root, path, len);
    return there == -ENOENT && len > 0 ? make_missing(root, path, len, mode) : there;
}

/* The same for one that is not there: its parents first. */
static int
make_missing(int root, const char *path, size_t len, mode_t mode)
{
    while (len > 0 && path[len - 1] == '/')
        len--;
    size_t start = len;
    while (start > 0 && path[start - 1] != '/')
        start--;
    auto_close int parent = make_directories(root, path, start, mode);
    TRY(parent);
    auto_free char *name = mem_copy(path + start, len - start + 1);
    name[len - start] = '\0';
    if (str_eq(name, "..") || str_eq(name, "."))
        return open_prefix(root, path, len); /* the kernel keeps it below the root */
    return attach_make_below(parent, name, mode);
}

int
attach_make_below(int dir, const char *name, mode_t mode)
{
    int r = lx_mkdirat(dir, name, mode);
    if (r < 0 && r != -EEXIST)
        return r;
    return lx_openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
}

int
attach_make_directory(int root, const char *path, mode_t mode, struct err *e)
{
    return err_sys(e, make_directories(root, path, strlen(path), mode),
                   "make the directory %.300s in the container", path);
}

int
attach_open_parent(int root, const char *path, const char **ret_name, struct err *e)
{
    const char *slash = strrchr(path, '/');
    *ret_name = slash ? slash + 1 : path;
    if (**ret_name == '\0' || strcmp(*ret_name, ".") == 0 || strcmp(*ret_name, "..") == 0)
        return err_set(e, ERR_INVALID, "%s: names no file", path);
    return err_sys(e, make_directories(root, path, (size_t)(*ret_name - path), 0755),
                   "open the directory of %.300s in the container", path);
}

static int
make_file(int root, const char *path, struct err *e)
{
    const char *name;
    auto_close int parent = attach_open_parent(root, path, &name, e);
    TRY(parent);
    auto_close int made = lx_openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDONLY,
                                    0644);
    TRY(err_sys(e, made, "make the file %.300s in the container", path));
    return err_sys(e, lx_openat(parent, name, O_PATH | O_NOFOLLOW, 0),
                   "open %.300s in the container", path);
}

int
attach_open_target(struct target *t, bool is_directory, struct err *e)
{
    int no_link = t->may_be_no_link ? O_NOFOLLOW | O_DIRECTORY : 0;
    t->fd = lx_open_in_root(t->root, t->path, O_PATH | no_link, 0);
    if (t->fd == -ENOENT && !is_directory)
        t->fd = make_file(t->root, t->path, e);
    else if (t->fd == -ENOENT)
        t->fd = err_sys(e, make_missing(t->root, t->path, strlen(t->path), 0755),
                        "make the directory %.300s in the container", t->path);
    else if (no_link && (t->fd == -ENOTDIR || t->fd == -ELOOP))
        t->fd = err_set(e, ERR_INVALID, "must be a directory, and not a link");
    else
        err_sys(e, t->fd, "open %.300s in the container", t->path);
    return t->fd < 0 ? t->fd : 0;
}

/* ---- file systems ---- */

/* The flags of mount(2) that fsconfig(2) takes as words. */
static const struct {
    unsigned long flag;
    const char *word;
} super_words[] = {
    {MS_SYNCHRONOUS, "sync"    },
    {MS_DIRSYNC,     "dirsync" },
    {MS_LAZYTIME,    "lazytime"},
    {MS_MANDLOCK,    "mand"    },
    {MS_RDONLY,      "ro"      },
};

/* What lies on a device must not even be written to by being mounted. */
static unsigned long
super_flags(const char *source, const struct mount_options *o)
{
    bool is_device = source && *source == '/';
    return o->super | (is_device && o->set & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0);
}

static int
configure(int fs, const char *source, const struct mount_options *o)
{
    unsigned long flags = super_flags(source, o);
    if (source && *source)
        TRY(lx_fsconfig_string(fs, "source", source));
    for (size_t i = 0; flags && i < ARRAY_LEN(super_words); i++)
        if (flags & super_words[i].flag)
            TRY(lx_fsconfig_flag(fs, super_words[i].word));
    for (size_t i = 0; i < o->data.n; i++) {
        auto_free char *key = str_copy(o->data.v[i]);
        char *value = strchr(key, '=');
        if (value)
            *value++ = '\0';
        TRY(value ? lx_fsconfig_string(fs, key, value) : lx_fsconfig_flag(fs, key));
    }
    return lx_fsconfig_create(fs);
}

static void
join_data(const struct mount_options *o, struct text *ret)
{
    for (size_t i = 0; i < o->data.n; i++)
        text_addf(ret, "%s%s", i ? "," : "", o->data.v[i]);
}

static int
mount_classic(const char *type, const char *source, const struct mount_options *o,
              const struct target *target)
{
    auto_text data = {0};
    join_data(o, &data);
    struct fd_path path;
    return lx_mount(source ? source : type, fd_path(target->fd, &path), type,
                    mount_attributes_to_flags(o->set) | super_flags(source, o),
                    text_str(&data));
}

/* target->fd still shows what lies under the new mount; this shows the mount. */
static int
reopen_mounted(const struct target *target)
{
    return lx_open_in_root(target->root, target->path, O_PATH, 0);
}

/* mount_setattr, or the remounts of mount(2) that come near it. */
static int
set_attributes(int mount, uint64_t set, uint64_t clear, uint64_t propagation,
               bool is_recursive)
{
    if (!set && !clear && !propagation)
        return 0;
    struct lx_mount_attr attr = {.set = set, .clear = clear, .propagation = propagation};
    unsigned flags = AT_EMPTY_PATH | (is_recursive ? AT_RECURSIVE : 0);
    return lx_mount_setattr(mount, "", flags, &attr);
}

static int
set_attributes_classic(int mount, const struct mount_options *o)
{
    struct fd_path path;
    const char *where = fd_path(mount, &path);
    if (o->recursive_set || o->recursive_clear)
        return -ENOSYS; /* there is no old way to change a whole tree */
    if (o->set)
        TRY(lx_mount(NULL, where, NULL,
                     MS_REMOUNT | MS_BIND | mount_attributes_to_flags(o->set), NULL));
    if (o->propagation)
        TRY(lx_mount(NULL, where, NULL,
                     o->propagation | (o->is_propagation_recursive ? MS_REC : 0), NULL));
    return 0;
}

/* All of the options; -ENOSYS if this kernel has no mount_setattr (before 5.12). */
static int
set_options(int mount, const struct mount_options *o)
{
    /* Copies stay in their source's peer group: mounts made in the container would show
     * up on the host. So "private" unless the options want to share. */
    uint64_t propagation = o->propagation ? o->propagation : MS_PRIVATE;
    bool is_recursive = o->propagation ? o->is_propagation_recursive : o->is_recursive;
    if (!is_recursive && !o->recursive_set && !o->recursive_clear)
        return set_attributes(mount, o->set, o->clear, propagation, false);
    TRY(set_attributes(mount, 0, 0, propagation, is_recursive));
    TRY(set_attributes(mount, o->recursive_set, o->recursive_clear, 0, true));
    return set_attributes(mount, o->set, o->clear, 0, false);
}

int
attach_make_filesystem(const char *type, const char *source, const struct mount_options *o,
                       const char *field, struct err *e)
{
    /* fsconfig(2) has no word for iversion. */
    auto_close int fs = o->super & MS_I_VERSION ? -ENOSYS : lx_fsopen(type);
    if (fs == -ENOSYS)
        return fs;
    TRY(err_sys(e, fs, "%s: open file system type \"%s\"", field, type));
    int r = configure(fs, source, o);
    if (r < 0) {
        char why[200];
        lx_fs_message(fs, why, sizeof why);
        err_sys(e, r, "%s: make a %s", field, type);
        return *why ? err_hint(e, r, " (%s)", why) : r;
    }
    auto_close int mount = lx_fsmount(fs, (unsigned)(o->set | o->recursive_set));
    TRY(err_sys(e, mount, "%s: mount a %s", field, type));
    TRY(err_sys(e, set_attributes(mount, 0, 0, o->propagation, false),
                "%s: set the propagation", field));
    return take_fd(&mount);
}

int
attach_made_filesystem(int mount, const char *type, const struct target *target,
                       const char *field, struct err *e)
{
    return err_sys(e, lx_move_mount(mount, "", target->fd, ""), "%s: attach the %s", field,
                   type);
}

int
attach_filesystem(const char *type, const char *source, const struct mount_options *o,
                  const struct target *target, const char *field, struct err *e)
{
    auto_close int mount = attach_make_filesystem(type, source, o, field, e);
    if (mount == -ENOSYS) {
        TRY(err_sys(e, mount_classic(type, source, o, target), "%s: mount a %s", field,
                    type));
        return err_sys(e, reopen_mounted(target), "%s: open the new %s", field, type);
    }
    TRY(mount);
    TRY(attach_made_filesystem(mount, type, target, field, e));
    return take_fd(&mount);
}

/* ---- binds ---- */

int
attach_clone(int dir_fd, const char *path, bool is_recursive)
{
    unsigned flags = OPEN_TREE_CLONE;
    flags |= is_recursive ? AT_RECURSIVE : 0;
    flags |= *path ? 0 : AT_EMPTY_PATH;
    return lx_open_tree(dir_fd, path, flags);
}

int
attach_reopen(int fd, const char *path)
{
    struct fd_path link;
    struct stat before, after;
    auto_free char *found = NULL;
    if (!path)
        TRY(file_read_link_at(AT_FDCWD, fd_path(fd, &link), &found));
    auto_close int again = lx_open(path ? path : found, O_PATH | O_DIRECTORY);
    TRY(again);
    TRY(lx_fstatat(fd, "", &before, AT_EMPTY_PATH));
    TRY(lx_fstatat(again, "", &after, AT_EMPTY_PATH));
    if (before.st_dev != after.st_dev || before.st_ino != after.st_ino)
        return -ESTALE;
    return take_fd(&again);
}

int
attach_mount(int mount, const struct mount_options *o, const struct target *target,
             const char *field, struct err *e)
{
    int r = set_options(mount, o);
    if (r < 0 && r != -ENOSYS)
        return err_sys(e, r, "%s: set the mount's attributes", field);
    TRY(err_sys(e, lx_move_mount(mount, "", target->fd, ""), "%s: attach the mount",
                field));
    if (r == -ENOSYS)
        TRY(err_sys(e, set_attributes_classic(mount, o),
                    "%s: set the mount's attributes (a kernel before 5.12)", field));
    return 0;
}

static int
bind_classic(int source, const struct mount_options *o, const struct target *target)
{
    struct fd_path from, to;
    TRY(lx_mount(fd_path(source, &from), fd_path(target->fd, &to), NULL,
                 MS_BIND | (o->is_recursive ? MS_REC : 0), NULL));
    auto_close int mount = reopen_mounted(target);
    TRY(mount);
    return set_attributes_classic(mount, o);
}

int
attach_bind(int source, const struct mount_options *o, const struct target *target,
            const char *field, struct err *e)
{
    auto_close int mount = attach_clone(source, "", o->is_recursive);
    if (mount == -ENOSYS)
        return err_sys(e, bind_classic(source, o, target), "%s: bind mount", field);
    TRY(err_sys(e, mount, "%s: copy the mount of the source", field));
    return attach_mount(mount, o, target, field, e);
}

/* ---- what is mounted already ---- */

int
attach_remount(const struct mount_options *o, const struct target *target,
               const char *field, struct err *e)
{
    struct fd_path path;
    auto_text data = {0};
    join_data(o, &data);
    unsigned long flags = MS_REMOUNT | mount_attributes_to_flags(o->set) | o->super |
                          (o->is_bind ? MS_BIND : 0);
    TRY(err_sys(e, lx_mount(NULL, fd_path(target->fd, &path), NULL, flags, text_str(&data)),
                "%s: remount (is something mounted there?)", field));
    return err_sys(
        e, set_attributes(target->fd, 0, 0, o->propagation, o->is_propagation_recursive),
        "%s: set the propagation", field);
}

int
attach_set_read_only(int mount, const char *field, struct err *e)
{
    struct fd_path path;
    int r = set_attributes(mount, MOUNT_ATTR_RDONLY, 0, 0, false);
    if (r == -ENOSYS)
        r = lx_mount(NULL, fd_path(mount, &path), NULL, MS_REMOUNT | MS_BIND | MS_RDONLY,
                     NULL);
    return err_sys(e, r, "%s: make it read-only", field);
}
