/* test-registries.c - src/image/registries.c and the TOML below it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <string.h>

#include "image/registries.h"
#include "image/toml.h"

static const char *
as_json(const char *toml, struct text *out)
{
    auto_json *doc = NULL;
    struct err e = {0};
    assert_int_equal(toml_parse(toml, strlen(toml), &doc, &e), 0);
    json_write(out, json_root(doc), 0);
    return text_str(out);
}

static void
toml_becomes_a_tree(void **state)
{
    (void)state;
    static const struct {
        const char *toml, *json;
    } cases[] = {
        {"",                                "{}"                                      },
        {"a = \"x\\n\\\"\" # c\r\nb='\\'",  "{\"a\":\"x\\n\\\"\",\"b\":\"\\\\\"}"     },
        {"a = [1, true,\n # c\n \"x\",]",   "{\"a\":[1,true,\"x\"]}"                  },
        {"a.b = 1\na.\"c d\" = -2",         "{\"a\":{\"b\":1,\"c d\":-2}}"            },
        {"[[r]]\na=1\n[[r.m]]\nb=2\n[[r]]", "{\"r\":[{\"a\":1,\"m\":[{\"b\":2}]},{}]}"},
        {"r = [{a = 1, b = \"\"}, {}]",     "{\"r\":[{\"a\":1,\"b\":\"\"},{}]}"       },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        auto_text out = {0}, plain = {0};
        as_json(cases[i].toml, &out);
        for (const char *p = text_str(&out); *p; p++) /* compare without layout */
            if (*p != ' ' || p[-1] == 'c')
                text_add_char(&plain, *p);
        assert_string_equal(text_str(&plain), cases[i].json);
    }
}

static void
what_is_no_toml_names_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *toml, *line;
    } bad[] = {
        {"a",                                         "line 1"},
        {"a = 1\na = 2",                              "line 2"},
        {"a = 1 b = 2",                               "line 1"},
        {"\n\na = \"x",                               "line 3"},
        {"a = \"\\q\"",                               "line 1"},
        {"a = 1.5",                                   "line 1"},
        {"a = 1979-05-27",                            "line 1"},
        {"a = \"\"\"x\"\"\"",                         "line 1"},
        {"a = 1\n[a]",                                "line 2"},
        {"[a\n",                                      "line 1"},
        {"[[a]\n",                                    "line 1"},
        {"a = [1",                                    "line 1"},
        {"= 1",                                       "line 1"},
        {"a = {b = 1",                                "line 1"},
        {"a = [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "line 1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        auto_json *doc = NULL;
        struct err e = {0};
        assert_true(toml_parse(bad[i].toml, strlen(bad[i].toml), &doc, &e) < 0);
        assert_non_null(strstr(e.text, bad[i].line));
    }
}

static const char settings[] =
    "unqualified-search-registries = [\"one.example\", \"docker.io\"]\n"
    "[aliases]\n\"fedora\" = \"two.example/fedora\"\n"
    "[[registry]]\nprefix = \"docker.io\"\nlocation = \"hub.example/proxy\"\n"
    "[[registry.mirror]]\nlocation = \"localhost:5000\"\ninsecure = true\n"
    "[[registry.mirror]]\nlocation = \"digests.example\"\npull-from-mirror = \"digest-only\"\n"
    "[[registry]]\nprefix = \"docker.io/library\"\nlocation = \"official.example\"\n"
    "[[registry]]\nprefix = \"*.bad.example\"\nblocked = true\n";

static int
endpoints(const char *name, struct endpoint *ret, struct err *e)
{
    struct registries r = {0};
    struct reference reference;
    assert_int_equal(registries_add(&r, "test", settings, strlen(settings), e), 0);
    assert_int_equal(reference_parse(name, &reference, e), 0);
    int n = registries_endpoints(&r, &reference, true, ret, e);
    registries_done(&r);
    return n;
}

static void
the_longest_prefix_decides(void **state)
{
    (void)state;
    struct endpoint at[ENDPOINTS_MOST];
    struct err e = {0};
    assert_int_equal(endpoints("busybox", at, &e), 1);
    assert_string_equal(at[0].host, "official.example");
    assert_string_equal(at[0].path, "busybox");
    assert_int_equal(endpoints("docker.io/libraryx/a", at, &e), 2);
    assert_string_equal(at[1].host, "hub.example");
    assert_string_equal(at[1].path, "proxy/libraryx/a");
}

static void
mirrors_come_first_and_know_what_they_serve(void **state)
{
    (void)state;
    struct endpoint at[ENDPOINTS_MOST];
    struct err e = {0};
    auto_free char *by_digest = str_format("docker.io/a/b@sha256:%064d", 0);
    assert_int_equal(endpoints("docker.io/a/b", at, &e), 2);
    assert_true(at[0].is_mirror && at[0].is_insecure && !at[1].is_insecure);
    assert_string_equal(at[0].host, "localhost:5000");
    assert_string_equal(at[0].path, "a/b");
    assert_int_equal(endpoints(by_digest, at, &e), 3);
    assert_string_equal(at[1].host, "digests.example");
}

static void
what_is_blocked_is_blocked_with_all_below(void **state)
{
    (void)state;
    struct endpoint at[ENDPOINTS_MOST];
    struct err e = {0};
    assert_true(endpoints("very.bad.example/a", at, &e) < 0);
    assert_int_equal(endpoints("bad.example/a", at, &e), 1);
    assert_int_equal(endpoints("notbad.example/a", at, &e), 1);
}

static void
docker_io_is_asked_at_its_own_host(void **state)
{
    (void)state;
    struct registries none = {0};
    struct reference r;
    struct endpoint at[ENDPOINTS_MOST];
    struct err e = {0};
    assert_int_equal(reference_parse("busybox", &r, &e), 0);
    assert_int_equal(registries_endpoints(&none, &r, true, at, &e), 1);
    assert_string_equal(at[0].host, "registry-1.docker.io");
    assert_string_equal(at[0].path, "library/busybox");
}

static void
short_names_have_candidates(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *first, *second;
    } cases[] = {
        {"thing:1",     "one.example/thing:1",         "docker.io/library/thing:1"},
        {"me/thing",    "one.example/me/thing:latest", "docker.io/me/thing:latest"},
        {"fedora",      "two.example/fedora:latest",   NULL                       },
        {"a.b/thing",   "a.b/thing:latest",            NULL                       },
        {"localhost/x", "localhost/x:latest",          NULL                       },
    };
    struct registries r = {0};
    struct err e = {0};
    assert_int_equal(registries_add(&r, "test", settings, strlen(settings), &e), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        auto_list names = {0};
        assert_int_equal(registries_candidates(&r, cases[i].typed, &names, &e), 0);
        assert_int_equal(names.n, cases[i].second ? 2 : 1);
        assert_string_equal(names.v[0], cases[i].first);
        if (cases[i].second)
            assert_string_equal(names.v[1], cases[i].second);
    }
    registries_done(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(toml_becomes_a_tree),
        cmocka_unit_test(what_is_no_toml_names_its_line),
        cmocka_unit_test(the_longest_prefix_decides),
        cmocka_unit_test(mirrors_come_first_and_know_what_they_serve),
        cmocka_unit_test(what_is_blocked_is_blocked_with_all_below),
        cmocka_unit_test(docker_io_is_asked_at_its_own_host),
        cmocka_unit_test(short_names_have_candidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
