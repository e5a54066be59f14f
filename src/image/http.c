/* http.c - libcurl's multi interface, one easy handle for each exchange.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "image/certificates.h"

#define HEADERS_MOST  (64u << 10)
#define LOOK_MS       250 /* how often stalls are looked for */
#define BUFFER_SIZE   (256l << 10)
#define CONNECTS_MOST 8l /* kept open */

struct http {
    CURLM *multi;
    int64_t connect_ms, idle_ms;
};

struct http_transfer {
    CURL *easy;
    struct http *http;
    struct curl_slist *headers;
    struct certificates certificates;
    size_t header_bytes;
    curl_off_t moved; /* bytes, at the time `since` */
    int64_t since, began;
    char words[CURL_ERROR_SIZE];
};

/* ---- the client ------------------------------------------------------------------- */

int64_t
http_milliseconds(const char *variable, int64_t otherwise)
{
    const char *text = getenv(variable);
    int64_t ms;
    return text && num_parse_i64(text, &ms) == 0 && ms > 0 && ms < 86400000 ? ms
                                                                            : otherwise;
}

struct http *
http_new(void)
{
    struct http *http = mem_new(1, sizeof *http);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    http->multi = curl_multi_init();
    if (!http->multi)
        abort(); /* out of memory */
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTS_MOST);
    http->connect_ms = http_milliseconds("SAMPAN_CONNECT_TIMEOUT", 10000);
    http->idle_ms = http_milliseconds("SAMPAN_IDLE_TIMEOUT", 60000);
    return http;
}

void
http_free(struct http *http)
{
    if (!http)
        return;
    curl_multi_cleanup(http->multi);
    curl_global_cleanup();
    free(http);
}

/* ---- what comes ------------------------------------------------------------------- */

static void
refuse(struct http_call *call, const char *why)
{
    call->failure = HTTP_REFUSED;
    err_set(&call->error, ERR_INVALID, "%s", why);
}

static void
take_content_range(struct http_answer *a, const char *value)
{
    long long first, last, total;
    int n = 0;
    if (sscanf(value, "bytes %lld-%lld/%lld%n", &first, &last, &total, &n) == 3 &&
        value[n] == '\0' && first >= 0 && last >= first && total > last) {
        a->first = first;
        a->total = total;
    }
}

/* Seconds, or a date. */
static void
take_retry_after(struct http_answer *a, const char *value)
{
    if (num_is_digits(value)) {
        if (num_parse_i64(value, &a->retry_after) < 0)
            a->retry_after = -1;
        return;
    }
    time_t when = curl_getdate(value, NULL), now = time(NULL);
    if (when >= 0)
        a->retry_after = when > now ? when - now : 0;
}

static void
take_header(struct http_answer *a, const char *name, const char *value)
{
    if (strcasecmp(name, "content-type") == 0)
        snprintf(a->content_type, sizeof a->content_type, "%.*s", (int)strcspn(value, "; "),
                 value);
    else if (strcasecmp(name, "content-length") == 0) {
        if (num_parse_i64(value, &a->length) < 0 || a->length < 0)
            a->length = -1;
    } else if (strcasecmp(name, "content-range") == 0)
        take_content_range(a, value);
    else if (strcasecmp(name, "docker-content-digest") == 0) {
        if (digest_is_valid(value))
            snprintf(a->digest, sizeof a->digest, "%s", value);
    } else if (strcasecmp(name, "range") == 0)
        snprintf(a->range, sizeof a->range, "%s", value);
    else if (strcasecmp(name, "link") == 0 && !a->link)
        a->link = str_copy(value);
    else if (strcasecmp(name, "retry-after") == 0)
        take_retry_after(a, value);
    else if (strcasecmp(name, "www-authenticate") == 0)
        challenge_parse(value, &a->challenge);
    else if (strcasecmp(name, "location") == 0 && !a->location)
        a->location = str_copy(value);
}

static void
forget_answer(struct http_answer *a)
{
    free(a->link);
    free(a->location);
    text_done(&a->body);
    *a = (struct http_answer){.length = -1, .first = -1, .total = -1, .retry_after = -1};
}

static bool
is_success(const struct http_call *call)
{
    return call->answer.status >= 200 && call->answer.status < 300;
}

/* One line of the head; the empty one ends it. A negative number from the callbacks below ends
 * the transfer: to curl, any count but the one it gave. */
