/* test-tar.c - the tar reader, fed byte by byte and in one piece.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/tar_header.h"
#include "image/tar_write.h"
#include "unit.h"

struct feed {
    const unsigned char *data;
    size_t len, at, step;
};

static int
next_piece(void *data, const unsigned char **p, size_t *n, struct err *e)
{
    (void)e;
    struct feed *feed = data;
    *p = feed->data + feed->at;
    *n = feed->len - feed->at < feed->step ? feed->len - feed->at : feed->step;
    feed->at += *n;
    return 0;
}

static int
append(void *data, const void *p, size_t n, struct err *e)
{
    (void)e;
    unsigned char **to = data;
    memcpy(*to, p, n);
    *to += n;
    return 0;
}

static size_t
put(unsigned char *to, enum tar_type type, const char *name, const char *body)
{
    char no_link[] = "";
    struct err e = {0};
    unsigned char *end = to;
    struct tar_entry entry = {.type = type,
                              .name = (char *)name,
                              .link = no_link,
                              .mode = 0644,
                              .uid = 1000,
                              .size = (int64_t)strlen(body),
                              .mtime = {.tv_sec = 1700000000}};
    struct tar_writer w = {
        .sink = {append, &end}
    };
    assert_int_equal(tar_write_entry(&w, &entry, &e), 0);
    assert_int_equal(tar_write_data(&w, body, strlen(body), &e), 0);
    return (size_t)(end - to) + (size_t)w.pad;
}

/* An entry of any type, and its checksum made right again; whole blocks. */
static size_t
put_type(unsigned char *to, char type, const char *name, const char *body, size_t body_len)
{
    struct tar_header *h = (void *)to;
    put(to, TAR_FILE, name, "");
    h->type = type;
    snprintf(h->size, sizeof h->size, "%011zo", body_len);
    memset(h->checksum, ' ', sizeof h->checksum);
    unsigned sum = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += to[i];
    snprintf(h->checksum, sizeof h->checksum, "%06o", sum);
    memcpy(to + TAR_BLOCK, body, body_len);
    return TAR_BLOCK + body_len + (size_t)tar_pad((int64_t)body_len);
}

static struct tar *
open_bytes(struct feed *feed)
{
    feed->step = 1000;
    return tar_open((struct tar_source){next_piece, feed});
}

static void
what_is_written_is_read_again_however_it_is_cut(void **state)
{
    (void)state;
    static unsigned char archive[8192];
    size_t len = put(archive, TAR_FILE, "a/b", "hello");
    len += put(archive + len, TAR_DIRECTORY, "d/", "");
    len += 1024;
    for (size_t step = 1; step <= len; step = step * 3 + 1) {
        struct feed feed = {archive, len, 0, step};
        struct tar *tar = tar_open((struct tar_source){next_piece, &feed});
        const struct tar_entry *entry;
        struct err e = {0};
        assert_int_equal(tar_next(tar, &entry, &e), 1);
        assert_string_equal(entry->name, "a/b");
        assert_int_equal(entry->uid, 1000);
        assert_int_equal(entry->mtime.tv_sec, 1700000000);

        char body[16] = "";
        const void *p;
        size_t n;
        int64_t offset;
        while (tar_data(tar, &p, &n, &offset, &e) > 0)
            memcpy(body + offset, p, n);
        assert_string_equal(body, "hello");
        assert_int_equal(tar_next(tar, &entry, &e), 1);
        assert_int_equal(entry->type, TAR_DIRECTORY);
        assert_int_equal(tar_next(tar, &entry, &e), 0);
        assert_int_equal(tar_drain(tar, &e), 0);
        tar_close(tar);
    }
}

static void
data_that_nobody_reads_is_skipped(void **state)
{
    (void)state;
    static unsigned char archive[8192];
    char body[1300];
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    size_t len = put(archive, TAR_FILE, "a", body);
    len += put(archive + len, TAR_FILE, "b", "");
    struct feed feed = {archive, len, 0, 100};
    struct tar *tar = tar_open((struct tar_source){next_piece, &feed});
    const struct tar_entry *entry;
    struct err e = {0};
    assert_int_equal(tar_next(tar, &entry, &e), 1);
    assert_int_equal(tar_next(tar, &entry, &e), 1);
    assert_string_equal(entry->name, "b");
    assert_int_equal(tar_next(tar, &entry, &e), 0); /* the end without zeros is one too */
    tar_close(tar);
}

