/* registry.c - trying again, answering challenges, following redirects.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define TRIES          5
#define REDIRECTS_MOST 5
#define PATIENCE_S     60            /* the longest Retry-After that we wait for */
#define STEP_FORWARD   (256ll << 10) /* as many new bytes make tries count anew */
#define ERROR_PAGE     (16u << 10)

/* On this machine. */
static bool
is_here(const struct registry *registry)
{
    struct origin origin;
    auto_free char *url = registry_url(registry, NULL);
    return url_origin(url, &origin) == 0 && origin_is_loopback(&origin);
}

void
registry_open(struct registry *ret, struct http *http, const struct endpoint *at,
              const char *actions, registry_answer *answer)
{
    *ret = (struct registry){.http = http, .at = *at, .actions = actions, .answer = answer};
    bool is_hub = str_eq(at->host, registries_real_host("docker.io"));
    ret->host = is_hub ? "docker.io" : ret->at.host;
    ret->is_plain = is_here(ret);
}

void
registry_close(struct registry *registry)
{
    credentials_done(&registry->credentials);
    free(registry->mount_from);
    free(registry->authorization);
    *registry = (struct registry){0};
}

char *
registry_url(const struct registry *registry, const char *what)
{
    const char *scheme = registry->is_plain ? "http" : "https";
    if (!what)
        return str_format("%s://%s/v2/", scheme, registry->at.host);
    return str_format("%s://%s/v2/%s/%s", scheme, registry->at.host, registry->at.path,
                      what);
}

/* ---- one try ---------------------------------------------------------------------- */

static const char *
authorization_for(const struct registry_call *call, const char *url)
{
    struct origin there;
    if (url_origin(url, &there) < 0 || !origin_eq(&there, &call->home))
        return NULL;
    return call->is_bare ? call->authorization : call->registry->authorization;
}

/* A certificate that nobody vouches for is accepted from the registry alone. */
static bool
is_insecure(const struct registry_call *call, const char *url)
{
    struct origin there, own;
    auto_free char *home = registry_url(call->registry, NULL);
    return call->registry->at.is_insecure && url_origin(url, &there) == 0 &&
           url_origin(home, &own) == 0 && str_eq(there.host, own.host);
}

static void
start_try(struct registry_call *call)
{
    struct http_call *http = &call->http;
    const char *url = call->now_at ? call->now_at : call->url;
    const char *authorization = authorization_for(call, url);
    list_done(&http->headers);
    *http = (struct http_call){
        .method = call->method,
        .url = url,
        .is_insecure = is_insecure(call, url),
        .is_timed = call->is_timed,
        .body_most = call->body_most ? call->body_most : ERROR_PAGE,
        .upload = call->upload,
        .upload_fd = call->upload_fd,
        .upload_at = call->upload_at,
        .upload_len = call->upload_len,
        .on_head = call->on_head,
        .on_data = call->on_data,
    };
    list_add_all(&http->headers, &call->extra);
    if (authorization)
        list_addf(&http->headers, "Authorization: %s", authorization);
    int64_t from = call->resume_from ? call->resume_from(call) : 0;
    if (from > 0)
        list_addf(&http->headers, "Range: bytes=%lld-", (long long)from);
    call->mark = from;
    call->is_running = true;
    http_start(call->registry->http, http);
}

/* The origin of where the call begins: what may be told our name. */
static void
begin(struct registry_call *call)
{
    free(take_ptr(call->now_at));
    if (url_origin(call->url, &call->home) < 0)
        call->home = (struct origin){0};
    if (!call->is_bare) {
        auto_free char *own = registry_url(call->registry, NULL);
        url_origin(own, &call->home);
    }
    start_try(call);
}

void
registry_start(struct registry *registry, struct registry_call *call)
{
    call->registry = registry;
    call->is_done = false;
    call->tries = call->redirects = call->challenges = 0;
    begin(call);
}

static void
finish(struct registry_call *call, int result)
{
    call->is_done = true;
    call->result = result;
}

static void
fail(struct registry_call *call, const struct err *e)
{
    call->error = *e;
    finish(call, err_kind_errno(e->kind));
}

/* Frees what the try held, but keeps nothing of its answer. */
static void
end_try(struct registry_call *call)
{
    http_call_done(call->registry->http, &call->http);
}

/* ---- again ------------------------------------------------------------------------ */

/* Plans another try from the beginning of the redirects, unless it was the last. */
static void
try_again(struct registry_call *call, int64_t wait_s, const struct err *why)
{
    if (call->resume_from && call->resume_from(call) - call->mark >= STEP_FORWARD)
        call->tries = 0;
    if (call->is_once || ++call->tries >= TRIES || wait_s > PATIENCE_S) {
        fail(call, why);
        return;
    }
    int64_t ms = wait_s > 0
                     ? wait_s * 1000
                     : http_milliseconds("SAMPAN_RETRY_DELAY", 500) << (call->tries - 1);
    end_try(call);
    free(take_ptr(call->now_at));
    call->redirects = 0;
    call->not_before = clock_monotonic_ns() + ms * 1000000;
}

