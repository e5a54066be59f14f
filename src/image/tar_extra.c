/* tar_extra.c - extended headers: pax's records and GNU's long names.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/tar_extra.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

void
tar_xattrs_free(struct tar_xattr *xattrs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(xattrs[i].name);
        free(xattrs[i].value);
    }
    free(xattrs);
}

void
tar_extra_init(struct tar_extra *x, struct tar_stream *stream)
{
    *x = (struct tar_extra){.stream = stream};
    tar_extra_reset(x);
}

void
tar_extra_reset(struct tar_extra *x)
{
    tar_xattrs_free(x->xattrs, x->xattr_count);
    free(x->name);
    free(x->link);
    x->map.count = 0;
    *x = (struct tar_extra){.stream = x->stream,
                            .size = -1,
                            .uid = -1,
                            .gid = -1,
                            .real_size = -1,
                            .sparse_offset = -1,
                            .map = x->map};
}

void
tar_extra_done(struct tar_extra *x)
{
    tar_extra_reset(x);
    free(x->map.pieces);
}

static int
bad(const struct tar_extra *x, struct err *e, const char *what)
{
    return tar_stream_bad(x->stream, e, what);
}

/* ---- values ----------------------------------------------------------------------- */

static int
pax_number(const char *value, int64_t *ret)
{
    uint64_t n;
    if (num_parse_u64(value, &n) < 0 || n > (uint64_t)TAR_SIZE_MOST)
        return -EINVAL;
    *ret = (int64_t)n;
    return 0;
}

/* "1700000000.123456789", perhaps negative. */
static int
pax_time(const char *value, struct timespec *ret)
{
    bool is_negative = *value == '-';
    char seconds[24];
    size_t n = strcspn(value + is_negative, ".");
    if (n >= sizeof seconds)
        return -EINVAL;
    snprintf(seconds, sizeof seconds, "%.*s", (int)n, value + is_negative);
    int64_t whole;
    TRY(pax_number(seconds, &whole));

    const char *p = value + is_negative + n;
    long ns = 0, weight = 100000000;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, weight /= 10)
            ns += (*p - '0') * weight;
    if (*p)
        return -EINVAL;
    if (is_negative) { /* the nanoseconds of a timespec always count forward */
        whole = -whole - (ns > 0);
        ns = ns > 0 ? 1000000000 - ns : 0;
    }
    *ret = (struct timespec){.tv_sec = whole, .tv_nsec = ns};
    return 0;
}

/* "offset,length,offset,length": format 0.1. */
static int
pax_sparse_map(struct tar_extra *x, const char *value, struct err *e)
{
    auto_list numbers = {0};
    if (strlen(value) > TAR_PAX_MOST / 2)
        return bad(x, e, "a sparse map that is too long");
    list_split(&numbers, value, ',');
    if (numbers.n % 2)
        return bad(x, e, "a sparse map of an odd length");
    for (size_t i = 0; i < numbers.n; i += 2) {
        int64_t offset, len;
        if (pax_number(numbers.v[i], &offset) < 0 || pax_number(numbers.v[i + 1], &len) < 0)
            return bad(x, e, "a number of the sparse map");
        TRY(tar_map_add(&x->map, x->stream, offset, len, e));
    }
    x->is_sparse = true;
    return 0;
}

static int
pax_xattr(struct tar_extra *x, const char *name, const char *value, size_t len,
          struct err *e)
{
    if (len > TAR_XATTR_MOST || strlen(name) > 255 || x->xattr_count == 256)
        return bad(x, e, "too large or too many extended attributes");
    x->xattrs = mem_resize(x->xattrs, x->xattr_count + 1, sizeof *x->xattrs);
    x->xattrs[x->xattr_count++] = (struct tar_xattr){
        .name = str_copy(name), .value = len ? mem_copy(value, len) : NULL, .len = len};
    return 0;
}

static int
pax_text(struct tar_extra *x, char **to, const char *value, size_t len, struct err *e)
{
    if (len > TAR_NAME_MOST || strlen(value) != len)
        return bad(x, e, "a name that is too long or holds a NUL");
    free(*to);
    *to = str_copy(value);
    return 0;
}

enum pax_key {
    PAX_PATH,
    PAX_LINK,
    PAX_SIZE,
    PAX_UID,
    PAX_GID,
    PAX_MTIME,
    PAX_SPARSE_MAJOR,
    PAX_SPARSE_MINOR,
    PAX_SPARSE_SIZE,
    PAX_SPARSE_OFFSET,
    PAX_SPARSE_LENGTH,
    PAX_SPARSE_MAP,
};

static const struct {
    const char *word;
    enum pax_key key;
} pax_keys[] = {
    {"path",                PAX_PATH         },
    {"linkpath",            PAX_LINK         },
    {"size",                PAX_SIZE         },
    {"uid",                 PAX_UID          },
    {"gid",                 PAX_GID          },
    {"mtime",               PAX_MTIME        },
    {"GNU.sparse.major",    PAX_SPARSE_MAJOR },
    {"GNU.sparse.minor",    PAX_SPARSE_MINOR },
    {"GNU.sparse.name",     PAX_PATH         },
    {"GNU.sparse.size",     PAX_SPARSE_SIZE  },
    {"GNU.sparse.realsize", PAX_SPARSE_SIZE  },
    {"GNU.sparse.offset",   PAX_SPARSE_OFFSET},
    {"GNU.sparse.numbytes", PAX_SPARSE_LENGTH},
    {"GNU.sparse.map",      PAX_SPARSE_MAP   },
};

