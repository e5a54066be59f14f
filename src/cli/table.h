/* table.h - what `ps`, `images` and their like print: a table, JSON lines, or a template.
 *
 * A listing hands over its rows as JSON objects of strings and names its columns; what
 * --format asks for decides the shape, as with Docker: nothing or "table" prints the
 * columns, "table {{.ID}}\t{{.Names}}" those columns with their heads, "json" one object a
 * line, anything else a template for each row.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/json.h"

struct table_column {
    const char *field; /* member of a row: "ID" */
    const char *head;  /* "CONTAINER ID" */
    bool is_default;   /* shown without --format */
};

/* Prints rows (an array of objects) to out. format may be NULL. columns ends in {0}. */
int table_print(struct text *out, const struct json *rows,
                const struct table_column *columns, const char *format, struct err *e);

#endif
