/* extract.c - files, links, devices, attributes and whiteouts of a layer.
 *
 * Where an entry goes is place.c's business: a directory descriptor and one plain last
 * component. All that is done here are *at calls on that last component that follow no
 * link, and calls on the descriptor of what we just created exclusively (rule R1).
 *
 * Whiteouts are translated into what overlayfs reads: ".wh.NAME" becomes a character
 * device 0/0 called NAME, ".wh..wh..opq" the attribute overlay.opaque of its directory.
 * They hide lower layers only, never what this layer itself brings (rule R2).
 *
 * Speed: a layer's entries come directory by directory, so the last parent is kept open;
 * and owner, mode and attributes are set only where creation has not already done so.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/extract.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "image/place.h"
#include "image/space.h"
#include "image/tree.h"
#include "linux/path.h"

#define WHITEOUT       ".wh."
#define OPAQUE         ".wh..wh..opq"
#define DIRECTORY_MOST 1000000 /* directories in one layer */
#define ENTRY_COST     4096    /* what an entry takes of the disk at the least */

/* Directories get their times last: every file made in them would change them again. */
struct stamp {
    char *path;
    struct timespec mtime;
};

struct extract {
    const struct extract_options *options;
    struct place place; /* of the entry that is being made */
    struct extract_totals totals;
    struct stamp *stamps;
    size_t stamp_count, stamp_room;
    bool has_setgid;  /* a directory hands its group down: creation sets no owner */
    int64_t unlooked; /* bytes written since the last look at free space */
};

/* ---- attributes ------------------------------------------------------------------- */

/* What an image may set: the users' own attributes and file capabilities. Labels of the
 * builder's host, and everything that overlayfs would read as its own, stay out. */
bool
extract_keeps_xattr(const char *name)
{
    if (str_starts(name, "user."))
        return !str_starts(name, "user.overlay.");
    return str_eq(name, "security.capability") || str_eq(name, "system.posix_acl_access");
}

static int
set_xattrs(const struct tar_entry *entry, int fd, struct err *e)
{
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const struct tar_xattr *a = &entry->xattrs[i];
        if (!extract_keeps_xattr(a->name))
            continue;
        int r = fsetxattr(fd, a->name, a->value ? a->value : "", a->len, 0);
        if (r < 0 && errno != ENOTSUP) /* a file system without them, as Docker does */
            return err_sys(e, -errno, "set the attribute %s of \"%s\"", a->name,
                           entry->name);
    }
    return 0;
}

/* Owner, then mode (chown clears setuid), then attributes (it clears capabilities too). */
static int
set_owner_and_mode(struct extract *x, const struct tar_entry *entry, int fd, bool is_new,
                   struct err *e)
{
    bool is_owned = is_new && entry->uid == 0 && entry->gid == 0 && !x->has_setgid;
    if (!is_owned && fchown(fd, entry->uid, entry->gid) < 0)
        return err_sys(e, -errno, "give \"%s\" to %u:%u", entry->name, entry->uid,
                       entry->gid);
    bool has_special = entry->mode & 07000;
    if ((!is_new || has_special || x->has_setgid) && fchmod(fd, entry->mode) < 0)
        return err_sys(e, -errno, "set the mode of \"%s\"", entry->name);
    return set_xattrs(entry, fd, e);
}

/* The same for what must not be opened: links, devices, pipes. Access and change time are
 * both the archive's, as there is only one. */
static int
set_by_name(struct extract *x, const struct tar_entry *entry, int dir_fd, const char *name,
            struct err *e)
{
    if (entry->uid != 0 || entry->gid != 0 || x->has_setgid)
        TRY(err_sys(e,
                    lx_fchownat(dir_fd, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW),
                    "give \"%s\" to %u:%u", entry->name, entry->uid, entry->gid));
    if (entry->type != TAR_SYMLINK && entry->mode & 07000)
        TRY(err_sys(e, lx_fchmodat(dir_fd, name, entry->mode), "set the mode of \"%s\"",
                    entry->name));
    const struct timespec times[2] = {entry->mtime, entry->mtime};
    return err_sys(e, lx_utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW),
                   "set the time of \"%s\"", entry->name);
}

/* ---- the types -------------------------------------------------------------------- */

