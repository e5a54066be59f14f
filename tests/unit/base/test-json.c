/* test-json.c - the JSON reader, tree and writer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_cut.h"

static struct json_doc *
parse(const char *s)
{
    struct json_doc *doc = NULL;
    struct err e = {0};
    if (json_parse(s, strlen(s), &doc, &e) < 0)
        fail_msg("%s: %s", s, e.text);
    return doc;
}

static void
same_again(const char *s)
{
    auto_json *doc = parse(s);
    auto_text t = {0};
    json_write(&t, json_root(doc), 0);
    assert_string_equal(text_str(&t), s);
}

static void
what_is_read_is_written_back(void **state)
{
    (void)state;
    same_again("{\"b\":1,\"a\":[true,false,null,\"x\"],\"\":{}}");
    same_again("[9007199254740993,-9223372036854775808,18446744073709551615,1.50,1e+9]");
    same_again("\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001 /\"");
    same_again("\"\xc3\xa9\xff\"");
}

/* Strings are decoded where they stand in a copy of the text. */
static void
strings_are_decoded_and_the_text_stays_as_it_was(void **state)
{
    (void)state;
    static const char text[] =
        "{\"\\u0061b\":\"\\n\\u00e9x\\ud83d\\ude00y\\\\\",\"c\":[\"\",\"d\\t\"]}";
    char given[sizeof text];
    memcpy(given, text, sizeof text);
    auto_json *doc = parse(given);
    assert_string_equal(given, text);
    memset(given, 'X', sizeof given - 1); /* it may go once it was read */

    const struct json *root = json_root(doc);
    assert_string_equal(json_str(json_get(root, "ab"), ""),
                        "\n\xc3\xa9x\xf0\x9f\x98\x80y\\");
    assert_string_equal(json_str(json_at(json_get(root, "c"), 0), "none"), "");
    assert_string_equal(json_str(json_at(json_get(root, "c"), 1), ""), "d\t");
}

static void
refuses(const char *s, size_t len, const char *words)
{
    struct json_doc *doc = NULL;
    struct err e = {0};
    assert_int_equal(json_parse(s, len, &doc, &e), -22);
    assert_null(doc);
    if (!strstr(e.text, words))
        fail_msg("%s: wanted \"%s\", got \"%s\"", s, words, e.text);
}

static void
malformed_text_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"",                   "expected a value"        },
        {"{",                  "expected a member's name"},
        {"{\"a\":1,}",         "expected a member's name"},
        {"[1,]",               "expected a value"        },
        {"[1 2]",              "expected ',' or ']'"     },
        {"{\"a\" 1}",          "expected ':'"            },
        {"{\"a\":1,\"a\":2}",  "stands twice"            },
        {"\"\\u0000\"",        "NUL"                     },
        {"[\"\\n\\n\",\n x]",  "line 2, column 2: "      },
        {"\"\\ud800\"",        "surrogate"               },
        {"\"\\ud800\\u0041\"", "surrogate"               },
        {"\"\\udc00\"",        "surrogate"               },
        {"\"\\x\"",            "unknown escape"          },
        {"\"a\nb\"",           "control character"       },
        {"\"a",                "string without an end"   },
        {"01",                 "malformed number"        },
        {"-",                  "malformed number"        },
        {"1.",                 "malformed number"        },
        {"1e",                 "malformed number"        },
        {"+1",                 "expected a value"        },
        {"nul",                "expected a value"        },
        {"{} x",               "something follows"       },
        {"[1,\n  oops]",       "line 2, column 3"        },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        refuses(cases[i].text, strlen(cases[i].text), cases[i].words);
    refuses("\"a\0b\"", 5, "NUL");
}

static void
depth_is_bounded(void **state)
{
    (void)state;
    char deep[2 * JSON_DEPTH_MOST + 3];
    memset(deep, '[', JSON_DEPTH_MOST);
    memset(deep + JSON_DEPTH_MOST, ']', JSON_DEPTH_MOST);
    deep[2 * JSON_DEPTH_MOST] = '\0';
    auto_json *doc = parse(deep);
    assert_non_null(doc);
    memset(deep, '[', JSON_DEPTH_MOST + 1);
    refuses(deep, strlen(deep), "nested too deeply");
}

static void
a_surrogate_pair_becomes_utf8(void **state)
{
    (void)state;
    auto_json *doc = parse("\"\\ud83d\\ude00\\u00e9\"");
    assert_string_equal(json_str(json_root(doc), ""), "\xf0\x9f\x98\x80\xc3\xa9");
}

static void
paths_can_be_chained_over_what_is_missing(void **state)
{
    (void)state;
    auto_json *doc = parse("{\"a\":{\"b\":[1,{\"c\":true}]}}");
    const struct json *root = json_root(doc);
    assert_true(json_bool(json_get(json_at(json_path(root, "a.b"), 1), "c"), false));
    assert_null(json_get(json_at(json_path(root, "a.x.y"), 1), "c"));
    assert_string_equal(json_str(json_path(root, "a.b"), "none"), "none");
    assert_int_equal(json_count(json_path(root, "a.b")), 2);
}

