/* partial.c - one file for each blob on its way, appended to by one process at a time.
 *
 * A file whose lock one waited for may be gone when one gets it, or be another one: so the
 * name is looked at again. A file with two links is in a store or a stage already and must
 * not change: it is only ever compared, or let go.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "image/space.h"

#define AGE_MOST  (14 * 24 * 3600)
#define READ_SIZE (256u << 10)

static int
open_directory(const struct image_store *store)
{
    int fd = file_open_dir_at(store->images_fd, "partial");
    if (fd != -ENOENT)
        return fd;
    if (mkdirat(store->images_fd, "partial", 0700) < 0 && errno != EEXIST)
        return -errno;
    return file_open_dir_at(store->images_fd, "partial");
}

static bool
is_there(int dir_fd, const char *name, const struct stat *st)
{
    struct stat now;
    return fstatat(dir_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
           now.st_ino == st->st_ino && now.st_dev == st->st_dev;
}

/* May it be added to, or be whole? */
static bool
is_of_use(const struct stat *st, int64_t wanted)
{
    return S_ISREG(st->st_mode) && st->st_size <= wanted &&
           (st->st_nlink == 1 || st->st_size == wanted);
}

/* The locked file, or -errno. */
static int
open_locked(int dir_fd, const char *name, int64_t wanted, bool want_wait)
{
    for (;;) {
        auto_close int fd = openat(
            dir_fd, name, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
            return -errno;
        while (flock(fd, LOCK_EX | (want_wait ? 0 : LOCK_NB)) < 0)
            if (errno != EINTR)
                return -errno;
        struct stat st;
        if (fstat(fd, &st) < 0)
            return -errno;
        if (!is_there(dir_fd, name, &st))
            continue;
        if (is_of_use(&st, wanted))
            return take_fd(&fd);
        if (unlinkat(dir_fd, name, 0) < 0)
            return -errno;
    }
}

static int
hash_what_is_there(struct partial *p, struct err *e)
{
    auto_free char *buf = mem_new(READ_SIZE, 1);
    for (;;) {
        ssize_t n = file_read_some(p->fd, buf, READ_SIZE);
        if (n <= 0)
            return err_sys(e, (int)n, "read the part of a blob that is there");
        sha256_add(p->hash, buf, (size_t)n);
        p->size += n;
    }
}

int
partial_open(struct partial *ret, const struct image_store *store,
             const struct descriptor *blob, bool want_wait, struct err *e)
{
    *ret = (struct partial){.fd = NO_FD, .blob = *blob};
    auto_close int directory = open_directory(store);
    TRY(err_sys(e, directory, "open images/partial"));
    ret->fd = open_locked(directory, digest_hex(blob->digest), blob->size, want_wait);
    TRY(err_sys(e, ret->fd, "open images/partial/%.12s", digest_hex(blob->digest)));
    ret->hash = sha256_new();
    int r = hash_what_is_there(ret, e);
    if (r < 0)
        partial_close(ret);
    return r;
}

int
partial_open_again(const struct partial *p, const struct image_store *store, struct err *e)
{
    auto_close int directory = open_directory(store);
    TRY(err_sys(e, directory, "open images/partial"));
    int fd = openat(directory, digest_hex(p->blob.digest),
                    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return err_sys(e, fd < 0 ? -errno : fd, "open images/partial/%.12s",
                   digest_hex(p->blob.digest));
}

int
partial_add(struct partial *p, const struct stage *stage, const void *data, size_t len,
            struct err *e)
{
    if ((int64_t)len > p->blob.size - p->size)
        return err_set(e, ERR_INVALID,
                       "more bytes come for the blob %.19s than the %lld that it has",
                       p->blob.digest, (long long)p->blob.size);
    TRY(stage_spend(stage, &p->unlooked, len, e));
    sha256_add(p->hash, data, len);
    TRY(err_sys(e, file_write_all(p->fd, data, len), "write a blob"));
    p->size += (int64_t)len;
    return 0;
}

int
partial_finish(struct partial *p, struct stage *stage, struct err *e)
{
    char found[DIGEST_SIZE];
    const char *hex = digest_hex(p->blob.digest);
    auto_close int directory = open_directory(stage->store);
    TRY(err_sys(e, directory, "open images/partial"));
    sha256_end(p->hash, found);
    if (p->size != p->blob.size || !str_eq(found, p->blob.digest)) {
        unlinkat(directory, hex, 0);
        return err_set(
            e, ERR_INVALID,
            "the blob that came is not the one asked for: its digest is %s, not %s", found,
            p->blob.digest);
    }
    int r = linkat(directory, hex, stage->fd, hex, 0) < 0 ? -errno : 0;
    return r == -EEXIST ? 0
                        : err_sys(e, r, "put the blob %.19s on the stage", p->blob.digest);
}

void
partial_close(struct partial *p)
{
    if (p->hash)
        sha256_free(take_ptr(p->hash));
    fd_close(&p->fd);
}

void
partial_remove(const struct image_store *store, const char *digest)
{
    auto_close int directory = open_directory(store);
    if (directory >= 0)
        unlinkat(directory, digest_hex(digest), 0);
}

void
partial_sweep(const struct image_store *store)
{
    auto_close int directory = file_open_dir_at(store->images_fd, "partial");
    auto_list names = {0};
    if (directory < 0 || file_list_dir(directory, &names) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        auto_close int fd = openat(directory, names.v[i],
                                   O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        if (fd < 0 || fstat(fd, &st) < 0)
            continue;
        bool is_old = st.st_mtime < time(NULL) - AGE_MOST;
        if ((is_old || !digest_is_hex(names.v[i])) && flock(fd, LOCK_EX | LOCK_NB) == 0)
            unlinkat(directory, names.v[i], 0);
    }
}
