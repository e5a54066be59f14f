/* tar_write.c - entries become blocks of 512 bytes.
 *
 *     [x header | records "LENGTH key=value\n" | zeros]   only where ustar is too small
 *     header    | data | zeros
 *     ...
 *     two blocks of zeros
 *
 * Where an extended header says something, the field in the ustar header holds what fits of
 * it: readers that know pax do not look there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/tar_write.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "image/tar_header.h"

static const char zeros[64u << 10];

static int
put(struct tar_writer *w, const void *p, size_t n, struct err *e)
{
    return n ? w->sink.put(w->sink.data, p, n, e) : 0;
}

static int
put_zeros(struct tar_writer *w, int64_t n, struct err *e)
{
    for (; n > 0; n -= sizeof zeros)
        TRY(put(w, zeros, n < (int64_t)sizeof zeros ? (size_t)n : sizeof zeros, e));
    return 0;
}

/* ---- extended headers ------------------------------------------------------------- */

/* "LENGTH key=value\n", where LENGTH counts its own digits too. */
static void
add_record(struct text *out, const char *key, const void *value, size_t value_len)
{
    size_t rest = strlen(key) + value_len + 3, len = rest + 1;
    char digits[24];
    while ((size_t)snprintf(digits, sizeof digits, "%zu", len) + rest != len)
        len = rest + strlen(digits);
    text_addf(out, "%s %s=", digits, key);
    text_add_bytes(out, value, value_len);
    text_add_char(out, '\n');
}

static void
add_text(struct text *out, const char *key, const char *value)
{
    add_record(out, key, value, strlen(value));
}

/* A number that its field of `digits` octal digits cannot hold. */
static void
add_number(struct text *out, const char *key, int64_t value, int digits)
{
    if (value >= 0 && value >> (3 * digits) == 0)
        return;
    auto_free char *decimal = str_format("%lld", (long long)value);
    add_text(out, key, decimal);
}

/* "1700000000.123456789", without zeros at the end; before 1970 it counts back. */
static void
add_mtime(struct text *out, struct timespec t)
{
    if (t.tv_nsec == 0 && t.tv_sec >= 0 && (int64_t)t.tv_sec >> 33 == 0)
        return;
    long long seconds = t.tv_sec;
    long ns = t.tv_nsec;
    bool is_before = seconds < 0;
    if (is_before && ns > 0) {
        seconds++;
        ns = 1000000000 - ns;
    }
    char buf[48];
    int n = snprintf(buf, sizeof buf, "%s%lld.%09ld", is_before ? "-" : "",
                     is_before ? -seconds : seconds, ns);
    while (buf[n - 1] == '0')
        n--;
    if (buf[n - 1] == '.')
        n--;
    add_record(out, "mtime", buf, (size_t)n);
}

static int
add_xattrs(struct text *out, const struct tar_entry *entry, struct err *e)
{
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const struct tar_xattr *a = &entry->xattrs[i];
        if (strchr(a->name, '='))
            return err_set(e, ERR_INVALID,
                           "\"%.200s\" has the attribute \"%.100s\", which no tar can hold",
                           entry->name, a->name);
        auto_free char *key = str_format("SCHILY.xattr.%s", a->name);
        add_record(out, key, a->value ? a->value : "", a->len);
    }
    return 0;
}

static int
gather_records(const struct tar_entry *entry, const char *name, struct text *out,
               struct err *e)
{
    struct tar_header h;
    if (strlen(name) > TAR_NAME_MOST || strlen(entry->link) > TAR_NAME_MOST)
        return err_set(e, ERR_INVALID, "\"%.100s...\" is too long a name for an archive",
                       name);
    if (strlen(name) > sizeof h.name)
        add_text(out, "path", name);
    if (strlen(entry->link) > sizeof h.link)
        add_text(out, "linkpath", entry->link);
    add_number(out, "size", entry->size, sizeof h.size - 1);
    add_number(out, "uid", entry->uid, sizeof h.uid - 1);
    add_number(out, "gid", entry->gid, sizeof h.gid - 1);
    add_mtime(out, entry->mtime);
    TRY(add_xattrs(out, entry, e));
    if (out->len > TAR_PAX_MOST)
        return err_set(e, ERR_INVALID, "\"%.200s\" has too many attributes for an archive",
                       name);
    return 0;
}

