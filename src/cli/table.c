/* table.c - rows to aligned columns, JSON lines or templates; see table.h.
 *
 * Columns are separated by three blanks, as wide as their widest cell, and ten at least. Cells come from
 * rendering "{{.A}}\t{{.B}}" once with the heads as data and once for each row, so that
 * any template can stand in a table.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/table.h"

#include <string.h>

#include "base/template.h"

/* How many columns on the screen: bytes that do not continue a UTF-8 character. */
static size_t
width(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += (*s & 0xc0) != 0x80;
    return n;
}

/* Appends lines (cells separated by tabs) as aligned columns. */
static void
align(struct text *out, const struct list *lines)
{
    enum { CELLS_MOST = 64, GAP = 3, LEAST = 10 };
    size_t widest[CELLS_MOST];
    for (size_t c = 0; c < CELLS_MOST; c++)
        widest[c] = LEAST - GAP;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < lines->n; i++) {
            auto_list cells = {0};
            list_split(&cells, lines->v[i], '\t');
            for (size_t c = 0; c < cells.n && c < CELLS_MOST; c++) {
                size_t w = width(cells.v[c]);
                if (pass == 0 && w > widest[c])
                    widest[c] = w;
                if (pass == 0)
                    continue;
                bool is_last = c + 1 == cells.n;
                text_addf(out, "%s%*s", cells.v[c],
                          is_last ? 0 : (int)(widest[c] - w) + GAP, "");
            }
            if (pass == 1)
                text_add_char(out, '\n');
        }
    }
}

static char *
default_template(const struct table_column *columns)
{
    struct text t = {0};
    for (; columns->field; columns++)
        if (columns->is_default)
            text_addf(&t, "%s{{.%s}}", t.len ? "\t" : "", columns->field);
    return text_take(&t);
}

static int
print_table(struct text *out, const struct json *rows, const struct table_column *columns,
            const char *format, struct err *e)
{
    auto_template *t = NULL;
    TRY(template_parse(format, &t, e));

    auto_json *doc = json_doc_new();
    struct json *heads = json_object(doc);
    for (; columns->field; columns++)
        json_set_str(doc, heads, columns->field, columns->head);
    json_set(doc, heads, TEMPLATE_LABELS, json_object(doc));

    auto_list lines = {0};
    auto_text line = {0};
    TRY(template_render(t, heads, &line, e));
    list_add(&lines, text_str(&line));
    for (json_each(row, rows)) {
        line.len = 0;
        TRY(template_render(t, row, &line, e));
        list_add(&lines, text_str(&line));
    }
    align(out, &lines);
    return 0;
}

static void
print_json_lines(struct text *out, const struct json *rows)
{
    for (json_each(row, rows)) {
        auto_json *doc = json_doc_new();
        struct json *shown = json_clone(doc, row);
        json_remove(shown, TEMPLATE_LABELS);
        json_write(out, shown, 0);
        text_add_char(out, '\n');
    }
}

static int
print_templates(struct text *out, const struct json *rows, const char *format,
                struct err *e)
{
    auto_template *t = NULL;
    TRY(template_parse(format, &t, e));
    for (json_each(row, rows)) {
        TRY(template_render(t, row, out, e));
        text_add_char(out, '\n');
    }
    return 0;
}

int
table_print(struct text *out, const struct json *rows, const struct table_column *columns,
            const char *format, struct err *e)
{
    if (str_eq(format, "json")) {
        print_json_lines(out, rows);
        return 0;
    }
    auto_free char *plain = template_unescape(format ? format : "table");
    const char *after = str_after(plain, "table");
    if (after && (*after == '\0' || *after == ' ')) {
        auto_free char *columns_format = *after ? str_copy(after + 1)
                                                : default_template(columns);
        return print_table(out, rows, columns, columns_format, e);
    }
    return print_templates(out, rows, plain, e);
}