static void
busy(struct registry_call *call)
{
    const struct http_answer *a = &call->http.answer;
    struct err e = {0};
    registry_refusal(call, NULL, &e);
    try_again(call, a->retry_after, &e);
}

/* ---- http or https ---------------------------------------------------------------- */

/* Nobody has answered yet, and what came of the try is what comes of the wrong scheme. On
 * this machine http is tried first (TLS begins with reading some hundred certificates), then
 * https, then http for good: a server may have broken off for another reason. */
static bool
wants_other_scheme(const struct registry_call *call)
{
    const struct registry *registry = call->registry;
    const struct http_call *http = &call->http;
    bool is_loopback = is_here(registry);
    if (registry->is_settled || registry->changes >= (is_loopback ? 2 : 1))
        return false;
    if (registry
            ->is_plain) /* a TLS server's word about plain text: 400, or nothing at all */
        return is_loopback && (http->failure == HTTP_BROKEN ||
                               (http->failure == HTTP_OK && http->answer.status == 400));
    return (is_loopback || registry->at.is_insecure) &&
           (http->failure == HTTP_NO_TLS || http->failure == HTTP_UNREACHABLE ||
            http->failure == HTTP_BROKEN);
}

/* Tries again with the other scheme, or with the one that another call has found meanwhile. */
static bool
changes_scheme(struct registry_call *call)
{
    struct registry *registry = call->registry;
    const char *rest = str_after(call->url, "http:");
    bool was_plain = rest != NULL;
    if (!rest)
        rest = str_after(call->url, "https:");
    if (call->is_bare || call->now_at || !rest)
        return false;
    if (was_plain == registry->is_plain) {
        if (!wants_other_scheme(call))
            return false;
        registry->is_plain = !registry->is_plain;
        registry->changes++;
    } else if (call->http.failure == HTTP_OK) {
        return false; /* it has an answer all the same */
    }
    auto_free char *url = str_format("%s:%s", registry->is_plain ? "http" : "https", rest);
    end_try(call);
    free(call->url);
    call->url = take_ptr(url);
    begin(call);
    return true;
}

/* ---- failures --------------------------------------------------------------------- */

/* Where nobody has ever answered, the name is wrong or the server is down: asking again would
 * only keep the user, and the next mirror, waiting. Later it is the network, which comes back. */
static bool
was_there(const struct registry_call *call)
{
    return call->http.failure != HTTP_UNREACHABLE || call->registry->is_settled;
}

static void
no_answer(struct registry_call *call)
{
    struct http_call *http = &call->http;
    const char *host = call->registry->at.host;
    struct err e = http->error;
    if (http->failure == HTTP_REFUSED) {
        fail(call, &e);
        return;
    }
    err_wrap(&e, -EIO, "%s %s", call->is_bare ? "the token server of" : "the registry",
             host);
    if (http->failure == HTTP_DISTRUST)
        err_hint(&e, -EIO,
                 ": put its CA's certificate at /etc/docker/certs.d/%s/ca.crt, or mark the "
                 "registry insecure in registries.conf",
                 host);
    else if (http->failure == HTTP_NO_TLS)
        err_hint(&e, -EIO,
                 ": if it speaks plain HTTP, mark it insecure in registries.conf");
    else if (http->failure == HTTP_UNREACHABLE)
        err_hint(&e, -EIO, ": check the name and the network");
    if (http->failure == HTTP_DISTRUST || http->failure == HTTP_NO_TLS || !was_there(call))
        fail(call, &e);
    else
        try_again(call, 0, &e);
}

/* ---- redirects and challenges ----------------------------------------------------- */

static bool
is_redirect(const struct registry_call *call)
{
    int status = call->http.answer.status;
    bool may_follow = str_eq(call->method, "GET") || str_eq(call->method, "HEAD");
    return may_follow && (status == 301 || status == 302 || status == 303 ||
                          status == 307 || status == 308);
}

static void
redirect(struct registry_call *call)
{
    const char *here = call->now_at ? call->now_at : call->url;
    const char *location = call->http.answer.location;
    auto_free char *to = location ? url_resolve(here, location) : NULL;
    struct origin from, there;
    struct err e = {0};
    if (!to || url_origin(here, &from) < 0 || url_origin(to, &there) < 0)
        err_set(&e, ERR_INVALID, "the registry %s redirects to something that is no URL",
                call->registry->at.host);
    else if (from.is_tls && !there.is_tls)
        err_set(&e, ERR_INVALID, "the registry %s redirects from https to http: refused",
                call->registry->at.host);
    else if (origin_is_loopback(&there) && !origin_is_loopback(&from))
        err_set(&e, ERR_INVALID, "the registry %s redirects to this machine: refused",
                call->registry->at.host);
    else if (++call->redirects > REDIRECTS_MOST)
        err_set(&e, ERR_INVALID, "the registry %s redirects in a circle",
                call->registry->at.host);
    if (e.kind != ERR_NONE) {
        fail(call, &e);
        return;
    }
    end_try(call);
    free(call->now_at);
    call->now_at = take_ptr(to);
    start_try(call);
}

