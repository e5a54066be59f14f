/* template_functions.c - and, or, eq, index, printf and the like.
 *
 * A function gets its call's values and gives one. What it makes lives in the call's scratch
 * document. A value that comes through "|" is the last argument. How many arguments there may
 * be is a column of the table at the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/template_functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/template.h"
#include "base/template_value.h"

int
template_wrong(struct err *e, const struct operand *at, const char *fmt, ...)
{
    char what[160];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return err_set(
        e, ERR_INVALID,
        "template parsing error: template: :%d:%d: executing \"\" at <%.100s>: %s",
        at->line, at->column, at->source, what);
}

static int
fails(const struct call *call, const char *why)
{
    return template_wrong(call->e, call->at, "error calling %s: %s", call->at->name, why);
}

typedef int function(struct call *call, const struct json **ret);

static int
do_and(struct call *call, const struct json **ret)
{
    for (size_t i = 0; i < call->n; i++)
        if (!template_is_true(*ret = call->v[i]))
            break;
    return 0;
}

static int
do_or(struct call *call, const struct json **ret)
{
    for (size_t i = 0; i < call->n; i++)
        if (template_is_true(*ret = call->v[i]))
            break;
    return 0;
}

static int
do_not(struct call *call, const struct json **ret)
{
    *ret = json_boolean(call->scratch, !template_is_true(call->v[0]));
    return 0;
}

static int
do_compare(struct call *call, const struct json **ret)
{
    bool is_met = false;
    if (str_eq(call->at->name, "eq")) {
        for (size_t i = 1; i < call->n; i++)
            is_met |= template_compare(call->v[0], call->v[i]) == 0;
    } else {
        static const struct {
            const char *name;
            bool less, equal, more;
        } tests[] = {
            {"ne", true,  false, true },
            {"lt", true,  false, false},
            {"le", true,  true,  false},
            {"gt", false, false, true },
            {"ge", false, true,  true },
        };
        int c = template_compare(call->v[0], call->v[1]);
        for (size_t i = 0; i < ARRAY_LEN(tests); i++)
            if (str_eq(call->at->name, tests[i].name))
                is_met = c < 0 ? tests[i].less : c > 0 ? tests[i].more : tests[i].equal;
    }
    *ret = json_boolean(call->scratch, is_met);
    return 0;
}

static int
do_index(struct call *call, const struct json **ret)
{
    auto_text key = {0};
    const struct json *v = call->v[0];
    for (size_t i = 1; i < call->n; i++) {
        if (!v || v->type == JSON_NULL)
            return fails(call, "index of untyped nil");
        if (v->type == JSON_ARRAY) {
            int64_t n;
            if (json_to_i64(call->v[i], &n) < 0 || n < 0 || (uint64_t)n >= json_count(v))
                return fails(call, "index out of range");
            v = json_at(v, (size_t)n);
        } else if (v->type == JSON_OBJECT) {
            v = json_get(v, template_text(&key, call->v[i]));
            if (!v) /* Go's zero value of a map of strings */
                v = json_string(call->scratch, "");
        } else {
            return fails(call, "can't index a plain value");
        }
    }
    *ret = v;
    return 0;
}

static int
do_len(struct call *call, const struct json **ret)
{
    const struct json *v = call->v[0];
    if (!v || v->type == JSON_NUMBER || v->type == JSON_BOOL)
        return fails(call, "this value has no length");
    size_t n = v->type == JSON_STRING ? strlen(v->text) : json_count(v);
    *ret = json_number(call->scratch, (int64_t)n);
    return 0;
}

static int
do_json(struct call *call, const struct json **ret)
{
    auto_text t = {0};
    const struct json *v = call->v[0];
    if (json_get(v, TEMPLATE_LABELS)) { /* only for .Label, never shown */
        struct json *shown = json_clone(call->scratch, v);
        json_remove(shown, TEMPLATE_LABELS);
        v = shown;
    }
    json_write(&t, v, 0);
    *ret = json_string(call->scratch, text_str(&t));
    return 0;
}

