/* test-number.c - text to numbers and back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <errno.h>

#include "base/memory.h"
#include "base/number.h"

static void
whole_numbers_take_digits_and_nothing_else(void **state)
{
    (void)state;
    uint64_t u = 7;
    int64_t i;
    assert_int_equal(num_parse_u64("18446744073709551615", &u), 0);
    assert_true(u == UINT64_MAX);
    static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1e3", "1.0"};
    for (size_t n = 0; n < ARRAY_LEN(bad); n++)
        assert_int_equal(num_parse_u64(bad[n], &u), -EINVAL);
    assert_int_equal(num_parse_u64("18446744073709551616", &u), -ERANGE);
    assert_true(u == UINT64_MAX); /* untouched */
    assert_int_equal(num_parse_i64("-9223372036854775808", &i), 0);
    assert_true(i == INT64_MIN);
    assert_int_equal(num_parse_i64("9223372036854775808", &i), -ERANGE);
    assert_int_equal(num_parse_i64("-", &i), -EINVAL);
    assert_int_equal(num_parse_i64("--1", &i), -EINVAL);
}

static void
ids_fit_and_are_never_minus_one(void **state)
{
    (void)state;
    uint32_t id;
    assert_int_equal(num_parse_id("4294967294", &id), 0);
    assert_int_equal(num_parse_id("4294967295", &id), -ERANGE);
    assert_int_equal(num_parse_id("4294967296", &id), -ERANGE);
    assert_int_equal(num_parse_id("-1", &id), -EINVAL);
    assert_int_equal(num_parse_id("root", &id), -EINVAL);
}

static void
modes_are_octal(void **state)
{
    (void)state;
    unsigned mode;
    assert_int_equal(num_parse_octal("1777", &mode), 0);
    assert_int_equal(mode, 01777);
    assert_int_equal(num_parse_octal("8", &mode), -EINVAL);
    assert_int_equal(num_parse_octal("17777", &mode), -ERANGE);
}

static void
sizes_have_binary_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {
        {"0",     0        },
        {"512",   512      },
        {"512b",  512      },
        {"64m",   64 << 20 },
        {"64M",   64 << 20 },
        {"64MB",  64 << 20 },
        {"64MiB", 64 << 20 },
        {"1.5g",  3LL << 29},
        {"1 k",   1024     },
        {"2t",    2LL << 40},
    };
    int64_t v;
    for (size_t n = 0; n < ARRAY_LEN(good); n++) {
        assert_int_equal(num_parse_size(good[n].text, &v), 0);
        assert_true(v == good[n].bytes);
    }
    static const char *const bad[] = {"",    "m",   "1x",    "1mm", "1bb",
                                      "-1m", "1m ", "1..5m", "."};
    for (size_t n = 0; n < ARRAY_LEN(bad); n++)
        assert_int_equal(num_parse_size(bad[n], &v), -EINVAL);
    assert_int_equal(num_parse_size("9999999p", &v), -ERANGE);
}

static void
processors_are_billionths(void **state)
{
    (void)state;
    int64_t v;
    assert_int_equal(num_parse_nano("1.5", &v), 0);
    assert_true(v == 1500000000);
    assert_int_equal(num_parse_nano(".5", &v), 0);
    assert_true(v == 500000000);
    assert_int_equal(num_parse_nano("0.0000000019", &v), 0);
    assert_true(v == 1);
    assert_int_equal(num_parse_nano("1.5x", &v), -EINVAL);
}

static void
durations_add_up(void **state)
{
    (void)state;
    int64_t v;
    assert_int_equal(num_parse_duration("1h2m3.5s", &v), 0);
    assert_true(v == 3723500000000);
    assert_int_equal(num_parse_duration("100ms", &v), 0);
    assert_true(v == 100000000);
    assert_int_equal(num_parse_duration("0", &v), 0);
    assert_int_equal(num_parse_duration("5", &v), -EINVAL);
    assert_int_equal(num_parse_duration("", &v), -EINVAL);
    assert_int_equal(num_parse_duration("-5s", &v), -EINVAL);
}

static void
sizes_are_shown_as_docker_shows_them(void **state)
{
    (void)state;
    char buf[16];
    assert_string_equal(num_human_decimal(3970000, buf, sizeof buf), "3.97MB");
    assert_string_equal(num_human_decimal(0, buf, sizeof buf), "0B");
    assert_string_equal(num_human_decimal(999, buf, sizeof buf), "999B");
    assert_string_equal(num_human_binary(503808, buf, sizeof buf), "492KiB");
    assert_string_equal(num_human_binary(64 << 20, buf, sizeof buf), "64MiB");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_take_digits_and_nothing_else),
        cmocka_unit_test(ids_fit_and_are_never_minus_one),
        cmocka_unit_test(modes_are_octal),
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(processors_are_billionths),
        cmocka_unit_test(durations_add_up),
        cmocka_unit_test(sizes_are_shown_as_docker_shows_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
