/* ps.c - `sampan ps`: the table of containers.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "engine/list.h"
#include "base/template.h"

#define COMMAND_COLUMNS 20

struct ps_options {
    bool want_all, is_quiet, want_latest, is_untruncated, want_size;
    int last;
    const char *format;
    struct list filters;
};

static const struct option table[] = {
    {"all",      'a', KIND_FLAG,   offsetof(struct ps_options, want_all),       NULL,
     "Show also those that do not run"                                                                 },
    {"filter",   'f', KIND_FILTER, offsetof(struct ps_options, filters),        "KEY=VALUE",
     "Only some: id, name, label, status, exited, ancestor, network, volume"                           },
    {"format",   0,   KIND_TEXT,   offsetof(struct ps_options, format),         "FORMAT",
     "table, json, a Go template, or 'table TEMPLATE'"                                                 },
    {"last",     'n', KIND_INT,    offsetof(struct ps_options, last),           "NUMBER",
     "Only the newest ones, in any state"                                                              },
    {"latest",   'l', KIND_FLAG,   offsetof(struct ps_options, want_latest),    NULL,
     "Only the newest one, in any state"                                                               },
    {"no-trunc", 0,   KIND_FLAG,   offsetof(struct ps_options, is_untruncated), NULL,
     "Do not shorten ids and commands"                                                                 },
    {"quiet",    'q', KIND_FLAG,   offsetof(struct ps_options, is_quiet),       NULL,        "Only ids"},
    OPTION_END,
};

static const struct table_column columns[] = {
    {"ID",           "CONTAINER ID",  true },
    {"Image",        "IMAGE",         true },
    {"Command",      "COMMAND",       true },
    {"RunningFor",   "CREATED",       true },
    {"Status",       "STATUS",        true },
    {"Ports",        "PORTS",         true },
    {"Names",        "NAMES",         true },
    {"CreatedAt",    "CREATED AT",    false},
    {"State",        "STATE",         false},
    {"Labels",       "LABELS",        false},
    {"Mounts",       "MOUNTS",        false},
    {"Networks",     "NETWORKS",      false},
    {"LocalVolumes", "LOCAL VOLUMES", false},
    {"Size",         "SIZE",          false},
    {NULL,           NULL,            false},
};

static void
done(void *options)
{
    list_done(&((struct ps_options *)options)->filters);
}

static void
add_since(struct text *out, int64_t then)
{
    char words[32];
    text_add(out, clock_human_duration(clock_wall_ns() - then, words, sizeof(words)));
}

/* "Up 2 minutes (Paused)", "Exited (0) 3 seconds ago", "Created" */
static void
add_status(struct text *out, const struct state *state)
{
    switch (state->status) {
    case STATUS_RUNNING:
    case STATUS_PAUSED:
        text_add(out, "Up ");
        add_since(out, state->started_at);
        text_add(out, state->status == STATUS_PAUSED ? " (Paused)" : "");
        return;
    case STATUS_EXITED:
        text_addf(out, "Exited (%d) ", state->exit_code);
        add_since(out, state->finished_at);
        text_add(out, " ago");
        return;
    case STATUS_CREATED:
        text_add(out, "Created");
        return;
    case STATUS_DEAD:
        text_add(out, "Dead");
        return;
    }
}

/* A word with a blank in it is shown in quotes. */
static void
add_word(struct text *out, const char *word)
{
    const char *quote = strchr(word, ' ') != NULL ? "'" : "";
    text_addf(out, "%s%s%s%s", out->len > 0 ? " " : "", quote, word, quote);
}

static void
add_command(struct text *out, const struct record *record, bool is_whole)
{
    auto_text command = {0};
    add_word(&command, json_str(record_get(record, "Path"), ""));
    for (json_each(arg, record_get(record, "Args")))
        add_word(&command, json_str(arg, ""));
    bool is_cut = !is_whole && command.len > COMMAND_COLUMNS;
    text_addf(out, "\"%.*s%s\"", is_cut ? COMMAND_COLUMNS - 1 : (int)command.len,
              text_str(&command), is_cut ? "…" : "");
}

static void
add_labels(struct text *out, const struct json *labels)
{
    for (json_each(label, labels))
        text_addf(out, "%s%s=%s", out->len > 0 ? "," : "", label->name,
                  json_str(label, ""));
}

static void
add_mounts(struct text *out, const struct json *mounts)
{
    for (json_each(mount, mounts))
        text_addf(out, "%s%s", out->len > 0 ? "," : "",
                  json_str(json_get(mount, "Source"), ""));
}

static struct json *
to_row(struct json_doc *doc, const struct record *record, bool is_whole)
{
    struct json *row = json_object(doc);
    const struct json *labels = record_get(record, "Config.Labels");
    const char *created = json_str(record_get(record, "Created"), "");
    int64_t created_ns = 0;
    clock_parse(created, &created_ns);
    auto_text command = {0}, status = {0}, age = {0}, label_words = {0}, mounts = {0};
    add_command(&command, record, is_whole);
    add_status(&status, &record->state);
    add_since(&age, created_ns);
    text_add(&age, " ago");
    add_labels(&label_words, labels);
    add_mounts(&mounts, record_get(record, "Mounts"));
    auto_free char *id = str_format("%.*s", is_whole ? ID_LEN : ID_SHORT_LEN, record->id);
    const char *const cells[][2] = {
        {"Command",                   text_str(&command)},
        {"CreatedAt",                 created},
        {"ID",                        id},
        {"Image",                     json_str(record_get(record,"Config.Image"), "")},
        {"Labels",                        text_str(&label_words)},
        {"LocalVolumes","0"},
        {"Mounts",                                           text_str(&mounts)                                            },
        {"Names",record_name(record)},
        {"Networks",                                         json_str(record_get(record,                                                                                                                      "HostConfig.NetworkMode"), "")},
        {"Ports",""},
        {"RunningFor",                           text_str(&age)},
        {"Size",                           "0B"                                                                                                                                                                                                     },
        {"State",                           state_word(record->state.status) },
        {"Status",                           text_str(&status)},
    };
    for (size_t i = 0; i < ARRAY_LEN(cells); i++)
        json_set_str(doc, row, cells[i][0], cells[i][1]);
    if (labels != NULL)
        json_set(doc, row, TEMPLATE_LABELS, json_clone(doc, labels));
    return row;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    struct ps_options *o = options;
    const struct list_request request = {.want_all = o->want_all,
                                         .most = o->want_latest ? 1 : o->last,
                                         .filters = &o->filters};
    auto_records records = {0};
    auto_json *doc = json_doc_new();
    auto_text out = {0};
    TRY(engine_list(context->engine, &request, &records, e));
    struct json *rows = json_array(doc);
    for (size_t i = 0; i < records.n; i++)
        json_append(rows, to_row(doc, &records.v[i], o->is_untruncated));
    const char *format = o->is_quiet ? "{{.ID}}" : o->format;
    if (o->is_quiet && o->format != NULL)
        fputs("sampan: warning: ignoring --format, because --quiet is set too\n", stderr);
    TRY(table_print(&out, rows, columns, format, e));
    return command_print(&out, e);
}

static const struct syntax syntax = {
    .command = "ps",
    .operands = "",
    .summary = "List containers",
    .options = table,
};

const struct command command_ps = {
    .syntax = &syntax,
    .options_size = sizeof(struct ps_options),
    .done = done,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