static void
challenge(struct registry_call *call)
{
    struct registry *registry = call->registry;
    struct err e = {0};
    if (call->now_at || call->challenges++ > 0 ||
        call->http.answer.challenge.scheme == CHALLENGE_NONE) {
        finish(call, 0); /* the caller sees 401 */
        return;
    }
    registry->challenge = call->http.answer.challenge;
    free(take_ptr(registry->authorization));
    if (registry->answer(registry, &e) < 0) {
        fail(call, &e);
        return;
    }
    end_try(call);
    start_try(call);
}

static void
judge(struct registry_call *call)
{
    int status = call->http.answer.status;
    if (changes_scheme(call))
        return;
    if (call->http.failure != HTTP_OK) {
        no_answer(call);
        return;
    }
    call->registry->is_settled = true;
    if (is_redirect(call))
        redirect(call);
    else if (status == 401 && !call->is_bare)
        challenge(call);
    else if (status == 429 || status == 408 || status >= 500)
        busy(call);
    else
        finish(call, 0);
}

void
registry_step(struct registry_call *call)
{
    if (call->is_done)
        return;
    if (call->not_before > 0) {
        if (clock_monotonic_ns() < call->not_before)
            return;
        call->not_before = 0;
        start_try(call);
    }
    if (call->http.is_done) {
        call->http.is_done = false;
        judge(call);
    }
}

void
registry_call_done(struct registry_call *call)
{
    if (call->registry)
        http_call_done(call->registry->http, &call->http);
    list_done(&call->extra);
    free(take_ptr(call->url));
    free(take_ptr(call->now_at));
    free(take_ptr(call->authorization));
}

int
registry_do(struct registry *registry, struct registry_call *call, struct err *e)
{
    registry_start(registry, call);
    while (!call->is_done) {
        http_wait(registry->http, NULL, 0, 50);
        registry_step(call);
    }
    if (call->result < 0)
        *e = call->error;
    return call->result;
}

/* ---- words ------------------------------------------------------------------------ */

/* The message in a registry's JSON of errors, without anything a terminal would obey. */
static void
said(const struct http_answer *a, char *buf, size_t size)
{
    struct err ignored;
    auto_json *doc = NULL;
    *buf = '\0';
    if (a->body.len == 0 || json_parse(a->body.data, a->body.len, &doc, &ignored) < 0)
        return;
    const struct json *first = json_at(json_get(json_root(doc), "errors"), 0);
    const char *text = json_str(json_get(first, "message"), "");
    if (!*text)
        text = json_str(json_get(json_root(doc), "details"), "");
    snprintf(buf, size, ": %.200s", text);
    for (char *p = buf; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = ' ';
    if (!*text)
        *buf = '\0';
}

int
registry_refusal(const struct registry_call *call, const char *what, struct err *e)
{
    const struct registry *registry = call->registry;
    const struct http_answer *a = &call->http.answer;
    const char *host = registry->host;
    char words[256];
    said(a, words, sizeof words);
    if (!what)
        what = "the request";
    if (a->status == 401 || a->status == 403) {
        bool is_known = registry->credentials.user || registry->credentials.identity_token;
        return err_set(e, ERR_INVALID,
                       "access to %s is denied%s (%s; %s 'sampan login %s')", what, words,
                       is_known ? "the login for this registry does not allow it"
                                : "it does not exist, or needs a login",
                       is_known ? "change it with" : "log in with", host);
    }
    if (a->status == 404)
        return err_set(e, ERR_NOT_FOUND, "%s is not at %s%s", what, host, words);
    if (a->status == 429)
        return err_set(
            e, ERR_SYSTEM,
            "%s allows no more requests for now%s: wait a while, or 'sampan login "
            "%s' for a higher limit",
            host, words, host);
    return err_set(e, ERR_SYSTEM, "%s answers %d to the request for %s%s", host, a->status,
                   what, words);
}

int
registry_ping(struct registry *registry, struct err *e)
{
    struct registry_call call = REGISTRY_CALL_NONE;
    call.method = "GET";
    call.url = registry_url(registry, NULL);
    call.is_timed = true;
    call.body_most = ERROR_PAGE;
    int r = registry_do(registry, &call, e);
    if (r >= 0 && call.http.answer.status != 200)
        r = registry_refusal(&call, "the registry", e);
    registry_call_done(&call);
    return r;
}
