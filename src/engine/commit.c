/* commit.c - upper directory -> layer -> image.
 *
 *     upper directory -> tar -+-> sha256            diff_id, in the config
 *                             +-> gzip -> sha256    the blob, in the stage
 *
 * The layer is compressed here, once: whoever saves or pushes the image takes it as it is.
 * It is then unpacked like any other, which proves it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/commit.h"

#include <signal.h>
#include <stdio.h>

#include "engine/pause.h"
#include "engine/rootfs.h"
#include "engine/unpause.h"
#include "image/add.h"
#include "image/change.h"
#include "image/created.h"
#include "image/deflate.h"
#include "image/pack.h"
#include "image/reference.h"

struct commit {
    const struct engine *engine;
    const struct record *record;
    const struct commit_request *request;
    struct image parent;
    struct stage stage;
    struct new_image image;
    char diff_id[DIGEST_SIZE];
    bool is_empty; /* the container changed nothing */
};

/* ---- the layer -------------------------------------------------------------------- */

struct layer {
    struct stage *stage;
    struct stage_blob blob;
    struct deflate *gzip;
    struct sha256 *diff;
    int64_t size; /* of the tar */
};

static int
put_compressed(void *data, const void *p, size_t n, struct err *e)
{
    struct layer *l = data;
    return stage_blob_add(l->stage, &l->blob, p, n, e);
}

static int
put_plain(void *data, const void *p, size_t n, struct err *e)
{
    struct layer *l = data;
    l->size += (int64_t)n;
    sha256_add(l->diff, p, n);
    return deflate_add(l->gzip, p, n, e);
}

static int
write_tar(const struct commit *c, struct layer *l, struct err *e)
{
    auto_close int upper = rootfs_open_upper(c->engine, c->record, e);
    TRY(upper);
    auto_close int lower = rootfs_open_lower(c->engine, c->record, e);
    TRY(lower);
    const struct tree tree = {.root_fd = upper, .lower_fd = lower, .is_upper = true};
    TRY(pack_tree(&tree, (struct tar_sink){put_plain, l}, e));
    return deflate_end(l->gzip, e);
}

static int
write_layer(struct commit *c, struct err *e)
{
    enum { EMPTY_TAR = 1024 };
    struct layer l = {.stage = &c->stage};
    char digest[DIGEST_SIZE];
    TRY(stage_blob_begin(&c->stage, &l.blob, e));
    l.gzip = deflate_open(put_compressed, &l);
    l.diff = sha256_new();
    int r = write_tar(c, &l, e);
    sha256_end(l.diff, c->diff_id);
    sha256_free(l.diff);
    deflate_close(l.gzip);
    c->is_empty = l.size == EMPTY_TAR;
    if (r < 0 || c->is_empty) {
        stage_blob_drop(&c->stage, &l.blob);
        return r;
    }
    TRY(stage_blob_end(&c->stage, &l.blob, digest, e));
    list_add(&c->image.layers, digest);
    return 0;
}

/* While it stands still nothing may end us: nobody else would let it go on. */
static int
write_layer_paused(struct commit *c, struct err *e)
{
    sigset_t ending, before;
    struct err ignored;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, &before);
    int r = engine_pause(c->engine, c->record, e);
    if (r >= 0) {
        r = write_layer(c, e);
        auto_record now = RECORD_NONE;
        if (record_load(c->engine, c->record->id, &now, &ignored) >= 0)
            engine_unpause(c->engine, &now, &ignored);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return r;
}

static int
make_layer(struct commit *c, struct err *e)
{
    bool is_running = record_is_running(c->record);
    bool is_paused = c->record->state.status == STATUS_PAUSED;
    if (is_running && !is_paused && c->request->want_pause)
        return write_layer_paused(c, e);
    if (is_running)
        return write_layer(c, e);
    auto_close int lock = record_lock(c->record, e); /* it cannot start meanwhile */
    TRY(lock);
    return write_layer(c, e);
}

/* ---- the config ------------------------------------------------------------------- */

/* What of a container's settings an image has a place for (image-spec, config.md). */
static const char *const kept_fields[] = {
    "User",       "ExposedPorts", "Env",        "Entrypoint",  "Cmd",   "Volumes",
    "WorkingDir", "Labels",       "StopSignal", "Healthcheck", "Shell", "OnBuild",
};

static bool
is_said(const struct json *node)
{
    if (node == NULL || node->type == JSON_NULL)
        return false;
    if (node->type == JSON_ARRAY || node->type == JSON_OBJECT)
        return json_count(node) > 0;
    return !str_eq(json_str(node, NULL), "");
}

static int
set_config(const struct commit *c, struct json_doc *doc, struct json *root, struct err *e)
{
    struct json *config = json_object(doc);
    for (size_t i = 0; i < ARRAY_LEN(kept_fields); i++) {
        const struct json *node = json_get(record_get(c->record, "Config"), kept_fields[i]);
        if (is_said(node))
            json_set(doc, config, kept_fields[i], json_clone(doc, node));
    }
    for (size_t i = 0; i < c->request->changes->n; i++)
        TRY(change_apply(doc, config, c->request->changes->v[i], e));
    json_set(doc, root, "config", config);
    return 0;
}

