/* import.c - one tar, one layer, one config of our own.
 *
 * The layer is kept plain: its digest is then its diff_id as well, so it is hashed once
 * while it is stored, and whoever pushes or saves it may compress it as he likes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "image/add.h"
#include "image/change.h"
#include "image/created.h"
#include "image/manifest.h"
#include "image/reference.h"

static int
store_plain(struct stage *stage, int fd, char *ret_digest, struct err *e)
{
    struct stage_blob blob;
    TRY(stage_blob_begin(stage, &blob, e));
    struct inflate *in = inflate_open(fd);
    auto_free char *buffer = mem_new(256, 1024);
    ssize_t n;
    int r = 0;
    while (r >= 0 && (n = inflate_read(in, buffer, 256 << 10, e)) != 0)
        r = n < 0 ? (int)n : stage_blob_add(stage, &blob, buffer, (size_t)n, e);
    inflate_close(in);
    if (r >= 0 && blob.size == 0)
        r = err_set(e, ERR_INVALID, "the tar to import is empty");
    if (r >= 0)
        return stage_blob_end(stage, &blob, ret_digest, e);
    stage_blob_drop(stage, &blob);
    return r;
}

static int
put_platform(struct json_doc *doc, struct json *root, const char *wanted, struct err *e)
{
    struct platform p;
    TRY(manifest_platform(wanted, &p, e));
    json_set_str(doc, root, "architecture", p.architecture);
    json_set_str(doc, root, "os", p.os);
    if (*p.variant)
        json_set_str(doc, root, "variant", p.variant);
    return 0;
}

static int
write_config(struct stage *stage, const struct import_options *options, const char *layer,
             char *ret_digest, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct json *root = json_object(doc), *config = json_object(doc);
    struct json *rootfs = json_object(doc), *history = json_object(doc);
    char now[CREATED_SIZE];
    TRY(created_now(now, e));
    json_set_str(doc, root, "created", now);
    TRY(put_platform(doc, root, options->platform, e));
    for (size_t i = 0; i < options->changes->n; i++)
        TRY(change_apply(doc, config, options->changes->v[i], e));
    json_set(doc, root, "config", config);

    json_set_str(doc, rootfs, "type", "layers");
    json_append(json_set(doc, rootfs, "diff_ids", json_array(doc)),
                json_string(doc, layer));
    json_set(doc, root, "rootfs", rootfs);

    auto_free char *comment = options->message
                                  ? str_copy(options->message)
                                  : str_format("Imported from %s", options->source);
    json_set_str(doc, history, "created", now);
    json_set_str(doc, history, "comment", comment);
    json_append(json_set(doc, root, "history", json_array(doc)), history);

    auto_text out = {0};
    json_write(&out, root, 0);
    return stage_text(stage, out.data, out.len, ret_digest, e);
}

static int
import_staged(struct stage *stage, int fd, const struct import_options *options,
              struct new_image *image, struct err *e)
{
    char layer[DIGEST_SIZE];
    TRY(store_plain(stage, fd, layer, e));
    list_add(&image->layers, layer);
    TRY(write_config(stage, options, layer, image->config, e));
    return add_image(stage, image, e);
}

int
import_tar(const struct image_store *store, int fd, const struct import_options *options,
           char *ret_id, struct err *e)
{
    __attribute__((cleanup(new_image_done))) struct new_image image = {0};
    struct stage stage;
    struct reference r;
    char full[REFERENCE_SIZE];
    if (options->name) { /* first: a bad name should not cost the reading of a tar */
        TRY(reference_parse_new(options->name, &r, e));
        list_add(&image.names, reference_full(&r, full));
    }
    TRY(stage_open(&stage, store, e));
    int result = import_staged(&stage, fd, options, &image, e);
    stage_close(&stage);
    snprintf(ret_id, DIGEST_SIZE, "%s", image.config);
    return result;
}
