/* pack.c - one entry after the other, in the order of the walk.
 *
 * A file of several names is written under the first; the others are hard links to it.
 * Holes are written as the zeros that they read as: the image-spec asks for that, since not
 * every program reads sparse archives. They cost no reading here and next to nothing once
 * compressed; extract.c makes holes of them again.
 *
 * Attributes: the users' own, file capabilities and access lists, the same that extract.c
 * lets in. Those of overlayfs and of the host's security modules stay out.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "image/extract.h"
#include "linux/path.h"

#define BUFFER     (256u << 10)
#define NAMES_MOST (64u << 10) /* of all attributes of a file: the kernel's own limit */

struct link {
    dev_t dev;
    ino_t ino;
    char *path;
};

struct pack {
    const struct tree *tree;
    struct tar_writer writer;
    struct link *links; /* open addressing; path NULL: empty */
    size_t link_count, link_room;
    char *buffer;
    bool is_waiting; /* the last entry is for the engine: written with what is in it */
};

/* ---- hard links ------------------------------------------------------------------- */

static size_t
link_slot(const struct pack *p, dev_t dev, ino_t ino)
{
    size_t i = (size_t)(ino * 0x9e3779b97f4a7c15ull + dev) & (p->link_room - 1);
    while (p->links[i].path && (p->links[i].ino != ino || p->links[i].dev != dev))
        i = (i + 1) & (p->link_room - 1);
    return i;
}

static void
links_grow(struct pack *p)
{
    struct pack bigger = {.link_room = p->link_room ? 2 * p->link_room : 64};
    bigger.links = mem_new(bigger.link_room, sizeof *bigger.links);
    for (size_t i = 0; i < p->link_room; i++)
        if (p->links[i].path)
            bigger.links[link_slot(&bigger, p->links[i].dev, p->links[i].ino)] =
                p->links[i];
    free(p->links);
    p->links = bigger.links;
    p->link_room = bigger.link_room;
}

/* The place for a file of several names; its path is the name under which it was written,
 * or NULL. */
static struct link *
find_link(struct pack *p, const struct tree_entry *entry)
{
    if (2 * p->link_count >= p->link_room)
        links_grow(p);
    return &p->links[link_slot(p, entry->st.st_dev, entry->st.st_ino)];
}

static void
note_link(struct pack *p, struct link *link, const struct tree_entry *entry)
{
    *link = (struct link){entry->st.st_dev, entry->st.st_ino, str_copy(entry->path)};
    p->link_count++;
}

static void
pack_done(struct pack *p)
{
    for (size_t i = 0; i < p->link_room; i++)
        free(p->links[i].path);
    free(p->links);
    free(p->buffer);
}

/* ---- attributes ------------------------------------------------------------------- */

static void
xattrs_done(struct tar_entry *entry)
{
    for (size_t i = 0; i < entry->xattr_count; i++) {
        free(entry->xattrs[i].name);
        free(entry->xattrs[i].value);
    }
    free(entry->xattrs);
    entry->xattrs = NULL;
    entry->xattr_count = 0;
}

