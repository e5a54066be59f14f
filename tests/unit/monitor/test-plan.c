/* test-plan.c - what a command tells its monitor, written and read.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "unit.h"

static struct monitor_plan
sample(void)
{
    struct monitor_plan plan = {
        .mode = MONITOR_EXEC,
        .id = str_copy("abc"),
        .name = str_copy("bold_cook"),
        .user = str_copy("1000:wheel"),
        .runtime = str_copy(""),
        .is_removed_at_end = true,
        .want_stdin = true,
        .use_pool = true,
        .attach = 7,
        .rows = 65535,
        .columns = 80,
        .log_name = str_copy("abc-json.log"),
        .log_size_most = (int64_t)1 << 40,
        .log_files_most = 5,
        .process = str_copy("{\"args\":[\"a\\n\"]}"),
    };
    list_split(&plan.groups, "5,audio", ',');
    list_split(&plan.layers, "low,high", ',');
    return plan;
}

static void
what_is_written_is_read(void **state)
{
    (void)state;
    struct monitor_plan plan = sample(), again = {0};
    struct err e = {0};
    auto_text text = {0};
    plan_write(&text, &plan);
    assert_int_equal(plan_read(&again, text.data, text.len, &e), 0);
    assert_int_equal(again.mode, MONITOR_EXEC);
    assert_string_equal(again.id, "abc");
    assert_string_equal(again.name, "bold_cook");
    assert_string_equal(again.user, "1000:wheel");
    assert_string_equal(again.runtime, "");
    assert_string_equal(again.log_name, "abc-json.log");
    assert_string_equal(again.process, plan.process);
    assert_true(again.is_removed_at_end && again.want_stdin && again.use_pool);
    assert_false(again.want_init || again.want_default_seccomp || again.want_terminal ||
                 again.is_stdin_once || again.want_trace);
    assert_int_equal(again.attach, 7);
    assert_int_equal(again.rows, 65535);
    assert_int_equal(again.columns, 80);
    assert_int_equal(again.log_size_most, (int64_t)1 << 40);
    assert_int_equal(again.log_files_most, 5);
    assert_int_equal(again.groups.n, 2);
    assert_string_equal(again.groups.v[1], "audio");
    assert_int_equal(again.layers.n, 2);
    assert_string_equal(again.layers.v[0], "low");
    plan_done(&again);
    assert_null(again.id);
    plan_done(&plan);
}

/* The words of the error that a plan with this member changed gives. */
static void
refuses(const char *member, const char *value)
{
    struct monitor_plan plan = sample(), again = {0};
    struct err e = {0};
    auto_text text = {0};
    auto_json *doc = NULL;
    auto_json *other = NULL;
    plan_write(&text, &plan);
    assert_int_equal(json_parse(text.data, text.len, &doc, &e), 0);
    if (value == NULL) {
        json_remove(json_root(doc), member);
    } else {
        assert_int_equal(json_parse(value, strlen(value), &other, &e), 0);
        json_set(doc, json_root(doc), member, json_clone(doc, json_root(other)));
    }
    text.len = 0;
    json_write(&text, json_root(doc), 0);
    if (plan_read(&again, text.data, text.len, &e) == 0)
        fail_msg("taken: %s: %s", member, value ? value : "(missing)");
    if (strstr(e.text, member) == NULL)
        fail_msg("%s is not named: %s", member, e.text);
    plan_done(&again);
    plan_done(&plan);
}

static void
what_is_missing_or_of_a_wrong_type_is_refused_by_name(void **state)
{
    (void)state;
    refuses("Id", NULL);
    refuses("Id", "5");
    refuses("Groups", "{}");
    refuses("Groups", "[1]");
    refuses("Layers", "null");
    refuses("Init", "1");
    refuses("Mode", "\"run\"");
    refuses("Attach", "1.5");
    refuses("LogSizeMost", "99999999999999999999");
}

static void
a_number_that_its_place_cannot_hold_is_refused(void **state)
{
    (void)state;
    refuses("Rows", "65536");
    refuses("Columns", "-1");
    refuses("Attach", "4294967296");
    refuses("LogFilesMost", "2147483648");
    refuses("Mode", "-2147483649");
}

static void
what_is_no_json_is_refused(void **state)
{
    (void)state;
    struct monitor_plan plan = {0};
    struct err e = {0};
    assert_true(plan_read(&plan, "{", 1, &e) < 0);
    assert_true(plan_read(&plan, "[]", 2, &e) < 0);
    plan_done(&plan);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_missing_or_of_a_wrong_type_is_refused_by_name),
        cmocka_unit_test(a_number_that_its_place_cannot_hold_is_refused),
        cmocka_unit_test(what_is_no_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
