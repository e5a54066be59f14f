/* tar_stream.c - bytes in place while a source's piece lasts, copied where they must be whole.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/tar_stream.h"

#include <string.h>

int
tar_stream_bad(const struct tar_stream *s, struct err *e, const char *what)
{
    const char *name = s->entry_name ? s->entry_name : "";
    return err_set(e, ERR_INVALID, "damaged tar archive near byte %lld%s%.200s%s: %s",
                   (long long)s->at, *name ? " (\"" : "", name, *name ? "\")" : "", what);
}

/* Makes piece_len > 0, or leaves it 0 at the end of the stream. */
static int
refill(struct tar_stream *s, struct err *e)
{
    if (s->piece_len > 0)
        return 0;
    return s->source.next(s->source.data, &s->piece, &s->piece_len, e);
}

int
tar_stream_take(struct tar_stream *s, int64_t most, const unsigned char **ret,
                size_t *ret_len, struct err *e)
{
    TRY(refill(s, e));
    size_t n = (int64_t)s->piece_len > most ? (size_t)most : s->piece_len;
    *ret = s->piece;
    *ret_len = n;
    s->piece += n;
    s->piece_len -= n;
    s->at += (int64_t)n;
    return 0;
}

int
tar_stream_copy(struct tar_stream *s, void *to, size_t n, size_t *ret_got, struct err *e)
{
    size_t got = 0;
    while (got < n) {
        const unsigned char *p;
        size_t len;
        TRY(tar_stream_take(s, (int64_t)(n - got), &p, &len, e));
        if (len == 0)
            break;
        memcpy((char *)to + got, p, len);
        got += len;
    }
    *ret_got = got;
    return 0;
}

int
tar_stream_skip(struct tar_stream *s, int64_t n, struct err *e)
{
    while (n > 0) {
        const unsigned char *p;
        size_t len;
        TRY(tar_stream_take(s, n, &p, &len, e));
        if (len == 0)
            return tar_stream_bad(s, e, "it ends in the middle of a file");
        n -= (int64_t)len;
    }
    return 0;
}

int
tar_stream_block(struct tar_stream *s, struct err *e)
{
    size_t got;
    TRY(tar_stream_copy(s, s->block, TAR_BLOCK, &got, e));
    if (got != 0 && got != TAR_BLOCK)
        return tar_stream_bad(s, e, "it ends in the middle of a block");
    return got == TAR_BLOCK;
}

int
tar_stream_drain(struct tar_stream *s, struct err *e)
{
    do {
        s->piece_len = 0;
        TRY(refill(s, e));
    } while (s->piece_len > 0);
    return 0;
}
