/* text.c - growing strings and lists of strings.
 *
 * Both double their room, so adding is cheap on average and nothing has a fixed size.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
text_reserve(struct text *t, size_t more)
{
    size_t want = t->len + more + 1;
    if (want <= t->room)
        return;
    t->room = want < 64 ? 64 : want * 2;
    t->data = mem_resize(t->data, t->room, 1);
}

void
text_done(struct text *t)
{
    free(t->data);
    *t = (struct text){0};
}

void
text_add_bytes(struct text *t, const void *p, size_t n)
{
    text_reserve(t, n);
    if (n)
        memcpy(t->data + t->len, p, n);
    t->len += n;
    t->data[t->len] = '\0';
}

void
text_add(struct text *t, const char *s)
{
    text_add_bytes(t, s, strlen(s));
}

void
text_add_char(struct text *t, char c)
{
    text_add_bytes(t, &c, 1);
}

void
text_addf(struct text *t, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n > 0) {
        text_reserve(t, (size_t)n);
        vsnprintf(t->data + t->len, (size_t)n + 1, fmt, again);
        t->len += (size_t)n;
    }
    va_end(again);
}

const char *
text_str(const struct text *t)
{
    return t->data ? t->data : "";
}

char *
text_take(struct text *t)
{
    text_reserve(t, 0);
    t->data[t->len] = '\0';
    char *s = t->data;
    *t = (struct text){0};
    return s;
}

static bool
is_packed(const struct list *l)
{
    return l->v && l->room == 0;
}

void
list_done(struct list *l)
{
    for (size_t i = 0; i < l->n && !is_packed(l); i++)
        free(l->v[i]);
    free(l->v);
    *l = (struct list){0};
}

struct list
list_packed(char **block, size_t n)
{
    return (struct list){.v = block, .n = n};
}

/* Each string becomes a block of its own, as in a list that is about to change. */
static void
list_unpack(struct list *l)
{
    struct list packed = *l;
    if (!is_packed(l))
        return;
    *l = (struct list){0};
    list_add_all(l, &packed);
    free(packed.v);
}

static void
list_own(struct list *l, char *s)
{
    list_unpack(l);
    if (l->n + 2 > l->room) {
        l->room = l->room ? l->room * 2 : 8;
        l->v = mem_resize(l->v, l->room, sizeof *l->v);
    }
    l->v[l->n++] = s;
    l->v[l->n] = NULL;
}

void
list_add(struct list *l, const char *s)
{
    list_own(l, str_copy(s));
}

void
list_addf(struct list *l, const char *fmt, ...)
{
    auto_text t = {0};
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    text_reserve(&t, n > 0 ? (size_t)n : 0);
    vsnprintf(t.data, t.room, fmt, again);
    va_end(again);
    t.len = strlen(t.data);
    list_own(l, text_take(&t));
}

void
list_add_all(struct list *l, const struct list *from)
{
    for (size_t i = 0; i < from->n; i++)
        list_add(l, from->v[i]);
}

bool
list_has(const struct list *l, const char *s)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return true;
    return false;
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void
list_add_once(struct list *l, const char *s)
{
    if (!list_has(l, s))
        list_add(l, s);
}

void
list_sort(struct list *l)
{
    if (l->n > 1)
        qsort(l->v, l->n, sizeof *l->v, by_text);
}

bool
list_has_sorted(const struct list *l, const char *s)
{
    return l->n > 0 && bsearch(&s, l->v, l->n, sizeof *l->v, by_text);
}

char **
list_argv(struct list *l)
{
    if (!l->v) {
        l->room = 8;
        l->v = mem_new(l->room, sizeof *l->v);
    }
    return l->v;
}

void
list_set_env(struct list *l, const char *name_value)
{
    size_t name_len = strcspn(name_value, "=");
    list_unpack(l);
    for (size_t i = 0; i < l->n; i++) {
        if (strncmp(l->v[i], name_value, name_len) == 0 && l->v[i][name_len] == '=') {
            free(l->v[i]);
            l->v[i] = str_copy(name_value);
            return;
        }
    }
    list_add(l, name_value);
}

const char *
list_get_env(const struct list *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++) {
        const char *rest = str_after(l->v[i], name);
        if (rest && *rest == '=')
            return rest + 1;
    }
    return NULL;
}

void
list_split(struct list *l, const char *s, char sep)
{
    for (;;) {
        const char *end = strchr(s, sep);
        if (!end) {
            list_add(l, s);
            return;
        }
        char *part = mem_new((size_t)(end - s) + 1, 1);
        memcpy(part, s, (size_t)(end - s));
        list_own(l, part);
        s = end + 1;
    }
}

bool
str_eq(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return *a == *b && strcmp(a, b) == 0; /* the first byte alone decides nearly always */
}

bool
str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

const char *
str_after(const char *s, const char *prefix)
{
    return str_starts(s, prefix) ? s + strlen(prefix) : NULL;
}

static int
min3(int a, int b, int c)
{
    int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

int
str_distance(const char *a, const char *b)
{
    enum { MOST = 40 };
    int n = (int)strlen(a), m = (int)strlen(b);
    if (n > MOST || m > MOST)
        return 1000;

    /* d[i][j]: from the first i letters of a to the first j of b. */
    int d[MOST + 1][MOST + 1];
    for (int i = 0; i <= n; i++)
        d[i][0] = i;
    for (int j = 0; j <= m; j++)
        d[0][j] = j;
    for (int i = 1; i <= n; i++) {
        for (int j = 1; j <= m; j++) {
            int change = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, change);
            bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (is_swap && d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    }
    return d[n][m];
}
