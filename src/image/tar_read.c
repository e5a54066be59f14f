/* tar_read.c - the tar reader: header by header, entry by entry.
 *
 * An archive is a row of 512-byte blocks: a header, the data rounded up to whole blocks,
 * the next header, and two blocks of zeros at the end. What does not fit the header's
 * fields stands in extra entries before it (tar_extra.h).
 *
 * Every number is checked before it is used, every length is capped before memory is
 * taken for it, and the size by which data is skipped is the same number by which it is
 * read: the holes of others came from two readers with two opinions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/tar.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/tar_extra.h"
#include "image/tar_header.h"
#include "image/tar_sparse.h"
#include "image/tar_stream.h"

struct tar {
    struct tar_stream stream;
    struct tar_extra extra;
    struct tar_entry entry;
    size_t map_next;  /* the piece of extra.map that comes after this one */
    int64_t map_left; /* bytes of this one still to come */
    int64_t offset;   /* where in the file the next byte belongs */
    bool is_ended;
};

struct tar *
tar_open(struct tar_source source)
{
    struct tar *tar = mem_new(1, sizeof *tar);
    tar->stream.source = source;
    tar_extra_init(&tar->extra, &tar->stream);
    return tar;
}

static void
forget_entry(struct tar *tar)
{
    struct tar_entry *entry = &tar->entry;
    tar_xattrs_free(entry->xattrs, entry->xattr_count);
    free(entry->name);
    free(entry->link);
    *entry = (struct tar_entry){0};
    tar->stream.entry_name = NULL;
    tar_extra_reset(&tar->extra);
    tar->map_next = 0;
    tar->map_left = tar->offset = 0;
}

void
tar_close(struct tar *tar)
{
    if (!tar)
        return;
    forget_entry(tar);
    tar_extra_done(&tar->extra);
    free(tar);
}

static int
bad(const struct tar *tar, struct err *e, const char *what)
{
    return tar_stream_bad(&tar->stream, e, what);
}

static int
type_of(char letter, enum tar_type *ret)
{
    switch (letter) {
    case '0':
    case '\0':
    case '7': /* "contiguous": a file */
    case 'S': /* GNU: a sparse file */
        *ret = TAR_FILE;
        return 0;
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
        *ret = (enum tar_type)(letter - '0');
        return 0;
    default:
        return -EINVAL;
    }
}

/* The header's prefix and name, of ustar; other archives have only a name there. */
static char *
full_name(const struct tar_header *h)
{
    auto_free char *name = tar_field(h->name, sizeof h->name);
    if (memcmp(h->magic, "ustar", 6) != 0 || !h->prefix[0])
        return take_ptr(name);
    auto_free char *prefix = tar_field(h->prefix, sizeof h->prefix);
    return str_format("%s/%s", prefix, name);
}

/* What an extended header said goes before what the header says. */
static void
take_words(struct tar *tar, const struct tar_header *h)
{
    struct tar_entry *entry = &tar->entry;
    struct tar_extra *x = &tar->extra;
    entry->link = x->link ? take_ptr(x->link) : tar_field(h->link, sizeof h->link);
    entry->name = x->name ? take_ptr(x->name) : full_name(h);
    entry->xattrs = take_ptr(x->xattrs);
    entry->xattr_count = x->xattr_count;
    x->xattr_count = 0;
    tar->stream.entry_name = entry->name;
}

static int
take_id(int64_t from_header, int64_t from_pax, uint32_t *ret)
{
    int64_t id = from_pax >= 0 ? from_pax : from_header;
    if (id < 0 || id >= (int64_t)UINT32_MAX)
        return -ERANGE;
    *ret = (uint32_t)id;
    return 0;
}

static int
take_numbers(struct tar *tar, const struct tar_header *h, struct err *e)
{
    struct tar_entry *entry = &tar->entry;
    const struct tar_extra *x = &tar->extra;
    int64_t mode, uid, gid, mtime, major = 0, minor = 0;
    if (TAR_NUMBER(h->mode, &mode) < 0 || TAR_NUMBER(h->uid, &uid) < 0 ||
        TAR_NUMBER(h->gid, &gid) < 0 || TAR_NUMBER(h->mtime, &mtime) < 0)
        return bad(tar, e, "a number of a header");
    if (take_id(uid, x->uid, &entry->uid) < 0 || take_id(gid, x->gid, &entry->gid) < 0)
        return bad(tar, e, "an owner's id that no system has");
    if (entry->type == TAR_CHAR_DEVICE || entry->type == TAR_BLOCK_DEVICE) {
        if (TAR_NUMBER(h->major, &major) < 0 || TAR_NUMBER(h->minor, &minor) < 0 ||
            major < 0 || minor < 0 || major > 0xfff || minor > 0xfffff)
            return bad(tar, e, "a device number");
    }
    entry->mode = (mode_t)(mode & 07777);
    entry->major = (unsigned)major;
    entry->minor = (unsigned)minor;
    entry->mtime = x->has_mtime ? x->mtime : (struct timespec){.tv_sec = mtime};
    return 0;
}

