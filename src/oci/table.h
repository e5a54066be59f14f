/* table.h - JSON objects to C structs and back, by tables.
 *
 * One table describes one struct: for each field its JSON name, where it lies and what it
 * is. Reading, writing and freeing walk the same table, so that they cannot disagree.
 *
 *     static const struct oci_field fields[] = {
 *         FIELD(struct oci_root, path, "path", OCI_TEXT, .is_required = true),
 *         FIELD(struct oci_root, readonly, "readonly", OCI_BOOL),
 *     };
 *     const struct oci_table oci_root_table = OCI_TABLE(struct oci_root, fields);
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OCI_TABLE_H
#define OCI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

enum oci_kind {
    OCI_TEXT,     /* char * */
    OCI_LIST,     /* struct list */
    OCI_BOOL,     /* bool */
    OCI_U32,      /* uint32_t, at most `most` */
    OCI_I32,      /* int32_t */
    OCI_I64,      /* int64_t */
    OCI_U64,      /* uint64_t */
    OCI_OPT_BOOL, /* struct oci_opt_bool */
    OCI_OPT_I64,  /* struct oci_opt_i64 */
    OCI_OPT_U64,  /* struct oci_opt_u64, at most `most` */
    OCI_IDS,      /* struct oci_ids */
    OCI_WORD,     /* 32 bits: one word of `words` */
    OCI_BITS,     /* uint64_t: an array of words, their values or-ed */
    OCI_PAIRS,    /* struct oci_pairs: a map of strings */
    OCI_OBJECT,   /* a struct, inline, of `table` */
    OCI_POINTER,  /* a pointer to one; NULL when absent */
    OCI_ARRAY,    /* { v, n } of structs */
    OCI_MAP,      /* the same from a map; the struct begins with char *: the name */
};

/* An id that is no id: -1 means "leave it as it is" to the kernel (rule R14). */
#define OCI_ID_MOST 4294967294u

struct oci_word {
    const char *name;
    uint64_t value;
};

struct oci_field {
    const char *name;
    enum oci_kind kind;
    uint32_t offset;
    bool is_required;
    uint32_t unknown_at; /* OCI_BITS: where the list is that takes words which are not
                                     in the table; 0: such a word is refused */
    uint64_t most;       /* 0: what the type holds */
    const struct oci_word *words; /* ends with a NULL name */
    const struct oci_table *table;
};

struct oci_table {
    size_t size;
    const struct oci_field *fields;
    size_t n;
};

#define FIELD(type, member, json_name, what, ...)                                    \
    {                                                                                \
        .name = json_name, .kind = what, .offset = (uint32_t)offsetof(type, member), \
        ##__VA_ARGS__                                                                \
    }
/* An object whose struct has no name of its own: its table counts from the outer one. */
#define FIELD_NESTED(json_name, t, ...)                                  \
    {                                                                    \
        .name = json_name, .kind = OCI_OBJECT, .table = t, ##__VA_ARGS__ \
    }
#define OCI_TABLE(type, f)                        \
    {                                             \
        sizeof(type), f, sizeof(f) / sizeof(f)[0] \
    }

/* Fills the zeroed struct `object` from a JSON object. On failure e begins with `path`
 * and the field ("linux.resources.cpu.shares: ..."), and what was read must be freed. */
int oci_table_read(const struct oci_table *table, const struct json *json, void *object,
                   const char *path, struct err *e);

/* The JSON object of a struct; absent fields are left out. */
struct json *oci_table_write(const struct oci_table *table, struct json_doc *doc,
                             const void *object);

/* Frees everything inside object, not object itself. */
void oci_table_free(const struct oci_table *table, void *object);

/* The word of a value, or NULL; and back: true if there is such a word. */
const char *oci_word_name(const struct oci_word *words, uint64_t value);
bool oci_word_value(const struct oci_word *words, const char *name, uint64_t *ret);

#endif
