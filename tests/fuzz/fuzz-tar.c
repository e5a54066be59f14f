/* fuzz-tar.c - any bytes as a tar: read to the end, in pieces of a size that the input says;
 * and each entry is written again, and must be read the same.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "image/tar_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct feed {
    const unsigned char *data;
    size_t len, step;
};

static int
next_piece(void *data, const unsigned char **p, size_t *n, struct err *e)
{
    (void)e;
    struct feed *feed = data;
    *p = feed->data;
    *n = feed->len < feed->step ? feed->len : feed->step;
    feed->data += *n;
    feed->len -= *n;
    return 0;
}

/* The reader promises what extract.c builds on: check it here. */
static void
check(const struct tar_entry *entry)
{
    if (!entry->name || !entry->link || strlen(entry->name) > TAR_NAME_MOST ||
        entry->size < 0 || entry->mode > 07777 || (entry->xattr_count && !entry->xattrs) ||
        entry->mtime.tv_nsec < 0 || entry->mtime.tv_nsec > 999999999)
        abort();
}

static int
append(void *data, const void *p, size_t n, struct err *e)
{
    (void)e;
    text_add_bytes(data, p, n);
    return 0;
}

static void
must(int ok)
{
    if (!ok)
        abort();
}

/* Without its data: only the header is looked at. A directory's name ends in '/'. */
static void
check_round_trip(const struct tar_entry *entry)
{
    auto_text out = {0};
    struct err e = {0};
    struct tar_writer w = {
        .sink = {append, &out}
    };
    if (!*entry->name || tar_write_entry(&w, entry, &e) < 0)
        return; /* an attribute with '=', or a name too long with its '/' */
    struct feed feed = {(const unsigned char *)out.data, out.len, 1000};
    struct tar *tar = tar_open((struct tar_source){next_piece, &feed});
    const struct tar_entry *read = NULL;
    must(tar_next(tar, &read, &e) == 1);
    size_t len = strlen(entry->name);
    must(strncmp(read->name, entry->name, len) == 0 && strlen(read->name) <= len + 1);
    bool is_file = entry->type == TAR_FILE && !str_ends(entry->name, "/");
    must(read->type == entry->type || !is_file);
    must(read->uid == entry->uid && read->gid == entry->gid && read->mode == entry->mode);
    must(read->mtime.tv_sec == entry->mtime.tv_sec &&
         read->mtime.tv_nsec == entry->mtime.tv_nsec);
    must(str_eq(read->link, entry->link) && read->xattr_count == entry->xattr_count);
    must(!is_file || read->size == entry->size);
    tar_close(tar);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct feed feed = {data + 1, size - 1, (size_t)data[0] * 7 + 1};
    struct tar *tar = tar_open((struct tar_source){next_piece, &feed});
    const struct tar_entry *entry;
    struct err e = {0};
    while (tar_next(tar, &entry, &e) > 0) {
        check(entry);
        check_round_trip(entry);
        const void *p;
        size_t n;
        int64_t offset, end = 0;
        while (tar_data(tar, &p, &n, &offset, &e) > 0) {
            if (offset < end || n == 0 || offset + (int64_t)n > entry->size)
                abort();
            end = offset + (int64_t)n;
        }
    }
    tar_close(tar);
    return 0;
}
