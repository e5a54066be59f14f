/* json_read.c - the strict reader behind json_parse (json.h).
 *
 * The text is copied once, into the document; its strings are decoded where they stand, which
 * never makes them longer, and end with a NUL in the place of their closing quote.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/json.h"

#include <string.h>

#include "base/memory.h"

/* Names are compared one by one; the bound keeps a hostile object from costing minutes. */
#define MEMBERS_MOST 4096

struct reader {
    struct json_doc *doc;
    const char *text; /* as it was given, for complaints */
    char *start, *p;  /* our copy, and where we are in it */
    char *end;        /* a NUL stands there */
    struct err *e;
};

static int read_value(struct reader *r, int depth, struct json **ret);

static int
complain(struct reader *r, const char *what)
{
    int line = 1, column = 1;
    const char *here = r->text + (r->p - r->start);
    for (const char *p = r->text; p < here; p++) {
        column = *p == '\n' ? 1 : column + 1;
        line += *p == '\n';
    }
    return err_set(r->e, ERR_INVALID, "line %d, column %d: %s", line, column, what);
}

static void
skip_blanks(struct reader *r)
{
    char *p = r->p;
    while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')
        p++;
    r->p = p;
}

static bool
accept(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* Four hexadecimal digits at r->p, or -1. */
static int
read_hex4(struct reader *r)
{
    int value = 0;
    if (r->end - r->p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = r->p[i];
        int digit = c >= '0' && c <= '9'                     ? c - '0'
                    : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                             : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    r->p += 4;
    return value;
}

/* Writes the code point; returns where it ends. */
static char *
put_utf8(char *to, int c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xe0 | c >> 12);
        } else {
            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (c & 0x3f));
    return to;
}

/* Behind "\u": one code point, perhaps out of a surrogate pair. */
static int
read_unicode_escape(struct reader *r, char **to)
{
    int c = read_hex4(r);
    if (c < 0)
        return complain(r, "\\u wants four hexadecimal digits");
    if (c == 0)
        return complain(r, "NUL in a string");
    if (c >= 0xd800 && c < 0xdc00) {
        if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u')
            return complain(r, "half of a surrogate pair");
        r->p += 2;
        int low = read_hex4(r);
        if (low < 0xdc00 || low > 0xdfff)
            return complain(r, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c <= 0xdfff) {
        return complain(r, "half of a surrogate pair");
    }
    *to = put_utf8(*to, c);
    return 0;
}

/* Behind a backslash; what it means is put where *to is, which moves on. */
static int
read_escape(struct reader *r, char **to)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char c = r->p < r->end ? *r->p++ : '\0';
    if (c == 'u')
        return read_unicode_escape(r, to);
    const char *found = c ? strchr(letters, c) : NULL;
    if (!found)
        return complain(r, "unknown escape in a string");
    *(*to)++ = meant[found - letters];
    return 0;
}

/* Moves on to a byte that is not to be taken as it stands; the NUL at the end is one. */
static void
skip_plain(struct reader *r)
{
    static const bool is_special[256] = {[0 ... 31] = true, ['"'] = true, ['\\'] = true};
    char *p = r->p;
    while (!is_special[(unsigned char)*p])
        p++;
    r->p = p;
}

/* Behind the opening quote. */
static int
read_string(struct reader *r, const char **ret)
{
    *ret = r->p;
    skip_plain(r);
    char *to = r->p;
    while (*r->p != '"') {
        if (r->p == r->end)
            return complain(r, "string without an end");
        char c = *r->p++;
        if (c != '\\')
            return complain(r, c ? "control character in a string" : "NUL in a string");
        TRY(read_escape(r, &to));
        const char *plain = r->p;
        skip_plain(r);
        memmove(to, plain, (size_t)(r->p - plain));
        to += r->p - plain;
    }
    *to = '\0';
    r->p++;
    return 0;
}

static size_t
count_digits(const char *p, const char *end)
{
    size_t n = 0;
    while (p + n < end && p[n] >= '0' && p[n] <= '9')
        n++;
    return n;
}

