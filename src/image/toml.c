/* toml.c - a reader by recursive descent over one line-counting cursor.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/toml.h"

#include <errno.h>
#include <string.h>

#include "base/number.h"

#define DEPTH_MOST 16
#define KEYS_MOST  10000 /* of a file */

struct reader {
    const char *at, *end;
    int line, depth;
    long keys;
    struct json_doc *doc;
};

static int
bad(const struct reader *r, struct err *e, const char *what)
{
    return err_set(e, ERR_INVALID, "line %d: %s", r->line, what);
}

static int
look(const struct reader *r)
{
    return r->at < r->end ? (unsigned char)*r->at : -1;
}

static bool
take(struct reader *r, char c)
{
    if (look(r) != c)
        return false;
    r->at++;
    return true;
}

static void
skip_blanks(struct reader *r)
{
    while (look(r) == ' ' || look(r) == '\t')
        r->at++;
}

/* Blanks, comments and ends of lines. */
static void
skip_lines(struct reader *r)
{
    for (;;) {
        skip_blanks(r);
        if (look(r) == '#')
            while (look(r) >= 0 && look(r) != '\n')
                r->at++;
        if (look(r) == '\r' && r->at + 1 < r->end && r->at[1] == '\n')
            r->at++;
        if (!take(r, '\n'))
            return;
        r->line++;
    }
}

static int
end_line(struct reader *r, struct err *e)
{
    int line = r->line;
    skip_lines(r);
    return r->line > line || look(r) < 0 ? 0 : bad(r, e, "something after the value");
}

/* ---- strings and keys ------------------------------------------------------------- */

static int
take_escape(struct reader *r, struct text *out, struct err *e)
{
    static const char letters[] = "btnfr\"\\", meant[] = "\b\t\n\f\r\"\\";
    int c = look(r);
    const char *found = c > 0 ? strchr(letters, c) : NULL;
    if (!found)
        return bad(r, e, "a '\\' before a letter that has no meaning there");
    text_add_char(out, meant[found - letters]);
    r->at++;
    return 0;
}

/* "basic" or 'literal', on one line. */
static int
take_string(struct reader *r, struct text *out, struct err *e)
{
    char quote = *r->at++;
    text_add(out, "");
    while (!take(r, quote)) {
        int c = look(r);
        if (c < 0 || c == '\n')
            return bad(r, e, "a string that does not end on its line");
        if ((c < ' ' && c != '\t') || c == 127)
            return bad(r, e, "a control character in a string");
        r->at++;
        if (c == '\\' && quote == '"')
            TRY(take_escape(r, out, e));
        else
            text_add_char(out, (char)c);
    }
    return look(r) == quote && out->len == 0
               ? bad(r, e, "strings over several lines are not read")
               : 0;
}

static int
take_key(struct reader *r, struct text *out, struct err *e)
{
    skip_blanks(r);
    if (++r->keys > KEYS_MOST)
        return bad(r, e, "too many keys");
    int c = look(r);
    if (c == '"' || c == '\'') {
        TRY(take_string(r, out, e));
    } else {
        while (
            (c = look(r)) > 0 &&
            strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", c)) {
            text_add_char(out, (char)c);
            r->at++;
        }
        if (out->len == 0)
            return bad(r, e, "a key is letters, digits, '_' and '-', or stands in quotes");
    }
    skip_blanks(r);
    return 0;
}

/* ---- values ----------------------------------------------------------------------- */

static int take_value(struct reader *r, struct json **ret, struct err *e);
static int take_pair(struct reader *r, struct json *table, struct err *e);

static struct json *
member(const struct json *object, const char *name)
{
    for (struct json *item = object->list.first; item; item = item->next)
        if (str_eq(item->name, name))
            return item;
    return NULL;
}

static int
take_array(struct reader *r, struct json **ret, struct err *e)
{
    struct json *array = json_array(r->doc);
    r->at++;
    for (skip_lines(r); !take(r, ']'); skip_lines(r)) {
        struct json *item;
        TRY(take_value(r, &item, e));
        json_append(array, item);
        skip_lines(r);
        if (!take(r, ',') && look(r) != ']')
            return bad(r, e, "in an array, ',' or ']' is missing");
    }
    *ret = array;
    return 0;
}

static int
take_inline_table(struct reader *r, struct json **ret, struct err *e)
{
    struct json *table = json_object(r->doc);
    r->at++;
    skip_blanks(r);
    while (!take(r, '}')) {
        TRY(take_pair(r, table, e));
        skip_blanks(r);
        if (!take(r, ',') && look(r) != '}')
            return bad(r, e, "in a table, ',' or '}' is missing");
        skip_blanks(r);
    }
    *ret = table;
    return 0;
}