static int
do_print(struct call *call, const struct json **ret)
{
    bool is_line = str_eq(call->at->name, "println");
    auto_text t = {0};
    for (size_t i = 0; i < call->n; i++) {
        const struct json *v = call->v[i], *before = i ? call->v[i - 1] : NULL;
        bool both_plain = before && v && before->type != JSON_STRING &&
                          v->type != JSON_STRING;
        if (i && (is_line || both_plain))
            text_add_char(&t, ' ');
        template_print(&t, v);
    }
    if (is_line)
        text_add_char(&t, '\n');
    *ret = json_string(call->scratch, text_str(&t));
    return 0;
}

/* One verb of printf, flags and width included, applied to one value. */
static void
print_verb(struct text *out, const char *flags, size_t flags_len, char verb,
           const struct json *v)
{
    auto_text t = {0};
    template_text(&t, v);
    if (verb == 'q') {
        auto_text quoted = {0};
        json_write_string(&quoted, text_str(&t));
        t.len = 0;
        text_add(&t, text_str(&quoted));
    }
    char fmt[24];
    bool is_number = verb == 'd' || verb == 'x';
    snprintf(fmt, sizeof fmt, "%%%.*s%s", (int)flags_len, flags,
             !is_number    ? "s"
             : verb == 'd' ? "lld"
                           : "llx");
    auto_free char *made = is_number
                               ? str_format(fmt, (long long)strtoll(text_str(&t), NULL, 10))
                               : str_format(fmt, text_str(&t));
    text_add(out, made);
}

static int
do_printf(struct call *call, const struct json **ret)
{
    auto_text t = {0};
    size_t next = 1;
    for (const char *p = json_str(call->v[0], ""); *p; p++) {
        if (*p != '%') {
            text_add_char(&t, *p);
            continue;
        }
        const char *flags = ++p;
        size_t n = strspn(p, "-+0 123456789.");
        p += n;
        if (*p == '%' && n == 0) {
            text_add_char(&t, '%');
            continue;
        }
        if (!*p || !strchr("svdqtx", *p) || n > 8)
            return fails(call, "unknown verb");
        if (next == call->n)
            return fails(call, "missing argument");
        print_verb(&t, flags, n, *p, call->v[next++]);
    }
    *ret = json_string(call->scratch, text_str(&t));
    return 0;
}

static int
do_split(struct call *call, const struct json **ret)
{
    const char *s = json_str(call->v[0], ""), *sep = json_str(call->v[1], "");
    struct json *array = json_array(call->scratch);
    size_t n = strlen(sep);
    for (const char *found; n && (found = strstr(s, sep)); s = found + n) {
        auto_free char *part = str_format("%.*s", (int)(found - s), s);
        json_append(array, json_string(call->scratch, part));
    }
    json_append(array, json_string(call->scratch, s));
    *ret = array;
    return 0;
}

static int
do_join(struct call *call, const struct json **ret)
{
    auto_text t = {0};
    for (json_each(item, call->v[0])) {
        template_print(&t, item);
        if (item->next)
            text_add(&t, json_str(call->v[1], ""));
    }
    *ret = json_string(call->scratch, text_str(&t));
    return 0;
}

/* lower, upper, title: ASCII letters only, the rest as it is. */
static int
do_case(struct call *call, const struct json **ret)
{
    auto_text t = {0};
    template_text(&t, call->v[0]);
    bool want_upper = !str_eq(call->at->name, "lower"),
         is_title = str_eq(call->at->name, "title");
    bool is_start = true;
    for (char *p = t.data; p && *p; p++) {
        bool is_lower = *p >= 'a' && *p <= 'z', is_upper = *p >= 'A' && *p <= 'Z';
        if (is_lower && want_upper && (is_start || !is_title))
            *p = (char)(*p - 32);
        else if (is_upper && !want_upper)
            *p = (char)(*p + 32);
        is_start = !(is_lower || is_upper);
    }
    *ret = json_string(call->scratch, text_str(&t));
    return 0;
}

