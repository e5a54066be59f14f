/* test-clock.c - times written, read and put in words.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <errno.h>

#include "base/clock.h"
#include "base/memory.h"

static void
a_time_survives_being_written_and_read(void **state)
{
    (void)state;
    static const int64_t times[] = {1, 1795474036123456789, 951782400000000000};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        char buf[40];
        int64_t back = 0;
        assert_int_equal(clock_parse(clock_format(times[i], buf, sizeof buf), &back), 0);
        assert_true(back == times[i]);
    }
}

static void
known_times(void **state)
{
    (void)state;
    char buf[40];
    int64_t t;
    assert_string_equal(clock_format(951782400000000000, buf, sizeof buf),
                        "2000-02-29T00:00:00.000000000Z");
    assert_string_equal(clock_format(0, buf, sizeof buf), "0001-01-01T00:00:00Z");
    assert_int_equal(clock_parse("2000-02-29T02:00:00.5+02:00", &t), 0);
    assert_true(t == 951782400500000000);
    assert_int_equal(clock_parse("0001-01-01T00:00:00Z", &t), 0);
    assert_true(t == 0);
}

static void
what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "yesterday",
                                      "2000-13-01T00:00:00Z",
                                      "2000-01-01T25:00:00Z",
                                      "2000-01-01T00:00:00",
                                      "2000-01-01T00:00:00Zx",
                                      "2000-01-01T00:00:00+2"};
    int64_t t;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(clock_parse(bad[i], &t), -EINVAL);
}

static void
durations_in_words(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *words;
    } cases[] = {
        {0,        "Less than a second"},
        {1,        "1 second"          },
        {59,       "59 seconds"        },
        {60,       "About a minute"    },
        {120,      "2 minutes"         },
        {3600,     "About an hour"     },
        {7200,     "2 hours"           },
        {172800,   "2 days"            },
        {1814400,  "3 weeks"           },
        {10368000, "4 months"          },
        {94608000, "3 years"           },
    };
    char buf[32];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(
            clock_human_duration(cases[i].seconds * 1000000000, buf, sizeof buf),
            cases[i].words);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_survives_being_written_and_read),
        cmocka_unit_test(known_times),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(durations_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
