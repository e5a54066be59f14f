/* test-table.c - rows to tables, JSON lines and templates.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <string.h>

#include "cli/explain.h"
#include "cli/table.h"

static const struct table_column columns[] = {
    {"ID",    "CONTAINER ID", true },
    {"Names", "NAMES",        true },
    {"Size",  "SIZE",         false},
    {NULL,    NULL,           false},
};

static void
prints(const char *format, const char *wanted)
{
    static const char rows[] =
        "[{\"ID\":\"abc\",\"Names\":\"\xc3\xa9\",\"Size\":\"1B\",\".labels\":{\"k\":\"v\"}},"
        "{\"ID\":\"a-much-longer-id\",\"Names\":\"n2\",\"Size\":\"2B\",\".labels\":{}}]";
    auto_json *doc = NULL;
    auto_text out = {0};
    struct err e = {0};
    assert_int_equal(json_parse(rows, strlen(rows), &doc, &e), 0);
    assert_int_equal(table_print(&out, json_root(doc), columns, format, &e), 0);
    assert_string_equal(text_str(&out), wanted);
}

static void
columns_are_aligned(void **state)
{
    (void)state;
    prints(
        NULL,
        "CONTAINER ID       NAMES\nabc                \xc3\xa9\na-much-longer-id   n2\n");
    prints("table {{.Names}}\\t{{.ID}}",
           "NAMES     CONTAINER ID\n\xc3\xa9         abc\nn2        a-much-longer-id\n");
}

static void
templates_and_json_lines(void **state)
{
    (void)state;
    prints("{{.ID}} {{.Label \"k\"}}", "abc v\na-much-longer-id \n");
    prints("json", "{\"ID\":\"abc\",\"Names\":\"\xc3\xa9\",\"Size\":\"1B\"}\n"
                   "{\"ID\":\"a-much-longer-id\",\"Names\":\"n2\",\"Size\":\"2B\"}\n");
}

static void
a_trace_is_sorted_and_told_by_steps(void **state)
{
    (void)state;
    static const char trace[] =
        "{\"us\":20,\"who\":\"init\",\"step\":\"leave\",\"level\":\"03_pivot_root\",\"file\":"
        "\"src/runtime/pivot.c\",\"call\":\"pivot_root\",\"args\":\". .\",\"result\":0}\n"
        "{\"us\":10,\"who\":\"monitor\",\"step\":\"clone\",\"level\":\"\",\"file\":\"f\","
        "\"call\":\"clone3\",\"args\":\"x\",\"result\":-1}\n";
    auto_text out = {0};
    struct err e = {0};
    assert_int_equal(explain_render(trace, true, false, &out, &e), 0);
    const char *clone = strstr(text_str(&out), "clone3 x = Operation not permitted");
    const char *pivot = strstr(text_str(&out), "pivot_root . . = 0");
    assert_non_null(clone);
    assert_non_null(pivot);
    assert_true(clone < pivot);
    assert_non_null(strstr(text_str(&out), "workshop 03_pivot_root"));
    out.len = 0;
    assert_int_equal(explain_render(trace, false, false, &out, &e), 0);
    assert_true(str_starts(text_str(&out), "{\"us\":10,"));
    out.len = 0;
    assert_true(explain_render("not json\n", true, false, &out, &e) < 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned),
        cmocka_unit_test(templates_and_json_lines),
        cmocka_unit_test(a_trace_is_sorted_and_told_by_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
