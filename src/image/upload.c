/* upload.c - one small machine for each blob.
 *
 *     ASK    HEAD blobs/<digest>             200: it is there
 *     OPEN   POST blobs/uploads/?mount=..    201: mounted   202: here is a place to send to
 *     SEND   PATCH <place>                   202: go on, perhaps at another place
 *     CLOSE  PUT <place>?digest=..           201: it is there
 *     LOOK   GET <place>                     204: so much has come (after SEND broke off)
 *
 * The place is a URL that the registry made up: it may be on another server, which then gets
 * no credentials (registry.c).
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT_ONCE    4
#define PIECE_MOST (16ll << 20)
#define TRIES      5 /* pieces that broke off, with nothing gained in between */
#define WAIT_MS    100

enum step { ASK, OPEN, SEND, CLOSE, LOOK, DONE };

struct upload {
    const struct upload_blob *blob;
    enum step step;
    bool is_started;
    struct registry_call call;
    int fd;
    char *place; /* where to send to */
    int64_t sent, piece;
    int tries;
    int line; /* of progress, or -1 */
    struct uploads *all;
};

struct uploads {
    const struct image_store *store;
    struct registry *registry;
    struct progress *progress;
    struct upload *uploads;
    size_t count;
};

static void
say(struct upload *u, const char *state, int64_t total)
{
    if (u->line >= 0)
        progress_state(u->all->progress, u->line, state, total);
}

/* ---- requests --------------------------------------------------------------------- */

static char *
url_to_ask(const struct upload *u)
{
    auto_free char *what = str_format("blobs/%s", u->blob->descriptor.digest);
    return registry_url(u->all->registry, what);
}

static char *
url_to_open(const struct upload *u)
{
    const struct registry *registry = u->all->registry;
    auto_free char *base = registry_url(registry, "blobs/uploads/");
    auto_text url = {0};
    text_add(&url, base);
    if (u->blob->may_mount && registry->mount_from) {
        url_add_query(&url, "mount", u->blob->descriptor.digest);
        url_add_query(&url, "from", registry->mount_from);
    }
    return text_take(&url);
}

static char *
url_to_close(const struct upload *u)
{
    auto_text url = {0};
    text_add(&url, u->place);
    url_add_query(&url, "digest", u->blob->descriptor.digest);
    return text_take(&url);
}

static void
prepare_piece(struct upload *u)
{
    struct registry_call *call = &u->call;
    int64_t left = u->blob->descriptor.size - u->sent;
    u->piece = left < PIECE_MOST ? left : PIECE_MOST;
    call->method = "PATCH";
    call->url = str_copy(u->place);
    call->is_once = true;
    call->upload_fd = u->fd;
    call->upload_at = u->sent;
    call->upload_len = u->piece;
    list_add(&call->extra, "Content-Type: application/octet-stream");
    if (u->piece > 0)
        list_addf(&call->extra, "Content-Range: %lld-%lld", (long long)u->sent,
                  (long long)(u->sent + u->piece - 1));
}

static void
start(struct upload *u)
{
    struct registry_call *call = &u->call;
    *call = (struct registry_call)REGISTRY_CALL_NONE;
    u->is_started = true;
    switch (u->step) {
    case ASK:
        call->method = "HEAD";
        call->url = url_to_ask(u);
        break;
    case OPEN:
        call->method = "POST";
        call->url = url_to_open(u);
        break;
    case SEND:
        prepare_piece(u);
        break;
    case CLOSE:
        call->method = "PUT";
        call->url = url_to_close(u);
        break;
    case LOOK:
        call->method = "GET";
        call->url = str_copy(u->place);
        break;
    case DONE:
        return;
    }
    call->is_timed = u->step != SEND && u->step != CLOSE; /* to close may mean to copy */
    registry_start(u->all->registry, call);
}

/* ---- answers ---------------------------------------------------------------------- */

static int
refused(const struct upload *u, struct err *e)
{
    auto_free char *what = str_format("%s, to push the blob %.19s",
                                      u->all->registry->at.path,
                                      u->blob->descriptor.digest);
    return registry_refusal(&u->call, what, e);
}

/* The next place to send to; never from https to http. */
static int
take_place(struct upload *u, struct err *e)
{
    const char *location = u->call.http.answer.location;
    auto_free char *place = location ? url_resolve(u->call.url, location) : NULL;
    struct origin from, to;
    if (!place && u->place && !location)
        return 0; /* the same as before */
    if (!place || url_origin(place, &to) < 0 || url_origin(u->call.url, &from) < 0 ||
        (from.is_tls && !to.is_tls))
        return err_set(e, ERR_INVALID,
                       "the registry %s sends the blob to a place that is no URL, or from "
                       "https to http: refused",
                       u->all->registry->host);
    free(u->place);
    u->place = take_ptr(place);
    return 0;
}

/* "0-1023": so many are there. Nothing is said: as many as we sent. */
static int
take_range(struct upload *u, int64_t otherwise, struct err *e)
{
    long long first, last;
    int n = 0;
    const char *range = u->call.http.answer.range;
    int64_t there = otherwise;
    range = str_starts(range, "bytes=") ? range + 6 : range;
    if (*range && sscanf(range, "%lld-%lld%n", &first, &last, &n) == 2 &&
        range[n] == '\0' && first == 0)
        there = last + (last > 0);
    if (there < 0 || there > u->blob->descriptor.size)
        return err_set(e, ERR_INVALID,
                       "the registry %s says that it has more of the blob than there is",
                       u->all->registry->host);
    u->tries = there > u->sent ? 0 : u->tries + 1;
    if (u->tries >= TRIES)
        return err_set(e, ERR_SYSTEM, "the registry %s takes no more than %lld bytes of it",
                       u->all->registry->host, (long long)u->sent);
    u->sent = there;
    return 0;
}

