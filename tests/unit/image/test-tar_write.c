/* test-tar_write.c - what the writer writes, our own reader reads; the black-box tests ask
 * GNU tar and Python.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/tar_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "unit.h"

static int
append(void *data, const void *p, size_t n, struct err *e)
{
    (void)e;
    text_add_bytes(data, p, n);
    return 0;
}

static int
all_at_once(void *data, const unsigned char **p, size_t *n, struct err *e)
{
    (void)e;
    struct text *left = data;
    *p = (const unsigned char *)left->data;
    *n = left->len;
    left->len = 0;
    return 0;
}

static void
assert_same(const struct tar_entry *a, const struct tar_entry *b)
{
    assert_int_equal(a->type, b->type);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->link, b->link);
    assert_int_equal(a->mode, b->mode);
    assert_int_equal(a->uid, b->uid);
    assert_int_equal(a->gid, b->gid);
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->mtime.tv_sec, b->mtime.tv_sec);
    assert_int_equal(a->mtime.tv_nsec, b->mtime.tv_nsec);
    assert_int_equal(a->major, b->major);
    assert_int_equal(a->minor, b->minor);
    assert_int_equal(a->xattr_count, b->xattr_count);
    for (size_t i = 0; i < a->xattr_count; i++) {
        assert_string_equal(a->xattrs[i].name, b->xattrs[i].name);
        assert_int_equal(a->xattrs[i].len, b->xattrs[i].len);
        assert_memory_equal(a->xattrs[i].value, b->xattrs[i].value, a->xattrs[i].len);
    }
}

/* Writes one entry with `size` zeros for data, and reads it back. */
static void
round_trip(const struct tar_entry *entry)
{
    auto_text out = {0};
    struct err e = {0};
    struct tar_writer w = {
        .sink = {append, &out}
    };
    assert_int_equal(tar_write_entry(&w, entry, &e), 0);
    if (entry->size < 1 << 20)
        assert_int_equal(tar_write_zeros(&w, entry->size, &e), 0);
    assert_int_equal(tar_write_end(&w, &e), 0);
    assert_int_equal(out.len % 512, 0);

    struct text left = out;
    struct tar *tar = tar_open((struct tar_source){all_at_once, &left});
    const struct tar_entry *read;
    assert_int_equal(tar_next(tar, &read, &e), 1);
    assert_same(entry, read);
    tar_close(tar);
}

static char *
long_name(size_t n)
{
    char *s = mem_new(n + 1, 1);
    memset(s, 'n', n);
    return s;
}

#define ENTRY(...) named(&(struct tar_entry){__VA_ARGS__})

static struct tar_entry *
named(struct tar_entry *entry)
{
    static char name[] = "file", no_link[] = "";
    entry->name = entry->name ? entry->name : name;
    entry->link = entry->link ? entry->link : no_link;
    return entry;
}

static void
an_ordinary_entry_is_one_block(void **state)
{
    (void)state;
    auto_text out = {0};
    struct err e = {0};
    struct tar_writer w = {
        .sink = {append, &out}
    };
    assert_int_equal(tar_write_entry(&w, ENTRY(.mode = 0644, .mtime = {1700000000, 0}), &e),
                     0);
    assert_int_equal(out.len, 512);
    round_trip(ENTRY(.mode = 07777, .size = 513, .mtime = {1700000000, 0}));
}

static void
what_no_field_holds_comes_back_from_the_extended_header(void **state)
{
    (void)state;
    for (size_t n = 90; n < 120;
         n++) { /* also where the record's own length grows a digit */
        auto_free char *name = long_name(n);
        round_trip(ENTRY(.name = name));
        round_trip(ENTRY(.type = TAR_SYMLINK, .link = name));
    }
    auto_free char *longest = long_name(TAR_NAME_MOST);
    round_trip(ENTRY(.name = longest));
    round_trip(ENTRY(.uid = 3000000000u, .gid = 4294967294u));
    round_trip(ENTRY(.size = 1ll << 40));
    round_trip(ENTRY(.type = TAR_CHAR_DEVICE, .major = 0xfff, .minor = 0xfffff));
    round_trip(ENTRY(.type = TAR_DIRECTORY, .name = (char *)"d/"));
}

static void
times_keep_their_nanoseconds_before_1970_too(void **state)
{
    (void)state;
    static const struct timespec times[] = {
        {0,          1        },
        {1700000000, 123456789},
        {1700000000, 500000000},
        {-1,         0        },
        {-1,         999999999},
        {-1,         1        },
        {-5,         250000000},
        {1ll << 33,  0        },
        {1ll << 40,  7        },
    };
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        round_trip(ENTRY(.mtime = times[i]));
}

static void
attributes_are_bytes(void **state)
{
    (void)state;
    struct tar_xattr xattrs[] = {
        {(char *)"security.capability", "\1\0\0\2\0\n=\0", 8},
        {(char *)"user.empty",          "",                0},
        {(char *)"user.text",           "a=b\nc",          5},
    };
    round_trip(ENTRY(.xattrs = xattrs, .xattr_count = 3));
}

static void
what_no_archive_can_say_is_refused(void **state)
{
    (void)state;
    auto_text out = {0};
    struct err e = {0};
    struct tar_writer w = {
        .sink = {append, &out}
    };
    auto_free char *too_long = long_name(TAR_NAME_MOST + 1);
    struct tar_xattr equals = {(char *)"user.a=b", "", 0};
    assert_true(tar_write_entry(&w, ENTRY(.name = too_long), &e) < 0);
    assert_true(tar_write_entry(&w, ENTRY(.xattrs = &equals, .xattr_count = 1), &e) < 0);
    assert_int_equal(out.len, 0);
    assert_int_equal(tar_write_entry(&w, ENTRY(.size = 3), &e), 0);
    assert_true(tar_write_data(&w, "four", 4, &e) < 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_entry_is_one_block),
        cmocka_unit_test(what_no_field_holds_comes_back_from_the_extended_header),
        cmocka_unit_test(times_keep_their_nanoseconds_before_1970_too),
        cmocka_unit_test(attributes_are_bytes),
        cmocka_unit_test(what_no_archive_can_say_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
