/* archive.c - from a tar of blobs to blobs.
 *
 * Archives come through pipes and put their table of contents last, so nothing can be
 * known about a member when it passes by. Every file is therefore stored under its digest
 * as it comes; what the table does not name goes away with the stage. The names in the
 * archive are compared with others, never given to the kernel.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/tar.h"

#define MEMBERS_MOST 65536
#define LINKS_MOST   8 /* links to links, when looking a member up */

/* The tar reader's source: one buffer, filled anew each time. */
struct feed {
    struct inflate *in;
    unsigned char buffer[256u << 10];
};

static int
next_piece(void *data, const unsigned char **p, size_t *n, struct err *e)
{
    struct feed *feed = data;
    ssize_t len = inflate_read(feed->in, feed->buffer, sizeof feed->buffer, e);
    if (len < 0)
        return (int)len;
    *p = feed->buffer;
    *n = (size_t)len;
    return 0;
}

void
archive_done(struct archive *archive)
{
    for (size_t i = 0; i < archive->n; i++) {
        free(archive->members[i].name);
        free(archive->members[i].link);
    }
    free(archive->members);
    *archive = (struct archive){0};
}

static const char *
without_dot(const char *name)
{
    const char *after = str_after(name, "./");
    return after ? after : name;
}

static int
store_file(struct stage *stage, struct tar *tar, char *ret_digest, struct err *e)
{
    struct stage_blob blob;
    TRY(stage_blob_begin(stage, &blob, e));
    const void *p;
    size_t n;
    int64_t offset;
    int r;
    while ((r = tar_data(tar, &p, &n, &offset, e)) > 0) {
        r = stage_blob_add(stage, &blob, p, n, e);
        if (r < 0)
            break;
    }
    if (r >= 0)
        return stage_blob_end(stage, &blob, ret_digest, e);
    stage_blob_drop(stage, &blob);
    return r;
}

/* In an OCI layout a blob's name is its digest: one that the store has need not be read.
 * (The store's own copy is then used, not the archive's, so it need not be checked.) */
static bool
is_in_store(const struct stage *stage, const char *name, char *ret_digest)
{
    const char *hex = str_after(name, "blobs/sha256/");
    if (!hex || !digest_is_hex(hex))
        return false;
    digest_from_hex(ret_digest, hex);
    return store_has_blob(stage->store, ret_digest);
}

/* "a/b/layer.tar" linked to "../c/layer.tar" is "a/c/layer.tar". Out of the top: as is. */
static char *
beside(const char *name, const char *link)
{
    const char *slash = strrchr(name, '/');
    size_t len = slash ? (size_t)(slash - name) : 0;
    for (; str_starts(link, "../") && len > 0; link += 3) {
        while (len > 0 && name[len - 1] != '/')
            len--;
        len -= len > 0;
    }
    return str_format("%.*s%s%s", (int)len, name, len ? "/" : "", without_dot(link));
}

static int
add_member(struct archive *archive, struct stage *stage, struct tar *tar,
           const struct tar_entry *entry, struct err *e)
{
    if (archive->n == MEMBERS_MOST)
        return err_set(e, ERR_INVALID, "the archive has more than %d files", MEMBERS_MOST);
    if (archive->n == archive->room) {
        archive->room = archive->room ? 2 * archive->room : 64;
        archive->members = mem_resize(archive->members, archive->room,
                                      sizeof(struct member));
    }
    struct member *m = &archive->members[archive->n++];
    *m = (struct member){.name = str_copy(without_dot(entry->name))};
    if (entry->type == TAR_SYMLINK)
        m->link = beside(m->name, entry->link);
    else if (entry->type == TAR_HARD_LINK)
        m->link = str_copy(without_dot(entry->link));
    else if (!is_in_store(stage, m->name, m->digest))
        return store_file(stage, tar, m->digest, e);
    return 0;
}

int
archive_read(struct archive *ret, struct stage *stage, int fd, struct err *e)
{
    auto_free struct feed *feed = mem_new(1, sizeof *feed);
    feed->in = inflate_open(fd);
    struct tar *tar = tar_open((struct tar_source){next_piece, feed});
    const struct tar_entry *entry;
    int r;
    while ((r = tar_next(tar, &entry, e)) > 0) {
        bool is_wanted = entry->type == TAR_FILE || entry->type == TAR_SYMLINK ||
                         entry->type == TAR_HARD_LINK;
        if (is_wanted && (r = add_member(ret, stage, tar, entry, e)) < 0)
            break;
    }
    if (r >= 0)
        r = tar_drain(tar, e);
    else if (ret->n == 0 && e->kind == ERR_INVALID)
        err_hint(e, r, " (is it an image archive at all?)");
    tar_close(tar);
    inflate_close(feed->in);
    return r;
}

const char *
archive_find(const struct archive *archive, const char *name)
{
    name = without_dot(name);
    for (int hops = 0; hops <= LINKS_MOST; hops++) {
        const struct member *found = NULL;
        for (size_t i = archive->n; i-- > 0 && !found;) /* the last of a name holds */
            if (str_eq(archive->members[i].name, name))
                found = &archive->members[i];
        if (!found)
            return NULL;
        if (!found->link)
            return found->digest;
        name = found->link;
    }
    return NULL;
}