static int
add_xattr(struct tar_entry *entry, int fd, const char *name, struct err *e)
{
    ssize_t len = fgetxattr(fd, name, NULL, 0);
    auto_free char *value = mem_new((size_t)(len < 0 ? 0 : len) + 1, 1);
    if (len > 0)
        len = fgetxattr(fd, name, value, (size_t)len);
    if (len < 0) /* gone, or grown, since it was listed */
        return errno == ENODATA || errno == ERANGE
                   ? 0
                   : err_sys(e, -errno, "read the attribute %s of \"%s\"", name,
                             entry->name);
    entry->xattrs = mem_resize(entry->xattrs, entry->xattr_count + 1,
                               sizeof *entry->xattrs);
    entry->xattrs[entry->xattr_count++] = (struct tar_xattr){str_copy(name),
                                                             take_ptr(value), (size_t)len};
    return 0;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

static int
read_xattrs(struct tar_entry *entry, int fd, struct err *e)
{
    ssize_t len = flistxattr(fd, NULL, 0);
    if (len == 0 || (len < 0 && errno == ENOTSUP))
        return 0;
    auto_free char *names = mem_new(NAMES_MOST + 1, 1);
    len = flistxattr(fd, names, NAMES_MOST);
    if (len < 0)
        return err_sys(e, -errno, "list the attributes of \"%s\"", entry->name);
    for (const char *name = names; name < names + len; name += strlen(name) + 1)
        if (extract_keeps_xattr(name) && !strchr(name, '='))
            TRY(add_xattr(entry, fd, name, e));
    if (entry->xattr_count > 1)
        qsort(entry->xattrs, entry->xattr_count, sizeof *entry->xattrs, by_name);
    return 0;
}

/* ---- data ------------------------------------------------------------------------- */

/* One run of data. A file that has become shorter is filled up. */
static int
copy_data(struct pack *p, int fd, int64_t from, int64_t to, struct err *e)
{
    while (from < to) {
        size_t want = to - from < (int64_t)BUFFER ? (size_t)(to - from) : BUFFER;
        ssize_t n = pread(fd, p->buffer, want, from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, -errno, "read a file");
        if (n == 0)
            return tar_write_zeros(&p->writer, to - from, e);
        TRY(tar_write_data(&p->writer, p->buffer, (size_t)n, e));
        from += n;
    }
    return 0;
}

static int
copy_sparse(struct pack *p, int fd, int64_t size, struct err *e)
{
    for (int64_t at = 0; at < size;) {
        int64_t data = lseek(fd, at, SEEK_DATA);
        if (data < 0 || data > size)
            data = size; /* nothing but a hole follows */
        int64_t hole = data < size ? lseek(fd, data, SEEK_HOLE) : size;
        if (hole < 0 || hole > size)
            hole = size;
        TRY(tar_write_zeros(&p->writer, data - at, e));
        TRY(copy_data(p, fd, data, hole, e));
        at = hole;
    }
    return 0;
}

static int
write_file(struct pack *p, struct tar_entry *entry, const struct tree_entry *from,
           struct err *e)
{
    auto_close int fd = lx_openat(from->dir_fd, from->name,
                                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    struct stat st;
    if (fd == -ENOENT || fd == -ELOOP)
        return 0; /* gone since */
    TRY(err_sys(e, fd, "open \"%s\"", from->path));
    if (fstat(fd, &st) < 0)
        return err_sys(e, -errno, "look at \"%s\"", from->path);
    if (!S_ISREG(st.st_mode))
        return 0;
    entry->size = st.st_size;
    TRY(read_xattrs(entry, fd, e));
    TRY(tar_write_entry(&p->writer, entry, e));
    bool is_sparse = (int64_t)st.st_blocks * 512 < st.st_size;
    int r = is_sparse ? copy_sparse(p, fd, st.st_size, e)
                      : copy_data(p, fd, 0, st.st_size, e);
    return r < 0 ? err_wrap(e, r, "\"%.200s\"", from->path) : 1;
}

/* ---- entries: 1 when it was written, 0 when it is gone ----------------------------- */

static int
write_mark(struct pack *p, const char *name, struct err *e)
{
    const struct tar_entry mark = {.name = (char *)name, .link = (char *)"", .mode = 0644};
    return tar_write_entry(&p->writer, &mark, e);
}

static int
write_whiteout(struct pack *p, const struct tree_entry *from, struct err *e)
{
    int dir_len = (int)(strlen(from->path) - strlen(from->name));
    auto_free char *name = str_format("%.*s.wh.%s", dir_len, from->path, from->name);
    return write_mark(p, name, e);
}

static int
write_directory(struct pack *p, struct tar_entry *entry, const struct tree_entry *from,
                struct err *e)
{
    auto_close int fd = lx_openat(from->dir_fd, from->name,
                                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
        return 0;
    TRY(err_sys(e, fd, "open the directory \"%s\"", from->path));
    TRY(read_xattrs(entry, fd, e));
    TRY(tar_write_entry(&p->writer, entry, e));
    if (!from->is_opaque)
        return 0;
    auto_free char *mark = str_format("%s%s.wh..wh..opq", from->path,
                                      *from->path ? "/" : "");
    return write_mark(p, mark, e);
}

static int
write_link(struct pack *p, struct tar_entry *entry, const struct tree_entry *from,
           struct err *e)
{
    auto_free char *text = NULL;
    int r = file_read_link_at(from->dir_fd, from->name, &text);
    if (r == -ENOENT || r == -EINVAL)
        return 0;
    TRY(err_sys(e, r, "read the link \"%s\"", from->path));
    entry->link = text;
    TRY(tar_write_entry(&p->writer, entry, e));
    return 1;
}

static int
type_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return TAR_FILE;
    case S_IFDIR:
        return TAR_DIRECTORY;
    case S_IFLNK:
        return TAR_SYMLINK;
    case S_IFCHR:
        return TAR_CHAR_DEVICE;
    case S_IFBLK:
        return TAR_BLOCK_DEVICE;
    case S_IFIFO:
        return TAR_FIFO;
    default:
        return -1;
    }
}

static int
write_data_or_node(struct pack *p, struct tar_entry *entry, const struct tree_entry *from,
                   struct err *e)
{
    if (entry->type == TAR_FILE)
        return write_file(p, entry, from, e);
    if (entry->type == TAR_DIRECTORY)
        return write_directory(p, entry, from, e);
    if (entry->type == TAR_SYMLINK)
        return write_link(p, entry, from, e);
    TRY(tar_write_entry(&p->writer, entry, e));
    return 1;
}

static int
write_as(struct pack *p, struct tar_entry *entry, const struct tree_entry *from,
         struct err *e)
{
    if (from->st.st_nlink == 1 || entry->type == TAR_DIRECTORY)
        return write_data_or_node(p, entry, from, e);
    struct link *link = find_link(p, from);
    if (link->path) {
        entry->type = TAR_HARD_LINK;
        entry->link = link->path;
        return tar_write_entry(&p->writer, entry, e);
    }
    int was_written = write_data_or_node(p, entry, from, e);
    if (was_written > 0)
        note_link(p, link, from);
    return was_written;
}

static int
check_name(const struct pack *p, const struct tree_entry *from, struct err *e)
{
    if (!p->tree->is_upper || !str_starts(from->name, ".wh."))
        return 0;
    return err_set(e, ERR_UNSUPPORTED,
                   "\"%.200s\" cannot be in a layer: a name that begins with \".wh.\" says "
                   "there that a file was deleted",
                   from->path);
}

static int write_entry(struct pack *p, const struct tree_entry *from, struct err *e);

/* The directory that waited for something in it. */
static int
write_waiting(struct pack *p, const struct tree_entry *child, struct err *e)
{
    size_t len = strlen(child->path) - strlen(child->name);
    if (!p->is_waiting || len == 0)
        return 0;
    p->is_waiting = false;
    auto_free char *path = str_format("%.*s", (int)len - 1, child->path);
    struct tree_entry parent = {.change = TREE_CHANGED, .path = path, .name = "."};
    parent.dir_fd = child->dir_fd;
    if (fstat(child->dir_fd, &parent.st) < 0)
        return err_sys(e, -errno, "look at \"%s\"", path);
    return write_entry(p, &parent, e);
}

static int
visit(const struct tree_entry *from, void *data, struct err *e)
{
    struct pack *p = data;
    TRY(write_waiting(p, from, e));
    p->is_waiting = from->is_for_engine;
    return p->is_waiting ? 0 : write_entry(p, from, e);
}

static int
write_entry(struct pack *p, const struct tree_entry *from, struct err *e)
{
    if (from->change == TREE_DELETED)
        return write_whiteout(p, from, e);
    int type = type_of(from->st.st_mode);
    if (type < 0)
        return 0;
    TRY(check_name(p, from, e));
    struct tar_entry entry = {
        .type = (enum tar_type)type,
        .name = *from->path ? (char *)from->path : (char *)"./",
        .link = (char *)"",
        .mode = from->st.st_mode & 07777,
        .uid = from->st.st_uid,
        .gid = from->st.st_gid,
        .mtime = from->st.st_mtim,
    };
    if (type == TAR_CHAR_DEVICE || type == TAR_BLOCK_DEVICE) {
        entry.major = major(from->st.st_rdev);
        entry.minor = minor(from->st.st_rdev);
    }
    int r = write_as(p, &entry, from, e);
    xattrs_done(&entry);
    return r;
}

int
pack_tree(const struct tree *tree, struct tar_sink sink, struct err *e)
{
    __attribute__((cleanup(pack_done))) struct pack p = {.tree = tree,
                                                         .writer = {.sink = sink}};
    p.buffer = mem_new(BUFFER, 1);
    TRY(tree_walk(tree, visit, &p, e));
    return tar_write_end(&p.writer, e);
}
