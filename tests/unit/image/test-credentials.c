/* test-credentials.c - src/image/credentials.c and src/image/base64.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <string.h>

#include "image/base64.h"
#include "image/credentials.h"

static void
base64_goes_there_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *coded;
    } cases[] = {
        {"",       ""        },
        {"f",      "Zg=="    },
        {"fo",     "Zm8="    },
        {"foo",    "Zm9v"    },
        {"foob",   "Zm9vYg=="},
        {"fooba",  "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        auto_text coded = {0}, plain = {0};
        base64_encode(&coded, cases[i].plain, strlen(cases[i].plain));
        assert_string_equal(text_str(&coded), cases[i].coded);
        assert_int_equal(base64_decode(&plain, cases[i].coded), 0);
        assert_string_equal(text_str(&plain), cases[i].plain);
    }
    static const char *const bad[] = {
        "a", "a===", "Zg=", "Z g=", "Zg==Zg==", "Zm9v====", "!"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        auto_text plain = {0};
        assert_true(base64_decode(&plain, bad[i]) < 0);
    }
}

static int
find(const char *config, const char *host, const char *path, struct credentials *ret)
{
    auto_json *doc = NULL;
    struct err e = {0};
    assert_int_equal(json_parse(config, strlen(config), &doc, &e), 0);
    *ret = (struct credentials){0};
    return credentials_in(json_root(doc), host, path, ret, &e);
}

static void
the_most_exact_entry_is_taken(void **state)
{
    (void)state;
    static const char config[] =
        "{\"auths\": {\"a.example\": {\"auth\": \"b25lOjE=\"},"
        " \"a.example/team\": {\"auth\": \"dHdvOjI=\"},"
        " \"https://index.docker.io/v1/\": {\"username\": \"hub\", \"password\": \"3\"}}}";
    static const struct {
        const char *host, *path, *user;
    } cases[] = {
        {"a.example",            "x",         "one"},
        {"a.example",            "team/x",    "two"},
        {"a.example",            "teamx",     "one"},
        {"docker.io",            "library/x", "hub"},
        {"registry-1.docker.io", "x",         "hub"},
        {"b.example",            "x",         NULL },
        {"xa.example",           "x",         NULL },
        {"a.example:443",        "x",         NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct credentials c;
        assert_int_equal(find(config, cases[i].host, cases[i].path, &c),
                         cases[i].user != NULL);
        if (cases[i].user)
            assert_string_equal(c.user, cases[i].user);
        credentials_done(&c);
    }
}

static void
a_password_may_hold_a_colon(void **state)
{
    (void)state;
    struct credentials c;
    assert_int_equal(find("{\"auths\": {\"h\": {\"auth\": \"YTpiOmM=\"}}}", "h", "x", &c),
                     1);
    assert_string_equal(c.user, "a");
    assert_string_equal(c.password, "b:c");
    credentials_done(&c);
}

static void
a_login_that_would_break_a_header_is_refused(void **state)
{
    (void)state;
    struct credentials c;
    assert_true(find("{\"auths\": {\"h\": {\"auth\": \"YQo6Yg==\"}}}", "h", "x", &c) < 0);
    assert_true(
        find("{\"auths\": {\"h\": {\"identitytoken\": \"a\\r\\nb\"}}}", "h", "x", &c) < 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_goes_there_and_back),
        cmocka_unit_test(the_most_exact_entry_is_taken),
        cmocka_unit_test(a_password_may_hold_a_colon),
        cmocka_unit_test(a_login_that_would_break_a_header_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
