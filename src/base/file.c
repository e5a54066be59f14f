/* file.c - reading, replacing and removing files of our own.
 *
 * Removal walks with descriptors, not with a growing path: a hostile tree 2,000 levels
 * deep or with names of 255 bytes each cannot overrun anything. To keep the number of
 * open descriptors fixed at two, a directory that is not empty is moved up to the top of
 * the tree under a number and emptied there in its turn.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t
file_read_some(int fd, void *buf, size_t room)
{
    ssize_t r;
    do
        r = read(fd, buf, room);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

/* Room for the whole of a regular file, else to begin with; /proc's files say 0. */
static size_t
guess_room(int fd, size_t most)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return 4000;
    return ((size_t)st.st_size < most ? (size_t)st.st_size : most) + 2;
}

int
file_read_fd(int fd, size_t most, char **ret, size_t *ret_len)
{
    size_t room = guess_room(fd, most), len = 0;
    auto_free char *data = mem_new(1, room);
    for (;;) {
        if (len + 1 == room) {
            room *= 2;
            data = mem_resize(data, room, 1);
        }
        ssize_t n = file_read_some(fd, data + len, room - len - 1);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        len += (size_t)n;
        if (len > most)
            return -EFBIG;
    }
    data[len] = '\0';
    if (ret_len)
        *ret_len = len;
    *ret = take_ptr(data);
    return 0;
}

int
file_read_at(int dir_fd, const char *name, size_t most, char **ret, size_t *ret_len)
{
    auto_close int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return file_read_fd(fd, most, ret, ret_len);
}

