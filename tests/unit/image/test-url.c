/* test-url.c - src/image/url.c and src/image/challenge.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "image/challenge.h"
#include "image/url.h"

static void
a_url_gives_scheme_host_and_port(void **state)
{
    (void)state;
    struct origin o;
    assert_int_equal(url_origin("https://Registry.Example/v2/", &o), 0);
    assert_true(o.is_tls && o.port == 443);
    assert_string_equal(o.host, "registry.example");
    assert_int_equal(url_origin("http://localhost:5000?x=1", &o), 0);
    assert_true(!o.is_tls && o.port == 5000);
    assert_int_equal(url_origin("http://[::1]:80/", &o), 0);
    assert_string_equal(o.host, "[::1]");
}

static void
what_is_no_plain_url_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "http://",
        "ftp://a/",
        "HTTP://a/",
        "http:///x",
        "http://u:p@a/",
        "http://a:/",
        "http://a:0/",
        "http://a:65536/",
        "http://a:1x/",
        "http://a/ b",
        "http://a/\r\nX: y",
        "http://a/\xc3\xa9",
        "http://a/#f",
        "http://a\\b/",
        "http://[::1",
        "http://-a/",
        "//a/",
        "/a",
    };
    struct origin o;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(url_origin(bad[i], &o) < 0);
}

static void
only_this_machine_is_loopback(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool is_loopback, is_address;
    } hosts[] = {
        {"http://localhost/",         true,  false},
        {"http://127.0.0.1/",         true,  true },
        {"http://127.9.9.9:1/",       true,  true },
        {"http://[::1]/",             true,  true },
        {"http://127.evil.example/",  false, false},
        {"http://127.0.0.1.example/", false, false},
        {"http://localhost.example/", false, false},
        {"http://1.2.3.4/",           false, true },
        {"http://2130706433/",        false, true },
        {"http://0x7f000001/",        false, true },
        {"http://[fe80::1]/",         false, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct origin o;
        assert_int_equal(url_origin(hosts[i].url, &o), 0);
        assert_int_equal(origin_is_loopback(&o), hosts[i].is_loopback);
        assert_int_equal(origin_is_address(&o), hosts[i].is_address);
    }
}

static void
a_location_is_followed_from_its_page(void **state)
{
    (void)state;
    static const struct {
        const char *location, *expected;
    } cases[] = {
        {"http://b/x",  "http://b/x"     },
        {"/y?z",        "https://a/y?z"  },
        {"?q=1",        "https://a/x?q=1"},
        {"y",           NULL             },
        {"//b/y",       NULL             },
        {"",            NULL             },
        {"file:///etc", NULL             },
        {"/a b",        NULL             },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        auto_free char *to = url_resolve("https://a/x?p=0", cases[i].location);
        if (cases[i].expected)
            assert_string_equal(to, cases[i].expected);
        else
            assert_null(to);
    }
}

static void
a_query_is_escaped(void **state)
{
    (void)state;
    auto_text url = {0};
    text_add(&url, "https://a/t");
    url_add_query(&url, "scope", "repository:a/b:pull");
    url_add_query(&url, "x", "\xff &");
    assert_string_equal(text_str(&url),
                        "https://a/t?scope=repository%3Aa%2Fb%3Apull&x=%FF%20%26");
}

static void
a_challenge_gives_realm_and_service(void **state)
{
    (void)state;
    struct challenge c = {0};
    assert_int_equal(challenge_parse("Bearer realm=\"https://a/t\",service=\"s \\\" x\", "
                                     "scope=\"repository:x:pull,push\"",
                                     &c),
                     0);
    assert_int_equal(c.scheme, CHALLENGE_BEARER);
    assert_string_equal(c.realm, "https://a/t");
    assert_string_equal(c.service, "s \" x");
}

static void
bearer_wins_over_basic_in_any_order(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "Basic realm=\"a\", Bearer realm=\"b\"",
        "BEARER realm=b, basic realm=a",
        "Negotiate, Digest realm=\"x\", nonce=\"y\", Bearer realm=\"b\"",
    };
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        struct challenge c = {0};
        assert_int_equal(challenge_parse(headers[i], &c), 0);
        assert_int_equal(c.scheme, CHALLENGE_BEARER);
        assert_string_equal(c.realm, "b");
    }
}

static void
what_is_no_challenge_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Bearer realm=\"open",
        "Bearer realm=\"a\x01\"",
        "Bearer realm=",
        "=x",
        "Bearer realm=\"a\" service=\"b\"",
        "Bearer\trealm=\"a\"",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct challenge c = {0};
        assert_true(challenge_parse(bad[i], &c) < 0);
        assert_int_equal(c.scheme, CHALLENGE_NONE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_gives_scheme_host_and_port),
        cmocka_unit_test(what_is_no_plain_url_is_refused),
        cmocka_unit_test(only_this_machine_is_loopback),
        cmocka_unit_test(a_location_is_followed_from_its_page),
        cmocka_unit_test(a_query_is_escaped),
        cmocka_unit_test(a_challenge_gives_realm_and_service),
        cmocka_unit_test(bearer_wins_over_basic_in_any_order),
        cmocka_unit_test(what_is_no_challenge_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
