/* json.c - a strict JSON reader, a tree in an arena, a writer.
 *
 * Nodes come from blocks that only grow: a parse is a handful of mallocs, and freeing a
 * document frees the blocks. The text is copied once, into such a block; its strings are
 * decoded where they stand, which never makes them longer, and end with a NUL in the place
 * of their closing quote. Why not a library: the programs that start
 * containers are static musl binaries (docs/decisions/0002), and the strictness that
 * json.h promises is not to be had from the ones at hand.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

/* Names are compared one by one; the bound keeps a hostile object from costing minutes. */
#define MEMBERS_MOST 4096

struct block {
    struct block *next;
    size_t used, room;
    _Alignas(16) char data[];
};

struct json_doc {
    struct block *blocks;
    struct json *root;
};

static void *
doc_alloc(struct json_doc *doc, size_t n)
{
    n = (n + 15) & ~(size_t)15;
    struct block *b = doc->blocks;
    if (!b || b->room - b->used < n) {
        size_t room = n > 4000 ? n : 4000;
        b = mem_new(1, sizeof *b + room);
        b->room = room;
        b->next = doc->blocks;
        doc->blocks = b;
    }
    void *p = b->data + b->used;
    b->used += n;
    return p;
}

static char *
doc_string(struct json_doc *doc, const char *s, size_t n)
{
    char *copy = doc_alloc(doc, n + 1);
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

static struct json *
doc_node(struct json_doc *doc, enum json_type type)
{
    struct json *node = doc_alloc(doc, sizeof *node);
    *node = (struct json){.type = type};
    return node;
}

struct json_doc *
json_doc_new(void)
{
    return mem_new(1, sizeof(struct json_doc));
}

void
json_doc_free(struct json_doc *doc)
{
    if (!doc)
        return;
    for (struct block *b = doc->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(doc);
}

void
json_doc_free_at(struct json_doc **doc)
{
    json_doc_free(*doc);
}

struct json *
json_root(const struct json_doc *doc)
{
    return doc ? doc->root : NULL;
}

void
json_set_root(struct json_doc *doc, struct json *root)
{
    doc->root = root;
}

/* ---- reading ---- */

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
    *ret = doc_node(r->doc, JSON_NUMBER);
    (*ret)->text = doc_string(r->doc, start, (size_t)(r->p - start));
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
            *ret = doc_node(r->doc, words[i].type);
            (*ret)->is_true = words[i].is_true;
            return 0;
        }
    }
    return complain(r, "expected a value");
}

static int
read_array(struct reader *r, int depth, struct json **ret)
{
    *ret = doc_node(r->doc, JSON_ARRAY);
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
    *ret = doc_node(r->doc, JSON_OBJECT);
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
        *ret = doc_node(r->doc, JSON_STRING);
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
    char *copy = doc_string(doc, s, len);
    struct reader r = {
        .doc = doc, .text = s, .start = copy, .p = copy, .end = copy + len, .e = e};
    int result = read_value(&r, JSON_DEPTH_MOST, &doc->root);
    skip_blanks(&r);
    if (result >= 0 && r.p != r.end)
        result = complain(&r, "something follows the end of the JSON text");
    if (result < 0) {
        json_doc_free(doc);
        return result;
    }
    *ret = doc;
    return 0;
}

/* ---- looking ---- */

static bool
is_list(const struct json *node)
{
    return node && (node->type == JSON_ARRAY || node->type == JSON_OBJECT);
}

const struct json *
json_first(const struct json *list)
{
    return is_list(list) ? list->list.first : NULL;
}

size_t
json_count(const struct json *list)
{
    return is_list(list) ? list->list.count : 0;
}

const struct json *
json_get(const struct json *object, const char *name)
{
    for (json_each(member, object))
        if (str_eq(member->name, name))
            return member;
    return NULL;
}

const struct json *
json_at(const struct json *array, size_t i)
{
    for (json_each(item, array))
        if (i-- == 0)
            return item;
    return NULL;
}

const struct json *
json_path(const struct json *object, const char *path)
{
    while (object && *path) {
        size_t n = strcspn(path, ".");
        char name[128];
        if (n >= sizeof name)
            return NULL;
        memcpy(name, path, n);
        name[n] = '\0';
        object = json_get(object, name);
        path += n + (path[n] == '.');
    }
    return object;
}

const char *
json_str(const struct json *node, const char *otherwise)
{
    return node && node->type == JSON_STRING ? node->text : otherwise;
}

bool
json_bool(const struct json *node, bool otherwise)
{
    return node && node->type == JSON_BOOL ? node->is_true : otherwise;
}

int
json_to_i64(const struct json *node, int64_t *ret)
{
    return node && node->type == JSON_NUMBER ? num_parse_i64(node->text, ret) : -EINVAL;
}

int
json_to_u64(const struct json *node, uint64_t *ret)
{
    return node && node->type == JSON_NUMBER ? num_parse_u64(node->text, ret) : -EINVAL;
}

int64_t
json_i64(const struct json *node, int64_t otherwise)
{
    int64_t value;
    return json_to_i64(node, &value) < 0 ? otherwise : value;
}

int
json_to_list(const struct json *array, struct list *l)
{
    for (json_each(item, array)) {
        if (item->type != JSON_STRING)
            return -EINVAL;
        list_add(l, item->text);
    }
    return 0;
}

/* ---- building ---- */

struct json *
json_object(struct json_doc *doc)
{
    return doc_node(doc, JSON_OBJECT);
}

struct json *
json_array(struct json_doc *doc)
{
    return doc_node(doc, JSON_ARRAY);
}

struct json *
json_null(struct json_doc *doc)
{
    return doc_node(doc, JSON_NULL);
}

