/* path.c - files and directories, one call each; see path.h and the man pages.
 *
 * Workshop: 01_chroot_image
 *
 * SPDX-License-Identifier: MIT
 */
#include "linux/path.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "linux/result.h"
#include "linux/trace.h"

int
lx_openat(int dir_fd, const char *path, int flags, mode_t mode)
{
    int r;
    do
        r = lx_result(openat(dir_fd, path, flags | O_CLOEXEC, mode));
    while (r == -EINTR);
    lx_trace("openat", r, "%d %s flags=%#o", dir_fd, path, flags);
    return r;
}

int
lx_open(const char *path, int flags)
{
    return lx_openat(AT_FDCWD, path, flags, 0);
}

int
lx_close(int fd)
{
    int r = lx_result(close(fd));
    lx_trace("close", r, "%d", fd);
    return r;
}

int
lx_mkdirat(int dir_fd, const char *path, mode_t mode)
{
    int r = lx_result(mkdirat(dir_fd, path, mode));
    lx_trace("mkdirat", r, "%d %s %#o", dir_fd, path, mode);
    return r;
}

int
lx_mknodat(int dir_fd, const char *path, mode_t mode, dev_t dev)
{
    int r = lx_result(mknodat(dir_fd, path, mode, dev));
    lx_trace("mknodat", r, "%d %s %#o %u:%u", dir_fd, path, mode, major(dev), minor(dev));
    return r;
}

int
lx_symlinkat(const char *text, int dir_fd, const char *path)
{
    int r = lx_result(symlinkat(text, dir_fd, path));
    lx_trace("symlinkat", r, "%s %d %s", text, dir_fd, path);
    return r;
}

int
lx_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    int r = lx_result(linkat(from_fd, from, to_fd, to, flags));
    lx_trace("linkat", r, "%d %s %d %s flags=%#x", from_fd, from, to_fd, to, flags);
    return r;
}

int
lx_unlinkat(int dir_fd, const char *path, int flags)
{
    int r = lx_result(unlinkat(dir_fd, path, flags));
    lx_trace("unlinkat", r, "%d %s flags=%#x", dir_fd, path, flags);
    return r;
}

int
lx_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    int r = lx_result(syscall(SYS_renameat2, from_fd, from, to_fd, to, flags));
    lx_trace("renameat2", r, "%d %s %d %s flags=%#x", from_fd, from, to_fd, to, flags);
    return r;
}

int
lx_fchmodat(int dir_fd, const char *path, mode_t mode)
{
    int r = lx_result(fchmodat(dir_fd, path, mode, 0));
    lx_trace("fchmodat", r, "%d %s %#o", dir_fd, path, mode);
    return r;
}

int
lx_fchownat(int dir_fd, const char *path, uid_t uid, gid_t gid, int flags)
{
    int r = lx_result(fchownat(dir_fd, path, uid, gid, flags));
    lx_trace("fchownat", r, "%d %s %u:%u", dir_fd, path, uid, gid);
    return r;
}

int
lx_utimensat(int dir_fd, const char *path, const struct timespec times[2], int flags)
{
    int r = lx_result(utimensat(dir_fd, path, times, flags));
    lx_trace("utimensat", r, "%d %s", dir_fd, path);
    return r;
}

int
lx_fstatat(int dir_fd, const char *path, struct stat *ret, int flags)
{
    int r = lx_result(fstatat(dir_fd, path, ret, flags));
    lx_trace("fstatat", r, "%d %s", dir_fd, path);
    return r;
}

int
lx_write(int fd, const char *what, const char *data, size_t len)
{
    ssize_t n;
    do
        n = write(fd, data, len);
    while (n < 0 && errno == EINTR);
    int r = n < 0 ? -errno : (size_t)n < len ? -EIO : 0;
    lx_trace("write", r, "%s \"%.*s\"", what, (int)strcspn(data, "\n"), data);
    return r;
}

int
lx_chdir(const char *path)
{
    int r = lx_result(chdir(path));
    lx_trace("chdir", r, "%s", path);
    return r;
}