/* A copy of the parent's list with one more at its end. */
static struct json *
grown(struct json_doc *doc, const struct json *list, struct json *more)
{
    bool is_list = list != NULL && list->type == JSON_ARRAY;
    struct json *copy = is_list ? json_clone(doc, list) : json_array(doc);
    return more != NULL ? (json_append(copy, more), copy) : copy;
}

static void
set_layers(const struct commit *c, struct json_doc *doc, struct json *root)
{
    struct json *rootfs = json_object(doc);
    const struct json *ids = json_path(json_root(c->parent.config), "rootfs.diff_ids");
    json_set_str(doc, rootfs, "type", "layers");
    json_set(doc, rootfs, "diff_ids",
             grown(doc, ids, c->is_empty ? NULL : json_string(doc, c->diff_id)));
    json_set(doc, root, "rootfs", rootfs);
}

static void
set_history(const struct commit *c, struct json_doc *doc, struct json *root,
            const char *now)
{
    auto_text by = {0};
    struct json *entry = json_object(doc);
    for (json_each(word, record_get(c->record, "Config.Cmd")))
        text_addf(&by, "%s%s", by.len > 0 ? " " : "", json_str(word, ""));
    json_set_str(doc, entry, "created", now);
    json_set_str(doc, entry, "created_by", text_str(&by));
    if (c->request->author != NULL)
        json_set_str(doc, entry, "author", c->request->author);
    if (c->request->message != NULL)
        json_set_str(doc, entry, "comment", c->request->message);
    if (c->is_empty)
        json_set_bool(doc, entry, "empty_layer", true);
    json_set(doc, root, "history",
             grown(doc, json_get(json_root(c->parent.config), "history"), entry));
}

static int
write_config(struct commit *c, struct err *e)
{
    static const char *const platform[] = {"architecture", "os", "variant", "os.version"};
    auto_json *doc = json_doc_new();
    struct json *root = json_object(doc);
    char now[CREATED_SIZE];
    TRY(created_now(now, e));
    json_set_str(doc, root, "created", now);
    if (c->request->author != NULL)
        json_set_str(doc, root, "author", c->request->author);
    for (size_t i = 0; i < ARRAY_LEN(platform); i++) {
        const struct json *node = json_get(json_root(c->parent.config), platform[i]);
        if (node != NULL)
            json_set(doc, root, platform[i], json_clone(doc, node));
    }
    TRY(set_config(c, doc, root, e));
    set_layers(c, doc, root);
    set_history(c, doc, root, now);
    auto_text out = {0};
    json_write(&out, root, 0);
    return stage_text(&c->stage, out.data, out.len, c->image.config, e);
}

/* ---- together --------------------------------------------------------------------- */

static int
read_name(const char *name, struct list *names, struct err *e)
{
    struct reference r;
    char full[REFERENCE_SIZE];
    if (name == NULL)
        return 0;
    TRY(reference_parse_new(name, &r, e));
    list_add(names, reference_full(&r, full));
    return 0;
}

static int
find_parent(struct commit *c, const struct image_store *store, struct err *e)
{
    const char *id = json_str(record_get(c->record, "Image"), "");
    int r = store_find(store, id, &c->parent, e);
    if (r < 0 && e->kind == ERR_NOT_FOUND)
        return err_set(e, ERR_CONFLICT,
                       "the image of container %.12s was removed: get %.19s again first",
                       c->record->id, id);
    TRY(r);
    list_add_all(&c->image.layers, &c->parent.blobs);
    return 0;
}

static int
commit_staged(struct commit *c, struct err *e)
{
    TRY(make_layer(c, e));
    TRY(write_config(c, e));
    return add_image(&c->stage, &c->image, e);
}

static int
commit_to(struct commit *c, const struct image_store *store, struct err *e)
{
    auto_json *trial = json_doc_new();
    TRY(read_name(c->request->name, &c->image.names, e));
    TRY(set_config(c, trial, json_object(trial), e)); /* wrong changes cost no layer */
    TRY(find_parent(c, store, e));
    TRY(stage_open(&c->stage, store, e));
    int r = commit_staged(c, e);
    stage_close(&c->stage);
    return r;
}

int
engine_commit(const struct engine *engine, const struct record *record,
              const struct commit_request *request, char ret_id[DIGEST_SIZE], struct err *e)
{
    struct commit c = {.engine = engine, .record = record, .request = request};
    struct image_store store;
    TRY(store_open(&store, engine->root_fd, e));
    int r = commit_to(&c, &store, e);
    store_close(&store);
    snprintf(ret_id, DIGEST_SIZE, "%s", c.image.config);
    image_done(&c.parent);
    new_image_done(&c.image);
    return r;
}
