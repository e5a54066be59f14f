/* test-systemd-unit.c - what systemd is told of a container: names, limits, annotations.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/systemd_unit.h"

#define LONG_NAME                                                                       \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
test_a_path_in_three_parts_names_slice_and_scope(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool is_user;
        const char *slice, *name;
    } cases[] = {
        {"machine.slice:libpod:4f2a", false, "machine.slice", "libpod-4f2a.scope"},
        {"a-b_c.slice:x:y.z",         false, "a-b_c.slice",   "x-y.z.scope"      },
        {"::c1",                      false, "system.slice",  "c1.scope"         },
        {":p:c1",                     true,  "user.slice",    "p-c1.scope"       },
        {"-.slice:p:c1",              false, "-.slice",       "p-c1.scope"       },
        {"",                          false, "system.slice",  "sampan-id.scope"  },
        {NULL,                        true,  "user.slice",    "sampan-id.scope"  },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct systemd_unit unit;
        struct err e = {0};
        assert_int_equal(
            systemd_unit_name(cases[i].path, "id", cases[i].is_user, &unit, &e), 0);
        assert_string_equal(unit.slice, cases[i].slice);
        assert_string_equal(unit.name, cases[i].name);
    }
}

static void
test_any_other_path_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/a/b",
        "a",
        "a:b",
        "a:b:c:d",
        "system:x:y",
        "a--b.slice:x:y",
        ".slice:x:y",
        "-a.slice:x:y",
        "a-.slice:x:y",
        "a/b.slice:x:y",
        "a.slice:x:",
        "a.slice:x/:y",
        "a.slice:x:y z",
        "a.slice:x:" LONG_NAME,
        LONG_NAME ".slice:x:y",
    };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct systemd_unit unit;
        struct err e = {0};
        assert_true(systemd_unit_name(paths[i], "id", false, &unit, &e) < 0);
        assert_non_null(strstr(e.text, "linux.cgroupsPath"));
    }
}

/* The properties of one write, as JSON text. */
static char *
translate(const char *file, bool is_v2, const char *value, const char *other)
{
    struct err e = {0};
    struct cgroup_plan plan = {0};
    struct cgroup_write *w = cgroup_plan_add(&plan, CONTROLLER_CPU, is_v2, "field", file,
                                             "%s", value);
    snprintf(w->other_value, sizeof w->other_value, "%s", other);
    struct json_doc *doc = json_doc_new();
    struct json *properties = json_array(doc);
    struct text text = {0};
    assert_int_equal(systemd_unit_add_limits(doc, properties, &plan, &e), 0);
    json_write(&text, properties, 0);
    json_doc_free(doc);
    cgroup_plan_done(&plan);
    return text_take(&text);
}

static void
test_writes_become_properties(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        bool is_v2;
        const char *value, *other, *properties;
    } cases[] = {
        {"memory.max",            true,  "4096",        "",        "[[\"MemoryMax\",\"t\",4096]]"                },
        {"memory.max",            true,  "max",         "",        "[[\"MemoryMax\",\"t\",18446744073709551615]]"},
        {"memory.low",            true,  "5",           "",        "[[\"MemoryLow\",\"t\",5]]"                   },
        {"memory.swap.max",       true,  "0",           "",        "[[\"MemorySwapMax\",\"t\",0]]"               },
        {"cpu.weight",            true,  "174",         "",        "[[\"CPUWeight\",\"t\",174]]"                 },
        {"pids.max",              true,  "max",         "",        "[[\"TasksMax\",\"t\",18446744073709551615]]" },
        {"pids.max",              false, "7",           "",        "[[\"TasksMax\",\"t\",7]]"                    },
        {"cpuset.cpus",           true,  "0,2-3,9",     "",        "[[\"AllowedCPUs\",\"ay\",[13,2]]]"           },
        {"cpuset.cpus",           true,  "3-1",         "",        "[]"                                          },
        {"cpuset.cpus",           true,  "x",           "",        "[]"                                          },
        {"cpuset.cpus",           true,  "99999",       "",        "[]"                                          },
        {"cpuset.cpus",           false, "0",           "",        "[]"                                          }, /* of v1 systemd leaves it alone */
        {"cpuset.mems",           true,  "1",           "",        "[[\"AllowedMemoryNodes\",\"ay\",[2]]]"       },
        {"io.bfq.weight",         true,  "100",         "910",     "[[\"IOWeight\",\"t\",910]]"                  },
        {"io.bfq.weight",         true,  "8:0 100",     "8:0 910", "[]"                                          }, /* of one device alone */
        {"memory.limit_in_bytes", false, "-1",          "",
         "[[\"MemoryLimit\",\"t\",18446744073709551615]]"                                                        },
        {"cpu.shares",            false, "512",         "",        "[[\"CPUShares\",\"t\",512]]"                 },
        {"cpu.max",               true,  "25000 50000", "",
         "[[\"CPUQuotaPerSecUSec\",\"t\",500000],[\"CPUQuotaPeriodUSec\",\"t\",50000]]"                          },
        {"cpu.max",               true,  "33333",       "",        "[[\"CPUQuotaPerSecUSec\",\"t\",340000]]"     },
        {"cpu.max",               true,  "max",         "",
         "[[\"CPUQuotaPerSecUSec\",\"t\",18446744073709551615]]"                                                 },
        {"cpu.cfs_quota_us",      false, "50000",       "",        "[[\"CPUQuotaPerSecUSec\",\"t\",500000]]"     },
        {"cpu.cfs_period_us",     false, "20000",       "",        "[[\"CPUQuotaPeriodUSec\",\"t\",20000]]"      },
        {"hugetlb.2MB.max",       true,  "1",           "",        "[]"                                          },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *text = translate(cases[i].file, cases[i].is_v2, cases[i].value,
                               cases[i].other);
        assert_string_equal(text, cases[i].properties);
        free(text);
    }
}

