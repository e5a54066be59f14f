/* export.c - `sampan export`: a container's root file system as a tar.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/file.h"
#include "cli/image/commands.h"
#include "cli/image/output.h"
#include "engine/rootfs.h"
#include "image/pack.h"

#define BUFFER (256u << 10)

struct export_options {
    const char *output;
};

static const struct option table[] = {
    {"output", 'o', KIND_TEXT, offsetof(struct export_options, output), "FILE",
     "Write to FILE instead of standard output"},
    OPTION_END,
};

/* Small pieces are gathered: a write(2) for each block would cost more than the tar. */
struct buffer {
    int fd;
    size_t len;
    char *bytes;
};

static int
flush(struct buffer *b, struct err *e)
{
    size_t n = b->len;
    b->len = 0;
    return err_sys(e, file_write_all(b->fd, b->bytes, n), "write the archive");
}

static int
put(void *data, const void *p, size_t n, struct err *e)
{
    struct buffer *b = data;
    if (b->len + n > BUFFER)
        TRY(flush(b, e));
    if (n > BUFFER)
        return err_sys(e, file_write_all(b->fd, p, n), "write the archive");
    memcpy(b->bytes + b->len, p, n);
    b->len += n;
    return 0;
}

static int
write_tree(const struct engine *engine, const struct record *record, int fd, struct err *e)
{
    auto_close int root = rootfs_open_merged(engine, record, e);
    TRY(root);
    auto_free char *bytes = mem_new(BUFFER, 1);
    struct buffer buffer = {.fd = fd, .bytes = bytes};
    const struct tree tree = {.root_fd = root, .lower_fd = NO_FD};
    TRY(pack_tree(&tree, (struct tar_sink){put, &buffer}, e));
    return flush(&buffer, e);
}

/* One that does not run cannot start, or be removed, meanwhile. */
static int
write_locked(const struct engine *engine, const struct record *record, int fd,
             struct err *e)
{
    if (record_is_running(record))
        return write_tree(engine, record, fd, e);
    auto_close int lock = record_lock(record, e);
    TRY(lock);
    return write_tree(engine, record, fd, e);
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct export_options *o = options;
    struct output output;
    auto_record record = RECORD_NONE;
    TRY(record_find(context->engine, context->argv[0], &record, e));
    TRY(output_open(&output, o->output, e));
    int r = write_locked(context->engine, &record, output.fd, e);
    if (r >= 0)
        r = output_keep(&output, e);
    output_close(&output);
    return r;
}

static const struct syntax syntax = {
    .command = "export",
    .operands = "CONTAINER",
    .summary = "Write a container's root file system as a tar",
    .options = table,
    .operands_least = 1,
    .operands_most = 1,
};

const struct command command_export = {
    .syntax = &syntax,
    .options_size = sizeof(struct export_options),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
