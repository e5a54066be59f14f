/* tar_sparse.c - the maps of sparse files, in GNU's old format and in pax's three.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/tar_sparse.h"

#include "base/memory.h"

int
tar_map_add(struct tar_map *map, const struct tar_stream *s, int64_t offset, int64_t len,
            struct err *e)
{
    if (map->count == TAR_SPARSE_MOST)
        return tar_stream_bad(s, e, "a sparse file of too many pieces");
    if (map->count == map->room) {
        map->room = map->room ? 2 * map->room : 16;
        map->pieces = mem_resize(map->pieces, map->room, sizeof *map->pieces);
    }
    map->pieces[map->count++] = (struct tar_piece){offset, len};
    return 0;
}

int
tar_map_check(const struct tar_map *map, const struct tar_stream *s, int64_t size,
              struct err *e)
{
    int64_t end = 0, sum = 0;
    for (size_t i = 0; i < map->count; i++) {
        struct tar_piece piece = map->pieces[i];
        if (piece.offset < end || piece.offset > TAR_SIZE_MOST || piece.len < 0 ||
            piece.len > TAR_SIZE_MOST)
            return tar_stream_bad(s, e, "a sparse map that is out of order");
        end = piece.offset + piece.len;
        sum += piece.len;
    }
    if (end > size || sum != s->data_left)
        return tar_stream_bad(s, e, "a sparse map that does not fit its file");
    return 0;
}

/* One "offset, length" pair of GNU's old format; the last ones are empty. */
static int
add_old(struct tar_map *map, const struct tar_stream *s, const char pair[24], struct err *e)
{
    int64_t offset, len;
    if (pair[0] == '\0' && pair[12] == '\0')
        return 0;
    if (tar_number(pair, 12, &offset) < 0 || tar_number(pair + 12, 12, &len) < 0)
        return tar_stream_bad(s, e, "a number of the sparse map");
    return tar_map_add(map, s, offset, len, e);
}

/* Four pairs in the header, 21 in each block that follows while it says so. */
int
tar_map_read_old(struct tar_map *map, struct tar_stream *s, const struct tar_header *h,
                 int64_t *ret_size, struct err *e)
{
    if (TAR_NUMBER(h->gnu.real_size, ret_size) < 0)
        return tar_stream_bad(s, e, "the size of a sparse file");
    for (int i = 0; i < 4; i++)
        TRY(add_old(map, s, h->gnu.sparse[i], e));
    bool has_more = h->gnu.is_extended;
    while (has_more) {
        int r = tar_stream_block(s, e);
        if (r <= 0)
            return r < 0 ? r : tar_stream_bad(s, e, "it ends in a sparse map");
        for (int i = 0; i < 21; i++)
            TRY(add_old(map, s, (const char *)s->block + 24 * i, e));
        has_more = s->block[504];
    }
    return 0;
}

/* One decimal number and its newline. */
static int
read_number(struct tar_stream *s, size_t *at, int64_t *ret, struct err *e)
{
    int64_t value = 0;
    for (bool has_digit = false;; has_digit = true) {
        if (*at == TAR_BLOCK) {
            int r = s->data_left >= TAR_BLOCK ? tar_stream_block(s, e) : 0;
            if (r <= 0)
                return r < 0 ? r : tar_stream_bad(s, e, "it ends in a sparse map");
            s->data_left -= TAR_BLOCK;
            *at = 0;
        }
        int c = s->block[(*at)++];
        if (c == '\n' && has_digit)
            break;
        if (c < '0' || c > '9' || value > TAR_SIZE_MOST / 10)
            return tar_stream_bad(s, e, "a number of the sparse map");
        value = value * 10 + (c - '0');
    }
    *ret = value;
    return 0;
}

/* How many pieces, then offset and length of each; zeros fill the last block. */
int
tar_map_read_new(struct tar_map *map, struct tar_stream *s, struct err *e)
{
    size_t at = TAR_BLOCK;
    int64_t count, offset, len;
    TRY(read_number(s, &at, &count, e));
    if (count > TAR_SPARSE_MOST)
        return tar_stream_bad(s, e, "a sparse file of too many pieces");
    for (int64_t i = 0; i < count; i++) {
        TRY(read_number(s, &at, &offset, e));
        TRY(read_number(s, &at, &len, e));
        TRY(tar_map_add(map, s, offset, len, e));
    }
    return 0;
}