/* Format 0.0 repeats two keys: an offset, then the length that belongs to it. */
static int
pax_sparse_length(struct tar_extra *x, const char *value, struct err *e)
{
    int64_t len;
    if (x->sparse_offset < 0 || pax_number(value, &len) < 0)
        return bad(x, e, "a number of the sparse map");
    TRY(tar_map_add(&x->map, x->stream, x->sparse_offset, len, e));
    x->sparse_offset = -1;
    x->is_sparse = true;
    return 0;
}

static int
pax_known(struct tar_extra *x, enum pax_key key, const char *value, size_t len,
          struct err *e)
{
    int64_t number = 0;
    int r = 0;
    switch (key) {
    case PAX_PATH:
        return pax_text(x, &x->name, value, len, e);
    case PAX_LINK:
        return pax_text(x, &x->link, value, len, e);
    case PAX_SPARSE_MAP:
        return pax_sparse_map(x, value, e);
    case PAX_SPARSE_LENGTH:
        return pax_sparse_length(x, value, e);
    case PAX_MTIME:
        r = pax_time(value, &x->mtime);
        x->has_mtime = r == 0;
        break;
    case PAX_SIZE:
        r = pax_number(value, &x->size);
        break;
    case PAX_UID:
        r = pax_number(value, &x->uid);
        break;
    case PAX_GID:
        r = pax_number(value, &x->gid);
        break;
    case PAX_SPARSE_SIZE:
        r = pax_number(value, &x->real_size);
        break;
    case PAX_SPARSE_OFFSET:
        r = pax_number(value, &x->sparse_offset);
        break;
    case PAX_SPARSE_MAJOR:
    case PAX_SPARSE_MINOR:
        r = pax_number(value, &number);
        if (number > 1)
            r = -EINVAL;
        *(key == PAX_SPARSE_MAJOR ? &x->sparse_major : &x->sparse_minor) = (int)number;
        x->is_sparse = true;
        break;
    }
    return r < 0 ? bad(x, e, "a bad value in an extended header") : 0;
}

static int
pax_record(struct tar_extra *x, const char *key, const char *value, size_t len,
           struct err *e)
{
    const char *xattr = str_after(key, "SCHILY.xattr.");
    if (xattr)
        return pax_xattr(x, xattr, value, len, e);
    for (size_t i = 0; i < ARRAY_LEN(pax_keys); i++)
        if (str_eq(key, pax_keys[i].word))
            return pax_known(x, pax_keys[i].key, value, len, e);
    return 0; /* comments, access times, names of owners: not ours to keep */
}

/* Cuts "LENGTH key=value\n" records off the text; LENGTH counts the whole record. */
static int
parse_pax(struct tar_extra *x, char *text, size_t len, struct err *e)
{
    char *end = text + len;
    while (text < end) {
        size_t digits = strspn(text, "0123456789"), record = 0;
        if (digits == 0 || digits > 8 || text[digits] != ' ')
            return bad(x, e, "an extended header without its length");
        record = strtoul(text, NULL, 10);
        char *key = text + digits + 1;
        if (record > (size_t)(end - text) || record < digits + 4 ||
            text[record - 1] != '\n')
            return bad(x, e, "an extended header that lies about its length");
        char *equals = memchr(key, '=', record - digits - 2);
        if (!equals || equals == key)
            return bad(x, e, "an extended header without '='");
        *equals = text[record - 1] = '\0';
        size_t value_len = (size_t)(text + record - 1 - (equals + 1));
        TRY(pax_record(x, key, equals + 1, value_len, e));
        text += record;
    }
    return 0;
}

/* The data of an 'x', 'L' or 'K' entry, whole, NUL-terminated. */
static int
read_whole(struct tar_extra *x, int64_t size, int64_t most, char **ret, struct err *e)
{
    if (size > most)
        return bad(x, e, "an extended header that is too long");
    auto_free char *data = mem_new((size_t)size + 1, 1);
    size_t got;
    TRY(tar_stream_copy(x->stream, data, (size_t)size, &got, e));
    if ((int64_t)got < size)
        return bad(x, e, "it ends in an extended header");
    TRY(tar_stream_skip(x->stream, tar_pad(size), e));
    *ret = take_ptr(data);
    return 0;
}

int
tar_extra_read(struct tar_extra *x, char type, int64_t size, struct err *e)
{
    auto_free char *data = NULL;
    bool is_pax = type == 'x' || type == 'g';
    TRY(read_whole(x, size, is_pax ? TAR_PAX_MOST : TAR_NAME_MOST + 1, &data, e));
    if (type == 'g')
        return 0;
    if (type == 'x')
        return parse_pax(x, data, (size_t)size, e);
    return pax_text(x, type == 'L' ? &x->name : &x->link, data, strlen(data), e);
}
