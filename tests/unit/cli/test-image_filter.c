/* test-image_filter.c - which images pass a filter.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/image_filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "unit.h"

static int
parse(struct image_filter *ret, const char *words, struct err *e)
{
    auto_list list = {0};
    list_split(&list, words, ' ');
    return image_filter_parse(ret, &list, NULL, e);
}

static bool
passes(const char *words, const char *labels, const char *names, const char *created)
{
    struct err e = {0};
    auto_image_filter filter = {0};
    struct image image = {0};
    auto_free char *config = str_format("{\"config\":{\"Labels\":%s}}", labels);
    if (parse(&filter, words, &e) < 0)
        fail_msg("%s: %s", words, e.text);
    assert_int_equal(json_parse(config, strlen(config), &image.config, &e), 0);
    assert_int_equal(clock_parse(created, &image.created_ns), 0);
    if (*names)
        list_add(&image.names, names);
    bool is_passing = image_filter_passes(&filter, &image);
    image_done(&image);
    return is_passing;
}

#define NEW_YEAR "2026-01-01T00:00:00Z"

static void
labels_must_be_there_with_their_value(void **state)
{
    (void)state;
    static const char labels[] = "{\"a\":\"1\",\"empty\":\"\"}";
    assert_true(passes("label=a", labels, "x", NEW_YEAR));
    assert_true(passes("label=a=1", labels, "x", NEW_YEAR));
    assert_false(passes("label=a=2", labels, "x", NEW_YEAR));
    assert_false(passes("label=a=", labels, "x", NEW_YEAR));
    assert_true(passes("label=empty=", labels, "x", NEW_YEAR));
    assert_false(passes("label=", labels, "x", NEW_YEAR));
    assert_false(passes("label=a label=b", labels, "x", NEW_YEAR));
    assert_false(passes("label!=a", labels, "x", NEW_YEAR));
    assert_false(passes("label!=a=1", labels, "x", NEW_YEAR));
    assert_true(passes("label!=a=2", labels, "x", NEW_YEAR));
    assert_true(passes("label!=b", "null", "x", NEW_YEAR));
    assert_false(passes("label=b", "null", "x", NEW_YEAR));
}

static void
an_image_without_a_name_dangles(void **state)
{
    (void)state;
    assert_true(passes("dangling=true", "null", "", NEW_YEAR));
    assert_false(passes("dangling=true", "null", "x", NEW_YEAR));
    assert_true(passes("dangling=0", "null", "x", NEW_YEAR));
    assert_false(passes("dangling=false", "null", "", NEW_YEAR));
}

static void
until_is_a_time_in_many_spellings(void **state)
{
    (void)state;
    static const char *const after[] = {"until=2026-01-02",
                                        "until=2026-01-01T01",
                                        "until=2026-01-01T00:00:01",
                                        "until=1h",
                                        "until=2026-01-01T00:00:01Z",
                                        "until=1767225601",
                                        "until=1s",
                                        "until=2026-01-01T02:00:00+01:00"};
    static const char *const not_after[] = {"until=2026-01-01", "until=2026-01-01T00:00",
                                            "until=1767225600", "until=1000000h",
                                            "until=2026-01-01T01:00:00+01:00"};
    for (size_t i = 0; i < ARRAY_LEN(after); i++)
        if (!passes(after[i], "null", "x", NEW_YEAR))
            fail_msg("not let through: %s", after[i]);
    for (size_t i = 0; i < ARRAY_LEN(not_after); i++)
        if (passes(not_after[i], "null", "x", NEW_YEAR))
            fail_msg("let through: %s", not_after[i]);
}

static void
what_no_filter_says_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "label",  "dangling=maybe",   "colour=red", "until=tomorrow",
        "until=", "until=2026-13-01", "=x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        auto_image_filter filter = {0};
        if (parse(&filter, bad[i], &e) >= 0)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(e.kind, ERR_INVALID);
    }
}

static bool
names(const char *words, const char *full_name)
{
    struct err e = {0};
    auto_image_filter filter = {0};
    if (parse(&filter, words, &e) < 0)
        fail_msg("%s: %s", words, e.text);
    return image_filter_passes_name(&filter, full_name);
}

static void
a_reference_is_a_pattern_of_any_form_of_the_name(void **state)
{
    (void)state;
    static const char full[] = "docker.io/library/busybox:1.36";
    static const char *const yes[] = {
        "reference=busybox",
        "reference=busybox:1.36",
        "reference=busy*",
        "reference=*:1.3?",
        "reference=docker.io/library/busybox:1.36",
        "reference=docker.io/library/busybox",
        "reference=docker.io/*/busybox",
        "reference=alpine reference=busybox",
    };
    static const char *const no[] = {"reference=busy", "reference=busybox:1.37",
                                     "reference=library/busybox", "reference=docker.io/*",
                                     "reference="};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        if (!names(yes[i], full))
            fail_msg("not let through: %s", yes[i]);
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        if (names(no[i], full))
            fail_msg("let through: %s", no[i]);
    assert_true(names("label=x", full)); /* of references nothing is said */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_must_be_there_with_their_value),
        cmocka_unit_test(an_image_without_a_name_dangles),
        cmocka_unit_test(until_is_a_time_in_many_spellings),
        cmocka_unit_test(what_no_filter_says_is_refused),
        cmocka_unit_test(a_reference_is_a_pattern_of_any_form_of_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