/* Refuses to fill the disk to the brim: the host needs the rest (rule R5). */
static int
look_at_space(struct extract *x, struct err *e)
{
    if (x->unlooked < SPACE_CHECK)
        return 0;
    x->unlooked = 0;
    return space_check(x->place.root, "unpack the layer", e);
}

/* Layers have no holes (image-spec, layer.md): what was one is a long run of zeros. */
static bool
is_hole(const char *p, size_t n)
{
    return n >= ENTRY_COST && p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static int
write_data(struct extract *x, struct tar *tar, const struct tar_entry *entry, int fd,
           struct err *e)
{
    const void *p;
    size_t n;
    int64_t offset, at = 0;
    int r;
    while ((r = tar_data(tar, &p, &n, &offset, e)) > 0) {
        if (is_hole(p, n))
            continue;
        if (offset != at && lseek(fd, offset, SEEK_SET) < 0)
            return err_sys(e, -errno, "seek in \"%s\"", entry->name);
        TRY(err_sys(e, file_write_all(fd, p, n), "write \"%s\"", entry->name));
        at = offset + (int64_t)n;
        x->unlooked += (int64_t)n;
        TRY(look_at_space(x, e));
    }
    if (r >= 0 && at < entry->size && ftruncate(fd, entry->size) < 0)
        return err_sys(e, -errno, "give \"%s\" its size of %lld bytes", entry->name,
                       (long long)entry->size);
    return r;
}

static int
create_file(struct extract *x, int dir_fd, const char *name, mode_t mode, struct err *e)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    int fd = lx_openat(dir_fd, name, flags, mode);
    if (fd != -EEXIST)
        return err_sys(e, fd, "create \"%s\" in the layer", x->place.path);
    TRY(place_clear(&x->place, dir_fd, name, e));
    return err_sys(e, lx_openat(dir_fd, name, flags, mode), "create \"%s\" in the layer",
                   x->place.path);
}

static int
make_file(struct extract *x, struct tar *tar, const struct tar_entry *entry, int dir_fd,
          const char *name, struct err *e)
{
    auto_close int fd = create_file(x, dir_fd, name, entry->mode & 0777, e);
    TRY(fd);
    TRY(write_data(x, tar, entry, fd, e));
    TRY(set_owner_and_mode(x, entry, fd, true, e));
    const struct timespec times[2] = {entry->mtime, entry->mtime};
    if (futimens(fd, times) < 0)
        return err_sys(e, -errno, "set the time of \"%s\"", entry->name);
    x->totals.bytes += entry->size;
    x->place.names++;
    return 0;
}

static int
stamp_later(struct extract *x, const struct tar_entry *entry, struct err *e)
{
    if (x->stamp_count == DIRECTORY_MOST)
        return place_refuse(e, entry->name, "more than a million directories");
    if (x->stamp_count == x->stamp_room) {
        x->stamp_room = x->stamp_room ? 2 * x->stamp_room : 256;
        x->stamps = mem_resize(x->stamps, x->stamp_room, sizeof *x->stamps);
    }
    x->stamps[x->stamp_count++] = (struct stamp){str_copy(x->place.path), entry->mtime};
    return 0;
}

static int
make_directory(struct extract *x, const struct tar_entry *entry, int dir_fd,
               const char *name, struct err *e)
{
    int made = lx_mkdirat(dir_fd, name, entry->mode & 0777);
    struct stat st;
    if (made == -EEXIST && lx_fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISDIR(st.st_mode)) {
        int was_hidden = place_clear(&x->place, dir_fd, name, e);
        TRY(was_hidden);
        made = lx_mkdirat(dir_fd, name, entry->mode & 0777);
        if (made >= 0 && was_hidden)
            TRY(place_make_opaque(&x->place, dir_fd, name, x->place.path, e));
    }
    if (made != -EEXIST)
        TRY(err_sys(e, made, "make the directory \"%s\"", entry->name));
    x->place.names += made >= 0;

    bool needs_open = made == -EEXIST || entry->uid || entry->gid || entry->mode & 07000 ||
                      x->has_setgid || entry->xattr_count;
    if (needs_open) {
        auto_close int fd = lx_openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        TRY(err_sys(e, fd, "open the directory \"%s\"", entry->name));
        TRY(set_owner_and_mode(x, entry, fd, made >= 0, e));
    }
    x->has_setgid |= (entry->mode & S_ISGID) != 0;
    return stamp_later(x, entry, e);
}

