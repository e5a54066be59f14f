/* text.h - a growing string, a growing list of strings, and small questions about strings.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

/* Bytes that grow; always NUL-terminated once anything was added. `data` may be NULL
 * while empty; use text_str() for a string that never is. Zero-initialise. */
struct text {
    char *data;
    size_t len;
    size_t room;
};

#define auto_text __attribute__((cleanup(text_done))) struct text

void text_done(struct text *t);
void text_add(struct text *t, const char *s);
void text_add_bytes(struct text *t, const void *p, size_t n);
void text_add_char(struct text *t, char c);
void text_addf(struct text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *text_str(const struct text *t);
char *text_take(struct text *t); /* the caller frees; never NULL; t is empty after */

/* A list of strings that owns its elements; v[n] is NULL as execve wants it (v is NULL
 * while the list was never added to: use list_argv() there). Zero-initialise. */
struct list {
    char **v;
    size_t n;
    size_t room;
};

#define auto_list __attribute__((cleanup(list_done))) struct list

void list_done(struct list *l);
void list_add(struct list *l, const char *s);      /* copies s */
void list_add_once(struct list *l, const char *s); /* unless it is there already */

/* The list of a block from malloc that holds n pointers, a NULL, and the strings themselves:
 * for what is mostly read. The list owns it; it may be changed like any other. */
struct list list_packed(char **block, size_t n);
void list_addf(struct list *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
void list_add_all(struct list *l, const struct list *from);
bool list_has(const struct list *l, const char *s);

/* Sorts by strcmp(3), and then finds faster: for lists that are asked often. */
void list_sort(struct list *l);
bool list_has_sorted(const struct list *l, const char *s);

char **list_argv(struct list *l); /* never NULL; NULL-terminated; l keeps owning it */

/* Sets NAME=value in an environment list, replacing an earlier NAME=. */
void list_set_env(struct list *l, const char *name_value);

/* The value of NAME in an environment list, or NULL. The list keeps owning it. */
const char *list_get_env(const struct list *l, const char *name);

/* Splits s at every sep (",a,": three parts, two of them empty). */
void list_split(struct list *l, const char *s, char sep);

bool str_eq(const char *a, const char *b); /* NULL equals NULL only */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* s after the prefix, or NULL if s does not begin with it. */
const char *str_after(const char *s, const char *prefix);

/* How many single-letter edits (insert, delete, change, swap) lead from a to b: for
 * "did you mean". Bounded: strings over 40 characters give 1000. */
int str_distance(const char *a, const char *b);

#endif
