/* inflate.c - one stream interface over ISA-L (or zlib) and libzstd.
 *
 * The kind is read from the first bytes, never from a name or a media type. Memory is
 * bounded: one input buffer and the decoder's window (32 KiB for gzip; for zstd what the
 * frame asks for, up to a limit: rule R5). A file may hold several gzip members or
 * zstd frames one after the other; they are one stream.
 *
 * ISA-L inflates four times as fast as zlib; -DWITH_ZLIB builds without it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/inflate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#ifdef WITH_ZLIB
#include <zlib.h>
#else
#include <isa-l/igzip_lib.h>
#endif

#include "base/file.h"
#include "base/memory.h"

#define INPUT_SIZE (256u << 10)

struct inflate {
    int fd;
    enum compression kind;
    bool is_started, is_at_end; /* of the input */
    bool is_inside;             /* a member or frame has begun and not ended */
    unsigned char *in;          /* INPUT_SIZE bytes */
    size_t in_at, in_len;
    int grown_fd;            /* of a file that grows, else NO_FD */
    int64_t got, there, all; /* bytes of it: read, written, in the end */
    ZSTD_DCtx *zstd;
    int window_log;
    bool wants_more; /* of a window */
#ifdef WITH_ZLIB
    z_stream gzip;
#else
    struct inflate_state *gzip;
#endif
};

static const struct {
    const char *bytes;
    size_t len;
    const char *name; /* one that we do not read, or NULL */
    enum compression kind;
} magics[] = {
    {"\x1f\x8b",         2, NULL,    COMPRESSION_GZIP},
    {"\x28\xb5\x2f\xfd", 4, NULL,    COMPRESSION_ZSTD},
    {"\xfd"
     "7zXZ",        5, "xz",    COMPRESSION_NONE},
    {"BZh",              3, "bzip2", COMPRESSION_NONE},
    {"LZIP",             4, "lzip",  COMPRESSION_NONE},
};

static size_t
magic_of(const unsigned char *first, size_t len)
{
    size_t i = 0;
    while (i < ARRAY_LEN(magics) &&
           (len < magics[i].len || memcmp(first, magics[i].bytes, magics[i].len) != 0))
        i++;
    return i;
}

enum compression
compression_of(const unsigned char *first, size_t len)
{
    size_t i = magic_of(first, len);
    return i < ARRAY_LEN(magics) ? magics[i].kind : COMPRESSION_NONE;
}

const char *
compression_suffix(enum compression kind)
{
    static const char *const suffixes[] = {[COMPRESSION_NONE] = "",
                                           [COMPRESSION_GZIP] = "+gzip",
                                           [COMPRESSION_ZSTD] = "+zstd"};
    return suffixes[kind];
}

struct inflate *
inflate_open(int fd)
{
    struct inflate *in = mem_new(1, sizeof *in);
    in->fd = fd;
    in->grown_fd = NO_FD;
    in->window_log = INFLATE_WINDOW_MOST;
    in->in = mem_new(INPUT_SIZE, 1);
    return in;
}

void
inflate_limit(struct inflate *in, int window_log)
{
    in->window_log = window_log;
}

bool
inflate_wants_more(const struct inflate *in)
{
    return in->wants_more;
}

void
inflate_follow(struct inflate *in, int grown_fd, int64_t size)
{
    in->grown_fd = grown_fd;
    in->all = size;
}

enum compression
inflate_kind(const struct inflate *in)
{
    return in->kind;
}

static int
damaged(struct err *e, const char *what)
{
    return err_set(e, ERR_INVALID, "damaged compressed data: %s", what);
}

/* Waits until a file that grows has more than was read of it, or all that it will have. */
static int
wait_for_growth(struct inflate *in, struct err *e)
{
    while (in->grown_fd >= 0 && in->got >= in->there && in->there < in->all) {
        uint64_t more = 0;
        ssize_t n = file_read_some(in->grown_fd, &more, sizeof more);
        if (n != sizeof more)
            return err_sys(e, n < 0 ? (int)n : -EIO, "wait for more of the layer");
        in->there += (int64_t)more;
    }
    return 0;
}

/* Reads until the input buffer is full or the input ends: pipes give small pieces. */
static int
fill(struct inflate *in, struct err *e)
{
    if (in->in_at > 0) {
        memmove(in->in, in->in + in->in_at, in->in_len - in->in_at);
        in->in_len -= in->in_at;
        in->in_at = 0;
    }
    while (in->in_len < INPUT_SIZE && !in->is_at_end) {
        TRY(wait_for_growth(in, e));
        ssize_t n = file_read_some(in->fd, in->in + in->in_len, INPUT_SIZE - in->in_len);
        TRY(err_sys(e, (int)n, "read the archive"));
        in->is_at_end = n == 0;
        in->got += n;
        in->in_len += (size_t)n;
    }
    return 0;
}

/* ---- gzip ------------------------------------------------------------------------- */

#ifdef WITH_ZLIB

static int
gzip_begin(struct inflate *in, struct err *e)
{
    return inflateInit2(&in->gzip, 15 + 16) == Z_OK ? 0 : damaged(e, "zlib does not start");
}

static void
gzip_close(struct inflate *in)
{
    inflateEnd(&in->gzip);
}