static size_t
on_header(char *line, size_t size, size_t n, void *data)
{
    struct http_call *call = data;
    size_t len = size * n;
    struct http_transfer *t = call->own;
    t->header_bytes += len;
    if (t->header_bytes > HEADERS_MOST) {
        refuse(call, "the head of the answer is too long");
        return 0;
    }
    auto_free char *text = str_format("%.*s", (int)len, line);
    text[strcspn(text, "\r\n")] = '\0';
    if (str_starts(text, "HTTP/")) {
        forget_answer(&call->answer);
    } else if (*text == '\0') {
        long status = 0;
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        call->answer.status = (int)status;
        if (is_success(call) && call->on_head && call->on_head(call, &call->error) < 0) {
            call->failure = HTTP_REFUSED;
            return 0;
        }
    } else {
        char *colon = strchr(text, ':');
        if (colon) {
            *colon = '\0';
            char *value = colon + 1 + strspn(colon + 1, " \t"),
                 *end = value + strlen(value);
            while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
                *--end = '\0';
            take_header(&call->answer, text, value);
        }
    }
    return len;
}

static size_t
on_body(char *p, size_t size, size_t n, void *data)
{
    struct http_call *call = data;
    size_t len = size * n;
    if (is_success(call) && call->on_data) {
        if (call->on_data(call, p, len, &call->error) >= 0)
            return len;
        call->failure = HTTP_REFUSED;
        return len + 1;
    }
    if (call->answer.body.len + len > call->body_most) {
        if (!is_success(call))
            return len; /* an error page: its beginning is enough */
        refuse(call, "the answer is longer than such an answer may be");
        return len + 1;
    }
    text_add_bytes(&call->answer.body, p, len);
    return len;
}

/* ---- what goes -------------------------------------------------------------------- */

static size_t
on_upload(char *buf, size_t size, size_t n, void *data)
{
    struct http_call *call = data;
    size_t room = size * n;
    if ((int64_t)room > call->upload_len - call->sent)
        room = (size_t)(call->upload_len - call->sent);
    if (call->upload) {
        memcpy(buf, (const char *)call->upload + call->sent, room);
        call->sent += (int64_t)room;
        return room;
    }
    ssize_t got = room ? pread(call->upload_fd, buf, room, call->upload_at + call->sent)
                       : 0;
    if (got < 0 || (got == 0 && room > 0)) {
        refuse(call, "the blob that is sent cannot be read");
        return CURL_READFUNC_ABORT;
    }
    call->sent += got;
    return (size_t)got;
}

static int
on_seek(void *data, curl_off_t offset, int origin)
{
    struct http_call *call = data;
    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    call->sent = offset;
    return CURL_SEEKFUNC_OK;
}

/* ---- time ------------------------------------------------------------------------- */

/* Called by curl now and then: not 0 ends the transfer. */
static int
on_progress(void *data, curl_off_t all_down, curl_off_t down, curl_off_t all_up,
            curl_off_t up)
{
    (void)all_down;
    (void)all_up;
    struct http_call *call = data;
    struct http_transfer *t = call->own;
    int64_t now = clock_monotonic_ns(), idle = t->http->idle_ms * 1000000;
    curl_off_t moved = down + up + (curl_off_t)t->header_bytes;
    if (moved != t->moved || t->since == 0) {
        t->moved = moved;
        t->since = now;
    }
    if (now - t->since < idle && !(call->is_timed && now - t->began > 2 * idle))
        return 0;
    call->failure = HTTP_BROKEN;
    err_set(&call->error, ERR_SYSTEM, "no answer came for %lld seconds",
            (long long)(t->http->idle_ms + 999) / 1000);
    return 1;
}

/* ---- one exchange ----------------------------------------------------------------- */

static void
set_method(CURL *easy, struct http_call *call)
{
    bool has_upload = call->upload || call->upload_fd >= 0;
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1l);
    if (has_upload) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1l);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
        curl_easy_setopt(easy, CURLOPT_READDATA, call);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, call);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->upload_len);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_SIZE);
    } else if (str_eq(call->method, "HEAD")) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1l);
    } else if (!str_eq(call->method, "GET")) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0l);
    }
    if (!str_eq(call->method, "HEAD"))
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
}

/* Go's and most others' rule: this machine is never asked through a proxy, and HTTP_PROXY
 * counts also in capital letters (for us no web server sets it). */
static void
set_proxy(CURL *easy, const struct origin *origin)
{
    const char *proxy = getenv("http_proxy");
    if (!proxy)
        proxy = getenv("HTTP_PROXY");
    if (origin_is_loopback(origin))
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    else if (!origin->is_tls && proxy)
        curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
}

static void
set_trust(CURL *easy, struct http_call *call, const struct origin *origin)
{
    struct certificates *c = &call->own->certificates;
    certificates_find(origin, c);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, call->is_insecure ? 0l : 1l);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, call->is_insecure ? 0l : 2l);
    if (c->authorities.len > 0) {
        struct curl_blob blob = {c->authorities.data, c->authorities.len, CURL_BLOB_COPY};
        curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
    }
    if (c->own_certificate) {
        curl_easy_setopt(easy, CURLOPT_SSLCERT, c->own_certificate);
        curl_easy_setopt(easy, CURLOPT_SSLKEY, c->own_key);
    }
}

static void
set_bounds(CURL *easy, const struct http_transfer *t)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1l);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0l);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1l);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1l);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->http->connect_ms);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1l);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_SIZE);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1l);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "sampan");
}