/* The link's other end must be in this layer already. A link to a symbolic link links the
 * symbolic link itself; its owner and mode are those of the other end. */
static int
make_hard_link(struct extract *x, const struct tar_entry *entry, struct err *e)
{
    auto_free char *target = NULL;
    TRY(place_clean(entry->link, &target, e));
    if (str_eq(target, x->place.path))
        return 0; /* a link to itself: there already */
    const char *from_name = place_last_part(target), *name;
    auto_free char *from_path = str_format("%.*s", (int)(from_name - target), target);
    auto_close int from = place_open(&x->place, from_path);
    TRY(err_sys(e, from, "find \"%s\", to which \"%s\" is a hard link", entry->link,
                entry->name));

    struct stat st;
    int r = lx_fstatat(from, from_name, &st, AT_SYMLINK_NOFOLLOW);
    if (r >= 0 && (S_ISDIR(st.st_mode) || place_is_whiteout(&st)))
        return place_refuse(e, entry->name,
                            "a hard link to something that cannot have one");
    int dir_fd = place_parent(&x->place, &name, e);
    TRY(dir_fd);
    if (r >= 0)
        r = lx_linkat(from, from_name, dir_fd, name, 0);
    if (r == -EEXIST) {
        TRY(place_clear(&x->place, dir_fd, name, e));
        r = lx_linkat(from, from_name, dir_fd, name, 0);
    }
    x->place.names += r >= 0;
    return err_sys(e, r, "make the hard link \"%s\" to \"%s\"", entry->name, entry->link);
}

/* mknod or symlink: one call that creates, and fails if something is there. */
static int
create_node(const struct tar_entry *entry, int dir_fd, const char *name)
{
    static const mode_t kinds[] = {
        [TAR_CHAR_DEVICE] = S_IFCHR, [TAR_BLOCK_DEVICE] = S_IFBLK, [TAR_FIFO] = S_IFIFO};
    if (entry->type == TAR_SYMLINK)
        return lx_symlinkat(entry->link, dir_fd, name);
    return lx_mknodat(dir_fd, name, kinds[entry->type] | (entry->mode & 0777),
                      makedev(entry->major, entry->minor));
}

static int
make_node(struct extract *x, const struct tar_entry *entry, int dir_fd, const char *name,
          struct err *e)
{
    bool is_device = entry->type == TAR_CHAR_DEVICE || entry->type == TAR_BLOCK_DEVICE;
    if (is_device && x->options->has_no_devices)
        return 0;
    if (entry->type == TAR_CHAR_DEVICE && entry->major == 0 && entry->minor == 0)
        return 0; /* overlayfs would read it as a whiteout; it is no device anyway */
    int r = create_node(entry, dir_fd, name);
    if (r == -EEXIST) {
        TRY(place_clear(&x->place, dir_fd, name, e));
        r = create_node(entry, dir_fd, name);
    }
    TRY(err_sys(e, r, "make \"%s\" in the layer", entry->name));
    x->place.names++;
    return set_by_name(x, entry, dir_fd, name, e);
}

/* ---- whiteouts -------------------------------------------------------------------- */

static int
hide_directory_content(struct extract *x, struct err *e)
{
    const char *slash = strrchr(x->place.path, '/');
    if (!slash)
        x->totals.is_opaque = true;
    auto_free char *dir = str_format("%.*s", slash ? (int)(slash - x->place.path) : 0,
                                     x->place.path);
    const char *name;
    int dir_fd = place_parent(&x->place, &name, e);
    TRY(dir_fd);
    return place_make_opaque(&x->place, dir_fd, ".", dir, e);
}

static int
hide(struct extract *x, const struct tar_entry *entry, int dir_fd, const char *name,
     struct err *e)
{
    if (str_eq(name, OPAQUE))
        return hide_directory_content(x, e);
    const char *hidden = name + strlen(WHITEOUT);
    if (str_eq(hidden, "") || str_eq(hidden, ".") || str_eq(hidden, "..") ||
        str_starts(hidden, WHITEOUT))
        return place_refuse(e, entry->name, "a whiteout of no plain name");

