/* test-overlay.c - overlay_open on real directories: few and many layers, with and without
 * an upper directory. Needs root.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "linux/path.h"
#include "runtime/overlay.h"

enum { MOST = OVERLAY_LOWER_MOST };

struct place {
    char name[64];
    int dir, lower[MOST], upper, work;
};

static int
make_dir(int dir, const char *name)
{
    assert_int_equal(lx_mkdirat(dir, name, 0755), 0);
    int fd = file_open_dir_at(dir, name);
    assert_true(fd >= 0);
    return fd;
}

/* Layers l0 (topmost) ... each with a file of its own name, and "who" in all. */
static void
place_make(struct place *p, size_t n)
{
    snprintf(p->name, sizeof p->name, "/tmp/sampan-overlay-XXXXXX");
    assert_non_null(mkdtemp(p->name));
    p->dir = lx_open(p->name, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < n; i++) {
        char name[24];
        snprintf(name, sizeof name, "l%zu", i);
        p->lower[i] = make_dir(p->dir, name);
        assert_int_equal(file_write_at(p->lower[i], name, name, 3, 0644), 0);
        assert_int_equal(file_write_at(p->lower[i], "who", name, 2, 0644), 0);
    }
    p->upper = make_dir(p->dir, "upper");
    p->work = make_dir(p->dir, "work");
}

static void
place_remove(struct place *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        close(p->lower[i]);
    close(p->upper);
    close(p->work);
    close(p->dir);
    assert_int_equal(file_remove_tree_at(AT_FDCWD, p->name), 0);
}

static int
open_it(struct place *p, size_t n, bool is_writable, bool is_volatile)
{
    struct err e = {0};
    struct overlay_plan plan = {
        .lower = p->lower,
        .n_lower = n,
        .upper = is_writable ? p->upper : NO_FD,
        .work = is_writable ? p->work : NO_FD,
        .is_volatile = is_volatile,
    };
    int mount = overlay_open(&plan, &e);
    if (mount < 0)
        fail_msg("%s", e.text);
    return mount;
}

/* The topmost layer wins; every layer is there. */
static void
check(int mount, size_t n)
{
    auto_free char *who = NULL;
    assert_true(file_read_at(mount, "who", 100, &who, NULL) >= 0);
    assert_string_equal(who, "l0");
    for (size_t i = 0; i < n; i++) {
        char name[24];
        struct stat st;
        snprintf(name, sizeof name, "l%zu", i);
        assert_int_equal(lx_fstatat(mount, name, &st, 0), 0);
    }
}

static void
try_layers(size_t n, bool is_writable, bool is_volatile)
{
    if (geteuid() != 0) {
        print_message("needs root\n");
        skip();
    }
    struct place p;
    place_make(&p, n);
    int mount = open_it(&p, n, is_writable, is_volatile);
    check(mount, n);
    int written = file_write_at(mount, "new", "x", 1, 0644);
    assert_int_equal(written, is_writable ? 0 : -EROFS);
    struct stat st;
    assert_int_equal(lx_fstatat(p.upper, "new", &st, 0), is_writable ? 0 : -ENOENT);
    close(mount);
    place_remove(&p, n);
}

static void
test_one_layer_read_only(void **state)
{
    (void)state;
    try_layers(1, false, false);
}

static void
test_two_layers_read_only(void **state)
{
    (void)state;
    try_layers(2, false, false);
}

static void
test_one_layer_written_to(void **state)
{
    (void)state;
    try_layers(1, true, false);
}

static void
test_volatile(void **state)
{
    (void)state;
    try_layers(3, true, true);
}

static void
test_more_layers_than_one_string_can_name(void **state)
{
    (void)state;
    try_layers(40, true, true);
}

static void
test_the_most_layers(void **state)
{
    (void)state;
    try_layers(MOST, true, false);
    try_layers(MOST, false, false);
}

static void
test_an_upper_that_is_no_directory_says_why(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct place p;
    struct err e = {0};
    place_make(&p, 1);
    struct overlay_plan plan = {
        .lower = p.lower, .n_lower = 1, .upper = p.upper, .work = p.upper};
    assert_true(overlay_open(&plan, &e) < 0);
    assert_non_null(strstr(e.text, "overlay"));
    place_remove(&p, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_layer_read_only),
        cmocka_unit_test(test_two_layers_read_only),
        cmocka_unit_test(test_one_layer_written_to),
        cmocka_unit_test(test_volatile),
        cmocka_unit_test(test_more_layers_than_one_string_can_name),
        cmocka_unit_test(test_the_most_layers),
        cmocka_unit_test(test_an_upper_that_is_no_directory_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
