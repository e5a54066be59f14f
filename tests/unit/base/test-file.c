/* test-file.c - small files read, replaced and removed whole.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "place.h"

static void
a_file_is_replaced_whole(void **state)
{
    (void)state;
    auto_free char *got = NULL;
    size_t len = 0;
    assert_int_equal(file_replace_at(place_fd, "f", "one", 3, 0600, true), 0);
    assert_int_equal(file_replace_at(place_fd, "f", "two!", 4, 0600, false), 0);
    assert_int_equal(file_read_at(place_fd, "f", 100, &got, &len), 0);
    assert_int_equal(len, 4);
    assert_string_equal(got, "two!");
    auto_list names = {0};
    assert_int_equal(file_list_dir(place_fd, &names), 0);
    assert_int_equal(names.n, 1); /* nothing beside it is left */
}

static void
what_is_created_replaces_nothing(void **state)
{
    (void)state;
    auto_free char *got = NULL;
    assert_int_equal(file_create_at(place_fd, "f", "one", 3, 0600), 0);
    assert_int_equal(file_create_at(place_fd, "f", "two", 3, 0600), -EEXIST);
    assert_int_equal(file_read_at(place_fd, "f", 100, &got, NULL), 0);
    assert_string_equal(got, "one");
    auto_list names = {0};
    assert_int_equal(file_list_dir(place_fd, &names), 0);
    assert_int_equal(names.n, 1); /* nothing beside it is left */
}

static void
reading_is_bounded(void **state)
{
    (void)state;
    char *got = NULL;
    assert_int_equal(file_write_at(place_fd, "f", "12345", 5, 0600), 0);
    assert_int_equal(file_read_at(place_fd, "f", 4, &got, NULL), -EFBIG);
    assert_null(got);
    assert_int_equal(file_read_at(place_fd, "none", 4, &got, NULL), -ENOENT);
}

static void
a_replacement_that_fails_leaves_the_old(void **state)
{
    (void)state;
    assert_int_equal(mkdirat(place_fd, "d", 0700), 0);
    assert_int_equal(file_write_at(place_fd, "d/x", "old", 3, 0600), 0);
    assert_true(file_replace_at(place_fd, "d", "new", 3, 0600, false) <
                0); /* it is a directory */
    auto_list names = {0};
    assert_int_equal(file_list_dir(place_fd, &names), 0);
    assert_int_equal(names.n, 1);
}

/* A chain of `depth` directories with long names: longer than any path may be. */
static void
make_deep(int depth)
{
    char name[201];
    memset(name, 'x', 200);
    name[200] = '\0';
    assert_int_equal(mkdirat(place_fd, "deep", 0700), 0);
    int at = file_open_dir_at(place_fd, "deep");
    for (int i = 0; i < depth; i++) {
        assert_int_equal(mkdirat(at, name, 0700), 0);
        assert_int_equal(file_write_at(at, "f", "x", 1, 0600), 0);
        int next = file_open_dir_at(at, name);
        close(at);
        at = next;
        assert_true(at >= 0);
    }
    close(at);
}

static void
a_tree_deeper_than_any_path_is_removed(void **state)
{
    (void)state;
    make_deep(300);
    assert_int_equal(file_remove_tree_at(place_fd, "deep"), 0);
    assert_int_equal(faccessat(place_fd, "deep", F_OK, AT_SYMLINK_NOFOLLOW), -1);
    assert_int_equal(file_remove_tree_at(place_fd, "deep"), 0); /* again: nothing to do */
}

static void
removal_does_not_follow_links(void **state)
{
    (void)state;
    assert_int_equal(mkdirat(place_fd, "kept", 0700), 0);
    assert_int_equal(file_write_at(place_fd, "kept/f", "x", 1, 0600), 0);
    assert_int_equal(mkdirat(place_fd, "tree", 0700), 0);
    assert_int_equal(symlinkat("../kept", place_fd, "tree/link"), 0);
    assert_int_equal(symlinkat("kept", place_fd, "link"), 0);
    assert_int_equal(file_remove_tree_at(place_fd, "tree"), 0);
    assert_int_equal(file_remove_tree_at(place_fd, "link"), 0);
    assert_int_equal(faccessat(place_fd, "kept/f", F_OK, 0), 0);
}

static void
parents_are_made(void **state)
{
    (void)state;
    assert_int_equal(file_mkdirs_at(place_fd, "a/b/c", 0700), 0);
    assert_int_equal(file_mkdirs_at(place_fd, "a/b/c", 0700), 0);
    assert_int_equal(faccessat(place_fd, "a/b/c", F_OK, 0), 0);
}

static void
random_names_differ(void **state)
{
    (void)state;
    char a[65], b[65];
    assert_int_equal(file_random_hex(a, 32), 0);
    assert_int_equal(file_random_hex(b, 32), 0);
    assert_int_equal(strspn(a, "0123456789abcdef"), 64);
    assert_string_not_equal(a, b);
    assert_int_equal(file_random_hex(a, 65), -EINVAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_file_is_replaced_whole),
        IN_PLACE(what_is_created_replaces_nothing),
        IN_PLACE(reading_is_bounded),
        IN_PLACE(a_replacement_that_fails_leaves_the_old),
        IN_PLACE(a_tree_deeper_than_any_path_is_removed),
        IN_PLACE(removal_does_not_follow_links),
        IN_PLACE(parents_are_made),
        cmocka_unit_test(random_names_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
