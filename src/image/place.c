/* place.c - names of a layer's archive, and the directories they stand for.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "base/memory.h"
#include "image/tar.h"
#include "linux/path.h"

/* ---- names ------------------------------------------------------------------------ */

int
place_refuse(struct err *e, const char *name, const char *why)
{
    return err_set(e, ERR_INVALID, "refused \"%.300s\" in the layer: %s", name, why);
}

/* A name is cut at '/', its "." are dropped; "..", and nothing between two '/', are never
 * right. */
int
place_clean(const char *name, char **ret, struct err *e)
{
    if (strlen(name) > TAR_NAME_MOST)
        return place_refuse(e, name, "the name is too long");
    auto_text out = {0};
    const char *p = name + strspn(name, "/");
    while (*p) {
        size_t n = strcspn(p, "/");
        if (n == 0)
            return place_refuse(e, name, "an empty part in a path");
        if (n == 2 && memcmp(p, "..", 2) == 0)
            return place_refuse(e, name, "\"..\" leads out of its directory");
        if (n > 255)
            return place_refuse(e, name, "a part of the path is longer than 255 bytes");
        if (n != 1 || *p != '.') {
            if (out.len)
                text_add_char(&out, '/');
            text_add_bytes(&out, p, n);
        }
        p += n;
        p += *p == '/';
    }
    *ret = text_take(&out);
    return 0;
}

int
place_go(struct place *p, const char *name, struct err *e)
{
    free(take_ptr(p->path));
    return place_clean(name, &p->path, e);
}

const char *
place_last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- parents ---------------------------------------------------------------------- */

static const char *
opaque_name(const struct place *p)
{
    return p->has_userxattr ? "user.overlay.opaque" : "trusted.overlay.opaque";
}

int
place_make_opaque(const struct place *p, int dir_fd, const char *name, const char *path,
                  struct err *e)
{
    auto_close int fd = lx_openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    TRY(err_sys(e, fd, "open the directory \"%s\" of the layer", path));
    int r = fsetxattr(fd, opaque_name(p), "y", 1, 0) < 0 ? -errno : 0;
    return err_sys(e, r, "mark \"%s\" opaque", path);
}

bool
place_is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

int
place_open(const struct place *p, const char *path)
{
    return lx_open_in_root(p->root, *path ? path : ".", O_PATH | O_DIRECTORY, 0);
}

/* Makes one directory that the layer names only as a part of others' paths. */
static int
make_parent(struct place *p, const char *path, struct err *e)
{
    const char *name = place_last_part(path);
    auto_free char *above = str_format("%.*s", (int)(name - path), path);
    auto_close int fd = place_open(p, above);
    TRY(err_sys(e, fd, "open the directory of \"%s\" in the layer", path));

    struct stat st;
    bool is_hidden = lx_fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                     place_is_whiteout(&st);
    if (is_hidden)
        TRY(err_sys(e, lx_unlinkat(fd, name, 0), "remove the whiteout \"%s\"", path));
    p->names -= is_hidden;
    TRY(err_sys(e, lx_mkdirat(fd, name, 0755), "make the directory \"%s\"", path));
    p->names++;
    return is_hidden ? place_make_opaque(p, fd, name, path, e) : 0;
}

/* Opens the directory `path` below the root, making what is missing of it. */
static int
open_parent(struct place *p, const char *path, struct err *e)
{
    int fd = place_open(p, path);
    if (fd != -ENOENT && fd != -ENOTDIR)
        return err_sys(e, fd, "open the directory \"%s\" of the layer", path);

    auto_free char *part = str_copy(path);
    for (char *cut = part;; *cut++ = '/') {
        cut = strchrnul(cut, '/');
        bool is_last = *cut == '\0';
        *cut = '\0';
        auto_close int there = place_open(p, part);
        if (there == -ENOENT || there == -ENOTDIR)
            TRY(make_parent(p, part, e));
        else
            TRY(err_sys(e, there, "open the directory \"%s\" of the layer", part));
        if (is_last)
            break;
    }
    return err_sys(e, place_open(p, path), "open the directory \"%s\" of the layer", path);
}

static void
forget_parent(struct place *p)
{
    free(take_ptr(p->parent));
    fd_close(&p->parent_fd);
}

int
place_parent(struct place *p, const char **ret_name, struct err *e)
{
    const char *path = p->path, *name = place_last_part(path);
    size_t len = name > path ? (size_t)(name - path) - 1 : 0;
    *ret_name = name;
    if (p->parent && strlen(p->parent) == len && memcmp(p->parent, path, len) == 0)
        return p->parent_fd;

    forget_parent(p);
    auto_free char *parent = str_format("%.*s", (int)len, path);
    int fd = open_parent(p, parent, e);
    TRY(fd);
    p->parent = take_ptr(parent);
    p->parent_fd = fd;
    return fd;
}

int
place_clear(struct place *p, int dir_fd, const char *name, struct err *e)
{
    struct stat st;
    int r = lx_fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW);
    if (r == -ENOENT)
        return 0;
    if (r >= 0 && S_ISDIR(st.st_mode))
        r = file_remove_tree_at(dir_fd, name);
    else if (r >= 0)
        r = lx_unlinkat(dir_fd, name, 0);
    TRY(err_sys(e, r, "replace \"%s\" in the layer", p->path));
    if (place_is_whiteout(&st))
        p->names--;
    else
        p->has_replaced = true;
    return place_is_whiteout(&st);
}

void
place_done(struct place *p)
{
    forget_parent(p);
    free(p->path);
}