int
file_write_all(int fd, const void *data, size_t len)
{
    const char *p = data;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int
write_new(int dir_fd, const char *name, const void *data, size_t len, mode_t mode,
          bool is_durable)
{
    auto_close int fd = openat(dir_fd, name,
                               O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return -errno;
    TRY(file_write_all(fd, data, len));
    if (is_durable && fdatasync(fd) < 0)
        return -errno;
    int open_fd = take_fd(&fd);
    return close(open_fd) < 0 ? -errno : 0; /* some file systems report ENOSPC here */
}

int
file_write_at(int dir_fd, const char *name, const void *data, size_t len, mode_t mode)
{
    return write_new(dir_fd, name, data, len, mode, false);
}

static int
sync_dir_of(int dir_fd, const char *name)
{
    const char *slash = strrchr(name, '/');
    auto_free char *parent = slash ? str_format("%.*s", (int)(slash - name), name) : NULL;
    auto_close int fd = openat(dir_fd, parent && *parent ? parent : (slash ? "/" : "."),
                               O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return fsync(fd) < 0 ? -errno : 0;
}

/* A name in the same directory that nobody else has. */
static int
name_beside(const char *name, char **ret)
{
    const char *slash = strrchr(name, '/');
    int dir_len = slash ? (int)(slash - name) + 1 : 0;
    char unique[9];
    TRY(file_random_hex(unique, 4));
    *ret = str_format("%.*s.new-%s-%s", dir_len, name, name + dir_len, unique);
    return 0;
}

int
file_replace_at(int dir_fd, const char *name, const void *data, size_t len, mode_t mode,
                bool is_durable)
{
    auto_free char *beside = NULL;
    TRY(name_beside(name, &beside));
    int r = write_new(dir_fd, beside, data, len, mode, is_durable);
    if (r >= 0 && renameat(dir_fd, beside, dir_fd, name) < 0)
        r = -errno;
    if (r < 0) {
        unlinkat(dir_fd, beside, 0);
        return r;
    }
    return is_durable ? sync_dir_of(dir_fd, name) : 0;
}

int
file_create_at(int dir_fd, const char *name, const void *data, size_t len, mode_t mode)
{
    auto_free char *beside = NULL;
    TRY(name_beside(name, &beside));
    int r = write_new(dir_fd, beside, data, len, mode, true);
    if (r >= 0 && linkat(dir_fd, beside, dir_fd, name, 0) < 0)
        r = -errno;
    unlinkat(dir_fd, beside, 0);
    return r;
}

int
file_mkdirs_at(int dir_fd, const char *path, mode_t mode)
{
    auto_free char *copy = str_copy(path);
    for (char *p = copy + 1;; p++) {
        if (*p && *p != '/')
            continue;
        char kept = *p;
        *p = '\0';
        if (mkdirat(dir_fd, copy, mode) < 0 && errno != EEXIST)
            return -errno;
        *p = kept;
        if (!kept)
            return 0;
    }
}

int
file_open_dir_at(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int
compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A fresh stream over a directory whose descriptor stays the caller's. */
static DIR *
open_stream(int fd)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    if (!dir && again >= 0)
        close(again);
    return dir;
}

static bool
is_dot(const char *name)
{
    return str_eq(name, ".") || str_eq(name, "..");
}

int
file_list_dir(int fd, struct list *ret)
{
    DIR *dir = open_stream(fd);
    if (!dir)
        return -errno;
    errno = 0;
    for (struct dirent *d; (d = readdir(dir));)
        if (!is_dot(d->d_name))
            list_add(ret, d->d_name);
    int r = -errno;
    closedir(dir);
    if (ret->n)
        qsort(ret->v, ret->n, sizeof *ret->v, compare_strings);
    return r;
}

/* Empties the directory `fd`; directories in it that are not empty move to `top` under
 * the next number, to be emptied there. Sets *moved if one did. */
static int
empty_dir(int fd, int top, unsigned *next, bool *moved)
{
    DIR *dir = open_stream(fd);
    if (!dir)
        return -errno;
    int r = 0;
    for (struct dirent *d; r >= 0 && (d = readdir(dir));) {
        if (is_dot(d->d_name))
            continue;
        if (unlinkat(fd, d->d_name, 0) == 0 || errno == ENOENT)
            continue;
        if (errno != EISDIR && errno != EPERM) {
            r = -errno;
            break;
        }
        if (unlinkat(fd, d->d_name, AT_REMOVEDIR) == 0)
            continue;
        if (errno != ENOTEMPTY && errno != EEXIST) {
            r = -errno;
            break;
        }
        if (fd == top)
            continue; /* it has its turn from the top */
        char number[32];
        do
            snprintf(number, sizeof number, ".rm-%u", (*next)++);
        while (faccessat(top, number, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
        if (renameat(fd, d->d_name, top, number) < 0)
            r = -errno;
        *moved = true;
    }
    closedir(dir);
    return r;
}

int
file_remove_tree_at(int dir_fd, const char *name)
{
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
        return 0;

    auto_close int top = file_open_dir_at(dir_fd, name);
    if (top < 0)
        return top;
    unsigned next = 0;
    for (;;) {
        bool moved = false;
        TRY(empty_dir(top, top, &next, &moved));
        auto_list left = {0};
        TRY(file_list_dir(top, &left));
        if (left.n == 0)
            break;
        for (size_t i = 0; i < left.n; i++) {
            auto_close int child = file_open_dir_at(top, left.v[i]);
            if (child == -EACCES && fchmodat(top, left.v[i], 0700, 0) == 0)
                child = file_open_dir_at(top, left.v[i]);
            if (child < 0)
                return child;
            TRY(empty_dir(child, top, &next, &moved));
            if (unlinkat(top, left.v[i], AT_REMOVEDIR) < 0)
                return -errno;
        }
    }
    return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int
file_read_link_at(int dir_fd, const char *name, char **ret)
{
    char buf[4096];
    ssize_t n = readlinkat(dir_fd, name, buf, sizeof buf);
    if (n < 0)
        return -errno;
    if ((size_t)n == sizeof buf)
        return -ENAMETOOLONG;
    buf[n] = '\0';
    *ret = str_copy(buf);
    return 0;
}

int
file_random_hex(char *buf, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[64];
    if (n > sizeof bytes)
        return -EINVAL;
    if (getrandom(bytes, n, 0) != (ssize_t)n)
        return -EIO;
    for (size_t i = 0; i < n; i++) {
        buf[2 * i] = digits[bytes[i] >> 4];
        buf[2 * i + 1] = digits[bytes[i] & 15];
    }
    buf[2 * n] = '\0';
    return 0;
}