/* ---- headers ---------------------------------------------------------------------- */

/* What does not fit stands in the extended header: then all that fits, or 0. */
static void
set_text(char *field, size_t n, const char *s)
{
    memcpy(field, s, strnlen(s, n));
}

static void
set_octal(char *field, size_t n, int64_t value)
{
    if (value < 0 || value >> (3 * (n - 1)))
        value = 0;
    char digits[24];
    snprintf(digits, sizeof digits, "%0*llo", (int)n - 1, (long long)value);
    memcpy(field, digits, n);
}

static void
sign(struct tar_header *h)
{
    memset(h->checksum, ' ', sizeof h->checksum);
    unsigned sum = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += ((const unsigned char *)h)[i];
    set_octal(h->checksum, sizeof h->checksum - 1, sum);
}

static int
write_header(struct tar_writer *w, const struct tar_entry *entry, const char *name,
             char type, int64_t size, struct err *e)
{
    struct tar_header h = {
        .type = type, .magic = "ustar", .version = {'0', '0'}
    };
    set_text(h.name, sizeof h.name, name);
    set_text(h.link, sizeof h.link, entry->link);
    set_octal(h.mode, sizeof h.mode, entry->mode & 07777);
    set_octal(h.uid, sizeof h.uid, entry->uid);
    set_octal(h.gid, sizeof h.gid, entry->gid);
    set_octal(h.size, sizeof h.size, size);
    set_octal(h.mtime, sizeof h.mtime, entry->mtime.tv_sec);
    set_octal(h.major, sizeof h.major, entry->major);
    set_octal(h.minor, sizeof h.minor, entry->minor);
    sign(&h);
    return put(w, &h, sizeof h, e);
}

static int
write_extended(struct tar_writer *w, const struct text *records, struct err *e)
{
    const struct tar_entry about = {.link = (char *)"", .mode = 0644};
    int64_t size = (int64_t)records->len;
    TRY(write_header(w, &about, "PaxHeaders", 'x', size, e));
    TRY(put(w, records->data, records->len, e));
    return put_zeros(w, tar_pad(size), e);
}

int
tar_write_entry(struct tar_writer *w, const struct tar_entry *entry, struct err *e)
{
    bool is_bare = entry->type == TAR_DIRECTORY && !str_ends(entry->name, "/");
    auto_free char *name = str_format("%s%s", entry->name, is_bare ? "/" : "");
    auto_text records = {0};
    TRY(put_zeros(w, w->pad, e));
    w->pad = 0;
    TRY(gather_records(entry, name, &records, e));
    if (records.len > 0)
        TRY(write_extended(w, &records, e));
    TRY(write_header(w, entry, name, (char)('0' + entry->type), entry->size, e));
    w->left = entry->size;
    w->pad = tar_pad(entry->size);
    return 0;
}

/* ---- data ------------------------------------------------------------------------- */

int
tar_write_data(struct tar_writer *w, const void *p, size_t n, struct err *e)
{
    if ((int64_t)n > w->left)
        return err_set(e, ERR_INVALID, "more data than an archive's entry has room for");
    w->left -= (int64_t)n;
    return put(w, p, n, e);
}

int
tar_write_zeros(struct tar_writer *w, int64_t n, struct err *e)
{
    if (n > w->left)
        return err_set(e, ERR_INVALID, "more data than an archive's entry has room for");
    w->left -= n;
    return put_zeros(w, n, e);
}

int
tar_write_end(struct tar_writer *w, struct err *e)
{
    return put_zeros(w, w->pad + 2 * TAR_BLOCK, e);
}
