/* create.c - `sampan create`.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/create.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/container_body.h"
#include "cli/pull_image.h"
#include "engine/create.h"
#include "engine/remove.h"
#include "linux/path.h"

/* As Docker refuses it: a file that is there belongs to another container. The descriptor
 * is for write_cidfile. */
static int
open_cidfile(const char *path, struct err *e)
{
    int fd = lx_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd == -EEXIST)
        return err_set(e, ERR_CONFLICT,
                       "container ID file found, make sure the other container isn't "
                       "running or delete %s",
                       path);
    return err_sys(e, fd, "create the container ID file %s", path);
}

static int
make(struct command_context *context, const struct container_options *o, bool is_attached,
     struct record *ret, int *ret_lock, struct err *e)
{
    auto_json *doc = json_doc_new();
    auto_list warnings = {0};
    TRY(container_body_make(o, context->argc, context->argv, is_attached, doc, &warnings,
                            e));
    const struct create_request request = {.name = o->name, .body = json_root(doc)};
    int r = engine_create(context->engine, &request, ret, ret_lock, &warnings, e);
    for (size_t i = 0; i < warnings.n; i++)
        fprintf(stderr, "sampan: warning: %s\n", warnings.v[i]);
    return r;
}

int
create_container(struct command_context *context, const struct container_options *o,
                 bool is_attached, struct record *ret, int *ret_lock, struct err *e)
{
    auto_close int cid_fd = o->cidfile != NULL ? open_cidfile(o->cidfile, e) : NO_FD;
    if (o->cidfile != NULL)
        TRY(cid_fd);
    int r = make(context, o, is_attached, ret, ret_lock, e);
    if (r >= 0 && cid_fd >= 0)
        r = err_sys(e, file_write_all(cid_fd, ret->id, ID_LEN), "write %s", o->cidfile);
    if (r < 0 && cid_fd >= 0)
        lx_unlinkat(AT_FDCWD, o->cidfile, 0);
    return r;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    auto_record record = RECORD_NONE;
    auto_close int lock = NO_FD;
    const struct container_options *o = options;
    if (o->is_removed)
        return err_set(e, ERR_UNSUPPORTED,
                       "create --rm is not supported: 'run --rm' does both");
    auto_free char *pulled = NULL;
    TRY(pull_image_before(context, o, &pulled, e));
    int r = create_container(context, o, true, &record, &lock, e);
    r = pull_image_after(context, o, r, &pulled, e);
    TRY(r);
    if (r > 0)
        TRY(create_container(context, o, true, &record, &lock, e));
    puts(record.id);
    return 0;
}

static const struct syntax syntax = {
    .command = "create",
    .operands = "IMAGE [COMMAND] [ARG...]",
    .summary = "Create a new container",
    .options = create_options,
    .operands_least = 1,
    .operands_most = -1,
    .stops_at_operand = true,
};

const struct command command_create = {
    .syntax = &syntax,
    .options_size = sizeof(struct container_options),
    .init = container_options_init,
    .done = container_options_done,
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 125,
};
