/* test-resources.c - limits and devices of HostConfig in the words of OCI; what is refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/resources.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "unit.h"

/* "linux" as config.json has it, for this HostConfig; NULL and e if it is refused. */
static struct json *
build(struct json_doc *doc, const char *host, struct list *warnings, struct err *e)
{
    auto_json *config = NULL;
    struct json *linux_ = json_object(doc);
    if (json_parse(host, strlen(host), &config, e) < 0)
        fail_msg("%s: %s", host, e->text);
    return resources_add(doc, linux_, json_root(config), warnings, e) < 0 ? NULL : linux_;
}

/* One member of "resources" as text; "" if it is not there. */
static void
gives(const char *host, const char *member, const char *wanted)
{
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    auto_text out = {0};
    struct err e = {0};
    const struct json *linux_ = build(doc, host, &warnings, &e);
    if (linux_ == NULL)
        fail_msg("%s: %s", host, e.text);
    const struct json *found = json_get(json_get(linux_, "resources"), member);
    if (found != NULL)
        json_write(&out, found, 0);
    assert_string_equal(text_str(&out), wanted);
}

static void
refuses(const char *host, const char *words)
{
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    struct err e = {0};
    if (build(doc, host, &warnings, &e) != NULL)
        fail_msg("taken: %s", host);
    if (strstr(e.text, words) == NULL)
        fail_msg("%s: wanted \"%s\", got \"%s\"", host, words, e.text);
}

static void
what_was_not_set_is_not_written(void **state)
{
    (void)state;
    static const char *const members[] = {"memory", "cpu", "blockIO", "pids"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        gives("{}", members[i], "");
        gives("{\"Memory\":0,\"CpuShares\":0,\"BlkioWeight\":0,\"PidsLimit\":0,"
              "\"MemorySwappiness\":-1,\"OomKillDisable\":false,\"CpusetCpus\":\"\"}",
              members[i], "");
    }
    gives("{\"PidsLimit\":-1}", "pids", ""); /* without a limit */
}

static void
memory_without_swap_gets_twice_as_much(void **state)
{
    (void)state;
    gives("{\"Memory\":67108864}", "memory", "{\"limit\":67108864,\"swap\":134217728}");
    gives("{\"Memory\":67108864,\"MemorySwap\":67108864}", "memory",
          "{\"limit\":67108864,\"swap\":67108864}");
    gives("{\"Memory\":67108864,\"MemorySwap\":-1}", "memory",
          "{\"limit\":67108864,\"swap\":-1}");
    gives("{\"Memory\":9223372036854775807}", "memory",
          "{\"limit\":9223372036854775807,\"swap\":-1}");
    gives("{\"Memory\":67108864,\"MemorySwap\":-1,\"MemoryReservation\":6291456,"
          "\"MemorySwappiness\":0,\"OomKillDisable\":true}",
          "memory",
          "{\"limit\":67108864,\"reservation\":6291456,\"swap\":-1,\"swappiness\":0,"
          "\"disableOOMKiller\":true}");
}

static void
memory_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    refuses("{\"Memory\":6291455}", "Minimum memory limit allowed is 6MB");
    refuses("{\"Memory\":-5}", "Minimum memory limit allowed is 6MB");
    refuses("{\"MemoryReservation\":1}", "Minimum memory reservation");
    refuses("{\"Memory\":6291456,\"MemoryReservation\":6291457}", "--memory-reservation");
    refuses("{\"MemorySwap\":67108864}", "--memory-swap needs --memory");
    refuses("{\"Memory\":67108864,\"MemorySwap\":67108863}", "memory and swap together");
    refuses("{\"MemorySwappiness\":101}", "range is 0-100");
    refuses("{\"MemorySwappiness\":-2}", "range is 0-100");
}

static void
no_oom_killer_without_a_limit_is_worth_a_warning(void **state)
{
    (void)state;
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    struct err e = {0};
    assert_non_null(build(doc, "{\"OomKillDisable\":true}", &warnings, &e));
    assert_int_equal(warnings.n, 1);
    assert_non_null(
        build(doc, "{\"OomKillDisable\":true,\"Memory\":67108864}", &warnings, &e));
    assert_int_equal(warnings.n, 1);
}

static void
cpus_are_a_quota_of_a_period(void **state)
{
    (void)state;
    gives("{\"NanoCpus\":500000000}", "cpu", "{\"period\":100000,\"quota\":50000}");
    gives("{\"NanoCpus\":10000000}", "cpu", "{\"period\":100000,\"quota\":1000}");
    gives("{\"CpuShares\":2,\"CpuPeriod\":1000,\"CpuQuota\":-1}", "cpu",
          "{\"shares\":2,\"period\":1000,\"quota\":-1}");
    gives("{\"CpusetCpus\":\"0\",\"CpusetMems\":\"0\"}", "cpu",
          "{\"cpus\":\"0\",\"mems\":\"0\"}");
}

static void
cpu_that_no_machine_grants_is_refused(void **state)
{
    (void)state;
    refuses("{\"NanoCpus\":9999999}", "Range of CPUs is from 0.01");
    refuses("{\"NanoCpus\":-1}", "Range of CPUs is from 0.01");
    refuses("{\"NanoCpus\":9000000000000000000}", "Range of CPUs is from 0.01");
    refuses("{\"NanoCpus\":500000000,\"CpuPeriod\":1000}", "CPU Period cannot both be set");
    refuses("{\"NanoCpus\":500000000,\"CpuQuota\":1000}", "CPU Quota cannot both be set");
    refuses("{\"CpuPeriod\":999}", "period can not be less than 1ms");
    refuses("{\"CpuPeriod\":1000001}", "larger than 1s");
    refuses("{\"CpuQuota\":999}", "quota can not be less than 1ms");
    refuses("{\"CpuShares\":-1}", "must be a positive integer");
    refuses("{\"CpuShares\":1}", "minimum allowed cpu-shares is 2");
}