/* pad "x" 1 2 -> " x  " */
static int
do_pad(struct call *call, const struct json **ret)
{
    int64_t before = json_i64(call->v[1], -1), after = json_i64(call->v[2], -1);
    if (before < 0 || after < 0 || before > 1000 || after > 1000)
        return fails(call, "widths are numbers from 0 to 1000");
    auto_text t = {0};
    auto_free char *s = str_format("%*s%s%*s", (int)before, "",
                                   template_text(&t, call->v[0]), (int)after, "");
    *ret = json_string(call->scratch, s);
    return 0;
}

static int
do_truncate(struct call *call, const struct json **ret)
{
    int64_t most = json_i64(call->v[1], -1);
    if (most < 0)
        return fails(call, "the length is a number");
    auto_text t = {0};
    template_text(&t, call->v[0]);
    if ((uint64_t)most < t.len)
        t.data[most] = '\0';
    *ret = json_string(call->scratch, text_str(&t));
    return 0;
}

static int
do_slice(struct call *call, const struct json **ret)
{
    const struct json *v = call->v[0];
    bool is_string = v && v->type == JSON_STRING;
    if (!is_string && (!v || v->type != JSON_ARRAY))
        return fails(call, "can't slice this value");
    int64_t len = (int64_t)(is_string ? strlen(v->text) : json_count(v));
    int64_t from = call->n > 1 ? json_i64(call->v[1], -1) : 0;
    int64_t to = call->n > 2 ? json_i64(call->v[2], -1) : len;
    if (from < 0 || to < from || to > len)
        return fails(call, "index out of range");
    if (is_string) {
        auto_free char *s = str_format("%.*s", (int)(to - from), v->text + from);
        *ret = json_string(call->scratch, s);
        return 0;
    }
    struct json *array = json_array(call->scratch);
    for (int64_t i = from; i < to; i++)
        json_append(array, json_clone(call->scratch, json_at(v, (size_t)i)));
    *ret = array;
    return 0;
}

static const struct {
    const char *name;
    size_t least, most;
    function *run;
} functions[] = {
    {"and",      1, ARGUMENTS_MOST, do_and     },
    {"eq",       2, ARGUMENTS_MOST, do_compare },
    {"ge",       2, 2,              do_compare },
    {"gt",       2, 2,              do_compare },
    {"index",    1, ARGUMENTS_MOST, do_index   },
    {"join",     2, 2,              do_join    },
    {"json",     1, 1,              do_json    },
    {"le",       2, 2,              do_compare },
    {"len",      1, 1,              do_len     },
    {"lower",    1, 1,              do_case    },
    {"lt",       2, 2,              do_compare },
    {"ne",       2, 2,              do_compare },
    {"not",      1, 1,              do_not     },
    {"or",       1, ARGUMENTS_MOST, do_or      },
    {"pad",      3, 3,              do_pad     },
    {"print",    0, ARGUMENTS_MOST, do_print   },
    {"printf",   1, ARGUMENTS_MOST, do_printf  },
    {"println",  0, ARGUMENTS_MOST, do_print   },
    {"slice",    1, 3,              do_slice   },
    {"split",    2, 2,              do_split   },
    {"title",    1, 1,              do_case    },
    {"truncate", 2, 2,              do_truncate},
    {"upper",    1, 1,              do_case    },
};

int
template_call(struct call *call, const struct json **ret)
{
    const struct operand *at = call->at;
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        if (!str_eq(functions[i].name, at->name))
            continue;
        if (call->n < functions[i].least || call->n > functions[i].most)
            return template_wrong(call->e, at, "wrong number of arguments");
        return functions[i].run(call, ret);
    }
    return err_set(call->e, ERR_INVALID,
                   "template parsing error: template: :%d: function \"%s\" not defined",
                   at->line, at->name);
}
