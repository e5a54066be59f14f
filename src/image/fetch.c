/* fetch.c - one loop over all layers at once.
 *
 *     registry --curl--> this process: count, SHA-256, append to images/partial/<hex>
 *                                          |  eventfd: so many bytes more
 *                                          v
 *                        unpacking process (unpack.c): read, inflate, SHA-256, write files
 *
 * A layer is unpacked while it arrives, so a pull ends soon after its last byte. Nothing here
 * grows with an image's size: bytes go from one buffer of curl's to the page cache. A layer
 * whose unpacking lags behind reads its file later; the download never waits for it. One that
 * wants more memory than its share is started again when no other runs.
 *
 * A blob that another pull is getting is left for last, and then waited for: while waiting
 * this process holds no other lock, so two pulls cannot wait for each other.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"
#include "image/partial.h"

#define DOWNLOADS_MOST 4
#define UNPACKS_MOST   4
#define WAIT_MS        100

enum download_state {
    BLOB_WANTED,
    BLOB_BUSY, /* another pull has it */
    BLOB_COMES,
    BLOB_HERE,
};

struct download {
    struct descriptor blob;
    enum download_state state;
    struct partial partial;
    struct registry_call call;
    bool is_answered;  /* by this try: the head has come */
    int64_t skip;      /* bytes of the answer that we have already */
    int wrong;         /* how often its digest was wrong */
    struct fetch *all; /* for the callbacks */
    int line;
};

struct layer {
    struct download *download;
    const char *chain, *diff_id;
    bool is_done;
    bool is_running;
    bool is_large; /* wants to be unpacked alone */
    struct unpack unpack;
    int grown_fd; /* NO_FD: does not follow a download */
    int line;
};

struct fetch {
    struct stage *stage;
    struct registry *registry;
    struct progress *progress;
    struct download *downloads;
    struct layer *layers;
    size_t download_count, layer_count;
};

/* ---- what there is to do ---------------------------------------------------------- */

static struct download *
find_download(struct fetch *f, const char *digest)
{
    for (size_t i = 0; i < f->download_count; i++)
        if (str_eq(f->downloads[i].blob.digest, digest))
            return &f->downloads[i];
    return NULL;
}

static int
plan_download(struct fetch *f, const struct descriptor *blob, struct download **ret,
              struct err *e)
{
    struct download *d = find_download(f, blob->digest);
    if (d && d->blob.size != blob->size)
        return err_set(e, ERR_INVALID, "the manifest gives the blob %.19s two sizes",
                       blob->digest);
    *ret = d;
    if (d)
        return 0;
    d = *ret = &f->downloads[f->download_count++];
    *d = (struct download){.blob = *blob, .all = f, .line = -1, .call = REGISTRY_CALL_NONE};
    d->partial.fd = NO_FD;
    if (!store_has_blob(f->stage->store, blob->digest))
        return 0;
    int64_t size;
    enum compression kind;
    TRY(stage_blob_facts(f->stage, blob->digest, &size, &kind, e));
    if (size != blob->size)
        return err_set(e, ERR_INVALID, "the blob %.19s has %lld bytes, not %lld",
                       blob->digest, (long long)size, (long long)blob->size);
    d->state = BLOB_HERE;
    return 0;
}

static bool
chain_is_planned(const struct fetch *f, const char *chain)
{
    for (size_t i = 0; i < f->layer_count; i++)
        if (str_eq(f->layers[i].chain, chain))
            return true;
    return false;
}

static int
plan(struct fetch *f, const struct manifest *m, const struct list *diff_ids,
     const struct list *chains, struct err *e)
{
    f->downloads = mem_new(m->layer_count + 1, sizeof *f->downloads);
    f->layers = mem_new(m->layer_count + 1, sizeof *f->layers);
    for (size_t i = 0; i < m->layer_count; i++) {
        struct download *d = NULL;
        TRY(plan_download(f, &m->layers[i], &d, e));
        const char *chain = chains->v[i];
        bool is_there = store_has_layer(f->stage->store, chain) ||
                        chain_is_planned(f, chain);
        int line = progress_add(f->progress, digest_hex(m->layers[i].digest),
                                is_there && d->state == BLOB_HERE ? "Already exists"
                                                                  : "Pulling fs layer");
        if (d->line < 0)
            d->line = line;
        if (!is_there)
            f->layers[f->layer_count++] = (struct layer){.download = d,
                                                         .chain = chain,
                                                         .diff_id = diff_ids->v[i],
                                                         .line = line,
                                                         .grown_fd = NO_FD};
    }
    return 0;
}

