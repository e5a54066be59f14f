/* test-resctrl.c - classes of service, on a directory that looks like resctrl.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "runtime/resctrl.h"

struct fake {
    char path[64];
    int root;
};

/* A class that is there; the kernel would make the files with the directory. */
static void
add_class(const struct fake *f, const char *name, const char *schemata)
{
    assert_int_equal(mkdirat(f->root, name, 0755), 0);
    auto_free char *file = str_format("%s/schemata", name);
    auto_free char *tasks = str_format("%s/tasks", name);
    auto_free char *groups = str_format("%s/mon_groups", name);
    assert_int_equal(file_write_at(f->root, file, schemata, strlen(schemata), 0644), 0);
    assert_int_equal(file_write_at(f->root, tasks, "", 0, 0644), 0);
    assert_int_equal(mkdirat(f->root, groups, 0755), 0);
}

static int
set_up(void **state)
{
    struct fake *f = calloc(1, sizeof *f);
    strcpy(f->path, "/tmp/resctrl-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    f->root = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    add_class(f, "gold", "    L3:0=7f;1=f\n    MB:0=100\n");
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fake *f = *state;
    close(f->root);
    file_remove_tree_at(AT_FDCWD, f->path);
    free(f);
    return 0;
}

static char *
content(const struct fake *f, const char *file)
{
    char *text = NULL;
    assert_int_equal(file_read_at(f->root, file, 4096, &text, NULL), 0);
    return text;
}

static void
a_class_that_is_there_is_joined(void **state)
{
    struct fake *f = *state;
    struct resctrl made = {.clos = "x"};
    struct err e;
    struct oci_intel_rdt rdt = {.clos_id = "gold"};
    assert_int_equal(resctrl_join(f->root, &rdt, "id", 42, &made, &e), 0);
    auto_free char *tasks = content(f, "gold/tasks");
    assert_string_equal(tasks, "42");
    assert_string_equal(made.clos, "");
}

static void
its_schemata_must_be_the_same(void **state)
{
    struct fake *f = *state;
    struct resctrl made;
    struct err e;
    struct oci_intel_rdt same = {
        .clos_id = "gold", .l3_cache_schema = "L3:0=7f;1=f", .mem_bw_schema = "MB:0=100"};
    struct oci_intel_rdt other = {.clos_id = "gold", .l3_cache_schema = "L3:0=1;1=1"};
    assert_int_equal(resctrl_join(f->root, &same, "id", 1, &made, &e), 0);
    assert_true(resctrl_join(f->root, &other, "id", 1, &made, &e) < 0);
    assert_non_null(strstr(e.text, "linux.intelRdt.closID: the class is there"));
}

static void
one_that_is_missing_is_an_error(void **state)
{
    struct fake *f = *state;
    struct resctrl made;
    struct err e;
    struct oci_intel_rdt rdt = {.clos_id = "silver"};
    assert_true(resctrl_join(f->root, &rdt, "id", 1, &made, &e) < 0);
    assert_int_equal(e.kind, ERR_NOT_FOUND);
    assert_true(faccessat(f->root, "silver", F_OK, 0) < 0);
}

/* The kernel makes the files of a new class: here there are none, so joining it fails. */
static void
a_new_class_that_fails_is_removed(void **state)
{
    struct fake *f = *state;
    struct resctrl made;
    struct err e;
    struct oci_intel_rdt own = {.l3_cache_schema = NULL};
    struct oci_intel_rdt schema = {.clos_id = "new", .l3_cache_schema = "L3:0=f"};
    assert_true(resctrl_join(f->root, &own, "id", 1, &made, &e) < 0);
    assert_true(faccessat(f->root, "id", F_OK, 0) < 0);
    assert_true(resctrl_join(f->root, &schema, "id", 1, &made, &e) < 0);
    assert_true(faccessat(f->root, "new", F_OK, 0) < 0);
}

static void
a_class_is_changed(void **state)
{
    struct fake *f = *state;
    struct err e;
    struct oci_intel_rdt rdt = {.clos_id = "gold"};
    assert_int_equal(resctrl_update(f->root, &rdt, "id", "L3:0=1;1=1", "MB:0=50", &e), 0);
    auto_free char *schemata = content(f, "gold/schemata");
    assert_non_null(strstr(schemata, "L3:0=1;1=1\nMB:0=50\n"));
    assert_true(resctrl_update(f->root, &rdt, "id", NULL, "L3:0=1", &e) < 0);
    assert_non_null(strstr(e.text, "linux.intelRdt.memBwSchema"));
    struct oci_intel_rdt gone = {.clos_id = "gone"};
    assert_true(resctrl_update(f->root, &gone, "id", "L3:0=1", NULL, &e) < 0);
    assert_non_null(strstr(e.text, "open the class gone"));
}

static void
monitoring_needs_what_the_machine_counts(void **state)
{
    struct fake *f = *state;
    struct resctrl made;
    struct err e;
    struct oci_intel_rdt rdt = {.clos_id = "gold", .enable_cmt = true};
    assert_true(resctrl_join(f->root, &rdt, "id", 1, &made, &e) < 0);
    assert_non_null(strstr(e.text, "linux.intelRdt.enableCMT"));
}

static void
removing_takes_what_was_made(void **state)
{
    struct fake *f = *state;
    struct err e;
    struct resctrl made = {.clos = "mine"};
    assert_int_equal(mkdirat(f->root, "mine", 0755), 0);
    assert_int_equal(resctrl_remove(f->root, &made, &e), 0);
    assert_true(faccessat(f->root, "mine", F_OK, 0) < 0);
    assert_string_equal(made.clos, "");
    assert_int_equal(resctrl_remove(f->root, &made, &e), 0);
}

static void
names_are_one_directory(void **state)
{
    static const char *const bad[] = {"", ".", "..", "a/b", "../x", "info", "mon_groups"};
    (void)state;
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct oci_intel_rdt rdt = {.clos_id = (char *)(uintptr_t)bad[i]};
        assert_true(resctrl_check(&rdt, "id", &e) < 0);
    }
    struct oci_intel_rdt good = {.clos_id = "a.b-c_d", .mem_bw_schema = "MB:0=1"};
    assert_int_equal(resctrl_check(&good, "id", &e), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_class_that_is_there_is_joined),
        TEST(its_schemata_must_be_the_same),
        TEST(one_that_is_missing_is_an_error),
        TEST(a_new_class_that_fails_is_removed),
        TEST(a_class_is_changed),
        TEST(monitoring_needs_what_the_machine_counts),
        TEST(removing_takes_what_was_made),
        TEST(names_are_one_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
