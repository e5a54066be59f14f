/* json.h - JSON text (RFC 8259) to a tree and back.
 *
 * The tree keeps the order of members and the exact digits of numbers: a memory limit or
 * a nanosecond count above 2^53 survives. The parser is strict where leniency has been a
 * hole elsewhere (rules R3, R25): duplicate names, NUL in strings, unpaired surrogates,
 * numbers like 01, trailing junk, depth over 64 are errors that name line and column.
 * Bytes >= 0x80 pass through unchanged in both directions.
 *
 * A whole tree lives in one `struct json_doc` and dies with it; nodes are never freed
 * singly. Looking something up in a NULL node gives NULL, so paths can be chained.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define JSON_DEPTH_MOST 64
#define JSON_BYTES_MOST (4u << 20)

enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json {
    enum json_type type;
    const char *name;  /* as a member of an object, else NULL */
    struct json *next; /* next element or member */
    union {
        bool is_true;
        const char *text; /* JSON_STRING: the string; JSON_NUMBER: its digits */
        struct {
            struct json *first, *last;
            size_t count;
        } list; /* JSON_ARRAY, JSON_OBJECT */
    };
};

struct json_doc;
#define auto_json __attribute__((cleanup(json_doc_free_at))) struct json_doc

/* An empty document to build a tree in. Free with json_doc_free. */
struct json_doc *json_doc_new(void);
void json_doc_free(struct json_doc *doc);
void json_doc_free_at(struct json_doc **doc);

/* Parses len bytes; on success *ret is a new document whose root is json_root(). The text
 * may be freed after. -EINVAL with "line 3, column 7: ..." in e. */
int json_parse(const char *s, size_t len, struct json_doc **ret, struct err *e);
struct json *json_root(const struct json_doc *doc);
void json_set_root(struct json_doc *doc, struct json *root);

/* What the reader builds of: a copy of n bytes with a NUL behind them, which lives as long as the
 * document, and a node that is in no list and has no value yet. */
char *json_doc_text(struct json_doc *doc, const char *s, size_t n);
struct json *json_doc_node(struct json_doc *doc, enum json_type type);

/* Looking: member by name, element by index; NULL when there is none. json_path follows
 * a dotted path of member names ("linux.resources.memory"). */
const struct json *json_get(const struct json *object, const char *name);
const struct json *json_at(const struct json *array, size_t i);
const struct json *json_path(const struct json *object, const char *path);
size_t json_count(const struct json *list); /* 0 for anything that is no list */

#define json_each(item, list_node)                   \
    const struct json *item = json_first(list_node); \
    item;                                            \
    item = item->next
const struct json *json_first(const struct json *list);

/* Values with a default for "not there or of another type"; numbers: also out of range or
 * with decimals. Code that must tell those apart looks at ->type itself. */
const char *json_str(const struct json *node, const char *otherwise);
int64_t json_i64(const struct json *node, int64_t otherwise);
bool json_bool(const struct json *node, bool otherwise);

/* Exact numbers: 0, or -EINVAL (no number or decimals), -ERANGE. */
int json_to_i64(const struct json *node, int64_t *ret);
int json_to_u64(const struct json *node, uint64_t *ret);

/* Building: new nodes in doc. Strings are copied. json_string(doc, NULL) gives "". */
struct json *json_object(struct json_doc *doc);
struct json *json_array(struct json_doc *doc);
struct json *json_string(struct json_doc *doc, const char *s);
struct json *json_number(struct json_doc *doc, int64_t value);
struct json *json_number_u64(struct json_doc *doc, uint64_t value);
struct json *json_boolean(struct json_doc *doc, bool value);
struct json *json_null(struct json_doc *doc);
struct json *json_strings(struct json_doc *doc, const struct list *l);
struct json *json_clone(struct json_doc *doc, const struct json *node);

/* An object with the members of `said` (NULL: none) that are not null, and else those of the
 * object whose text is in defaults. */
struct json *json_with_defaults(struct json_doc *doc, const char *defaults,
                                const struct json *said);

/* Adds value (a node of the same document that is in no list yet) under name, replacing an
 * older member in its place; or at the end of an array. Return value for chaining. */
struct json *json_set(struct json_doc *doc, struct json *object, const char *name,
                      struct json *value);
struct json *json_append(struct json *array, struct json *value);
void json_remove(struct json *object, const char *name);

/* Short hands for json_set with a new scalar. */
void json_set_str(struct json_doc *doc, struct json *object, const char *name,
                  const char *s);
void json_set_i64(struct json_doc *doc, struct json *object, const char *name, int64_t v);
void json_set_bool(struct json_doc *doc, struct json *object, const char *name, bool v);

/* All strings of an array, added to l. -EINVAL if one is no string (l then holds some). */
int json_to_list(const struct json *array, struct list *l);

/* Appends node as text: indent 0 on one line, else with that many blanks a level. */
void json_write(struct text *out, const struct json *node, int indent);
void json_write_string(struct text *out, const char *s); /* quoted and escaped */

#endif