static void
numbers_keep_all_their_digits(void **state)
{
    (void)state;
    auto_json *doc =
        parse("[9007199254740993,18446744073709551615,-1,1.5,99999999999999999999]");
    const struct json *root = json_root(doc);
    int64_t i;
    uint64_t u;
    assert_int_equal(json_i64(json_at(root, 0), 0), 9007199254740993);
    assert_int_equal(json_to_i64(json_at(root, 1), &i), -34);
    assert_int_equal(json_to_u64(json_at(root, 1), &u), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(json_to_u64(json_at(root, 2), &u), -22);
    assert_int_equal(json_to_i64(json_at(root, 3), &i), -22);
    assert_int_equal(json_to_u64(json_at(root, 4), &u), -34);
}

static void
a_member_that_is_set_again_keeps_its_place(void **state)
{
    (void)state;
    auto_json *doc = json_doc_new();
    struct json *o = json_object(doc);
    json_set_str(doc, o, "a", "1");
    json_set_i64(doc, o, "b", 2);
    json_set_bool(doc, o, "a", true);
    json_remove(o, "nothing");
    auto_text t = {0};
    json_write(&t, o, 0);
    assert_string_equal(text_str(&t), "{\"a\":true,\"b\":2}");
    json_remove(o, "b");
    json_remove(o, "a");
    json_set_str(doc, o, "c", NULL);
    t.len = 0;
    json_write(&t, o, 2);
    assert_string_equal(text_str(&t), "{\n  \"c\": \"\"\n}");
}

static void
a_clone_outlives_its_source(void **state)
{
    (void)state;
    auto_json *copy = json_doc_new();
    struct json_doc *source = parse("{\"a\":[1,\"x\",{\"b\":null}]}");
    struct json *root = json_clone(copy, json_root(source));
    json_doc_free(source);
    auto_text t = {0};
    json_write(&t, root, 0);
    assert_string_equal(text_str(&t), "{\"a\":[1,\"x\",{\"b\":null}]}");
}

static void
defaults_hold_where_nothing_or_null_is_said(void **state)
{
    (void)state;
    auto_json *doc = json_doc_new();
    auto_json *said = parse("{\"b\":2,\"c\":null,\"d\":4}");
    auto_text t = {0};
    json_write(&t, json_with_defaults(doc, "{\"a\":1,\"b\":1,\"c\":1}", json_root(said)),
               0);
    assert_string_equal(text_str(&t), "{\"a\":1,\"b\":2,\"c\":1,\"d\":4}");
}

static void
left_without(const char *path, const char *whole, const char *expected)
{
    auto_text left = {0};
    json_cut(&left, whole, path);
    assert_string_equal(text_str(&left), expected);
    json_doc_free(parse(text_str(&left)));
}

static void
a_member_is_cut_out(void **state)
{
    (void)state;
    left_without("a", "{\"a\":1}", "{}");
    left_without("a", "{ \"a\" : [1, {\"a\": \"]\"}] , \"b\" : 2 }", "{  \"b\" : 2 }");
    left_without("b", "{\"a\": 1 ,\n\"b\": \"x\\\"}\"\n}", "{\"a\": 1 }");
    left_without("b", "{\"a\":{\"b\":1},\"b\":true,\"c\":null}",
                 "{\"a\":{\"b\":1},\"c\":null}");
    left_without("a.b.c", " {\"x\":{\"b\":0},\"a\":{\"b\":{\"c\":[],\"d\":-1e5}}}",
                 " {\"x\":{\"b\":0},\"a\":{\"b\":{\"d\":-1e5}}}");
}

static void
what_is_not_there_is_not_cut(void **state)
{
    static const char *const wholes[] = {
        "{}",
        "[]",
        "[{\"a\":{\"b\":1}}]",
        "\"a\"",
        "{\"a\":[{\"b\":1}]}",
        "{\"a\":\"b\",\"aa\":{\"b\":1}}",
        "{\"\\u0061\":{\"b\":1}}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wholes); i++)
        left_without("a.b", wholes[i], wholes[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_written_back),
        cmocka_unit_test(strings_are_decoded_and_the_text_stays_as_it_was),
        cmocka_unit_test(malformed_text_is_refused_with_its_place),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(a_surrogate_pair_becomes_utf8),
        cmocka_unit_test(paths_can_be_chained_over_what_is_missing),
        cmocka_unit_test(numbers_keep_all_their_digits),
        cmocka_unit_test(a_member_that_is_set_again_keeps_its_place),
        cmocka_unit_test(a_clone_outlives_its_source),
        cmocka_unit_test(defaults_hold_where_nothing_or_null_is_said),
        cmocka_unit_test(a_member_is_cut_out),
        cmocka_unit_test(what_is_not_there_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
