/* test-options.c - Docker's grammar of options, on a table of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/options.h"

struct data {
    bool is_on, is_quiet;
    const char *name;
    struct list env;
    int count;
    int64_t size, nano;
};

static const struct option table[] = {
    {"Group", 0,         KIND_GROUP,           0,         NULL,   NULL        },
    { "on",    'o', KIND_FLAG, offsetof(struct data,    is_on),   NULL,     "a flag"},
    { "quiet",    'q', KIND_FLAG, offsetof(struct data, is_quiet),   NULL,    "another"},
    { "name",    'n', KIND_TEXT, offsetof(struct data,     name), "NAME",     "a name"},
    { "env",    'e', KIND_LIST, offsetof(struct data,      env),  "A=B",     "a list"},
    { "count",      0,  KIND_INT, offsetof(struct data,    count),    "N",   "a number"},
    { "size",    's', KIND_SIZE, offsetof(struct data,     size), "SIZE",     "a size"},
    { "cpus",      0, KIND_NANO, offsetof(struct data,     nano),    "N", "a fraction"},
    OPTION_END,
};

static struct syntax syntax = {
    .command = "frob",
    .operands = "A [B]",
    .summary = "Frob",
    .options = table,
    .operands_least = 1,
    .operands_most = 2,
    .stops_at_operand = false,
};

static int
parse(struct data *ret, struct err *e, bool *is_usage, char *operands, const char *line)
{
    auto_list words = {0};
    list_add(&words, "frob");
    if (line[0] != '\0')
        list_split(&words, line, ' ');
    char **argv = NULL;
    int n = 0;
    *ret = (struct data){0};
    int r = options_parse(&syntax, (int)words.n, list_argv(&words), ret, &argv, &n,
                          is_usage, e);
    operands[0] = '\0';
    for (int i = 0; r == 0 && i < n; i++) {
        strcat(operands, argv[i]);
        strcat(operands, " ");
    }
    free(argv);
    if (ret->name != NULL) /* it points into the words */
        strcat(strcat(operands, "name="), ret->name);
    return r;
}

static void
every_form_of_an_option_is_taken(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "-o --name x --count=3 -s 4k -e A=1 -e B=2 op",
        "--on -nx --count 3 -s4k -eA=1 -eB=2 op",
        "-on x --count 3 -s=4k --env A=1 --env=B=2 op",
        "op -o -n=x --count=3 --size 4k -eA=1 -eB=2",
        "--on=true -oqn x --quiet=false --count 3 -s4096 -e A=1 -e B=2 -- op"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct data data;
        struct err e = {0};
        bool is_usage;
        char operands[256];
        assert_int_equal(parse(&data, &e, &is_usage, operands, lines[i]), 0);
        assert_string_equal(operands, "op name=x");
        assert_true(data.is_on && !data.is_quiet);
        assert_int_equal(data.count, 3);
        assert_int_equal(data.size, 4096);
        assert_int_equal(data.env.n, 2);
        assert_string_equal(data.env.v[1], "B=2");
        list_done(&data.env);
    }
}

static void
mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *line, *text;
        bool is_usage;
    } bad[] = {
        {"--nmae x op",    "unknown flag: --nmae (did you mean --name?)",         false},
        {"--zzzzzzzz op",  "unknown flag: --zzzzzzzz",                            false},
        {"-x op",          "unknown shorthand flag: 'x' in -x",                   false},
        {"-ox op",         "unknown shorthand flag: 'x' in -ox",                  false},
        {"--name",         "flag needs an argument: --name",                      false},
        {"-n",             "flag needs an argument: 'n' in -n",                   false},
        {"--on=maybe op",
         "invalid argument \"maybe\" for \"-o, --on\" flag: not true or false",   false},
        {"-s zz op",
         "invalid argument \"zz\" for \"-s, --size\" flag: not a size as in 64m", false},
        {"--count 1.5 op",
         "invalid argument \"1.5\" for \"--count\" flag: not a whole number",     false},
        {"--cpus x op",
         "invalid argument \"x\" for \"--cpus\" flag: not a number as in 1.5",    false},
        {"",               "'sampan frob' requires at least 1 argument",          true },
        {"a b c",          "'sampan frob' requires at most 2 arguments",          true },
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct data data;
        struct err e = {0};
        bool is_usage = !bad[i].is_usage;
        char operands[256];
        assert_true(parse(&data, &e, &is_usage, operands, bad[i].line) < 0);
        assert_string_equal(e.text, bad[i].text);
        assert_int_equal(is_usage, bad[i].is_usage);
        list_done(&data.env);
    }
}

static void
options_may_end_at_the_first_operand(void **state)
{
    (void)state;
    struct data data;
    struct err e = {0};
    bool is_usage;
    char operands[256];
    syntax.stops_at_operand = true;
    int r = parse(&data, &e, &is_usage, operands, "-o op --name");
    syntax.stops_at_operand = false;
    assert_int_equal(r, 0);
    assert_string_equal(operands, "op --name ");
}

static void
help_comes_from_the_table(void **state)
{
    (void)state;
    auto_text out = {0};
    struct data data;
    struct err e = {0};
    bool is_usage;
    char operands[256];
    assert_int_equal(parse(&data, &e, &is_usage, operands, "--help"), 1);
    options_help(&syntax, &out);
    assert_non_null(
        strstr(text_str(&out), "Usage:  sampan frob [OPTIONS] A [B]\n\nFrob\n"));
    assert_non_null(strstr(text_str(&out), "\nGroup:\n  -o, --on "));
    assert_non_null(strstr(text_str(&out), "--count N"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_an_option_is_taken),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(options_may_end_at_the_first_operand),
        cmocka_unit_test(help_comes_from_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