    int r = lx_mknodat(dir_fd, hidden, S_IFCHR, 0);
    x->place.names += r >= 0;
    if (r != -EEXIST)
        return err_sys(e, r, "make the whiteout \"%s\"", entry->name);
    struct stat st;
    r = lx_fstatat(dir_fd, hidden, &st, AT_SYMLINK_NOFOLLOW);
    TRY(err_sys(e, r, "look at \"%s\"", entry->name));
    /* This layer brings it itself. A file hides what is below it; a directory would be
     * merged with it, unless it is opaque. */
    return S_ISDIR(st.st_mode)
               ? place_make_opaque(&x->place, dir_fd, hidden, entry->name, e)
               : 0;
}

/* ".wh." anywhere but in the last part would become a whiteout when the image is saved. */
static int
check_whiteout_parents(const char *path, const char *name, struct err *e)
{
    for (const char *p = path; p && p < place_last_part(path);) {
        if (str_starts(p, WHITEOUT))
            return place_refuse(e, name, "a directory with the name of a whiteout");
        p = strchr(p, '/');
        p = p ? p + 1 : NULL;
    }
    return 0;
}

/* ---- the layer -------------------------------------------------------------------- */

/* The entry for the root itself: only its attributes matter. */
static int
set_root(struct extract *x, const struct tar_entry *entry, struct err *e)
{
    if (entry->type != TAR_DIRECTORY)
        return place_refuse(e, entry->name, "the root of a layer is a directory");
    auto_close int fd = lx_openat(x->place.root, ".", O_RDONLY | O_DIRECTORY, 0);
    TRY(err_sys(e, fd, "open the root of the layer"));
    TRY(set_owner_and_mode(x, entry, fd, false, e));
    x->has_setgid |= (entry->mode & S_ISGID) != 0;
    return stamp_later(x, entry, e);
}

static int
make_entry(struct extract *x, struct tar *tar, const struct tar_entry *entry, struct err *e)
{
    TRY(place_go(&x->place, entry->name, e));
    TRY(check_whiteout_parents(x->place.path, entry->name, e));
    x->totals.entries++;
    x->unlooked += ENTRY_COST;
    TRY(look_at_space(x, e));
    if (!*x->place.path)
        return set_root(x, entry, e);
    if (entry->type == TAR_HARD_LINK)
        return make_hard_link(x, entry, e);

    const char *name;
    int dir_fd = place_parent(&x->place, &name, e);
    TRY(dir_fd);
    if (str_starts(name, WHITEOUT))
        return hide(x, entry, dir_fd, name, e);
    if (entry->type == TAR_FILE)
        return make_file(x, tar, entry, dir_fd, name, e);
    if (entry->type == TAR_DIRECTORY)
        return make_directory(x, entry, dir_fd, name, e);
    return make_node(x, entry, dir_fd, name, e);
}

/* In the order they came: of a directory that came twice the last time holds. It may also
 * have gone, or become something else, since it was noted. */
static int
set_stamps(struct extract *x, struct err *e)
{
    for (size_t i = 0; i < x->stamp_count; i++) {
        const struct stamp *stamp = &x->stamps[i];
        const struct timespec times[2] = {stamp->mtime, stamp->mtime};
        auto_close int fd = lx_open_in_root(x->place.root, *stamp->path ? stamp->path : ".",
                                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
            continue;
        TRY(err_sys(e, fd, "open the directory \"%s\"", stamp->path));
        if (futimens(fd, times) < 0)
            return err_sys(e, -errno, "set the time of \"%s\"", stamp->path);
    }
    return 0;
}

static void
extract_done(struct extract *x)
{
    place_done(&x->place);
    for (size_t i = 0; i < x->stamp_count; i++)
        free(x->stamps[i].path);
    free(x->stamps);
}

int
extract_layer(int root_fd, struct tar *tar, const struct extract_options *options,
              struct extract_totals *ret, struct err *e)
{
    __attribute__((cleanup(extract_done))) struct extract x = {
        .options = options,
        .place = {.root = root_fd,
                  .has_userxattr = options->has_userxattr,
                  .parent_fd = NO_FD},
        .unlooked = SPACE_CHECK
    };
    const struct tar_entry *entry;
    int r;
    while ((r = tar_next(tar, &entry, e)) > 0)
        TRY(make_entry(&x, tar, entry, e));
    TRY(r);
    TRY(set_stamps(&x, e));
    TRY(tar_drain(tar, e));
    x.totals.names = x.place.names;
    if (x.place.has_replaced)
        TRY(tree_size(root_fd, &x.totals.bytes, &x.totals.names, e));
    *ret = x.totals;
    return 0;
}
