/* test-error.c - the flat error.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

static void
a_good_result_leaves_the_error_alone(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(err_sys(&e, 5, "never told"), 5);
    assert_int_equal(e.kind, ERR_NONE);
}

static void
words_are_wrapped_and_hinted(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(err_sys(&e, -ENOENT, "open %s", "x"), -ENOENT);
    assert_int_equal(err_wrap(&e, -ENOENT, "start %d", 1), -ENOENT);
    assert_int_equal(err_hint(&e, -ENOENT, " (make it)"), -ENOENT);
    assert_string_equal(e.text, "start 1: open x: No such file or directory (make it)");
    assert_int_equal(err_set(&e, ERR_INVALID, "again: %s", e.text), -EINVAL);
    assert_true(strstr(e.text, "again: start 1") == e.text);
}

static void
long_words_are_cut_not_overrun(void **state)
{
    (void)state;
    struct err e = {0};
    char words[5000];
    memset(words, 'x', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    err_sys(&e, -EIO, "%s", words);
    err_wrap(&e, -EIO, "%s", words);
    err_hint(&e, -EIO, "%s", words);
    assert_true(strlen(e.text) < sizeof e.text);
}

static void
exit_statuses_are_dockers(void **state)
{
    (void)state;
    struct err e = {0};
    err_set(&e, ERR_NO_PROGRAM, "x");
    assert_int_equal(err_exit_status(&e), 127);
    err_set(&e, ERR_NOT_EXECUTABLE, "x");
    assert_int_equal(err_exit_status(&e), 126);
    err_sys(&e, -EPERM, "x");
    assert_int_equal(err_exit_status(&e), 125);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_result_leaves_the_error_alone),
        cmocka_unit_test(words_are_wrapped_and_hinted),
        cmocka_unit_test(long_words_are_cut_not_overrun),
        cmocka_unit_test(exit_statuses_are_dockers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