static int
opened(struct upload *u, int status, struct err *e)
{
    if (status == 201 && u->blob->may_mount) {
        auto_free char *state = str_format("Mounted from %.60s",
                                           u->all->registry->mount_from);
        say(u, state, 0);
        u->step = DONE;
        return 0;
    }
    if (status != 202)
        return refused(u, e);
    char path[DIGEST_PATH_SIZE];
    digest_blob_path(path, u->blob->descriptor.digest);
    if (u->fd < 0)
        u->fd = openat(u->all->store->images_fd, path, O_RDONLY | O_CLOEXEC);
    TRY(err_sys(e, u->fd < 0 ? -errno : 0, "open the blob %s", u->blob->descriptor.digest));
    u->sent = 0;
    u->step = SEND;
    say(u, "Pushing", u->blob->descriptor.size);
    return take_place(u, e);
}

/* It broke off, or the registry counts differently: ask it how much it has. */
static int
broke_off(struct upload *u, struct err *e)
{
    if (++u->tries >= TRIES) {
        *e = u->call.error;
        return u->call.result < 0 ? u->call.result : refused(u, e);
    }
    u->step = LOOK;
    return 0;
}

static int
sent(struct upload *u, int status, struct err *e)
{
    if (u->call.result < 0 || status == 416 || status >= 500)
        return broke_off(u, e);
    if (status != 202 && status != 201 && status != 204)
        return refused(u, e);
    TRY(take_place(u, e));
    TRY(take_range(u, u->sent + u->piece, e));
    u->step = u->sent == u->blob->descriptor.size ? CLOSE : SEND;
    return 0;
}

static int
looked(struct upload *u, int status, struct err *e)
{
    if (status == 404) { /* it has forgotten: from the beginning */
        u->step = OPEN;
        return ++u->tries >= TRIES ? refused(u, e) : 0;
    }
    if (status != 204 && status != 200 && status != 202)
        return refused(u, e);
    TRY(take_place(u, e));
    TRY(take_range(u, 0, e));
    u->step = u->sent == u->blob->descriptor.size ? CLOSE : SEND;
    return 0;
}

static int
answered(struct upload *u, struct err *e)
{
    int status = u->call.http.answer.status;
    if (u->call.result < 0 && u->step != SEND) {
        *e = u->call.error;
        return u->call.result;
    }
    switch (u->step) {
    case ASK:
        u->step = status == 200 ? DONE : OPEN;
        if (status == 200)
            say(u, "Layer already exists", 0);
        return status == 200 || status == 404 ? 0 : refused(u, e);
    case OPEN:
        return opened(u, status, e);
    case SEND:
        return sent(u, status, e);
    case LOOK:
        return looked(u, status, e);
    case CLOSE:
        u->step = DONE;
        say(u, "Pushed", 0);
        return status == 201 || status == 204 ? 0 : refused(u, e);
    case DONE:
        break;
    }
    return 0;
}

/* ---- the loop --------------------------------------------------------------------- */

static int
step(struct upload *u, struct err *e)
{
    if (!u->is_started)
        start(u);
    registry_step(&u->call);
    if (u->step == SEND && u->line >= 0)
        progress_done(u->all->progress, u->line, u->sent + u->call.http.sent);
    if (!u->call.is_done)
        return 0;
    int r = answered(u, e);
    registry_call_done(&u->call);
    u->call = (struct registry_call)REGISTRY_CALL_NONE;
    u->is_started = false;
    return r;
}

static int
run(struct uploads *all, struct err *e)
{
    for (;;) {
        size_t running = 0;
        for (size_t i = 0; i < all->count && running < AT_ONCE; i++) {
            if (all->uploads[i].step == DONE)
                continue;
            TRY(step(&all->uploads[i], e));
            running++;
        }
        progress_draw(all->progress);
        if (running == 0)
            return 0;
        http_wait(all->registry->http, NULL, 0, WAIT_MS);
    }
}

static void
clean_up(struct uploads *all)
{
    for (size_t i = 0; i < all->count; i++) {
        registry_call_done(&all->uploads[i].call);
        fd_close(&all->uploads[i].fd);
        free(all->uploads[i].place);
    }
    free(all->uploads);
}

static bool
is_planned(const struct uploads *all, const char *digest)
{
    for (size_t i = 0; i < all->count; i++)
        if (str_eq(all->uploads[i].blob->descriptor.digest, digest))
            return true;
    return false;
}

int
upload_blobs(const struct image_store *store, struct registry *registry,
             const struct upload_blob *blobs, size_t count, struct progress *progress,
             struct err *e)
{
    struct uploads all = {.store = store, .registry = registry, .progress = progress};
    all.uploads = mem_new(count + 1, sizeof *all.uploads);
    for (size_t i = 0; i < count; i++) {
        const char *digest = blobs[i].descriptor.digest;
        if (is_planned(&all, digest))
            continue;
        struct upload *u = &all.uploads[all.count++];
        *u = (struct upload){.blob = &blobs[i], .fd = NO_FD, .line = -1, .all = &all};
        u->call = (struct registry_call)REGISTRY_CALL_NONE;
        if (!blobs[i].is_unspoken)
            u->line = progress_add(progress, digest_hex(digest), "Preparing");
    }
    int r = run(&all, e);
    clean_up(&all);
    return r;
}
