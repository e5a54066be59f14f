/* top.c - `sampan top`: the processes of a container.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "engine/top.h"

#include <string.h>
static void
add_rows(struct text *out, const struct json *rows)
{
    size_t widths[16] = {0};
    for (json_each(row, rows)) {
        size_t i = 0;
        for (json_each(cell, row)) {
            size_t len = strlen(json_str(cell, ""));
            widths[i] = len > widths[i] ? len : widths[i];
            i++;
        }
    }
    for (json_each(row, rows)) {
        size_t i = 0;
        for (json_each(cell, row)) {
            bool is_last = cell->next == NULL;
            text_addf(out, "%-*s%s", is_last ? 0 : (int)widths[i], json_str(cell, ""),
                      is_last ? "\n" : "   ");
            i++;
        }
    }
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)options;
    auto_record record = RECORD_NONE;
    auto_json *doc = json_doc_new();
    auto_text out = {0};
    struct json *rows;
    TRY(record_find(context->engine, context->argv[0], &record, e));
    TRY(engine_top(&record, doc, &rows, e));
    add_rows(&out, rows);
    return command_print(&out, e);
}

static const struct syntax syntax = {
    .command = "top",
    .operands = "CONTAINER",
    .summary = "Show the processes of a container",
    .operands_least = 1,
    .operands_most = 1,
};

const struct command command_top = {
    .syntax = &syntax,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
