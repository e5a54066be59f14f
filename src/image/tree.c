/* tree.c - a walk with one open directory a level, and few levels open at once.
 *
 * What overlayfs writes into an upper directory (Documentation/filesystems/overlayfs):
 *     character device 0/0       a whiteout: the name is gone
 *     trusted.overlay.opaque=y   a directory that hides the one below it
 *     trusted.overlay.redirect   a directory that was renamed; its content lies elsewhere
 *     trusted.overlay.metacopy   a file whose data still lies below
 * The last two cannot be told in a layer: the kernel makes them only where its defaults were
 * changed (redirect_dir, metacopy), and we say so.
 *
 * To start a container the runtime needs places to mount on, and makes those that the image
 * lacks in the upper directory: the table below. They are no change that anybody made, as
 * long as they are empty and the image did not have them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "linux/path.h"

#define OPEN_LEVELS 64   /* directories kept open while we are deeper in */
#define PATH_MOST   4095 /* of an entry: no archive holds more */

static const char *const made_by_engine[] = {
    "dev", "etc/hostname", "etc/hosts", "etc/resolv.conf", "proc", "sys",
};

struct walk {
    const struct tree *tree;
    tree_visitor *visit;
    void *data;
    struct text path;
    int depth;
};

int
tree_open(int root_fd, const char *path, int flags)
{
    flags |= flags & O_PATH ? O_NOFOLLOW : O_NOFOLLOW | O_NONBLOCK;
    return lx_openat2(root_fd, *path ? path : ".", flags, 0,
                      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

/* Of a walk through something that lives: what was there a moment ago. */
static bool
is_gone(int r)
{
    return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -ESTALE;
}

/* ---- what an entry means ---------------------------------------------------------- */

static bool
lower_has(const struct tree *tree, const char *path, struct stat *ret)
{
    if (tree->lower_fd < 0)
        return false;
    auto_close int fd = tree_open(tree->lower_fd, path, O_PATH);
    return fd >= 0 && fstat(fd, ret) == 0;
}

static bool
is_whiteout(const struct tree *tree, const struct stat *st)
{
    return tree->is_upper && S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static bool
is_empty_dir(int dir_fd, const char *name)
{
    auto_close int fd = lx_openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    auto_list names = {0};
    return fd >= 0 && file_list_dir(fd, &names) >= 0 && names.n == 0;
}

static bool
is_made_by_engine(const struct tree *tree, const struct tree_entry *entry)
{
    struct stat below;
    bool is_known = false;
    for (size_t i = 0; i < ARRAY_LEN(made_by_engine); i++)
        is_known |= str_eq(made_by_engine[i], entry->path);
    if (!is_known || tree->lower_fd < 0 || lower_has(tree, entry->path, &below))
        return false;
    if (S_ISDIR(entry->st.st_mode))
        return is_empty_dir(entry->dir_fd, entry->name);
    return S_ISREG(entry->st.st_mode) && entry->st.st_size == 0;
}

static int
check_mark(int fd, const char *mark, const char *option, const char *path, struct err *e)
{
    if (fgetxattr(fd, mark, NULL, 0) < 0)
        return 0;
    return err_set(
        e, ERR_UNSUPPORTED,
        "\"%.200s\" was changed in a way that no layer can hold: start containers "
        "with the overlay module's %s off",
        path, option);
}

/* The marks of a directory in an upper directory. 1: opaque. */
static int
read_marks(const struct tree_entry *entry, struct err *e)
{
    char value[4] = "";
    auto_close int fd = lx_openat(entry->dir_fd, entry->name,
                                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return is_gone(fd) ? 0 : err_sys(e, fd, "open the directory \"%s\"", entry->path);
    TRY(check_mark(fd, "trusted.overlay.redirect", "redirect_dir", entry->path, e));
    ssize_t n = fgetxattr(fd, "trusted.overlay.opaque", value, sizeof value);
    return n == 1 && value[0] == 'y';
}

static int
check_file(const struct tree_entry *entry, struct err *e)
{
    auto_close int fd = lx_openat(entry->dir_fd, entry->name,
                                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    return fd < 0 ? 0
                  : check_mark(fd, "trusted.overlay.metacopy", "metacopy", entry->path, e);
}

/* Fills in what the entry is to the tree below. */
static int
classify(const struct tree *tree, struct tree_entry *entry, struct err *e)
{
    struct stat below;
    bool is_directory = S_ISDIR(entry->st.st_mode);
    bool was_there = lower_has(tree, entry->path, &below);
    entry->change = was_there ? TREE_CHANGED : TREE_ADDED;
    if (!tree->is_upper)
        return 0;
    if (S_ISREG(entry->st.st_mode))
        return check_file(entry, e);
    if (!is_directory)
        return 0;
    int opaque = read_marks(entry, e);
    TRY(opaque);
    entry->is_opaque = opaque;
    bool is_alike = was_there && !opaque && entry->st.st_mode == below.st_mode &&
                    entry->st.st_uid == below.st_uid && entry->st.st_gid == below.st_gid;
    entry->is_same = is_alike && entry->st.st_mtim.tv_sec == below.st_mtim.tv_sec &&
                     entry->st.st_mtim.tv_nsec == below.st_mtim.tv_nsec;
    entry->is_for_engine = is_alike && str_eq(entry->path, "etc");
    return 0;
}

/* ---- the walk --------------------------------------------------------------------- */

static int walk_directory(struct walk *w, struct err *e);

/* Visits one name; *dir_fd may be closed on the way down and opened again. */
static int
walk_name(struct walk *w, int *dir_fd, const char *name, struct err *e)
{
    struct tree_entry entry = {.path = text_str(&w->path), .dir_fd = *dir_fd, .name = name};
    int r = lx_fstatat(*dir_fd, name, &entry.st, AT_SYMLINK_NOFOLLOW);
    if (r < 0)
        return is_gone(r) ? 0 : err_sys(e, r, "look at \"%s\"", entry.path);
    if (w->path.len > PATH_MOST)
        return err_set(e, ERR_UNSUPPORTED, "\"%.100s...\" is too long a path", entry.path);
    if (is_whiteout(w->tree, &entry.st)) {
        entry.change = TREE_DELETED;
        return w->visit(&entry, w->data, e);
    }
    if (is_made_by_engine(w->tree, &entry))
        return 0;
    TRY(classify(w->tree, &entry, e));
    TRY(w->visit(&entry, w->data, e));
    if (!S_ISDIR(entry.st.st_mode))
        return 0;
    if (w->depth >= OPEN_LEVELS)
        fd_close(dir_fd);
    return walk_directory(w, e);
}

static void
path_push(struct text *path, const char *name)
{
    if (path->len > 0)
        text_add_char(path, '/');
    text_add(path, name);
}

static void
path_cut(struct text *path, size_t len)
{
    path->len = len;
    path->data[len] = '\0';
}

static int
walk_directory(struct walk *w, struct err *e)
{
    auto_list names = {0};
    size_t len = w->path.len;
    auto_close int fd = NO_FD;
    w->depth++;
    for (size_t i = 0; i == 0 || i < names.n; i++) {
        if (fd < 0)
            fd = tree_open(w->tree->root_fd, text_str(&w->path), O_RDONLY | O_DIRECTORY);
        if (fd < 0 && is_gone(fd))
            break;
        TRY(err_sys(e, fd, "open the directory \"%s\"", text_str(&w->path)));
        if (i == 0)
            TRY(err_sys(e, file_list_dir(fd, &names), "list \"%s\"", text_str(&w->path)));
        if (i == names.n)
            break;
        path_push(&w->path, names.v[i]);
        int r = walk_name(w, &fd, names.v[i], e);
        path_cut(&w->path, len);
        TRY(r);
    }
    w->depth--;
    return 0;
}

/* The root as an entry of its own. In an upper directory the engine made it: its mode says
 * something only if it is not what the engine gives. */
static int
walk_root(struct walk *w, struct err *e)
{
    struct tree_entry entry = {.path = "", .dir_fd = w->tree->root_fd, .name = "."};
    if (fstat(w->tree->root_fd, &entry.st) < 0)
        return err_sys(e, -errno, "look at the root of the tree");
    if (!w->tree->is_upper)
        return w->visit(&entry, w->data, e);
    TRY(classify(w->tree, &entry, e));
    bool is_untouched = (entry.st.st_mode & 07777) == 0755 && entry.st.st_uid == 0 &&
                        entry.st.st_gid == 0;
    return is_untouched || entry.is_same ? 0 : w->visit(&entry, w->data, e);
}

int
tree_walk(const struct tree *tree, tree_visitor *visit, void *data, struct err *e)
{
    struct walk w = {.tree = tree, .visit = visit, .data = data};
    text_add(&w.path, "");
    int r = walk_root(&w, e);
    if (r >= 0)
        r = walk_directory(&w, e);
    text_done(&w.path);
    return r < 0 ? r : 0;
}

/* ---- size ------------------------------------------------------------------------- */

/* Files of several names that were counted, in a table with open addressing. */
struct seen {
    struct {
        dev_t dev;
        ino_t ino;
    } * slots;
    size_t n, room;
};

struct sizing {
    struct seen seen;
    int64_t bytes, names;
};

static size_t
slot_of(const struct seen *seen, dev_t dev, ino_t ino)
{
    size_t i = (size_t)(ino * 0x9e3779b97f4a7c15ull + dev) & (seen->room - 1);
    while (seen->slots[i].ino != 0 &&
           (seen->slots[i].ino != ino || seen->slots[i].dev != dev))
        i = (i + 1) & (seen->room - 1);
    return i;
}

static void
seen_grow(struct seen *seen)
{
    struct seen bigger = {.room = seen->room ? 2 * seen->room : 64, .n = seen->n};
    bigger.slots = mem_new(bigger.room, sizeof *bigger.slots);
    for (size_t i = 0; i < seen->room; i++)
        if (seen->slots[i].ino != 0)
            bigger.slots[slot_of(&bigger, seen->slots[i].dev, seen->slots[i].ino)] =
                seen->slots[i];
    free(seen->slots);
    *seen = bigger;
}

/* Notes a file; false if it was noted before. */
static bool
seen_add(struct seen *seen, const struct stat *st)
{
    if (2 * seen->n >= seen->room)
        seen_grow(seen);
    size_t i = slot_of(seen, st->st_dev, st->st_ino);
    if (seen->slots[i].ino != 0)
        return false;
    seen->slots[i].dev = st->st_dev;
    seen->slots[i].ino = st->st_ino;
    seen->n++;
    return true;
}

static int
add_size(const struct tree_entry *entry, void *data, struct err *e)
{
    (void)e;
    struct sizing *sizing = data;
    const struct stat *st = &entry->st;
    sizing->names += *entry->path != '\0';
    if (S_ISREG(st->st_mode) && (st->st_nlink == 1 || seen_add(&sizing->seen, st)))
        sizing->bytes += st->st_size;
    return 0;
}

int
tree_size(int dir_fd, int64_t *ret, int64_t *ret_names, struct err *e)
{
    struct sizing sizing = {0};
    const struct tree tree = {.root_fd = dir_fd, .lower_fd = NO_FD};
    int r = tree_walk(&tree, add_size, &sizing, e);
    free(sizing.seen.slots);
    *ret = sizing.bytes;
    if (ret_names)
        *ret_names = sizing.names;
    return r;
}