static ssize_t
gzip_step(struct inflate *in, void *buf, size_t room, struct err *e)
{
    if (!in->is_inside)
        inflateReset(&in->gzip);
    in->gzip.next_in = in->in + in->in_at;
    in->gzip.avail_in = (uInt)(in->in_len - in->in_at);
    in->gzip.next_out = buf;
    in->gzip.avail_out = (uInt)room;
    int r = inflate(&in->gzip, Z_NO_FLUSH);
    if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
        return damaged(e, in->gzip.msg ? in->gzip.msg : "gzip");
    in->in_at = in->in_len - in->gzip.avail_in;
    in->is_inside = r != Z_STREAM_END;
    return (ssize_t)(room - in->gzip.avail_out);
}

#else

static int
gzip_begin(struct inflate *in, struct err *e)
{
    (void)e;
    in->gzip = mem_new(1, sizeof *in->gzip);
    return 0;
}

static void
gzip_close(struct inflate *in)
{
    free(in->gzip);
}

/* A member is: header, deflated data, checksum and length, both of which ISA-L checks. */
static ssize_t
gzip_step(struct inflate *in, void *buf, size_t room, struct err *e)
{
    if (!in->is_inside) {
        isal_inflate_init(in->gzip);
        in->gzip->crc_flag = ISAL_GZIP;
    }
    in->gzip->next_in = in->in + in->in_at;
    in->gzip->avail_in = (uint32_t)(in->in_len - in->in_at);
    in->gzip->next_out = buf;
    in->gzip->avail_out = (uint32_t)room;
    int r = isal_inflate(in->gzip);
    if (r < 0)
        return damaged(e, r == ISAL_INCORRECT_CHECKSUM ? "gzip: wrong checksum" : "gzip");
    in->in_at = in->in_len - in->gzip->avail_in;
    in->is_inside = in->gzip->block_state != ISAL_BLOCK_FINISH;
    return (ssize_t)(room - in->gzip->avail_out);
}

#endif

/* ---- zstd, plain ------------------------------------------------------------------ */

static int
zstd_begin(struct inflate *in, struct err *e)
{
    in->zstd = ZSTD_createDCtx();
    if (!in->zstd ||
        ZSTD_isError(ZSTD_DCtx_setParameter(in->zstd, ZSTD_d_windowLogMax, in->window_log)))
        return damaged(e, "zstd does not start");
    return 0;
}

static int
zstd_failed(struct inflate *in, size_t result, struct err *e)
{
    in->wants_more = ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge;
    if (!in->wants_more)
        return damaged(e, ZSTD_getErrorName(result));
    return err_set(e, ERR_UNSUPPORTED,
                   "compressed by zstd with a window of more than %d MiB, which unpacking "
                   "would take as memory: compress it without --long and with no more than "
                   "--ultra -20, or with gzip",
                   1 << (in->window_log - 20));
}

static ssize_t
zstd_step(struct inflate *in, void *buf, size_t room, struct err *e)
{
    ZSTD_inBuffer from = {in->in, in->in_len, in->in_at};
    ZSTD_outBuffer to = {buf, room, 0};
    size_t left = ZSTD_decompressStream(in->zstd, &to, &from);
    if (ZSTD_isError(left))
        return zstd_failed(in, left, e);
    in->in_at = from.pos;
    in->is_inside = left != 0;
    return (ssize_t)to.pos;
}

static ssize_t
plain_step(struct inflate *in, void *buf, size_t room, struct err *e)
{
    (void)e;
    size_t n = in->in_len - in->in_at;
    if (n > room)
        n = room;
    memcpy(buf, in->in + in->in_at, n);
    in->in_at += n;
    return (ssize_t)n;
}

/* ---- together --------------------------------------------------------------------- */

static int
nothing_to_begin(struct inflate *in, struct err *e)
{
    (void)in;
    (void)e;
    return 0;
}

static const struct {
    int (*begin)(struct inflate *in, struct err *e);
    ssize_t (*step)(struct inflate *in, void *buf, size_t room, struct err *e);
} decoders[] = {
    [COMPRESSION_NONE] = {nothing_to_begin, plain_step},
    [COMPRESSION_GZIP] = {gzip_begin,       gzip_step },
    [COMPRESSION_ZSTD] = {zstd_begin,       zstd_step },
};

static int
start(struct inflate *in, struct err *e)
{
    TRY(fill(in, e));
    size_t i = magic_of(in->in, in->in_len);
    if (i < ARRAY_LEN(magics) && magics[i].name)
        return err_set(e, ERR_UNSUPPORTED,
                       "compressed with %s: unpack it first (gzip and zstd are read)",
                       magics[i].name);
    in->kind = compression_of(in->in, in->in_len);
    in->is_started = true;
    return decoders[in->kind].begin(in, e);
}

ssize_t
inflate_read(struct inflate *in, void *buf, size_t room, struct err *e)
{
    if (!in->is_started)
        TRY(start(in, e));
    for (;;) {
        if (in->in_at < in->in_len || in->is_inside) {
            size_t before = in->in_at;
            ssize_t n = decoders[in->kind].step(in, buf, room, e);
            if (n != 0)
                return n;
            if (in->in_at != before)
                continue;
        }
        if (in->is_at_end || (in->in_at == 0 && in->in_len == INPUT_SIZE))
            break;
        TRY(fill(in, e));
    }
    if (in->is_inside || in->in_at < in->in_len)
        return damaged(e, "it ends too early");
    return 0;
}

void
inflate_close(struct inflate *in)
{
    if (!in)
        return;
    if (in->kind == COMPRESSION_GZIP)
        gzip_close(in);
    ZSTD_freeDCtx(in->zstd);
    free(in->in);
    free(in);
}