static int
read_number(struct reader *r, struct json **ret)
{
    const char *start = r->p;
    if (*r->p == '-')
        r->p++;
    size_t n = count_digits(r->p, r->end);
    if (n == 0 || (n > 1 && *r->p == '0'))
        return complain(r, "malformed number");
    r->p += n;
    if (r->p < r->end && *r->p == '.') {
        r->p++;
        if ((n = count_digits(r->p, r->end)) == 0)
            return complain(r, "malformed number");
        r->p += n;
    }
    if (r->p < r->end && (*r->p | 0x20) == 'e') {
        r->p++;
        if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
            r->p++;
        if ((n = count_digits(r->p, r->end)) == 0)
            return complain(r, "malformed number");
        r->p += n;
    }
    *ret = json_doc_node(r->doc, JSON_NUMBER);
    (*ret)->text = json_doc_text(r->doc, start, (size_t)(r->p - start));
    return 0;
}

static int
read_word(struct reader *r, struct json **ret)
{
    static const struct {
        const char *word;
        enum json_type type;
        bool is_true;
    } words[] = {
        {"true",  JSON_BOOL, true },
        {"false", JSON_BOOL, false},
        {"null",  JSON_NULL, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t n = strlen(words[i].word);
        if ((size_t)(r->end - r->p) >= n && memcmp(r->p, words[i].word, n) == 0) {
            r->p += n;
            *ret = json_doc_node(r->doc, words[i].type);
            (*ret)->is_true = words[i].is_true;
            return 0;
        }
    }
    return complain(r, "expected a value");
}

static int
read_array(struct reader *r, int depth, struct json **ret)
{
    *ret = json_doc_node(r->doc, JSON_ARRAY);
    if (accept(r, ']'))
        return 0;
    do {
        struct json *value;
        TRY(read_value(r, depth, &value));
        json_append(*ret, value);
    } while (accept(r, ','));
    return accept(r, ']') ? 0 : complain(r, "expected ',' or ']'");
}

static int
read_object(struct reader *r, int depth, struct json **ret)
{
    *ret = json_doc_node(r->doc, JSON_OBJECT);
    if (accept(r, '}'))
        return 0;
    do {
        const char *name;
        struct json *value;
        if (!accept(r, '"'))
            return complain(r, "expected a member's name in quotes");
        TRY(read_string(r, &name));
        if (json_get(*ret, name))
            return complain(r, "this name stands twice in one object");
        if (json_count(*ret) == MEMBERS_MOST)
            return complain(r, "too many members in one object");
        if (!accept(r, ':'))
            return complain(r, "expected ':'");
        TRY(read_value(r, depth, &value));
        value->name = name;
        json_append(*ret, value);
    } while (accept(r, ','));
    return accept(r, '}') ? 0 : complain(r, "expected ',' or '}'");
}

static int
read_value(struct reader *r, int depth, struct json **ret)
{
    skip_blanks(r);
    if (r->p == r->end)
        return complain(r, "expected a value");
    if (depth == 0)
        return complain(r, "nested too deeply");
    switch (*r->p) {
    case '"':
        r->p++;
        *ret = json_doc_node(r->doc, JSON_STRING);
        return read_string(r, &(*ret)->text);
    case '{':
        r->p++;
        return read_object(r, depth - 1, ret);
    case '[':
        r->p++;
        return read_array(r, depth - 1, ret);
    case '-':
    case '0' ... '9':
        return read_number(r, ret);
    default:
        return read_word(r, ret);
    }
}

int
json_parse(const char *s, size_t len, struct json_doc **ret, struct err *e)
{
    if (len > JSON_BYTES_MOST)
        return err_set(e, ERR_INVALID, "more than %u bytes of JSON", JSON_BYTES_MOST);
    struct json_doc *doc = json_doc_new();
    struct json *root = NULL;
    char *copy = json_doc_text(doc, s, len);
    struct reader r = {
        .doc = doc, .text = s, .start = copy, .p = copy, .end = copy + len, .e = e};
    int result = read_value(&r, JSON_DEPTH_MOST, &root);
    skip_blanks(&r);
    if (result >= 0 && r.p != r.end)
        result = complain(&r, "something follows the end of the JSON text");
    if (result < 0) {
        json_doc_free(doc);
        return result;
    }
    json_set_root(doc, root);
    *ret = doc;
    return 0;
}