static int
take_word(struct reader *r, struct json **ret, struct err *e)
{
    auto_text word = {0};
    for (int c; (c = look(r)) > ' ' && !strchr(",]}#", c); r->at++)
        text_add_char(&word, (char)c);
    const char *s = text_str(&word);
    int64_t number;
    if (str_eq(s, "true") || str_eq(s, "false"))
        *ret = json_boolean(r->doc, str_eq(s, "true"));
    else if (num_parse_i64(s, &number) == 0)
        *ret = json_number(r->doc, number);
    else
        return bad(r, e,
                   "a value that is no string, true, false, whole number, array or "
                   "table");
    return 0;
}

static int
take_value(struct reader *r, struct json **ret, struct err *e)
{
    int result;
    if (++r->depth > DEPTH_MOST)
        return bad(r, e, "nested too deep");
    skip_blanks(r);
    int c = look(r);
    if (c == '"' || c == '\'') {
        auto_text s = {0};
        result = take_string(r, &s, e);
        if (result >= 0)
            *ret = json_string(r->doc, text_str(&s));
    } else {
        result = c == '['   ? take_array(r, ret, e)
                 : c == '{' ? take_inline_table(r, ret, e)
                            : take_word(r, ret, e);
    }
    r->depth--;
    return result;
}

/* Goes down to, or makes, the table of this name; of an array of tables the last. */
static int
enter(struct reader *r, struct json **table, const char *name, struct err *e)
{
    struct json *next = member(*table, name);
    if (!next)
        next = json_set(r->doc, *table, name, json_object(r->doc));
    if (next->type == JSON_ARRAY)
        next = next->list.last;
    if (!next || next->type != JSON_OBJECT)
        return bad(r, e, "a key that has a value already is used as a table");
    *table = next;
    return 0;
}

/* key = value, a.b = value */
static int
take_pair(struct reader *r, struct json *table, struct err *e)
{
    auto_text key = {0};
    struct json *value;
    TRY(take_key(r, &key, e));
    for (int depth = 0; take(r, '.'); depth++) {
        if (depth == DEPTH_MOST)
            return bad(r, e, "nested too deep");
        TRY(enter(r, &table, text_str(&key), e));
        text_done(&key);
        key = (struct text){0};
        TRY(take_key(r, &key, e));
    }
    if (!take(r, '='))
        return bad(r, e, "'=' is missing after a key");
    if (member(table, text_str(&key)))
        return bad(r, e, "a key that was there before");
    TRY(take_value(r, &value, e));
    json_set(r->doc, table, text_str(&key), value);
    return 0;
}

/* ---- tables ----------------------------------------------------------------------- */

static int
append_table(struct reader *r, struct json **table, const char *name, struct err *e)
{
    struct json *array = member(*table, name);
    if (!array)
        array = json_set(r->doc, *table, name, json_array(r->doc));
    if (array->type != JSON_ARRAY)
        return bad(r, e, "[[...]] for a key that is no array");
    *table = json_append(array, json_object(r->doc));
    return 0;
}

/* [a.b] or [[a.b]] */
static int
take_header(struct reader *r, struct json **ret, struct err *e)
{
    struct json *table = json_root(r->doc);
    r->at++;
    bool is_array = take(r, '[');
    for (int depth = 0;; depth++) {
        auto_text key = {0};
        TRY(take_key(r, &key, e));
        bool is_last = !take(r, '.');
        if (depth == DEPTH_MOST)
            return bad(r, e, "nested too deep");
        if (is_last && is_array)
            TRY(append_table(r, &table, text_str(&key), e));
        else
            TRY(enter(r, &table, text_str(&key), e));
        if (is_last)
            break;
    }
    if (!take(r, ']') || (is_array && !take(r, ']')))
        return bad(r, e, "']' is missing after the name of a table");
    *ret = table;
    return end_line(r, e);
}

int
toml_parse(const char *s, size_t len, struct json_doc **ret, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct reader r = {.at = s, .end = s + len, .line = 1, .doc = doc};
    struct json *table = json_object(doc);
    json_set_root(doc, table);
    if (memchr(s, '\0', len))
        return bad(&r, e, "a NUL in the file");
    for (skip_lines(&r); look(&r) >= 0; skip_lines(&r)) {
        if (look(&r) == '[') {
            TRY(take_header(&r, &table, e));
        } else {
            TRY(take_pair(&r, table, e));
            TRY(end_line(&r, e));
        }
    }
    *ret = take_ptr(doc);
    return 0;
}