int
lx_fchdir(int fd)
{
    int r = lx_result(fchdir(fd));
    lx_trace("fchdir", r, "%d", fd);
    return r;
}

int
lx_chroot(const char *path)
{
    int r = lx_result(chroot(path));
    lx_trace("chroot", r, "%s", path);
    return r;
}

/* ---- openat2(2), and what stands in for it ----
 *
 * A filter that is older than the call (a container in an old container) answers ENOSYS. Then
 * the path is walked here, one component at a time: each is opened O_PATH | O_NOFOLLOW below
 * the one before, links are read from their own descriptor and put in front of what is left,
 * ".." goes back to a descriptor that we came by. So nobody who renames and relinks on the way
 * leads us out; what is opened in the end is checked to be what was looked at. */

enum { STEPS_MOST = 256, LINKS_MOST = 40, TRIES_MOST = 32 };

struct walk {
    uint64_t resolve;
    int flags;
    mode_t mode;
    dev_t device;        /* of the root, for RESOLVE_NO_XDEV */
    int fds[STEPS_MOST]; /* from the root to where we are; [0] is the caller's */
    int depth, links;
    bool
        has_slash; /* "name/": a directory, and a link there is followed whatever is said */
    char left[2 * PATH_MAX]; /* of the path */
};

static void
walk_back(struct walk *w, int depth)
{
    while (w->depth > depth)
        close(w->fds[w->depth--]);
}

/* Puts a link's text in front of what is left. */
static int
walk_link(struct walk *w, int link)
{
    char text[PATH_MAX], rest[2 * PATH_MAX];
    struct statfs fs;
    if (w->resolve & RESOLVE_NO_SYMLINKS || ++w->links > LINKS_MOST)
        return -ELOOP;
    if (w->resolve & RESOLVE_NO_MAGICLINKS && fstatfs(link, &fs) == 0 &&
        fs.f_type == PROC_SUPER_MAGIC)
        return -ELOOP;
    ssize_t n = readlinkat(link, "", text, sizeof text - 1);
    if (n < 0)
        return -errno;
    text[n] = '\0';
    memcpy(rest, w->left, sizeof rest);
    int len = snprintf(w->left, sizeof w->left, "%s%s%s", text, rest[0] != '\0' ? "/" : "",
                       rest);
    return len >= (int)sizeof w->left ? -ENAMETOOLONG : 0;
}

/* The last component, seen as st through `seen` (or not there: seen < 0). */
static int
walk_end(struct walk *w, const char *name, int seen, const struct stat *st)
{
    struct stat now;
    if (seen >= 0 && w->flags & O_PATH)
        return w->flags & O_DIRECTORY && !S_ISDIR(st->st_mode)
                   ? -ENOTDIR
                   : fcntl(seen, F_DUPFD_CLOEXEC, 0);
    int fd = lx_openat(w->fds[w->depth], name, w->flags | O_NOFOLLOW, w->mode);
    if (fd >= 0 && seen >= 0 &&
        (fstat(fd, &now) < 0 || now.st_dev != st->st_dev || now.st_ino != st->st_ino)) {
        close(fd);
        return -EAGAIN; /* it was exchanged while we looked */
    }
    return fd;
}

