/* test-text.c - growing strings, lists, and questions about strings.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void
text_grows_and_stays_terminated(void **state)
{
    (void)state;
    auto_text t = {0};
    assert_string_equal(text_str(&t), "");
    for (int i = 0; i < 1000; i++)
        text_addf(&t, "%d,", i);
    assert_int_equal(t.len, strlen(t.data));
    auto_free char *taken = text_take(&t);
    assert_int_equal(strlen(taken), 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(t.len, 0);
    auto_free char *nothing = text_take(&t);
    assert_string_equal(nothing, "");
}

static void
an_environment_has_each_name_once(void **state)
{
    (void)state;
    auto_list env = {0};
    list_set_env(&env, "A=1");
    list_set_env(&env, "AB=2");
    list_set_env(&env, "A=3");
    assert_int_equal(env.n, 2);
    assert_string_equal(list_get_env(&env, "A"), "3");
    assert_string_equal(list_get_env(&env, "AB"), "2");
    assert_null(list_get_env(&env, "B"));
    assert_null(env.v[env.n]);
}

static void
splitting_keeps_empty_parts(void **state)
{
    (void)state;
    auto_list l = {0};
    list_split(&l, ",a,", ',');
    assert_int_equal(l.n, 3);
    assert_string_equal(l.v[0], "");
    assert_string_equal(l.v[1], "a");
    assert_string_equal(l.v[2], "");
    assert_true(list_has(&l, "a"));
    assert_false(list_has(&l, "b"));
}

static void
an_empty_list_is_an_argument_vector_too(void **state)
{
    (void)state;
    auto_list l = {0};
    assert_null(list_argv(&l)[0]);
    list_addf(&l, "%s-%d", "x", 1);
    assert_string_equal(list_argv(&l)[0], "x-1");
    assert_null(list_argv(&l)[1]);
}

static void
distance_counts_edits_and_swaps(void **state)
{
    (void)state;
    assert_int_equal(str_distance("rm", "rm"), 0);
    assert_int_equal(str_distance("runn", "run"), 1);
    assert_int_equal(str_distance("nmae", "name"), 1);
    assert_int_equal(str_distance("", "abc"), 3);
    assert_int_equal(str_distance("--entrypiont", "--entrypoint"), 1);
}

static void
prefixes_and_suffixes(void **state)
{
    (void)state;
    assert_string_equal(str_after("sha256:ab", "sha256:"), "ab");
    assert_null(str_after("sha", "sha256:"));
    assert_true(str_ends("a.tar", ".tar"));
    assert_false(str_ends("tar", ".tar"));
    assert_true(str_eq(NULL, NULL));
    assert_false(str_eq(NULL, ""));
}

static void
a_sorted_list_finds_what_it_has(void **state)
{
    (void)state;
    auto_list l = {0};
    list_sort(&l);
    assert_false(list_has_sorted(&l, "a"));
    list_add(&l, "c");
    list_add(&l, "a");
    list_add(&l, "b");
    list_sort(&l);
    assert_string_equal(l.v[0], "a");
    assert_true(list_has_sorted(&l, "b") && list_has_sorted(&l, "c"));
    assert_false(list_has_sorted(&l, "d"));
}

static struct list
packed(void)
{
    char **block = mem_new(1, 3 * sizeof *block + sizeof "A=1" + sizeof "B=2");
    char *text = (char *)(block + 3);
    block[0] = memcpy(text, "A=1", sizeof "A=1");
    block[1] = memcpy(text + sizeof "A=1", "B=2", sizeof "B=2");
    return list_packed(block, 2);
}

static void
a_packed_list_may_be_changed_like_any_other(void **state)
{
    (void)state;
    auto_list untouched = packed(), longer = packed(), changed = packed();
    assert_int_equal(untouched.n, 2);
    list_add(&longer, "C=3");
    assert_int_equal(longer.n, 3);
    assert_string_equal(longer.v[1], "B=2");
    assert_string_equal(longer.v[2], "C=3");
    assert_null(longer.v[3]);
    list_set_env(&changed, "A=4");
    assert_int_equal(changed.n, 2);
    assert_string_equal(list_get_env(&changed, "A"), "4");
    assert_string_equal(list_get_env(&changed, "B"), "2");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sorted_list_finds_what_it_has),
        cmocka_unit_test(a_packed_list_may_be_changed_like_any_other),
        cmocka_unit_test(text_grows_and_stays_terminated),
        cmocka_unit_test(an_environment_has_each_name_once),
        cmocka_unit_test(splitting_keeps_empty_parts),
        cmocka_unit_test(an_empty_list_is_an_argument_vector_too),
        cmocka_unit_test(distance_counts_edits_and_swaps),
        cmocka_unit_test(prefixes_and_suffixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