/* ---- downloading ------------------------------------------------------------------ */

static void
tell_followers(struct download *d, int64_t more)
{
    struct fetch *f = d->all;
    uint64_t n = (uint64_t)more;
    for (size_t i = 0; i < f->layer_count; i++)
        if (f->layers[i].download == d && f->layers[i].grown_fd >= 0)
            file_write_all(f->layers[i].grown_fd, &n, sizeof n);
}

static int64_t
resume_from(const struct registry_call *call)
{
    const struct download *d = call->data;
    return d->partial.size;
}

/* 206 must begin where we asked it to; 200 is all of it, of which we skip what we have. */
static int
on_head(struct http_call *http, struct err *e)
{
    struct download *d = ((struct registry_call *)http)->data;
    const struct http_answer *a = &http->answer;
    int64_t left = d->blob.size - d->partial.size;
    d->skip = a->status == 206 ? 0 : d->partial.size;
    if (a->status == 206 && a->first != d->partial.size)
        return err_set(e, ERR_INVALID,
                       "%s sends another part of the blob %.19s than was asked",
                       d->all->registry->host, d->blob.digest);
    if (a->length >= 0 && a->length != left + d->skip)
        return err_set(
            e, ERR_INVALID, "%s says that the blob %.19s has %lld bytes, its manifest %lld",
            d->all->registry->host, d->blob.digest,
            (long long)(a->length - d->skip + d->partial.size), (long long)d->blob.size);
    d->is_answered = true;
    progress_state(d->all->progress, d->line, "Downloading", d->blob.size);
    return 0;
}

static int
on_data(struct http_call *http, const void *p, size_t n, struct err *e)
{
    struct download *d = ((struct registry_call *)http)->data;
    size_t skipped = (int64_t)n < d->skip ? n : (size_t)d->skip;
    d->skip -= (int64_t)skipped;
    if (n == skipped)
        return 0;
    TRY(partial_add(&d->partial, d->all->stage, (const char *)p + skipped, n - skipped, e));
    tell_followers(d, (int64_t)(n - skipped));
    progress_done(d->all->progress, d->line, d->partial.size);
    return 0;
}

static void
start_call(struct download *d)
{
    auto_free char *what = str_format("blobs/%s", d->blob.digest);
    d->call = (struct registry_call)REGISTRY_CALL_NONE;
    d->call.method = "GET";
    d->call.url = registry_url(d->all->registry, what);
    d->call.on_head = on_head;
    d->call.on_data = on_data;
    d->call.resume_from = resume_from;
    d->call.data = d;
    registry_start(d->all->registry, &d->call);
}

/* It may have been unpacked to its end before its digest was known. */
static void
tell_download(struct download *d)
{
    struct fetch *f = d->all;
    progress_state(f->progress, d->line, "Download complete", 0);
    for (size_t i = 0; i < f->layer_count; i++)
        if (f->layers[i].download == d)
            progress_state(f->progress, f->layers[i].line,
                           f->layers[i].is_done ? "Pull complete" : "Extracting", 0);
}

/* The whole blob is in its file. A wrong one is fetched anew once: it may be an older part
 * that a crash spoiled, or a bad line. */
static int
end_download(struct download *d, struct err *e)
{
    struct fetch *f = d->all;
    registry_call_done(&d->call);
    int r = partial_finish(&d->partial, f->stage, e);
    partial_close(&d->partial);
    d->state = r >= 0 ? BLOB_HERE : BLOB_WANTED;
    if (r >= 0)
        tell_download(d);
    if (e->kind != ERR_INVALID || r >= 0 || ++d->wrong > 1)
        return r;
    for (size_t i = 0; i < f->layer_count; i++) {
        struct layer *l = &f->layers[i];
        if (l->download != d || !l->is_running)
            continue;
        unpack_cancel(&l->unpack);
        fd_close(&l->grown_fd);
        l->is_running = false;
    }
    progress_state(f->progress, d->line, "Retrying", 0);
    return 0;
}

