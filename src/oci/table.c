/* table.c - the three walks over a table: read, write, free; see table.h.
 *
 * Strict where leniency weakens a container (rule R25): a field of the wrong type, a
 * number with decimals or one that does not fit is an error, never a default. null counts
 * as absent, because Go programs write it for empty lists.
 *
 * The structs are reached through offsets; loads and stores go by memcpy, so that the
 * compiler's idea of types stays true.
 *
 * SPDX-License-Identifier: MIT
 */
#include "oci/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "oci/spec.h"

/* Where we are in the document: a chain on the stack, made text only for an error. */
struct place {
    const struct place *up;
    const char *name; /* NULL: an array's element */
    size_t index;
};

/* Every { v, n } of spec.h has this layout. */
struct array {
    void *v;
    size_t n;
};

static const char *const type_names[] = {
    [JSON_NULL] = "null",       [JSON_BOOL] = "a boolean", [JSON_NUMBER] = "a number",
    [JSON_STRING] = "a string", [JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
};

static void
place_write(const struct place *place, struct text *out)
{
    if (!place)
        return;
    place_write(place->up, out);
    if (!place->name)
        text_addf(out, "[%zu]", place->index);
    else if (*place->name)
        text_addf(out, "%s%s", out->len ? "." : "", place->name);
}

static int
refuse(const struct place *place, struct err *e, const char *words, const char *what)
{
    auto_text path = {0};
    place_write(place, &path);
    return err_set(e, ERR_INVALID, "%s: %s%s", text_str(&path), words, what);
}

static int
expect(const struct place *place, const struct json *json, enum json_type type,
       struct err *e)
{
    if (json->type == type)
        return 0;
    auto_text words = {0};
    text_addf(&words, "must be %s, is %s", type_names[type], type_names[json->type]);
    return refuse(place, e, text_str(&words), "");
}

static const struct oci_word *
find_word(const struct oci_word *words, const char *name)
{
    for (; words->name; words++)
        if (str_eq(words->name, name))
            return words;
    return NULL;
}

bool
oci_word_value(const struct oci_word *words, const char *name, uint64_t *ret)
{
    const struct oci_word *found = find_word(words, name);
    if (found)
        *ret = found->value;
    return found;
}

const char *
oci_word_name(const struct oci_word *words, uint64_t value)
{
    for (; words->name; words++)
        if (words->value == value)
            return words->name;
    return NULL;
}

/* ---- reading ---- */

static int read_object(const struct oci_table *table, const struct json *json, void *object,
                       const struct place *place, struct err *e);

static int
read_unsigned(const struct json *json, uint64_t most, uint64_t *ret,
              const struct place *place, struct err *e)
{
    TRY(expect(place, json, JSON_NUMBER, e));
    if (json_to_u64(json, ret) < 0 || *ret > most)
        return refuse(place, e, "is out of range or not whole: ", json->text);
    return 0;
}

static int
read_signed(const struct json *json, int64_t least, int64_t most, int64_t *ret,
            const struct place *place, struct err *e)
{
    TRY(expect(place, json, JSON_NUMBER, e));
    if (json_to_i64(json, ret) < 0 || *ret < least || *ret > most)
        return refuse(place, e, "is out of range or not whole: ", json->text);
    return 0;
}

static int
read_word(const struct oci_field *f, const struct json *json, uint64_t *ret,
          const struct place *place, struct err *e)
{
    TRY(expect(place, json, JSON_STRING, e));
    if (!oci_word_value(f->words, json->text, ret))
        return refuse(place, e, "unknown word: ", json->text);
    return 0;
}

/* The list beside the bits at `at`, in the object that holds both. */
static struct list *
unknown_words(const struct oci_field *f, void *at)
{
    return (struct list *)((char *)at - f->offset + f->unknown_at);
}

static int
read_bits(const struct oci_field *f, const struct json *json, uint64_t *ret,
          const struct place *place, struct err *e)
{
    TRY(expect(place, json, JSON_ARRAY, e));
    struct place element = {.up = place};
    /* In most lists a word stands in the table's order: behind the one before. */
    const struct oci_word *next = f->words;
    for (json_each(word, json)) {
        TRY(expect(&element, word, JSON_STRING, e));
        const struct oci_word *found = find_word(next, word->text);
        if (!found)
            found = find_word(f->words, word->text);
        if (found) {
            *ret |= found->value;
            next = found + 1;
        } else if (f->unknown_at) {
            list_add_once(unknown_words(f, ret), word->text);
        } else {
            return refuse(&element, e, "unknown word: ", word->text);
        }
        element.index++;
    }
    return 0;
}

static int
read_list(const struct json *json, struct list *ret, const struct place *place,
          struct err *e)
{
    TRY(expect(place, json, JSON_ARRAY, e));
    struct place element = {.up = place};
    size_t n = json_count(json), bytes = 0;
    for (json_each(item, json)) {
        TRY(expect(&element, item, JSON_STRING, e));
        bytes += strlen(item->text) + 1;
        element.index++;
    }
    char **block = mem_new(1, (n + 1) * sizeof *block + bytes);
    char *to = (char *)(block + n + 1), **next = block;
    for (json_each(item, json)) {
        *next++ = to;
        to = stpcpy(to, item->text) + 1;
    }
    *ret = list_packed(block, n);
    return 0;
}

static int
read_ids(const struct json *json, struct oci_ids *ret, const struct place *place,
         struct err *e)
{
    TRY(expect(place, json, JSON_ARRAY, e));
    ret->v = mem_new(json_count(json) + 1, sizeof *ret->v);
    struct place element = {.up = place};
    for (json_each(item, json)) {
        uint64_t id;
        TRY(read_unsigned(item, OCI_ID_MOST, &id, &element, e));
        ret->v[ret->n++] = (uint32_t)id;
        element.index++;
    }
    return 0;
}

static int
read_pairs(const struct json *json, struct oci_pairs *ret, const struct place *place,
           struct err *e)
{
    TRY(expect(place, json, JSON_OBJECT, e));
    ret->v = mem_new(json_count(json) + 1, sizeof *ret->v);
    for (json_each(item, json)) {
        struct place member = {.up = place, .name = item->name};
        TRY(expect(&member, item, JSON_STRING, e));
        ret->v[ret->n].name = str_copy(item->name);
        ret->v[ret->n++].value = str_copy(item->text);
    }
    return 0;
}

/* An array of objects, or a map of them: then the first member takes the name. */
static int
read_array(const struct oci_field *f, const struct json *json, struct array *ret,
           const struct place *place, struct err *e)
{
    bool is_map = f->kind == OCI_MAP;
    TRY(expect(place, json, is_map ? JSON_OBJECT : JSON_ARRAY, e));
    ret->v = mem_new(json_count(json) + 1, f->table->size);
    for (json_each(item, json)) {
        struct place element = {.up = place, .name = item->name, .index = ret->n};
        char *object = (char *)ret->v + ret->n++ * f->table->size;
        if (is_map) {
            char *name = str_copy(item->name);
            memcpy(object, &name, sizeof name);
        }
        TRY(read_object(f->table, item, object, &element, e));
    }
    return 0;
}

static int
read_number(const struct oci_field *f, const struct json *json, void *at,
            const struct place *place, struct err *e)
{
    struct oci_opt_i64 i = {.is_set = true};
    struct oci_opt_u64 u = {.is_set = true};
    uint64_t most = f->most ? f->most : f->kind == OCI_U32 ? UINT32_MAX : UINT64_MAX;
    switch (f->kind) {
    case OCI_U32:
        TRY(read_unsigned(json, most, &u.value, place, e));
        memcpy(at, &(uint32_t){(uint32_t)u.value}, sizeof(uint32_t));
        return 0;
    case OCI_I32:
        TRY(read_signed(json, INT32_MIN, INT32_MAX, &i.value, place, e));
        memcpy(at, &(int32_t){(int32_t)i.value}, sizeof(int32_t));
        return 0;
    case OCI_I64:
        return read_signed(json, INT64_MIN, INT64_MAX, at, place, e);
    case OCI_U64:
        return read_unsigned(json, most, at, place, e);
    case OCI_OPT_I64:
        TRY(read_signed(json, INT64_MIN, INT64_MAX, &i.value, place, e));
        memcpy(at, &i, sizeof i);
        return 0;
    default:
        TRY(read_unsigned(json, most, &u.value, place, e));
        memcpy(at, &u, sizeof u);
        return 0;
    }
}

static int
read_field(const struct oci_field *f, const struct json *json, void *at,
           const struct place *place, struct err *e)
{
    uint64_t word = 0;
    switch (f->kind) {
    case OCI_TEXT:
        TRY(expect(place, json, JSON_STRING, e));
        memcpy(at, &(char *){str_copy(json->text)}, sizeof(char *));
        return 0;
    case OCI_BOOL:
        TRY(expect(place, json, JSON_BOOL, e));
        memcpy(at, &json->is_true, sizeof(bool));
        return 0;
    case OCI_OPT_BOOL:
        TRY(expect(place, json, JSON_BOOL, e));
        memcpy(at, &(struct oci_opt_bool){true, json->is_true},
               sizeof(struct oci_opt_bool));
        return 0;
    case OCI_LIST:
        return read_list(json, at, place, e);
    case OCI_IDS:
        return read_ids(json, at, place, e);
    case OCI_WORD:
        TRY(read_word(f, json, &word, place, e));
        memcpy(at, &(uint32_t){(uint32_t)word}, sizeof(uint32_t));
        return 0;
    case OCI_BITS:
        return read_bits(f, json, at, place, e);
    case OCI_PAIRS:
        return read_pairs(json, at, place, e);
    case OCI_OBJECT:
        return read_object(f->table, json, at, place, e);
    case OCI_POINTER: {
        void *object = mem_new(1, f->table->size);
        memcpy(at, &object, sizeof object);
        return read_object(f->table, json, object, place, e);
    }
    case OCI_ARRAY:
    case OCI_MAP:
        return read_array(f, json, at, place, e);
    default:
        return read_number(f, json, at, place, e);
    }
}

static int
read_object(const struct oci_table *table, const struct json *json, void *object,
            const struct place *place, struct err *e)
{
    TRY(expect(place, json, JSON_OBJECT, e));
    for (size_t i = 0; i < table->n; i++) {
        const struct oci_field *f = &table->fields[i];
        const struct json *value = json_get(json, f->name);
        struct place here = {.up = place, .name = f->name};
        if (value && value->type != JSON_NULL)
            TRY(read_field(f, value, (char *)object + f->offset, &here, e));
        else if (f->is_required)
            return refuse(&here, e, "is missing", "");
    }
    return 0;
}

int
oci_table_read(const struct oci_table *table, const struct json *json, void *object,
               const char *path, struct err *e)
{
    struct place root = {.name = path};
    return read_object(table, json, object, &root, e);
}

/* ---- writing ---- */

static struct json *
write_bits(const struct oci_word *words, struct json_doc *doc, uint64_t bits)
{
    struct json *array = json_array(doc);
    for (; bits && words->name; words++) {
        if ((bits & words->value) == words->value) {
            json_append(array, json_string(doc, words->name));
            bits &= ~words->value;
        }
    }
    return array;
}

static struct json *
write_array(const struct oci_field *f, struct json_doc *doc, const struct array *array)
{
    bool is_map = f->kind == OCI_MAP;
    struct json *json = is_map ? json_object(doc) : json_array(doc);
    for (size_t i = 0; i < array->n; i++) {
        const char *object = (const char *)array->v + i * f->table->size;
        struct json *item = oci_table_write(f->table, doc, object);
        char *name;
        if (is_map) {
            memcpy(&name, object, sizeof name);
            json_set(doc, json, name, item);
        } else {
            json_append(json, item);
        }
    }
    return json;
}

static struct json *
write_pairs(struct json_doc *doc, const struct oci_pairs *pairs)
{
    struct json *json = json_object(doc);
    for (size_t i = 0; i < pairs->n; i++)
        json_set_str(doc, json, pairs->v[i].name, pairs->v[i].value);
    return json;
}

static struct json *
write_ids(struct json_doc *doc, const struct oci_ids *ids)
{
    struct json *json = json_array(doc);
    for (size_t i = 0; i < ids->n; i++)
        json_append(json, json_number(doc, ids->v[i]));
    return json;
}

/* A plain number or text; NULL for what is 0 or absent and need not be there. */
static struct json *
write_scalar(const struct oci_field *f, struct json_doc *doc, const void *at)
{
    uint32_t u32;
    struct oci_opt_i64 i = {.is_set = true};
    struct oci_opt_u64 u = {.is_set = true};
    switch (f->kind) {
    case OCI_U32:
        memcpy(&u32, at, sizeof u32);
        return u32 || f->is_required ? json_number(doc, u32) : NULL;
    case OCI_I32:
        memcpy(&u32, at, sizeof u32);
        return u32 || f->is_required ? json_number(doc, (int32_t)u32) : NULL;
    case OCI_I64:
        memcpy(&i.value, at, sizeof i.value);
        return i.value || f->is_required ? json_number(doc, i.value) : NULL;
    case OCI_U64:
        memcpy(&u.value, at, sizeof u.value);
        return u.value || f->is_required ? json_number_u64(doc, u.value) : NULL;
    case OCI_OPT_I64:
        memcpy(&i, at, sizeof i);
        return i.is_set ? json_number(doc, i.value) : NULL;
    default:
        memcpy(&u, at, sizeof u);
        return u.is_set ? json_number_u64(doc, u.value) : NULL;
    }
}

/* The value of a field, or NULL: to be left out. */
static struct json *
write_field(const struct oci_field *f, struct json_doc *doc, const void *at)
{
    const void *pointer;
    uint32_t word;
    uint64_t bits;
    bool is_true;
    struct oci_opt_bool opt;
    struct json *json;
    switch (f->kind) {
    case OCI_TEXT:
        memcpy(&pointer, at, sizeof pointer);
        return pointer ? json_string(doc, pointer) : NULL;
    case OCI_BOOL:
        memcpy(&is_true, at, sizeof is_true);
        return is_true || f->is_required ? json_boolean(doc, is_true) : NULL;
    case OCI_OPT_BOOL:
        memcpy(&opt, at, sizeof opt);
        return opt.is_set ? json_boolean(doc, opt.value) : NULL;
    case OCI_WORD:
        memcpy(&word, at, sizeof word);
        return json_string(doc, oci_word_name(f->words, word));
    case OCI_POINTER:
        memcpy(&pointer, at, sizeof pointer);
        return pointer ? oci_table_write(f->table, doc, pointer) : NULL;
    case OCI_BITS:
        memcpy(&bits, at, sizeof bits);
        json = write_bits(f->words, doc, bits);
        break;
    case OCI_LIST:
        json = json_strings(doc, at);
        break;
    case OCI_IDS:
        json = write_ids(doc, at);
        break;
    case OCI_PAIRS:
        json = write_pairs(doc, at);
        break;
    case OCI_OBJECT:
        json = oci_table_write(f->table, doc, at);
        break;
    case OCI_ARRAY:
    case OCI_MAP:
        json = write_array(f, doc, at);
        break;
    default:
        return write_scalar(f, doc, at);
    }
    return json_count(json) || f->is_required ? json : NULL;
}

struct json *
oci_table_write(const struct oci_table *table, struct json_doc *doc, const void *object)
{
    struct json *json = json_object(doc);
    for (size_t i = 0; i < table->n; i++) {
        const struct oci_field *f = &table->fields[i];
        struct json *value = write_field(f, doc, (const char *)object + f->offset);
        if (value)
            json_set(doc, json, f->name, value);
    }
    return json;
}

/* ---- freeing ---- */

static void
free_array(const struct oci_field *f, struct array *array)
{
    for (size_t i = 0; i < array->n; i++) {
        char *object = (char *)array->v + i * f->table->size;
        char *name;
        if (f->kind == OCI_MAP) {
            memcpy(&name, object, sizeof name);
            free(name);
        }
        oci_table_free(f->table, object);
    }
    free(array->v);
}

static void
free_field(const struct oci_field *f, void *at)
{
    void *pointer;
    struct oci_pairs *pairs = at;
    switch (f->kind) {
    case OCI_POINTER:
        memcpy(&pointer, at, sizeof pointer);
        if (pointer)
            oci_table_free(f->table, pointer);
        free(pointer);
        break;
    case OCI_TEXT:
        memcpy(&pointer, at, sizeof pointer);
        free(pointer);
        break;
    case OCI_IDS:
        free(((struct oci_ids *)at)->v);
        break;
    case OCI_LIST:
        list_done(at);
        break;
    case OCI_BITS:
        if (f->unknown_at)
            list_done(unknown_words(f, at));
        break;
    case OCI_PAIRS:
        for (size_t i = 0; i < pairs->n; i++) {
            free(pairs->v[i].name);
            free(pairs->v[i].value);
        }
        free(pairs->v);
        break;
    case OCI_OBJECT:
        oci_table_free(f->table, at);
        break;
    case OCI_ARRAY:
    case OCI_MAP:
        free_array(f, at);
        break;
    default:
        break;
    }
}

void
oci_table_free(const struct oci_table *table, void *object)
{
    for (size_t i = 0; i < table->n; i++)
        free_field(&table->fields[i], (char *)object + table->fields[i].offset);
}