struct json *
json_string(struct json_doc *doc, const char *s)
{
    struct json *node = doc_node(doc, JSON_STRING);
    node->text = s ? doc_string(doc, s, strlen(s)) : "";
    return node;
}

static struct json *
number_from(struct json_doc *doc, const char *digits)
{
    struct json *node = doc_node(doc, JSON_NUMBER);
    node->text = doc_string(doc, digits, strlen(digits));
    return node;
}

struct json *
json_number(struct json_doc *doc, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    return number_from(doc, digits);
}

struct json *
json_number_u64(struct json_doc *doc, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return number_from(doc, digits);
}

struct json *
json_boolean(struct json_doc *doc, bool value)
{
    struct json *node = doc_node(doc, JSON_BOOL);
    node->is_true = value;
    return node;
}

struct json *
json_strings(struct json_doc *doc, const struct list *l)
{
    struct json *array = json_array(doc);
    for (size_t i = 0; i < l->n; i++)
        json_append(array, json_string(doc, l->v[i]));
    return array;
}

struct json *
json_clone(struct json_doc *doc, const struct json *node)
{
    if (!node)
        return json_null(doc);
    struct json *copy = doc_node(doc, node->type);
    if (node->type == JSON_BOOL)
        copy->is_true = node->is_true;
    else if (node->type == JSON_STRING || node->type == JSON_NUMBER)
        copy->text = doc_string(doc, node->text, strlen(node->text));
    for (json_each(item, node)) {
        struct json *child = json_clone(doc, item);
        child->name = item->name ? doc_string(doc, item->name, strlen(item->name)) : NULL;
        json_append(copy, child);
    }
    return copy;
}

struct json *
json_with_defaults(struct json_doc *doc, const char *defaults, const struct json *said)
{
    struct err ignored;
    auto_json *parsed = NULL;
    struct json *object = json_object(doc);
    json_parse(defaults, strlen(defaults), &parsed, &ignored);
    for (json_each(field, json_root(parsed)))
        json_set(doc, object, field->name, json_clone(doc, field));
    for (json_each(field, said))
        if (field->type != JSON_NULL)
            json_set(doc, object, field->name, json_clone(doc, field));
    return object;
}

struct json *
json_append(struct json *array, struct json *value)
{
    if (array->list.last)
        array->list.last->next = value;
    else
        array->list.first = value;
    array->list.last = value;
    array->list.count++;
    return value;
}

struct json *
json_set(struct json_doc *doc, struct json *object, const char *name, struct json *value)
{
    value->name = doc_string(doc, name, strlen(name));
    struct json *before = NULL;
    for (struct json *old = object->list.first; old; before = old, old = old->next) {
        if (!str_eq(old->name, name))
            continue;
        value->next = old->next;
        if (before)
            before->next = value;
        else
            object->list.first = value;
        if (object->list.last == old)
            object->list.last = value;
        return value;
    }
    return json_append(object, value);
}

void
json_remove(struct json *object, const char *name)
{
    struct json *before = NULL;
    for (struct json *old = object->list.first; old; before = old, old = old->next) {
        if (!str_eq(old->name, name))
            continue;
        if (before)
            before->next = old->next;
        else
            object->list.first = old->next;
        if (object->list.last == old)
            object->list.last = before;
        object->list.count--;
        return;
    }
}

void
json_set_str(struct json_doc *doc, struct json *object, const char *name, const char *s)
{
    json_set(doc, object, name, json_string(doc, s));
}

void
json_set_i64(struct json_doc *doc, struct json *object, const char *name, int64_t v)
{
    json_set(doc, object, name, json_number(doc, v));
}

void
json_set_bool(struct json_doc *doc, struct json *object, const char *name, bool v)
{
    json_set(doc, object, name, json_boolean(doc, v));
}

/* ---- writing ---- */

void
json_write_string(struct text *out, const char *s)
{
    static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    text_add_char(out, '"');
    for (; *s; s++) {
        size_t plain = 0;
        while ((unsigned char)s[plain] >= ' ' && s[plain] != '"' && s[plain] != '\\')
            plain++;
        text_add_bytes(out, s, plain);
        s += plain;
        if (!*s)
            break;
        const char *found = strchr(special, *s);
        if (found)
            text_addf(out, "\\%c", letters[found - special]);
        else
            text_addf(out, "\\u%04x", (unsigned char)*s);
    }
    text_add_char(out, '"');
}

static void
write_break(struct text *out, int indent, int level)
{
    if (!indent)
        return;
    text_add_char(out, '\n');
    for (int i = 0; i < indent * level; i++)
        text_add_char(out, ' ');
}

static void
write_node(struct text *out, const struct json *node, int indent, int level)
{
    if (!is_list(node)) {
        if (!node || node->type == JSON_NULL)
            text_add(out, "null");
        else if (node->type == JSON_BOOL)
            text_add(out, node->is_true ? "true" : "false");
        else if (node->type == JSON_NUMBER)
            text_add(out, node->text);
        else
            json_write_string(out, node->text);
        return;
    }
    bool is_object = node->type == JSON_OBJECT;
    text_add_char(out, is_object ? '{' : '[');
    for (json_each(item, node)) {
        if (item != node->list.first)
            text_add_char(out, ',');
        write_break(out, indent, level + 1);
        if (is_object) {
            json_write_string(out, item->name);
            text_add(out, indent ? ": " : ":");
        }
        write_node(out, item, indent, level + 1);
    }
    if (node->list.count)
        write_break(out, indent, level);
    text_add_char(out, is_object ? '}' : ']');
}

void
json_write(struct text *out, const struct json *node, int indent)
{
    write_node(out, node, indent, 0);
}