/* Opens its file and asks for what is missing of it. */
static int
begin_download(struct download *d, bool want_wait, struct err *e)
{
    struct fetch *f = d->all;
    int r = partial_open(&d->partial, f->stage->store, &d->blob, want_wait, e);
    if (r == -EWOULDBLOCK) {
        d->state = BLOB_BUSY;
        progress_state(f->progress, d->line, "Waiting", 0);
        return 0;
    }
    TRY(r);
    d->state = BLOB_COMES;
    progress_done(f->progress, d->line, d->partial.size);
    if (d->partial.size == d->blob.size)
        return end_download(d, e);
    start_call(d);
    return 1;
}

static size_t
count(const struct fetch *f, enum download_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < f->download_count; i++)
        n += f->downloads[i].state == state;
    return n;
}

static int
begin_downloads(struct fetch *f, struct err *e)
{
    size_t running = count(f, BLOB_COMES);
    for (size_t i = 0; i < f->download_count && running < DOWNLOADS_MOST; i++) {
        if (f->downloads[i].state != BLOB_WANTED)
            continue;
        int r = begin_download(&f->downloads[i], false, e);
        TRY(r);
        running += (size_t)r;
    }
    return 0;
}

static int
step_download(struct download *d, struct err *e)
{
    registry_step(&d->call);
    if (!d->call.is_done)
        return 0;
    int status = d->call.http.answer.status;
    if (d->call.result < 0)
        *e = d->call.error;
    TRY(d->call.result);
    if (status == 200 || status == 206) {
        if (d->partial.size == d->blob.size)
            return end_download(d, e);
        return err_set(e, ERR_INVALID,
                       "%s sends %lld bytes of the blob %.19s, which has %lld",
                       d->all->registry->host, (long long)d->partial.size, d->blob.digest,
                       (long long)d->blob.size);
    }
    auto_free char *what = str_format("the blob %.19s of %s", d->blob.digest,
                                      d->all->registry->at.path);
    return registry_refusal(&d->call, what, e);
}

/* ---- unpacking -------------------------------------------------------------------- */

/* Follows the file of a download, or reads a blob that is whole. */
static int
begin_unpack(struct fetch *f, struct layer *l, struct err *e)
{
    struct download *d = l->download;
    auto_close int blob = d->state == BLOB_COMES
                              ? partial_open_again(&d->partial, f->stage->store, e)
                              : stage_open_blob(f->stage, d->blob.digest, e);
    TRY(blob);
    struct unpack_source source = {
        .blob_fd = blob, .grown_fd = NO_FD, .size = d->blob.size, .is_alone = l->is_large};
    if (d->state == BLOB_COMES) {
        l->grown_fd = source.grown_fd = eventfd((unsigned)0, EFD_CLOEXEC);
        TRY(err_sys(e, l->grown_fd < 0 ? -errno : 0, "make an eventfd"));
        uint64_t there = (uint64_t)d->partial.size;
        file_write_all(l->grown_fd, &there, sizeof there);
    }
    TRY(layer_start(f->stage, l->chain, &source, &l->unpack, e));
    l->is_running = true;
    return 0;
}

static int
begin_unpacks(struct fetch *f, struct err *e)
{
    size_t running = 0, most = UNPACKS_MOST;
    for (size_t i = 0; i < f->layer_count; i++) {
        running += f->layers[i].is_running;
        if (f->layers[i].is_running && f->layers[i].is_large)
            most = 1;
    }
    for (size_t i = 0; i < f->layer_count && running < most; i++) {
        struct layer *l = &f->layers[i];
        bool has_bytes = l->download->state == BLOB_HERE ||
                         (l->download->state == BLOB_COMES && l->download->is_answered);
        if (l->is_done || l->is_running || !has_bytes || (l->is_large && running > 0))
            continue;
        TRY(begin_unpack(f, l, e));
        running++;
        if (l->is_large)
            most = 1;
    }
    return 0;
}

