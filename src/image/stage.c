/* stage.c - the directory in which an image grows.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "image/space.h"

int
stage_open(struct stage *ret, const struct image_store *store, struct err *e)
{
    struct stage stage = {.store = store, .fd = NO_FD};
    char unique[17];
    if (geteuid() != 0) /* before anything is downloaded or read */
        return err_set(e, ERR_UNSUPPORTED,
                       "images are unpacked by root only, for now: try it with sudo");
    TRY(err_sys(e, file_random_hex(unique, 8), "get random bytes"));
    snprintf(stage.name, sizeof stage.name, ".new-%s", unique);

    /* Under the store's lock, so that no other sweep takes the new directory for a dead
     * one before it has a lock of its own. */
    auto_close int lock = store_lock(store, e);
    TRY(lock);
    store_sweep(store);
    if (mkdirat(store->layers_fd, stage.name, 0700) < 0)
        return err_sys(e, -errno, "make the directory layers/%s", stage.name);
    auto_close int fd = file_open_dir_at(store->layers_fd, stage.name);
    int r = fd < 0 ? fd : flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
    TRY(err_sys(e, r, "lock layers/%s", stage.name));
    stage.fd = take_fd(&fd);
    *ret = stage;
    return 0;
}

void
stage_close(struct stage *stage)
{
    if (stage->fd >= 0)
        file_remove_tree_at(stage->store->layers_fd, stage->name);
    fd_close(&stage->fd);
}

int
stage_check_space(const struct stage *stage, struct err *e)
{
    return space_check(stage->fd, "store the image", e);
}

int
stage_spend(const struct stage *stage, int64_t *unlooked, size_t len, struct err *e)
{
    *unlooked += (int64_t)len;
    if (*unlooked < SPACE_CHECK)
        return 0;
    *unlooked = 0;
    return stage_check_space(stage, e);
}

/* ---- blobs ------------------------------------------------------------------------ */

int
stage_blob_begin(struct stage *stage, struct stage_blob *ret, struct err *e)
{
    char unique[17];
    TRY(stage_check_space(stage, e));
    TRY(err_sys(e, file_random_hex(unique, 8), "get random bytes"));
    *ret = (struct stage_blob){.fd = NO_FD};
    snprintf(ret->temporary, sizeof ret->temporary, "part-%s", unique);
    ret->fd = openat(stage->fd, ret->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
                     0644);
    TRY(err_sys(e, ret->fd < 0 ? -errno : 0, "create a blob"));
    ret->hash = sha256_new();
    return 0;
}

int
stage_blob_add(struct stage *stage, struct stage_blob *blob, const void *data, size_t len,
               struct err *e)
{
    sha256_add(blob->hash, data, len);
    TRY(err_sys(e, file_write_all(blob->fd, data, len), "write a blob"));
    blob->size += (int64_t)len;
    return stage_spend(stage, &blob->unlooked, len, e);
}

int
stage_blob_end(struct stage *stage, struct stage_blob *blob, char *ret, struct err *e)
{
    sha256_end(blob->hash, ret);
    int r = renameat(stage->fd, blob->temporary, stage->fd, digest_hex(ret)) < 0 ? -errno
                                                                                 : 0;
    stage_blob_drop(stage, blob);
    return err_sys(e, r, "name the blob %s", ret);
}

void
stage_blob_drop(struct stage *stage, struct stage_blob *blob)
{
    if (*blob->temporary)
        unlinkat(stage->fd, blob->temporary, 0);
    *blob->temporary = '\0';
    sha256_free(take_ptr(blob->hash));
    fd_close(&blob->fd);
}

int
stage_text(struct stage *stage, const char *text, size_t len, char *ret_digest,
           struct err *e)
{
    struct stage_blob blob;
    TRY(stage_blob_begin(stage, &blob, e));
    int r = stage_blob_add(stage, &blob, text, len, e);
    if (r >= 0)
        return stage_blob_end(stage, &blob, ret_digest, e);
    stage_blob_drop(stage, &blob);
    return r;
}

int
stage_open_blob(const struct stage *stage, const char *digest, struct err *e)
{
    int fd = openat(stage->fd, digest_hex(digest), O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    char path[DIGEST_PATH_SIZE];
    digest_blob_path(path, digest);
    fd = openat(stage->store->images_fd, path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : err_sys(e, -errno, "open the blob %s", digest);
}

int
stage_blob_facts(const struct stage *stage, const char *digest, int64_t *ret_size,
                 enum compression *ret_kind, struct err *e)
{
    auto_close int fd = stage_open_blob(stage, digest, e);
    TRY(fd);
    struct stat st;
    unsigned char first[8];
    ssize_t n = pread(fd, first, sizeof first, 0);
    if (n < 0 || fstat(fd, &st) < 0)
        return err_sys(e, -errno, "read the blob %s", digest);
    *ret_size = st.st_size;
    *ret_kind = compression_of(first, (size_t)n);
    return 0;
}

int
stage_read_json(const struct stage *stage, const char *digest, struct json_doc **ret,
                struct err *e)
{
    auto_close int fd = stage_open_blob(stage, digest, e);
    TRY(fd);
    auto_free char *text = NULL;
    size_t len = 0;
    TRY(err_sys(e, file_read_fd(fd, JSON_BYTES_MOST, &text, &len), "read the blob %s",
                digest));
    int r = json_parse(text, len, ret, e);
    return r < 0 ? err_wrap(e, r, "%.19s", digest) : 0;
}
