/* test-mount_words.c - option words, their opposites, and what is no word.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include "base/text.h"
#include "linux/mount.h"
#include "runtime/limits.h"
#include "runtime/mount_words.h"

static int
parse(const char *words, struct mount_options *ret, struct err *e)
{
    auto_list list = {0};
    list_split(&list, words, ' ');
    return mount_options_parse(&list, "mounts[0].options", ret, e);
}

static void
a_later_word_undoes_an_earlier_one(void **state)
{
    (void)state;
    struct err e;
    auto_mount_options o = {0};
    assert_int_equal(parse("ro nosuid rw rro noatime sync async lazytime", &o, &e), 0);
    assert_int_equal(o.set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME);
    assert_int_equal(o.clear & MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY);
    assert_int_equal(o.recursive_set, MOUNT_ATTR_RDONLY);
    assert_int_equal(o.super, MS_LAZYTIME);
}

static void
kinds_of_words(void **state)
{
    (void)state;
    struct err e;
    auto_mount_options o = {0};
    assert_int_equal(parse("rbind rslave ridmap remount", &o, &e), 0);
    assert_true(o.is_bind && o.is_recursive && o.is_remount);
    assert_true(o.want_id_map && o.is_id_map_recursive);
    assert_int_equal(o.propagation, MS_SLAVE);
    assert_true(o.is_propagation_recursive);
}

static void
the_rest_is_the_file_systems(void **state)
{
    (void)state;
    struct err e;
    auto_mount_options o = {0};
    assert_int_equal(parse("size=4k ro odd", &o, &e), 0);
    assert_int_equal(o.data.n, 2);
    assert_string_equal(o.data.v[1], "odd");
}

static void
a_bind_takes_no_unknown_word(void **state)
{
    (void)state;
    struct err e;
    auto_mount_options o = {0};
    assert_true(parse("bind odd", &o, &e) < 0);
    assert_string_equal(e.text, "mounts[0].options: unknown word for a bind mount: odd");
}

static void
lists_of_cpus(void **state)
{
    static const char *const bad[] = {"", "a", "1-", "-1", "2-1", "1,,2", "8192", "0 1"};
    (void)state;
    struct err e;
    struct cpus cpus;
    assert_int_equal(limits_parse_cpus("0-3,7,70", "f", &cpus, &e), 0);
    assert_true(cpus.bits[0] == 0x8f && cpus.bits[1] == 1 << 6);
    assert_int_equal(limits_parse_cpus("8191", "f", &cpus, &e), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(limits_parse_cpus(bad[i], "f", &cpus, &e) < 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_word_undoes_an_earlier_one),
        cmocka_unit_test(kinds_of_words),
        cmocka_unit_test(the_rest_is_the_file_systems),
        cmocka_unit_test(a_bind_takes_no_unknown_word),
        cmocka_unit_test(lists_of_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