/* How much data there is and, for a sparse file, where it goes. */
static int
take_data(struct tar *tar, const struct tar_header *h, int64_t size, struct err *e)
{
    struct tar_entry *entry = &tar->entry;
    struct tar_extra *x = &tar->extra;
    tar->stream.data_left = size;
    entry->size = size;
    if (h->type == 'S') {
        TRY(tar_map_read_old(&x->map, &tar->stream, h, &entry->size, e));
        tar->stream.pad_left = tar_pad(size);
        return tar_map_check(&x->map, &tar->stream, entry->size, e);
    }
    tar->stream.pad_left = tar_pad(size);
    if (!x->is_sparse) {
        x->map.count = 0;
        return 0;
    }
    if (x->real_size < 0)
        return bad(tar, e, "a sparse file without its size");
    entry->size = x->real_size;
    if (x->sparse_major == 1)
        TRY(tar_map_read_new(&x->map, &tar->stream, e));
    return tar_map_check(&x->map, &tar->stream, entry->size, e);
}

static int
take_header(struct tar *tar, const struct tar_header *h, int64_t size, struct err *e)
{
    struct tar_entry *entry = &tar->entry;
    take_words(tar, h);
    if (type_of(h->type, &entry->type) < 0)
        return bad(tar, e, "an entry of a type that we do not know");
    if (entry->type == TAR_FILE && h->type != 'S' && str_ends(entry->name, "/"))
        entry->type = TAR_DIRECTORY; /* from before there was a type for it */
    TRY(take_numbers(tar, h, e));
    if (tar->extra.size >= 0)
        size = tar->extra.size;
    if (size < 0 || size > TAR_SIZE_MOST)
        return bad(tar, e, "a size that no file has");
    if (entry->type == TAR_FILE)
        return take_data(tar, h, size, e);
    /* Links and the like have no data, says pax(1). */
    tar->stream.data_left = tar->stream.pad_left = 0;
    tar->extra.map.count = 0;
    return 0;
}

int
tar_next(struct tar *tar, const struct tar_entry **ret, struct err *e)
{
    int64_t left = tar->stream.data_left + tar->stream.pad_left;
    tar->stream.data_left = tar->stream.pad_left = 0;
    TRY(tar_stream_skip(&tar->stream, left, e));
    forget_entry(tar);
    while (!tar->is_ended) {
        int r = tar_stream_block(&tar->stream, e);
        TRY(r);
        if (r == 0 || tar_is_zero(&tar->stream.header)) {
            tar->is_ended = true;
            break;
        }
        struct tar_header h = tar->stream.header;
        int64_t size;
        if (!tar_checksum_is_right(&h))
            return bad(tar, e, "a header with a wrong checksum");
        if (TAR_NUMBER(h.size, &size) < 0 || size < 0 || size > TAR_SIZE_MOST)
            return bad(tar, e, "a size that no file has");
        if (memchr("xgLK", h.type, 4)) {
            TRY(tar_extra_read(&tar->extra, h.type, size, e));
            continue;
        }
        TRY(take_header(tar, &h, size, e));
        *ret = &tar->entry;
        return 1;
    }
    return 0;
}

int
tar_data(struct tar *tar, const void **ret, size_t *ret_len, int64_t *ret_offset,
         struct err *e)
{
    const struct tar_map *map = &tar->extra.map;
    int64_t most = tar->stream.data_left;
    if (map->count > 0) {
        while (tar->map_left == 0 && tar->map_next < map->count) {
            tar->offset = map->pieces[tar->map_next].offset;
            tar->map_left = map->pieces[tar->map_next++].len;
        }
        most = tar->map_left;
    }
    if (most == 0)
        return 0;
    const unsigned char *p;
    TRY(tar_stream_take(&tar->stream, most, &p, ret_len, e));
    if (*ret_len == 0)
        return bad(tar, e, "it ends in the middle of a file");
    *ret = p;
    *ret_offset = tar->offset;
    int64_t n = (int64_t)*ret_len;
    tar->offset += n;
    tar->stream.data_left -= n;
    if (map->count > 0)
        tar->map_left -= n;
    return 1;
}

int
tar_drain(struct tar *tar, struct err *e)
{
    return tar_stream_drain(&tar->stream, e);
}
