/* http.h - HTTP exchanges, several at once, none of which believes what it is told.
 *
 * libcurl speaks (HTTP/1.1 and 2, TLS, proxies by HTTP_PROXY, HTTPS_PROXY, NO_PROXY); this
 * file bounds it: headers 64 KiB, bodies by the caller's word, ten seconds to connect, sixty
 * without a byte. Redirects are not followed here and no credentials are known here.
 *
 * Certificates: the system's, and for a host those in certs.d as Docker has it,
 * /etc/docker/certs.d/<host[:port]>/, /etc/containers/certs.d/..., the same below ~/.config,
 * and $SAMPAN_CERTS_DIR: *.crt are its CAs, x.cert with x.key is who we are.
 *
 * SAMPAN_CONNECT_TIMEOUT, SAMPAN_IDLE_TIMEOUT change the times, in milliseconds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_HTTP_H
#define IMAGE_HTTP_H

#include <poll.h>
#include <stdint.h>

#include "image/challenge.h"
#include "image/digest.h"
#include "image/url.h"

/* A time in milliseconds from the environment, or `otherwise` where it is no sensible one. */
int64_t http_milliseconds(const char *variable, int64_t otherwise);

struct http *http_new(void);
void http_free(struct http *http);

/* Why an exchange brought no answer. */
enum http_failure {
    HTTP_OK,
    HTTP_UNREACHABLE, /* no such host, connection refused, no answer in time */
    HTTP_NO_TLS,      /* there is somebody, but he does not speak TLS */
    HTTP_DISTRUST, /* his certificate is not to be trusted, or ours is not to his taste */
    HTTP_BROKEN,   /* it broke off, or stalled */
    HTTP_REFUSED,  /* by us: too long, or what on_head and on_data said */
};

struct http_answer {
    int status;
    char content_type[128];     /* without parameters */
    char digest[DIGEST_SIZE];   /* Docker-Content-Digest, or "" */
    char range[64];             /* Range, of uploads: "0-1023" */
    char *link, *location;      /* Link, Location, or NULL */
    struct challenge challenge; /* WWW-Authenticate */
    int64_t length;             /* Content-Length, or -1 */
    int64_t first, total;       /* Content-Range, or -1 */
    int64_t retry_after;        /* seconds, or -1 */
    struct text body;           /* what on_data did not take */
};

/* One exchange. The caller fills the first half, zeroed otherwise, and keeps it in place until
 * is_done; then http_call_done. */
struct http_call {
    const char *method, *url;
    struct list headers;
    bool is_insecure;   /* any certificate will do */
    bool is_timed;      /* short: all of it within twice the idle time */
    size_t body_most;   /* of answer.body; more is HTTP_REFUSED */
    const void *upload; /* what is sent, or NULL; else upload_fd from upload_at, or NO_FD */
    int upload_fd;
    int64_t upload_at, upload_len;
    /* For answers with status 2xx, if set: the head is there; some of the body. */
    int (*on_head)(struct http_call *call, struct err *e);
    int (*on_data)(struct http_call *call, const void *p, size_t n, struct err *e);
    int64_t sent; /* bytes of the upload that went out */

    bool is_done;
    enum http_failure failure;
    struct err error; /* with it */
    struct http_answer answer;
    struct http_transfer *own;
};

void http_start(struct http *http, struct http_call *call);

/* Waits at most timeout_ms for something to happen to any call, or on the descriptors in more
 * (revents is filled). */
void http_wait(struct http *http, struct pollfd *more, size_t n, int timeout_ms);

/* Frees what the call holds; ends it if it runs. */
void http_call_done(struct http *http, struct http_call *call);

#endif