/* The properties of one annotation, or NULL if it is refused. */
static char *
annotate(const char *name, const char *value)
{
    struct err e = {0};
    char full[128];
    snprintf(full, sizeof full, "%s", name);
    char copy[128];
    snprintf(copy, sizeof copy, "%s", value);
    struct oci_pair pair = {.name = full, .value = copy};
    struct oci_pairs pairs = {.v = &pair, .n = 1};
    struct json_doc *doc = json_doc_new();
    struct json *properties = json_array(doc);
    struct text text = {0};
    int r = systemd_unit_add_annotations(doc, properties, &pairs, &e);
    if (r >= 0)
        json_write(&text, properties, 0);
    else
        assert_non_null(strstr(e.text, name));
    json_doc_free(doc);
    return r < 0 ? NULL : text_take(&text);
}

#define P "org.systemd.property."

static void
test_annotations_become_properties(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {P "CollectMode",     "'inactive-or-failed'",
         "[[\"CollectMode\",\"s\",\"inactive-or-failed\"]]"                                          },
        {P "CollectMode",     " \"a\\\"b\" ",                 "[[\"CollectMode\",\"s\",\"a\\\"b\"]]" },
        {P "SendSIGHUP",      "true",                         "[[\"SendSIGHUP\",\"b\",true]]"        },
        {P "SendSIGHUP",      "boolean false",                "[[\"SendSIGHUP\",\"b\",false]]"       },
        {P "Some",            "-5",                           "[[\"Some\",\"i\",-5]]"                },
        {P "Some",            "uint32 5",                     "[[\"Some\",\"u\",5]]"                 },
        {P "Some",            "int64 -5",                     "[[\"Some\",\"x\",-5]]"                },
        {P "Some",            "string 'x'",                   "[[\"Some\",\"s\",\"x\"]]"             },
        {P "MemoryMax",       "uint64 18446744073709551615",
         "[[\"MemoryMax\",\"t\",18446744073709551615]]"                                              },
        {P "TimeoutStopSec",  "5",                            "[[\"TimeoutStopUSec\",\"t\",5000000]]"},
        {P "TimeoutStopUSec", "uint64 5",                     "[[\"TimeoutStopUSec\",\"t\",5]]"      },
        {P "After",           "['a.service', \"b.service\"]",
         "[[\"After\",\"as\",[\"a.service\",\"b.service\"]]]"                                        },
        {P "After",           "[]",                           "[[\"After\",\"as\",[]]]"              },
        {"org.example.other", "anything",                     "[]"                                   },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *text = annotate(cases[i][0], cases[i][1]);
        assert_non_null(text);
        assert_string_equal(text, cases[i][2]);
        free(text);
    }
}

static void
test_a_bad_annotation_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {P "",               "1"                        },
        {P "Ab",             "1"                        },
        {P "lower",          "1"                        },
        {P "With1",          "1"                        },
        {P "With.Dot",       "1"                        },
        {P "Some",           ""                         },
        {P "Some",           "word"                     },
        {P "Some",           "'open"                    },
        {P "Some",           "'closed' more"            },
        {P "Some",           "uint64 -1"                },
        {P "Some",           "uint64 'text'"            },
        {P "Some",           "string 5"                 },
        {P "Some",           "boolean 1"                },
        {P "Some",           "double 1.5"               },
        {P "Some",           "['a'"                     },
        {P "Some",           "['a' 'b']"                },
        {P "Some",           "['a',]"                   },
        {P "Some",           "[1]"                      },
        {P "TimeoutStopSec", "'5'"                      },
        {P "TimeoutStopSec", "-5"                       },
        {P "TimeoutStopSec", "int64 9223372036854775807"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_null(annotate(cases[i][0], cases[i][1]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_path_in_three_parts_names_slice_and_scope),
        cmocka_unit_test(test_any_other_path_is_refused_by_name),
        cmocka_unit_test(test_writes_become_properties),
        cmocka_unit_test(test_annotations_become_properties),
        cmocka_unit_test(test_a_bad_annotation_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
