/* logs.c - `sampan logs`: what a container has written.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/commands.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "engine/logs.h"

#define NS_PER_S 1000000000LL

struct logs_options {
    bool want_follow, want_times, want_details;
    const char *tail, *since, *until;
};

static const struct option table[] = {
    {"follow",     'f', KIND_FLAG, offsetof(struct logs_options, want_follow),  NULL,
     "Go on until the container ends"                                         },
    {"tail",       'n', KIND_TEXT, offsetof(struct logs_options, tail),         "NUMBER",
     "Only so many lines from the end (default all)"                          },
    {"timestamps", 't', KIND_FLAG, offsetof(struct logs_options, want_times),   NULL,
     "Print the time of each line"                                            },
    {"since",      0,   KIND_TEXT, offsetof(struct logs_options, since),        "TIME",
     "Only from then on: 2026-11-23T22:47:16Z, seconds since 1970, or 10m ago"},
    {"until",      0,   KIND_TEXT, offsetof(struct logs_options, until),        "TIME",
     "Only until then"                                                        },
    {"details",    0,   KIND_FLAG, offsetof(struct logs_options, want_details), NULL,
     "Accepted: there are none"                                               },
    OPTION_END,
};

/* A time, or how long ago. */
static int
parse_time(const char *option, const char *word, int64_t *ret, struct err *e)
{
    int64_t value;
    auto_free char *midnight = str_format("%sT00:00:00Z", word);
    if (num_parse_duration(word, &value) == 0 && !num_is_digits(word))
        *ret = clock_wall_ns() - value;
    else if (num_parse_nano(word, &value) == 0 || clock_parse(word, &value) == 0 ||
             clock_parse(midnight, &value) == 0)
        *ret = value;
    else
        return err_set(e, ERR_INVALID, "invalid value for \"%s\": %s is no time", option,
                       word);
    return 0;
}

static int
parse_tail(const char *word, int64_t *ret, struct err *e)
{
    *ret = -1;
    if (word == NULL || str_eq(word, "all"))
        return 0;
    if (num_parse_i64(word, ret) < 0)
        return err_set(e, ERR_INVALID, "invalid value for \"tail\": %s is no number", word);
    return 0;
}

static int
print_line(const struct text *text, enum log_stream stream, int64_t wall_ns, void *data)
{
    const struct logs_options *o = data;
    FILE *to = stream == LOG_STDOUT ? stdout : stderr;
    char when[36];
    if (o->want_times)
        fprintf(to, "%s ", clock_format(wall_ns, when, sizeof(when)));
    fwrite(text_str(text), 1, text->len, to);
    if (o->want_follow)
        fflush(to);
    return ferror(to) ? -EIO : 0;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    struct logs_options *o = options;
    struct logs_request request = {.want_follow = o->want_follow};
    auto_record record = RECORD_NONE;
    TRY(parse_tail(o->tail, &request.tail, e));
    if (o->since != NULL)
        TRY(parse_time("since", o->since, &request.since, e));
    if (o->until != NULL)
        TRY(parse_time("until", o->until, &request.until, e));
    TRY(record_find(context->engine, context->argv[0], &record, e));
    int r = engine_logs(context->engine, &record, &request, print_line, o, e);
    return r < 0 ? r : 0;
}

static const struct syntax syntax = {
    .command = "logs",
    .operands = "CONTAINER",
    .summary = "Print what a container has written",
    .options = table,
    .operands_least = 1,
    .operands_most = 1,
};

const struct command command_logs = {
    .syntax = &syntax,
    .options_size = sizeof(struct logs_options),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
