/* test-signals.c - names to numbers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <string.h>

#include "base/memory.h"
#include "engine/signals.h"

static void
names_with_and_without_sig_and_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        int number;
    } good[] = {
        {"TERM",       15},
        {"SIGTERM",    15},
        {"sigkill",    9 },
        {"hup",        1 },
        {"15",         15},
        {"64",         64},
        {"RTMIN",      34},
        {"SIGRTMIN+3", 37},
        {"RTMAX",      64},
        {"RTMAX-2",    62},
        {"IOT",        6 },
        {"CLD",        17},
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct err e = {0};
        int number = -1;
        assert_int_equal(signal_parse(good[i].word, &number, &e), 0);
        assert_int_equal(number, good[i].number);
    }
}

static void
what_is_none_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad[] = {"",          "0",       "-1",       "65",
                                      "TERMINATE", "SIG",     "1x",       "RTMIN-1",
                                      "RTMIN+99",  "RTMAX+1", "RTMAX-99", "RTMIN+"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        int number = 7;
        assert_true(signal_parse(bad[i], &number, &e) < 0);
        assert_int_equal(e.kind, ERR_INVALID);
        assert_non_null(strstr(e.text, bad[i]));
        assert_int_equal(number, 7);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_with_and_without_sig_and_numbers),
        cmocka_unit_test(what_is_none_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