static void
set_callbacks(CURL *easy, struct http_call *call)
{
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->own->words);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0l);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, call);
}

void
http_start(struct http *http, struct http_call *call)
{
    struct origin origin;
    struct http_transfer *t = mem_new(1, sizeof *t);
    call->own = t;
    call->is_done = false;
    call->failure = HTTP_OK;
    call->sent = 0;
    forget_answer(&call->answer);
    t->http = http;
    t->began = clock_monotonic_ns();
    t->easy = curl_easy_init();
    if (!t->easy || url_origin(call->url, &origin) < 0) {
        refuse(call, "a URL that is none");
        call->is_done = true;
        return;
    }
    for (size_t i = 0; i < call->headers.n; i++)
        t->headers = curl_slist_append(t->headers, call->headers.v[i]);
    t->headers = curl_slist_append(t->headers, "Expect:"); /* do not wait for "100" */
    curl_easy_setopt(t->easy, CURLOPT_URL, call->url);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    set_method(t->easy, call);
    set_bounds(t->easy, t);
    set_callbacks(t->easy, call);
    set_proxy(t->easy, &origin);
    if (origin.is_tls)
        set_trust(t->easy, call, &origin);
    curl_multi_add_handle(http->multi, t->easy);
}

/* ---- how it ended ----------------------------------------------------------------- */

static const struct {
    CURLcode code;
    enum http_failure failure;
    const char *words;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST,     HTTP_UNREACHABLE, "there is no such host"                 },
    {CURLE_COULDNT_RESOLVE_PROXY,    HTTP_UNREACHABLE, "there is no such proxy"                },
    {CURLE_COULDNT_CONNECT,          HTTP_UNREACHABLE, "nobody answers there"                  },
    {CURLE_SSL_CONNECT_ERROR,        HTTP_NO_TLS,      "TLS failed"                            },
    {CURLE_PEER_FAILED_VERIFICATION, HTTP_DISTRUST,    "its certificate is not to be trusted"  },
    {CURLE_SSL_CACERT_BADFILE,       HTTP_DISTRUST,    "the CA certificates are of no use"     },
    {CURLE_SSL_CERTPROBLEM,          HTTP_DISTRUST,    "our own certificate is of no use"      },
    {CURLE_OPERATION_TIMEDOUT,       HTTP_UNREACHABLE, "no answer in time"                     },
    {CURLE_PARTIAL_FILE,             HTTP_BROKEN,      "the connection broke off in the middle"},
};

static void
take_failure(struct http_call *call, CURLcode code)
{
    const char *words = "the connection broke";
    call->failure = HTTP_BROKEN;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++)
        if (failures[i].code == code) {
            call->failure = failures[i].failure;
            words = failures[i].words;
        }
    err_set(&call->error, ERR_SYSTEM, "%s (%s)", words,
            *call->own->words ? call->own->words : curl_easy_strerror(code));
}

static void
end_transfer(struct http *http, struct http_call *call)
{
    struct http_transfer *t = call->own;
    if (!t)
        return;
    if (t->easy) { /* which calls on_progress once more */
        curl_multi_remove_handle(http->multi, t->easy);
        curl_easy_cleanup(t->easy);
    }
    curl_slist_free_all(t->headers);
    certificates_done(&t->certificates);
    free(take_ptr(call->own));
}

/* How many calls have come to their end. */
static int
collect(struct http *http)
{
    int left, n = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(http->multi, &left))) {
        char *private = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct http_call *call = (struct http_call *)private;
        if (code != CURLE_OK && call->failure == HTTP_OK)
            take_failure(call, code);
        call->is_done = true;
        end_transfer(http, call);
        n++;
    }
    return n;
}

void
http_wait(struct http *http, struct pollfd *more, size_t n, int timeout_ms)
{
    int running;
    struct curl_waitfd waits[64];
    n = n < ARRAY_LEN(waits) ? n : ARRAY_LEN(waits);
    for (size_t i = 0; i < n; i++)
        waits[i] = (struct curl_waitfd){.fd = more[i].fd, .events = CURL_WAIT_POLLIN};
    curl_multi_perform(http->multi, &running);
    if (timeout_ms > LOOK_MS)
        timeout_ms = LOOK_MS;
    if (collect(http) > 0)
        timeout_ms = 0; /* it may have been the only one: nothing else would wake us */
    curl_multi_poll(http->multi, waits, (unsigned)n, timeout_ms, NULL);
    poll(more, n, 0); /* curl does not tell of an end without data */
    curl_multi_perform(http->multi, &running);
    collect(http);
}

void
http_call_done(struct http *http, struct http_call *call)
{
    end_transfer(http, call);
    list_done(&call->headers);
    free(call->answer.link);
    free(call->answer.location);
    text_done(&call->answer.body);
    call->answer = (struct http_answer){0};
}