static int
end_unpack(struct fetch *f, struct layer *l, struct err *e)
{
    l->is_running = false;
    int r = layer_finish(f->stage, l->chain, l->diff_id, &l->unpack, e);
    fd_close(&l->grown_fd);
    l->is_large |= r > 0;
    if (r > 0)
        return 0;
    if (r < 0 && l->download->state == BLOB_COMES) {
        /* It choked on bytes that nobody has checked: the digest is to say which of the two,
         * the blob or the way here, is bad. */
        l->download->is_answered = false;
        return 0;
    }
    if (r < 0)
        return err_wrap(e, r, "layer %.12s", digest_hex(l->download->blob.digest));
    l->is_done = true;
    if (l->download->state == BLOB_HERE)
        progress_state(f->progress, l->line, "Pull complete", 0);
    return 0;
}

/* ---- the loop --------------------------------------------------------------------- */

static bool
is_complete(const struct fetch *f)
{
    for (size_t i = 0; i < f->layer_count; i++)
        if (!f->layers[i].is_done)
            return false;
    return count(f, BLOB_HERE) == f->download_count;
}

/* Nothing else is left to do: waits for the other pull to end or die. */
static int
wait_for_other(struct fetch *f, struct err *e)
{
    progress_draw(f->progress);
    for (size_t i = 0; i < f->download_count; i++) {
        if (f->downloads[i].state != BLOB_BUSY)
            continue;
        int r = begin_download(&f->downloads[i], true, e);
        return r < 0 ? r : 0;
    }
    return 0;
}

static int
wait_for_events(struct fetch *f, struct err *e)
{
    struct pollfd waits[UNPACKS_MOST];
    struct layer *of[UNPACKS_MOST];
    size_t n = 0;
    for (size_t i = 0; i < f->layer_count && n < UNPACKS_MOST; i++)
        if (f->layers[i].is_running) {
            of[n] = &f->layers[i];
            waits[n].fd = f->layers[i].unpack.result_fd;
            waits[n++].events = POLLIN;
        }
    if (n == 0 && count(f, BLOB_COMES) == 0)
        return count(f, BLOB_WANTED) == 0 ? wait_for_other(f, e) : 0;
    http_wait(f->registry->http, waits, n, WAIT_MS);
    for (size_t i = 0; i < n; i++)
        if (waits[i].revents)
            TRY(end_unpack(f, of[i], e));
    for (size_t i = 0; i < f->download_count; i++)
        if (f->downloads[i].state == BLOB_COMES)
            TRY(step_download(&f->downloads[i], e));
    return 0;
}

static int
run(struct fetch *f, struct err *e)
{
    while (!is_complete(f)) {
        TRY(begin_downloads(f, e));
        TRY(begin_unpacks(f, e));
        if (!is_complete(f))
            TRY(wait_for_events(f, e));
        progress_draw(f->progress);
    }
    return 0;
}

static void
clean_up(struct fetch *f)
{
    for (size_t i = 0; i < f->layer_count; i++) {
        if (f->layers[i].is_running)
            unpack_cancel(&f->layers[i].unpack);
        fd_close(&f->layers[i].grown_fd);
    }
    for (size_t i = 0; i < f->download_count; i++) {
        registry_call_done(&f->downloads[i].call);
        partial_close(&f->downloads[i].partial);
    }
    free(f->layers);
    free(f->downloads);
}

int
fetch_layers(struct stage *stage, struct registry *registry,
             const struct manifest *manifest, const struct list *diff_ids,
             struct progress *progress, struct err *e)
{
    struct fetch f = {.stage = stage, .registry = registry, .progress = progress};
    auto_list chains = {0};
    layer_chains(diff_ids, &chains);
    int r = plan(&f, manifest, diff_ids, &chains, e);
    if (r >= 0)
        r = run(&f, e);
    clean_up(&f);
    return r;
}
