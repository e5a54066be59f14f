/* system_check.c - `sampan system check`: is the store whole?
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/image/commands.h"
#include "engine/image_use.h"
#include "image/check.h"

struct check_words {
    bool want_repair, is_quiet;
};

static const struct option table[] = {
    {"quiet",  'q', KIND_FLAG, offsetof(struct check_words, is_quiet),    NULL,
     "Print nothing: the exit status says it"                                       },
    {"repair", 0,   KIND_FLAG, offsetof(struct check_words, want_repair), NULL,
     "Unpack damaged layers anew, remove what cannot be mended and what nobody owns"},
    OPTION_END,
};

static void
find_busy(const struct image_users *users, struct list *ret)
{
    for (size_t i = 0; i < users->records.n; i++)
        if (record_is_running(&users->records.v[i]))
            for (json_each(layer, record_get(&users->records.v[i], "Sampan.Layers")))
                list_add(ret, json_str(layer, ""));
}

static void
print(const struct check_report *report, bool is_first)
{
    for (size_t i = 0; i < report->problems.n; i++)
        puts(report->problems.v[i]);
    for (size_t i = 0; i < report->repairs.n; i++)
        printf("repair: %s\n", report->repairs.v[i]);
    if (report->problems.n == 0)
        printf("%s%lld images, %lld layers, %lld blobs: no problems found\n",
               is_first ? "" : "repaired: ", (long long)report->images,
               (long long)report->layers, (long long)report->blobs);
}

/* 1 if there were problems; after a repair only if some are left. */
static int
check(const struct image_store *store, const struct check_request *request, bool is_quiet,
      struct err *e)
{
    struct check_request again = *request;
    struct check_report report = {0};
    int r = check_store(store, request, &report, e);
    int status = report.problems.n > 0;
    if (!is_quiet)
        print(&report, true);
    check_report_done(&report);
    if (r < 0 || status == 0 || !request->want_repair)
        return r < 0 ? r : status;

    again.want_repair = false;
    r = check_store(store, &again, &report, e);
    status = report.problems.n > 0;
    if (!is_quiet)
        print(&report, false);
    check_report_done(&report);
    return r < 0 ? r : status;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct check_words *o = options;
    struct image_store store;
    auto_image_users users = {0};
    auto_list busy = {0};
    TRY(image_users_read(context->engine, &users, e));
    find_busy(&users, &busy);
    const struct check_request request = {
        .want_repair = o->want_repair, .kept_layers = &users.layers, .busy_layers = &busy};
    TRY(store_open(&store, context->engine->root_fd, e));
    int r = check(&store, &request, o->is_quiet, e);
    store_close(&store);
    return r;
}

static const struct syntax syntax = {
    .command = "system check",
    .operands = "",
    .summary = "Check that the image store is whole, and repair it",
    .options = table,
};

const struct command command_system_check = {
    .syntax = &syntax,
    .options_size = sizeof(struct check_words),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
