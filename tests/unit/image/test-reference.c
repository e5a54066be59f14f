/* test-reference.c - names of images, right and wrong.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/reference.h"

#include <string.h>

#include "base/memory.h"
#include "unit.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
    const char *typed, *full, *printed;
} right[] = {
    {"busybox",                "docker.io/library/busybox:latest",  "busybox:latest"            },
    {"busybox:1.36",           "docker.io/library/busybox:1.36",    "busybox:1.36"              },
    {"me/app",                 "docker.io/me/app:latest",           "me/app:latest"             },
    {"docker.io/busybox",      "docker.io/library/busybox:latest",  "busybox:latest"            },
    {"index.docker.io/me/app", "docker.io/me/app:latest",           "me/app:latest"             },
    {"localhost/app",          "localhost/app:latest",              "localhost/app:latest"      },
    {"localhost:5000/a/b:2",   "localhost:5000/a/b:2",              "localhost:5000/a/b:2"      },
    {"[::1]:5000/a",           "[::1]:5000/a:latest",               "[::1]:5000/a:latest"       },
    {"quay.io/a/b/c",          "quay.io/a/b/c:latest",              "quay.io/a/b/c:latest"      },
    {"HOST/app",               "HOST/app:latest",                   "HOST/app:latest"           },
    {"docker.io/quay.io/a",    "docker.io/quay.io/a:latest",        "docker.io/quay.io/a:latest"},
    {"a__b",                   "docker.io/library/a__b:latest",     "a__b:latest"               },
    {"a---b",                  "docker.io/library/a---b:latest",    "a---b:latest"              },
    {"a:_x.Y-z",               "docker.io/library/a:_x.Y-z",        "a:_x.Y-z"                  },
    {"a@sha256:" HEX,          "docker.io/library/a@sha256:" HEX,   "a@sha256:" HEX             },
    {"a:1@sha256:" HEX,        "docker.io/library/a:1@sha256:" HEX, "a:1@sha256:" HEX           },
};

static void
names_get_dockers_defaults_and_print_short_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(right); i++) {
        struct reference r;
        struct err e = {0};
        char buf[REFERENCE_SIZE];
        assert_int_equal(reference_parse(right[i].typed, &r, &e), 0);
        assert_string_equal(reference_full(&r, buf), right[i].full);
        assert_string_equal(reference_short(&r, buf), right[i].printed);
        assert_int_equal(reference_parse(right[i].full, &r, &e), 0);
        assert_string_equal(reference_full(&r, buf), right[i].full);
    }
}

static const struct {
    const char *typed, *why;
} wrong[] = {
    {"",             "empty"        },
    {"ubuntu:14:04", "two ':'"      },
    {"a:",           "nothing after"},
    {"a:-x",         "a tag has"    },
    {"a:x/y:z:w",    "two ':'"      },
    {"Upper",        "lower case"   },
    {"a/Upper",      "lower case"   },
    {"a//b",         "between '/'"  },
    {"a/",           "between '/'"  },
    {"/a",           "between"      },
    {"a..b",         "between '/'"  },
    {"a___b",        "between '/'"  },
    {"-a",           "between '/'"  },
    {"a_",           "between '/'"  },
    {"a b",          "between '/'"  },
    {"ho_st.x/a",    "no host"      },
    {"host:port/a",  "no host"      },
    {"a@sha256:12",  "sha256:"      },
    {"a@md5:" HEX,   "sha256:"      },
    {"a@",           "sha256:"      },
    {HEX,            "image id"     },
    {"../etc",       "no host"      },
};

static void
wrong_names_say_which_and_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct reference r;
        struct err e = {0};
        assert_true(reference_parse(wrong[i].typed, &r, &e) < 0);
        assert_int_equal(e.kind, ERR_INVALID);
        assert_non_null(strstr(e.text, wrong[i].typed));
        if (!strstr(e.text, wrong[i].why))
            fail_msg("%s", e.text);
    }
}

static void
lengths_are_bounded(void **state)
{
    (void)state;
    struct reference r;
    struct err e = {0};
    char name[600];
    memset(name, 'a', sizeof name);
    name[244] = '\0'; /* "docker.io/library/" makes it 262 */
    assert_true(reference_parse(name, &r, &e) < 0);
    name[237] = '\0';
    assert_int_equal(reference_parse(name, &r, &e), 0);
    memcpy(name, "b:", 2);
    name[2 + 129] = '\0';
    memset(name + 2, 'a', 129);
    assert_true(reference_parse(name, &r, &e) < 0);
    name[2 + 128] = '\0';
    assert_int_equal(reference_parse(name, &r, &e), 0);
}

static void
a_digest_is_what_may_be_a_path(void **state)
{
    (void)state;
    assert_true(digest_is_valid("sha256:" HEX));
    assert_false(digest_is_valid("sha256:" HEX "0"));
    assert_false(digest_is_valid("sha256:../../" HEX));
    assert_false(
        digest_is_valid("sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef01234"
                        "56789abcdef"));
    assert_false(digest_is_valid("sha512:" HEX));
    assert_false(digest_is_valid(""));
    assert_false(digest_is_valid(NULL));
    assert_true(digest_is_hex_prefix("0a"));
    assert_false(digest_is_hex_prefix(""));
    assert_false(digest_is_hex_prefix("0g"));
}

static void
an_official_name_that_looks_like_an_id_keeps_its_library(void **state)
{
    (void)state;
    struct reference r;
    struct err e = {0};
    char buf[REFERENCE_SIZE];
    const char *name = "library/"
                       "0050040000000000000000000000000000000000000000000000000000000000";
    assert_true(reference_parse(name, &r, &e) >= 0);
    assert_string_equal(reference_repository(&r, buf), name);
    assert_true(reference_parse(reference_short(&r, buf), &r, &e) >= 0);
}

static void
a_port_is_no_tag(void **state)
{
    (void)state;
    assert_true(reference_is_bare("busybox"));
    assert_true(reference_is_bare("localhost:5000/a"));
    assert_false(reference_is_bare("localhost:5000/a:1"));
    assert_false(reference_is_bare("a@sha256:0"));
}

static void
a_tag_alone_is_checked(void **state)
{
    (void)state;
    assert_true(reference_is_tag("1.0-rc_2"));
    assert_true(reference_is_tag("_x"));
    static const char *const none[] = {"", "-a", ".a", "a/b", "../a", "a b", "a@b", "a:b"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(reference_is_tag(none[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_get_dockers_defaults_and_print_short_again),
        cmocka_unit_test(wrong_names_say_which_and_why),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(a_digest_is_what_may_be_a_path),
        cmocka_unit_test(an_official_name_that_looks_like_an_id_keeps_its_library),
        cmocka_unit_test(a_port_is_no_tag),
        cmocka_unit_test(a_tag_alone_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
