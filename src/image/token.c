/* token.c - tokens from a realm (distribution's token and OAuth2 specifications).
 *
 *     GET realm?service=..&scope=repository:NAME:pull     with Basic, or without
 *     POST realm grant_type=refresh_token&...             with an identity token
 *
 * The realm is a URL that the registry made up. Ours is asked for what we want, never for what
 * the challenge says, and only over https, or where the registry itself is (rule R17).
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/base64.h"

#define ANSWER_MOST (256u << 10)
#define TOKEN_MOST  (32u << 10)

static int
look_for_credentials(struct registry *registry, struct err *e)
{
    if (registry->has_looked)
        return 0;
    registry->has_looked = true;
    return credentials_find(registry->host, registry->at.path, &registry->credentials, e);
}

static char *
basic(const struct credentials *c)
{
    auto_free char *pair = str_format("%s:%s", c->user, c->password ? c->password : "");
    auto_text line = {0};
    text_add(&line, "Basic ");
    base64_encode(&line, pair, strlen(pair));
    return text_take(&line);
}

static int
denied(const struct registry *registry, struct err *e)
{
    return err_set(e, ERR_INVALID,
                   "%s wants to know who you are: log in with 'sampan login %s'",
                   registry->host, registry->host);
}

/* https to a name; or the registry's own origin; or its own host over https. */
static int
check_realm(const struct registry *registry, struct err *e)
{
    struct origin realm, own;
    auto_free char *url = registry_url(registry, NULL);
    if (url_origin(registry->challenge.realm, &realm) < 0 || url_origin(url, &own) < 0)
        return err_set(e, ERR_INVALID,
                       "the registry %s names a token server that is no URL",
                       registry->host);
    bool is_same_host = str_eq(realm.host, own.host);
    bool is_near = origin_is_loopback(&realm) && origin_is_loopback(&own);
    bool is_good = origin_eq(&realm, &own) || is_near ||
                   (realm.is_tls && (is_same_host || !origin_is_address(&realm)));
    if (is_good)
        return 0;
    return err_set(
        e, ERR_INVALID,
        "the registry %s sends us to %s%s for a token: refused, as it is neither "
        "the registry nor a named server with https",
        registry->host, realm.is_tls ? "https://" : "http://", realm.host);
}

static void
add_scope(const struct registry *registry,
          void (*add)(struct text *, const char *, const char *), struct text *to)
{
    if (!*registry->actions)
        return;
    auto_free char *scope = str_format("repository:%s:%s", registry->at.path,
                                       registry->actions);
    add(to, "scope", scope);
    if (registry->mount_from) {
        auto_free char *other = str_format("repository:%s:pull", registry->mount_from);
        add(to, "scope", other);
    }
}

static void
add_field(struct text *body, const char *name, const char *value)
{
    auto_text pair = {0};
    url_add_query(&pair, name, value); /* "?name=value" */
    text_addf(body, "%s%s", body->len ? "&" : "", text_str(&pair) + 1);
}

static void
ask_with_password(const struct registry *registry, struct registry_call *call)
{
    const struct credentials *c = &registry->credentials;
    auto_text url = {0};
    text_add(&url, registry->challenge.realm);
    if (c->user)
        url_add_query(&url, "account", c->user);
    add_scope(registry, url_add_query, &url);
    if (*registry->challenge.service)
        url_add_query(&url, "service", registry->challenge.service);
    call->method = "GET";
    call->url = text_take(&url);
    call->authorization = c->user ? basic(c) : NULL;
}

static void
ask_with_identity(const struct registry *registry, struct text *body,
                  struct registry_call *call)
{
    add_field(body, "grant_type", "refresh_token");
    add_field(body, "client_id", "sampan");
    add_field(body, "service", registry->challenge.service);
    add_scope(registry, add_field, body);
    add_field(body, "refresh_token", registry->credentials.identity_token);
    call->method = "POST";
    call->url = str_copy(registry->challenge.realm);
    list_add(&call->extra, "Content-Type: application/x-www-form-urlencoded");
    call->upload = body->data;
    call->upload_len = (int64_t)body->len;
}

/* A token becomes a header line: nothing in it may end the line. */
static bool
is_token(const char *s)
{
    size_t n = strlen(s);
    for (const char *p = s; *p; p++)
        if (*p <= ' ' || *p >= 127)
            return false;
    return n > 0 && n <= TOKEN_MOST;
}

static int
take_token(struct registry *registry, const struct http_answer *a, struct err *e)
{
    auto_json *doc = NULL;
    struct err ignored;
    if (a->body.len > 0)
        json_parse(a->body.data, a->body.len, &doc, &ignored);
    const struct json *root = json_root(doc);
    const char *token = json_str(json_get(root, "token"), "");
    if (!*token)
        token = json_str(json_get(root, "access_token"), "");
    if (!is_token(token))
        return err_set(e, ERR_INVALID, "the token server of %s sends no token",
                       registry->host);
    registry->authorization = str_format("Bearer %s", token);
    return 0;
}

static int
bearer(struct registry *registry, struct err *e)
{
    struct registry_call call = REGISTRY_CALL_NONE;
    auto_text body = {0};
    TRY(check_realm(registry, e));
    call.is_bare = call.is_timed = true;
    call.body_most = ANSWER_MOST;
    if (registry->credentials.identity_token)
        ask_with_identity(registry, &body, &call);
    else
        ask_with_password(registry, &call);
    int r = registry_do(registry, &call, e);
    int status = call.http.answer.status;
    if (r >= 0 && status == 200)
        r = take_token(registry, &call.http.answer, e);
    else if (r >= 0 && (status == 401 || status == 403 || status == 400))
        r = registry->credentials.user || registry->credentials.identity_token
                ? err_set(
                      e, ERR_INVALID,
                      "%s does not take your login: log in again with 'sampan login %s'",
                      registry->host, registry->host)
                : denied(registry, e);
    else if (r >= 0)
        r = registry_refusal(&call, "a token", e);
    registry_call_done(&call);
    return r;
}

int
token_get(struct registry *registry, struct err *e)
{
    TRY(look_for_credentials(registry, e));
    if (registry->challenge.scheme == CHALLENGE_BEARER)
        return bearer(registry, e);
    if (!registry->credentials.user)
        return denied(registry, e);
    registry->authorization = basic(&registry->credentials);
    return 0;
}