/* One component. 1: go on; a descriptor in *ret at the end of the path; < 0. */
static int
walk_step(struct walk *w, const char *name, bool is_last, int *ret)
{
    struct stat st;
    int fd = lx_openat(w->fds[w->depth], name, O_PATH | O_NOFOLLOW, 0);
    if (fd == -ENOENT && is_last && w->flags & O_CREAT)
        return (*ret = walk_end(w, name, -1, NULL)) < 0 ? *ret : 0;
    if (fd < 0)
        return fd;
    int r = fstat(fd, &st) < 0 ? -errno : 1;
    if (r > 0 && w->resolve & RESOLVE_NO_XDEV && st.st_dev != w->device)
        r = -EXDEV;
    bool is_followed = S_ISLNK(st.st_mode) &&
                       !(is_last && w->flags & O_NOFOLLOW && !w->has_slash);
    if (r > 0 && is_followed) {
        r = walk_link(w, fd);
        r = r < 0 ? r : 1;
    } else if (r > 0 && is_last) {
        *ret = walk_end(w, name, fd, &st);
        r = *ret < 0 ? *ret : 0;
    } else if (r > 0 && !S_ISDIR(st.st_mode)) {
        r = -ENOTDIR;
    } else if (r > 0 && w->depth + 1 == STEPS_MOST) {
        r = -ENAMETOOLONG;
    } else if (r > 0) {
        w->fds[++w->depth] = fd;
        return 1;
    }
    close(fd);
    return r;
}

/* Takes the next component off what is left; "" at the end. *is_last: nothing follows. */
static void
walk_next(struct walk *w, char name[NAME_MAX + 1], bool *is_last)
{
    const char *from = w->left + strspn(w->left, "/");
    size_t len = strcspn(from, "/");
    size_t rest = len + strspn(from + len, "/");
    snprintf(name, NAME_MAX + 1, "%.*s", (int)len, from);
    *is_last = from[rest] == '\0';
    if (*is_last && rest > len) {
        w->has_slash = true;
        w->flags |= O_DIRECTORY;
    }
    memmove(w->left, from + rest, strlen(from + rest) + 1);
}

static int
walk(struct walk *w)
{
    char name[NAME_MAX + 1];
    for (;;) {
        bool is_last;
        int r = 1, end = -1;
        if (w->left[0] == '/' && w->resolve & RESOLVE_BENEATH)
            return -EXDEV;
        if (w->left[0] == '/')
            walk_back(w, 0);
        if (strcspn(w->left + strspn(w->left, "/"), "/") > NAME_MAX)
            return -ENAMETOOLONG;
        walk_next(w, name, &is_last);
        if (strcmp(name, "..") == 0 && w->depth == 0 && w->resolve & RESOLVE_BENEATH)
            return -EXDEV;
        if (strcmp(name, "..") == 0)
            walk_back(w, w->depth > 0 ? w->depth - 1 : 0);
        else if (name[0] != '\0' && strcmp(name, ".") != 0)
            r = walk_step(w, name, is_last, &end);
        if (r < 0 || end >= 0)
            return r < 0 ? r : end;
        if (w->left[0] == '\0')
            return lx_openat(w->fds[w->depth], ".", w->flags & ~O_CREAT, 0);
    }
}

static int
open_by_steps(int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    struct stat root;
    int r = -EAGAIN;
    if (fstat(dir_fd, &root) < 0)
        return -errno;
    if (path[0] == '\0' || strlen(path) >= PATH_MAX)
        return path[0] == '\0' ? -ENOENT : -ENAMETOOLONG;
    for (int i = 0; i < TRIES_MOST && r == -EAGAIN; i++) {
        struct walk w = {.resolve = resolve,
                         .flags = flags | O_CLOEXEC,
                         .mode = mode,
                         .device = root.st_dev,
                         .fds = {dir_fd}};
        strcpy(w.left, path);
        r = walk(&w);
        walk_back(&w, 0);
    }
    return r;
}

int
lx_openat2(int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .mode = mode,
        .resolve = resolve,
    };
    int r;
    do /* RESOLVE_IN_ROOT gives EAGAIN when a rename raced with a ".." */
        r = lx_result(syscall(SYS_openat2, dir_fd, path, &how, sizeof how));
    while (r == -EAGAIN || r == -EINTR);
    lx_trace("openat2", r, "%d %s flags=%#o resolve=%#llx", dir_fd, path, flags,
             (unsigned long long)resolve);
    return r == -ENOSYS ? open_by_steps(dir_fd, path, flags, mode, resolve) : r;
}

int
lx_open_in_root(int root_fd, const char *path, int flags, mode_t mode)
{
    return lx_openat2(root_fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}
