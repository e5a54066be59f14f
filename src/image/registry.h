/* registry.h - one repository at one registry: requests that end in an answer or in a clear
 * error (distribution-spec 1.1).
 *
 *     request --+--> answer 2xx, 404, ...                      done
 *               +--> broken, stalled, 429, 5xx                 wait, again: five times
 *               +--> unreachable from the first                an error at once
 *               +--> 401 with a challenge                      get a token, again: once
 *               +--> 307 to a storage server                   again there, at most five times
 *
 * Credentials go to the registry's own origin (scheme, host, port) and to the token server
 * that it names, to nobody else (rule R17): where a redirect leads, the request comes without.
 * http instead of https is spoken to this machine, and where registries.conf says "insecure".
 *
 * SAMPAN_RETRY_DELAY: the first wait before a new try in milliseconds (500); it doubles.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_REGISTRY_H
#define IMAGE_REGISTRY_H

#include "image/credentials.h"
#include "image/http.h"
#include "image/registries.h"

struct registry;

/* Turns registry->challenge into registry->authorization. */
typedef int registry_answer(struct registry *registry, struct err *e);

struct registry {
    struct http *http;
    struct endpoint at;
    const char *host;          /* as people call it, and as logins are kept: "docker.io" */
    const char *actions;       /* "pull", "pull,push"; "" to ask for nothing */
    char *mount_from;          /* another repository to be read, or NULL */
    bool is_plain, is_settled; /* http; somebody has answered */
    int changes;               /* of the scheme, before that */
    struct credentials credentials;
    bool has_looked; /* for credentials */
    struct challenge challenge;
    registry_answer *answer;
    char *authorization; /* "Bearer ...", or NULL */
};

/* Copies the endpoint; ret must stay in place. answer: token_get (token.h). */
void registry_open(struct registry *ret, struct http *http, const struct endpoint *at,
                   const char *actions, registry_answer *answer);
void registry_close(struct registry *registry);

/* A request. Set the first part, start it, step it until is_done, free it. */
struct registry_call {
    struct http_call http; /* first: the callbacks get a pointer to it */
    const char *method;
    char *url;         /* whole; registry_url makes it; freed by registry_call_done */
    struct list extra; /* header lines beside ours */
    size_t body_most;
    const void *upload; /* or upload_fd, as in http.h; 0 and NULL: nothing */
    int upload_fd;
    int64_t upload_at, upload_len;
    int (*on_head)(struct http_call *call, struct err *e);
    int (*on_data)(struct http_call *call, const void *p, size_t n, struct err *e);
    int64_t (*resume_from)(const struct registry_call *call); /* Range: bytes=N-, or NULL */
    void *data;
    bool is_bare;  /* of a token server: `authorization` alone, no challenge answered */
    bool is_once;  /* the caller has its own way to try again */
    bool is_timed; /* short: must be over soon */
    char *authorization; /* of a bare one, or NULL */

    bool is_done;
    int result; /* 0: there is an answer in http.answer; < 0: e says why not */
    struct err error;

    struct registry *registry;
    struct origin home; /* where credentials may go */
    char *now_at;       /* after redirects, or NULL */
    int tries, redirects, challenges;
    int64_t not_before, mark; /* monotonic; where the last try began */
    bool is_running;
};

#define REGISTRY_CALL_NONE \
    {                      \
        .upload_fd = NO_FD \
    }

/* "https://host/v2/<repository>/<what>", or "https://host/v2/" for NULL. The caller frees. */
char *registry_url(const struct registry *registry, const char *what);

void registry_start(struct registry *registry, struct registry_call *call);
void registry_step(struct registry_call *call); /* after http_wait */
void registry_call_done(struct registry_call *call);

/* All of it at once; result as in the call. */
int registry_do(struct registry *registry, struct registry_call *call, struct err *e);

/* For an answer that is no success: what was asked for, and what the user can do. */
int registry_refusal(const struct registry_call *call, const char *what, struct err *e);

/* Does it talk to us at all, and know us? Status 200, or an error. */
int registry_ping(struct registry *registry, struct err *e);

#endif
