/* test-ids.c - ids and names: what they may look like, and invented ones.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "unit.h"

static void
an_id_is_64_small_hexadecimal_letters(void **state)
{
    (void)state;
    char id[ID_LEN + 2];
    memset(id, 'a', sizeof id);
    id[ID_LEN] = '\0';
    assert_true(id_is_valid(id));
    id[10] = 'A';
    assert_false(id_is_valid(id));
    id[10] = 'g';
    assert_false(id_is_valid(id));
    id[10] = '/';
    assert_false(id_is_valid(id));
    id[10] = 'a';
    id[ID_LEN - 1] = '\0';
    assert_false(id_is_valid(id));
    id[ID_LEN - 1] = id[ID_LEN] = 'a';
    id[ID_LEN + 1] = '\0';
    assert_false(id_is_valid(id));
    assert_false(id_is_valid(""));
}

static void
a_new_id_is_valid_and_its_short_form_no_number(void **state)
{
    (void)state;
    char last[ID_LEN + 1] = "";
    for (int i = 0; i < 2000; i++) { /* one in 283 would be all digits by chance */
        char id[ID_LEN + 1];
        id_make(id);
        assert_true(id_is_valid(id));
        assert_true(strspn(id, "0123456789") < ID_SHORT_LEN);
        assert_string_not_equal(id, last);
        memcpy(last, id, sizeof id);
    }
}

static void
a_name_begins_with_a_letter_or_digit(void **state)
{
    (void)state;
    struct err e = {0};
    static const char *const good[] = {"a", "7", "a_b.c-d", "Web1", "x--"};
    static const char *const bad[] = {"",    "_a",  ".a",  "-a", "..",   "a/b",
                                      "a b", "a\n", "a:b", "ä",  "\xff", "a/../b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(name_check(good[i], &e), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (name_check(bad[i], &e) == 0)
            fail_msg("taken: \"%s\"", bad[i]);
        assert_int_equal(e.kind, ERR_INVALID);
    }
}

static void
a_name_has_an_end(void **state)
{
    (void)state;
    struct err e = {0};
    char name[130];
    memset(name, 'n', sizeof name);
    name[128] = '\0';
    assert_int_equal(name_check(name, &e), 0);
    name[128] = 'n';
    name[129] = '\0';
    assert_true(name_check(name, &e) < 0);
}

static void
an_invented_name_is_a_name(void **state)
{
    (void)state;
    struct err e = {0};
    int changes = 0;
    char last[48] = "";
    for (int i = 0; i < 500; i++) {
        char name[48];
        memset(name, '!', sizeof name);
        name_generate(name, sizeof name);
        assert_int_equal(name_check(name, &e), 0);
        assert_non_null(strchr(name, '_'));
        assert_true(strlen(name) < sizeof name - 8); /* room for what makes it unique */
        changes += strcmp(name, last) != 0;
        strcpy(last, name);
    }
    assert_true(changes > 450);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_64_small_hexadecimal_letters),
        cmocka_unit_test(a_new_id_is_valid_and_its_short_form_no_number),
        cmocka_unit_test(a_name_begins_with_a_letter_or_digit),
        cmocka_unit_test(a_name_has_an_end),
        cmocka_unit_test(an_invented_name_is_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