/* The records of pax are what GNU tar --sparse-version=1.0 writes. */
static const char sparse_1_0[] = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
                                 "27 GNU.sparse.realsize=100\n";

static void
data_of_a_sparse_file_comes_with_its_place(void **state)
{
    (void)state;
    static unsigned char archive[8192];
    char data[TAR_BLOCK + 5] = "2\n9\n2\n90\n3\n";
    memcpy(data + TAR_BLOCK, "abXYZ", 5);
    struct feed feed = {.data = archive};
    feed.len = put_type(archive, 'x', "pax", sparse_1_0, strlen(sparse_1_0));
    feed.len += put_type(archive + feed.len, '0', "hole", data, sizeof data);
    struct tar *tar = open_bytes(&feed);
    const struct tar_entry *entry;
    struct err e = {0};
    assert_int_equal(tar_next(tar, &entry, &e), 1);
    assert_int_equal(entry->size, 100);

    const void *p;
    size_t n;
    int64_t offset;
    assert_int_equal(tar_data(tar, &p, &n, &offset, &e), 1);
    assert_int_equal(offset, 9);
    assert_memory_equal(p, "ab", n);
    assert_int_equal(tar_data(tar, &p, &n, &offset, &e), 1);
    assert_int_equal(offset, 90);
    assert_memory_equal(p, "XYZ", n);
    assert_int_equal(tar_data(tar, &p, &n, &offset, &e), 0);
    tar_close(tar);
}

/* What the reader says about an archive whose only file is sparse in format 1.0. */
static void
refuses_map(const char *map, const char *words)
{
    static unsigned char archive[8192];
    char data[TAR_BLOCK] = "";
    memset(archive, 0, sizeof archive);
    memcpy(data, map, strlen(map));
    struct feed feed = {.data = archive};
    feed.len = put_type(archive, 'x', "pax", sparse_1_0, strlen(sparse_1_0));
    feed.len += put_type(archive + feed.len, '0', "f", data, sizeof data);
    struct tar *tar = open_bytes(&feed);
    const struct tar_entry *entry;
    struct err e = {0};
    assert_true(tar_next(tar, &entry, &e) < 0);
    if (!strstr(e.text, words))
        fail_msg("%s: wanted \"%s\", got \"%s\"", map, words, e.text);
    tar_close(tar);
}

static void
a_sparse_map_that_lies_is_refused(void **state)
{
    (void)state;
    refuses_map("1\n0\nx\n", "a number of the sparse map");
    refuses_map("\n", "a number of the sparse map");
    refuses_map("65537\n", "too many pieces");
    refuses_map("1\n0\n1\n", "does not fit its file");
    refuses_map("2\n9\n0\n3\n0\n", "out of order");
    refuses_map("1\n9999999999999999999\n1\n", "a number of the sparse map");
    refuses_map("1\n1\n99999999999999999999999\n", "a number of the sparse map");
}

static void
what_has_no_data_has_no_map_either(void **state)
{
    (void)state;
    static const char map[] = "27 GNU.sparse.realsize=100\n22 GNU.sparse.map=0,5\n";
    static unsigned char archive[8192];
    struct feed feed = {.data = archive};
    feed.len = put_type(archive, 'x', "pax", map, strlen(map));
    feed.len += put_type(archive + feed.len, '5', "d/", "", 0);
    feed.len += put(archive + feed.len, TAR_FILE, "f", "");
    struct tar *tar = open_bytes(&feed);
    const struct tar_entry *entry;
    struct err e = {0};
    const void *p;
    size_t n;
    int64_t offset;
    assert_int_equal(tar_next(tar, &entry, &e), 1);
    assert_int_equal(tar_data(tar, &p, &n, &offset, &e), 0);
    assert_int_equal(tar_next(tar, &entry, &e), 1);
    assert_string_equal(entry->name, "f");
    tar_close(tar);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again_however_it_is_cut),
        cmocka_unit_test(data_that_nobody_reads_is_skipped),
        cmocka_unit_test(data_of_a_sparse_file_comes_with_its_place),
        cmocka_unit_test(a_sparse_map_that_lies_is_refused),
        cmocka_unit_test(what_has_no_data_has_no_map_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
