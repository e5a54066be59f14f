/* template_value.c - values as Go prints, judges and compares them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/template_value.h"

#include <stdlib.h>
#include <string.h>

static int
compare_members(const void *a, const void *b)
{
    return strcmp((*(const struct json *const *)a)->name,
                  (*(const struct json *const *)b)->name);
}

void
template_print(struct text *out, const struct json *value)
{
    if (!value || value->type == JSON_NULL) {
        text_add(out, "<no value>");
    } else if (value->type == JSON_BOOL) {
        text_add(out, value->is_true ? "true" : "false");
    } else if (value->type == JSON_STRING || value->type == JSON_NUMBER) {
        text_add(out, value->text);
    } else if (value->type == JSON_ARRAY) {
        text_add_char(out, '[');
        for (json_each(item, value)) {
            template_print(out, item);
            if (item->next)
                text_add_char(out, ' ');
        }
        text_add_char(out, ']');
    } else {
        size_t n = 0;
        auto_free const struct json **sorted = mem_new(json_count(value), sizeof *sorted);
        for (json_each(member, value))
            sorted[n++] = member;
        qsort(sorted, n, sizeof *sorted, compare_members);
        text_add(out, "map[");
        for (size_t i = 0; i < n; i++) {
            text_addf(out, "%s%s:", i ? " " : "", sorted[i]->name);
            template_print(out, sorted[i]);
        }
        text_add_char(out, ']');
    }
}

bool
template_is_true(const struct json *v)
{
    if (!v || v->type == JSON_NULL)
        return false;
    if (v->type == JSON_BOOL)
        return v->is_true;
    if (v->type == JSON_NUMBER)
        return strtod(v->text, NULL) != 0;
    if (v->type == JSON_STRING)
        return *v->text != '\0';
    return json_count(v) > 0;
}

const char *
template_text(struct text *t, const struct json *value)
{
    t->len = 0;
    template_print(t, value);
    return text_str(t);
}

int
template_compare(const struct json *a, const struct json *b)
{
    if (a && b && a->type == JSON_NUMBER && b->type == JSON_NUMBER) {
        double x = strtod(a->text, NULL), y = strtod(b->text, NULL);
        return x < y ? -1 : x > y;
    }
    auto_text s = {0}, t = {0};
    int c = strcmp(template_text(&s, a), template_text(&t, b));
    return c < 0 ? -1 : c > 0;
}