static void
io_is_limited_on_block_devices_only(void **state)
{
    (void)state;
    gives("{\"BlkioWeight\":10}", "blockIO", "{\"weight\":10}");
    refuses("{\"BlkioWeight\":9}", "from 10 to 1000");
    refuses("{\"BlkioWeight\":1001}", "from 10 to 1000");
    refuses("{\"BlkioWeightDevice\":[{\"Path\":\"/dev/null\",\"Weight\":5}]}",
            "from 10 to 1000");
    refuses("{\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/null\",\"Rate\":5}]}",
            "/dev/null is no block device");
    refuses("{\"BlkioDeviceWriteIOps\":[{\"Path\":\"/nowhere\",\"Rate\":5}]}", "/nowhere");
}

/* The last rule of "devices". */
static void
last_rule(const char *host, const char *wanted)
{
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    auto_text out = {0};
    struct err e = {0};
    const struct json *linux_ = build(doc, host, &warnings, &e);
    if (linux_ == NULL)
        fail_msg("%s: %s", host, e.text);
    const struct json *rules = json_path(linux_, "resources.devices");
    json_write(&out, json_at(rules, json_count(rules) - 1), 0);
    assert_string_equal(text_str(&out), wanted);
}

static void
everything_is_denied_before_anything_is_allowed(void **state)
{
    (void)state;
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    struct err e = {0};
    const struct json *rules = json_path(build(doc, "{}", &warnings, &e),
                                         "resources.devices");
    assert_int_equal(json_count(rules), 12);
    size_t i = 0;
    for (json_each(rule, rules)) {
        bool is_allowed = json_bool(json_get(rule, "allow"), false);
        assert_int_equal(is_allowed, i > 0);
        bool has_numbers = json_get(rule, "major") != NULL;
        const char *access = json_str(json_get(rule, "access"), "");
        assert_true(!is_allowed || has_numbers || str_eq(access, "m")); /* none, but make */
        i++;
    }
}

static void
rules_of_the_user_come_last(void **state)
{
    (void)state;
    last_rule("{\"DeviceCgroupRules\":[\"c 1:3 rwm\"]}",
              "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"rwm\"}");
    last_rule("{\"DeviceCgroupRules\":[\"b 8:* r\"]}",
              "{\"allow\":true,\"type\":\"b\",\"major\":8,\"access\":\"r\"}");
    last_rule("{\"DeviceCgroupRules\":[\"a *:* rwm\"]}",
              "{\"allow\":true,\"type\":\"a\",\"access\":\"rwm\"}");
    last_rule("{\"Devices\":[{\"PathOnHost\":\"/dev/null\",\"CgroupPermissions\":\"r\"}]}",
              "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"r\"}");
    last_rule("{\"Privileged\":true}",
              "{\"allow\":true,\"type\":\"a\",\"access\":\"rwm\"}");
    static const char *const bad[] = {
        "",         "c 1:3",    "c 1 rwm",    "x 1:3 r",          "c 1:3 rx", "c 1:3 rwm x",
        "c 1*:3 r", "c -1:3 r", "c 1:3 rwmr", "c 99999999999:1 r"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        auto_free char *host = str_format("{\"DeviceCgroupRules\":[\"%s\"]}", bad[i]);
        refuses(host, "invalid device cgroup rule");
    }
}

static void
a_device_is_a_node_and_a_rule(void **state)
{
    (void)state;
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    struct err e = {0};
    const struct json *linux_ = build(
        doc, "{\"Devices\":[{\"PathOnHost\":\"/dev/zero\",\"PathInContainer\":\"/z\"}]}",
        &warnings, &e);
    const struct json *node = json_at(json_get(linux_, "devices"), 0);
    assert_string_equal(json_str(json_get(node, "path"), ""), "/z");
    assert_string_equal(json_str(json_get(node, "type"), ""), "c");
    assert_int_equal(json_i64(json_get(node, "major"), 0), 1);
    assert_int_equal(json_i64(json_get(node, "minor"), 0), 5);
    refuses("{\"Devices\":[{\"PathOnHost\":\"/etc\"}]}", "is no device");
    refuses("{\"Devices\":[{\"PathOnHost\":\"/dev/none\"}]}", "/dev/none");
    refuses("{\"Devices\":[{\"PathOnHost\":\"/dev/null\",\"PathInContainer\":\"n\"}]}",
            "absolute paths");
    refuses("{\"Devices\":[{\"PathOnHost\":\"/dev/null\",\"CgroupPermissions\":\"x\"}]}",
            "bad device");
    refuses("{\"Devices\":[{\"PathOnHost\":\"/dev/null\",\"CgroupPermissions\":\"\"}]}",
            "bad device");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_set_is_not_written),
        cmocka_unit_test(memory_without_swap_gets_twice_as_much),
        cmocka_unit_test(memory_that_contradicts_itself_is_refused),
        cmocka_unit_test(no_oom_killer_without_a_limit_is_worth_a_warning),
        cmocka_unit_test(cpus_are_a_quota_of_a_period),
        cmocka_unit_test(cpu_that_no_machine_grants_is_refused),
        cmocka_unit_test(io_is_limited_on_block_devices_only),
        cmocka_unit_test(everything_is_denied_before_anything_is_allowed),
        cmocka_unit_test(rules_of_the_user_come_last),
        cmocka_unit_test(a_device_is_a_node_and_a_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
