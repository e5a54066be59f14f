/* options.c - the parser and the help of options.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/options.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#define HELP_COLUMNS 100
#define HELP_INDENT  34
#define NEAR         3 /* edits: more is another word */

struct parser {
    const struct syntax *syntax;
    void *data;
    struct err *e;
};

const char *
options_nearest(const char *word, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    int best_distance = NEAR;
    for (size_t i = 0; i < n; i++) {
        int distance = str_distance(word, candidates[i]);
        if (distance < best_distance && distance < (int)strlen(candidates[i])) {
            best = candidates[i];
            best_distance = distance;
        }
    }
    return best;
}

static const struct option *
find_long(const struct syntax *syntax, const char *name, size_t len)
{
    for (const struct option *o = syntax->options; o != NULL && o->name != NULL; o++)
        if (o->kind != KIND_GROUP && strlen(o->name) == len &&
            strncmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

static const struct option *
find_letter(const struct syntax *syntax, char letter)
{
    for (const struct option *o = syntax->options; o != NULL && o->name != NULL; o++)
        if (o->kind != KIND_GROUP && o->letter == letter)
            return o;
    return NULL;
}

static int
unknown_long(struct parser *p, const char *name)
{
    const char *names[256];
    size_t n = 0;
    for (const struct option *o = p->syntax->options; o != NULL && o->name != NULL; o++)
        if (o->kind != KIND_GROUP && n < ARRAY_LEN(names))
            names[n++] = o->name;
    const char *near = options_nearest(name, names, n);
    err_set(p->e, ERR_INVALID, "unknown flag: --%s", name);
    if (near != NULL)
        err_hint(p->e, 0, " (did you mean --%s?)", near);
    return -EINVAL;
}

/* ---- values ---- */

static int
parse_flag(const char *value, bool *ret)
{
    static const char *const yes[] = {"true", "1", "t", "T", "TRUE", "True"};
    static const char *const no[] = {"false", "0", "f", "F", "FALSE", "False"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (str_eq(value, yes[i]) || str_eq(value, no[i])) {
            *ret = str_eq(value, yes[i]);
            return 0;
        }
    }
    return -EINVAL;
}

static int
parse_value(const struct option *option, const char *value, void *at)
{
    switch (option->kind) {
    case KIND_FLAG:
        return parse_flag(value, at);
    case KIND_TEXT:
        *(const char **)at = value;
        return 0;
    case KIND_LIST:
        list_add(at, value);
        return 0;
    case KIND_FILTER:
        if (!strchr(value, '='))
            return -EINVAL;
        list_add(at, value);
        return 0;
    case KIND_INT:
        return num_parse_int(value, at);
    case KIND_SWAP:
        if (str_eq(value, "-1")) {
            *(int64_t *)at = -1;
            return 0;
        }
        return num_parse_size(value, at);
    case KIND_SIZE:
        return num_parse_size(value, at);
    case KIND_NANO:
        return num_parse_nano(value, at);
    case KIND_NUMBER:
        return num_parse_i64(value, at);
    case KIND_GROUP:
        break;
    }
    return -EINVAL;
}

static const char *
kind_hint(enum option_kind kind)
{
    static const char *const hints[] = {
        [KIND_FLAG] = "not true or false",
        [KIND_FILTER] = "bad format of filter (expected name=value)",
        [KIND_INT] = "not a whole number",
        [KIND_SIZE] = "not a size as in 64m",
        [KIND_SWAP] = "not a size as in 64m, or -1",
        [KIND_NANO] = "not a number as in 1.5",
        [KIND_NUMBER] = "not a whole number",
    };
    return hints[kind];
}

static int
set_value(struct parser *p, const struct option *option, const char *value)
{
    int r = parse_value(option, value, (char *)p->data + option->offset);
    if (r >= 0)
        return 0;
    char letter[] = "-x, ";
    letter[1] = option->letter;
    return err_set(p->e, ERR_INVALID, "invalid argument \"%s\" for \"%s--%s\" flag: %s",
                   value, option->letter != 0 ? letter : "", option->name,
                   kind_hint(option->kind));
}

/* ---- words ---- */

/* "--name", "--name=value", "--name value": returns how many words it took. */
static int
parse_long(struct parser *p, char **words)
{
    const char *name = words[0] + 2, *equals = strchr(name, '=');
    size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct option *option = find_long(p->syntax, name, len);
    if (option == NULL) {
        auto_free char *plain = str_format("%.*s", (int)len, name);
        return unknown_long(p, plain);
    }
    if (equals != NULL || option->kind == KIND_FLAG) {
        TRY(set_value(p, option, equals != NULL ? equals + 1 : "true"));
        return 1;
    }
    if (words[1] == NULL)
        return err_set(p->e, ERR_INVALID, "flag needs an argument: --%s", option->name);
    TRY(set_value(p, option, words[1]));
    return 2;
}

/* "-it", "-eA=B", "-e A=B", "-m=64m" */
static int
parse_letters(struct parser *p, char **words)
{
    for (const char *s = words[0] + 1; *s != '\0'; s++) {
        const struct option *option = find_letter(p->syntax, *s);
        if (option == NULL)
            return err_set(p->e, ERR_INVALID, "unknown shorthand flag: '%c' in %s", *s,
                           words[0]);
        bool has_equals = s[1] == '=';
        if (option->kind == KIND_FLAG && !has_equals) {
            TRY(set_value(p, option, "true"));
            continue;
        }
        if (s[1] != '\0') {
            TRY(set_value(p, option, s + (has_equals ? 2 : 1)));
            return 1;
        }
        if (words[1] == NULL)
            return err_set(p->e, ERR_INVALID, "flag needs an argument: '%c' in %s", *s,
                           words[0]);
        TRY(set_value(p, option, words[1]));
        return 2;
    }
    return 1;
}

static const char *
program_name(const struct syntax *syntax)
{
    return syntax->program != NULL ? syntax->program : "sampan";
}

static int
check_operands(const struct syntax *syntax, int n, struct err *e)
{
    int least = syntax->operands_least, most = syntax->operands_most;
    if (n >= least && (most < 0 || n <= most))
        return 0;
    const char *how = least == most ? "exactly" : n < least ? "at least" : "at most";
    int count = n < least ? least : most;
    if (count == 0)
        return err_set(e, ERR_INVALID, "'%s %s' accepts no arguments", program_name(syntax),
                       syntax->command);
    return err_set(e, ERR_INVALID, "'%s %s' requires %s %d argument%s",
                   program_name(syntax), syntax->command, how, count,
                   count == 1 ? "" : "s");
}

int
options_parse(const struct syntax *syntax, int argc, char **argv, void *data,
              char ***ret_argv, int *ret_n, bool *ret_is_usage, struct err *e)
{
    struct parser parser = {syntax, data, e};
    auto_free char **operands = mem_new((size_t)argc + 1, sizeof(*operands));
    int n = 0;
    *ret_is_usage = false;
    for (int i = 1; i < argc;) {
        const char *word = argv[i];
        bool is_end = str_eq(word, "--");
        bool is_operand = word[0] != '-' || word[1] == '\0';
        if (is_end || (is_operand && syntax->stops_at_operand)) {
            for (i += is_end; i < argc; i++)
                operands[n++] = argv[i];
        } else if (is_operand) {
            operands[n++] = argv[i++];
        } else if (str_eq(word, "--help") ||
                   (str_eq(word, "-h") && find_letter(syntax, 'h') == NULL)) {
            return 1;
        } else {
            int r = word[1] == '-' ? parse_long(&parser, argv + i)
                                   : parse_letters(&parser, argv + i);
            TRY(r);
            i += r;
        }
    }
    *ret_is_usage = true;
    TRY(check_operands(syntax, n, e));
    *ret_argv = take_ptr(operands);
    *ret_n = n;
    return 0;
}

/* ---- help ---- */

/* Adds words wrapped at the last column, lines after the first indented. */
static void
add_wrapped(struct text *out, const char *words, int column)
{
    auto_list list = {0};
    list_split(&list, words, ' ');
    for (size_t i = 0; i < list.n; i++) {
        int len = (int)strlen(list.v[i]);
        if (i > 0 && column + 1 + len > HELP_COLUMNS) {
            text_addf(out, "\n%*s", HELP_INDENT, "");
            column = HELP_INDENT;
        } else if (i > 0) {
            text_add_char(out, ' ');
            column++;
        }
        text_add(out, list.v[i]);
        column += len;
    }
    text_add_char(out, '\n');
}

static void
add_option(struct text *out, const struct option *o)
{
    auto_text left = {0};
    if (o->letter != 0)
        text_addf(&left, "  -%c, --%s", o->letter, o->name);
    else
        text_addf(&left, "      --%s", o->name);
    if (o->value != NULL)
        text_addf(&left, " %s", o->value);
    text_add(out, text_str(&left));
    if ((int)left.len + 2 > HELP_INDENT)
        text_addf(out, "\n%*s", HELP_INDENT, "");
    else
        text_addf(out, "%*s", HELP_INDENT - (int)left.len, "");
    add_wrapped(out, o->help, HELP_INDENT);
}

static bool
has_options(const struct syntax *syntax)
{
    return syntax->options != NULL && syntax->options->name != NULL;
}

void
options_usage(const struct syntax *syntax, struct text *out)
{
    text_addf(out, "Usage:  %s %s%s%s%s\n", program_name(syntax), syntax->command,
              has_options(syntax) ? " [OPTIONS]" : "",
              syntax->operands[0] != '\0' ? " " : "", syntax->operands);
}

void
options_help(const struct syntax *syntax, struct text *out)
{
    const struct option *o = syntax->options;
    options_usage(syntax, out);
    text_addf(out, "\n%s\n", syntax->summary);
    if (has_options(syntax) && o->kind != KIND_GROUP)
        text_add(out, "\nOptions:\n");
    for (; o != NULL && o->name != NULL; o++) {
        if (o->kind == KIND_GROUP)
            text_addf(out, "\n%s:\n", o->name);
        else
            add_option(out, o);
    }
}
