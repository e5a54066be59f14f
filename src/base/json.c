/* json.c - a JSON tree in an arena, and its writer; json_read.c has the reader.
 *
 * Nodes come from blocks that only grow: a document is a handful of mallocs, and freeing it
 * frees the blocks. Why not a library: the programs that start containers are static musl
 * binaries (docs/decisions/0002), and the strictness that json.h promises is not to be had
 * from the ones at hand.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

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

char *
json_doc_text(struct json_doc *doc, const char *s, size_t n)
{
    char *copy = doc_alloc(doc, n + 1);
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

struct json *
json_doc_node(struct json_doc *doc, enum json_type type)
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
    return json_doc_node(doc, JSON_OBJECT);
}

struct json *
json_array(struct json_doc *doc)
{
    return json_doc_node(doc, JSON_ARRAY);
}

struct json *
json_null(struct json_doc *doc)
{
    return json_doc_node(doc, JSON_NULL);
}

struct json *
json_string(struct json_doc *doc, const char *s)
{
    struct json *node = json_doc_node(doc, JSON_STRING);
    node->text = s ? json_doc_text(doc, s, strlen(s)) : "";
    return node;
}

static struct json *
number_from(struct json_doc *doc, const char *digits)
{
    struct json *node = json_doc_node(doc, JSON_NUMBER);
    node->text = json_doc_text(doc, digits, strlen(digits));
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
    struct json *node = json_doc_node(doc, JSON_BOOL);
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
    struct json *copy = json_doc_node(doc, node->type);
    if (node->type == JSON_BOOL)
        copy->is_true = node->is_true;
    else if (node->type == JSON_STRING || node->type == JSON_NUMBER)
        copy->text = json_doc_text(doc, node->text, strlen(node->text));
    for (json_each(item, node)) {
        struct json *child = json_clone(doc, item);
        child->name = item->name ? json_doc_text(doc, item->name, strlen(item->name))
                                 : NULL;
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
    value->name = json_doc_text(doc, name, strlen(name));
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
