/* deflate.c - one gzip member by ISA-L, or by zlib with -DWITH_ZLIB.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/deflate.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define PIECE (256u << 10)

#ifdef WITH_ZLIB
#include <zlib.h>

struct deflate {
    deflate_sink *sink;
    void *data;
    z_stream stream;
    unsigned char *input, *out;
    size_t held;
};

static void
library_init(struct deflate *d)
{
    if (deflateInit2(&d->stream, 1, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
}

static void
library_done(struct deflate *d)
{
    deflateEnd(&d->stream);
}

static int
library_run(struct deflate *d, bool is_last)
{
    int r = deflate(&d->stream, is_last ? Z_FINISH : Z_NO_FLUSH);
    return r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR ? 0 : -EIO;
}

#else
#include <isa-l/igzip_lib.h>

struct deflate {
    deflate_sink *sink;
    void *data;
    struct isal_zstream stream;
    uint8_t level_buffer[ISAL_DEF_LVL2_DEFAULT];
    unsigned char *input, *out;
    size_t held;
};

static void
library_init(struct deflate *d)
{
    isal_deflate_init(&d->stream);
    d->stream.gzip_flag = IGZIP_GZIP;
    d->stream.level = 2;
    d->stream.level_buf = d->level_buffer;
    d->stream.level_buf_size = sizeof d->level_buffer;
}

static void
library_done(struct deflate *d)
{
    (void)d;
}

static int
library_run(struct deflate *d, bool is_last)
{
    d->stream.end_of_stream = is_last;
    return isal_deflate(&d->stream) == COMP_OK ? 0 : -EIO;
}
#endif

struct deflate *
deflate_open(deflate_sink *sink, void *data)
{
    struct deflate *d = mem_new(1, sizeof *d);
    d->sink = sink;
    d->data = data;
    d->input = mem_new(PIECE, 1);
    d->out = mem_new(PIECE, 1);
    library_init(d);
    return d;
}

void
deflate_close(struct deflate *d)
{
    if (!d)
        return;
    library_done(d);
    free(d->input);
    free(d->out);
    free(d);
}

/* Compresses what is held, and hands on all that comes out. */
static int
flush(struct deflate *d, bool is_last, struct err *e)
{
    d->stream.next_in = d->input;
    d->stream.avail_in = (unsigned)d->held;
    d->held = 0;
    do {
        d->stream.next_out = d->out;
        d->stream.avail_out = PIECE;
        TRY(err_sys(e, library_run(d, is_last), "compress"));
        size_t n = PIECE - d->stream.avail_out;
        if (n > 0)
            TRY(d->sink(d->data, d->out, n, e));
    } while (d->stream.avail_out == 0 || d->stream.avail_in > 0);
    return 0;
}

/* Pieces of one size only: where the library ends a block depends on what it gets at once,
 * and what it gets must not depend on who calls. */
int
deflate_add(struct deflate *d, const void *p, size_t n, struct err *e)
{
    const unsigned char *from = p;
    while (n > 0) {
        size_t room = PIECE - d->held, len = n < room ? n : room;
        memcpy(d->input + d->held, from, len);
        d->held += len;
        from += len;
        n -= len;
        if (d->held == PIECE)
            TRY(flush(d, false, e));
    }
    return 0;
}

int
deflate_end(struct deflate *d, struct err *e)
{
    return flush(d, true, e);
}
