/* url.c - taking URLs apart, strictly.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"

static const char *
take_scheme(const char *url, bool *ret_is_tls)
{
    const char *rest = str_after(url, "https://");
    *ret_is_tls = rest != NULL;
    return rest ? rest : str_after(url, "http://");
}

/* How long the host at s is, 0 if it is none. */
static size_t
host_length(const char *s)
{
    if (*s != '[')
        return strspn(s,
                      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    size_t n = strspn(s + 1, "0123456789abcdefABCDEF:.");
    return n > 0 && s[1 + n] == ']' ? n + 2 : 0;
}

static bool
rest_is_plain(const char *s)
{
    if (*s != '\0' && *s != '/' && *s != '?')
        return false;
    for (; *s; s++)
        if (*s <= ' ' || *s >= 127 || strchr("\"<>\\^`{|}#", *s))
            return false;
    return true;
}

int
url_origin(const char *url, struct origin *ret)
{
    struct origin o = {0};
    const char *host = take_scheme(url, &o.is_tls);
    if (!host || strlen(url) > URL_MOST)
        return -EINVAL;
    size_t n = host_length(host);
    if (n == 0 || n > URL_HOST_MOST || *host == '.' || *host == '-')
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        o.host[i] = (char)tolower((unsigned char)host[i]);

    const char *rest = host + n;
    o.port = o.is_tls ? 443 : 80;
    if (*rest == ':') {
        size_t digits = strspn(++rest, "0123456789");
        char port[6] = "";
        if (digits == 0 || digits > 5)
            return -EINVAL;
        memcpy(port, rest, digits);
        if (num_parse_int(port, &o.port) < 0 || o.port < 1 || o.port > 65535)
            return -EINVAL;
        rest += digits;
    }
    if (!rest_is_plain(rest))
        return -EINVAL;
    *ret = o;
    return 0;
}

bool
origin_eq(const struct origin *a, const struct origin *b)
{
    return a->is_tls == b->is_tls && a->port == b->port && str_eq(a->host, b->host);
}

static bool
is_ipv4(const char *host, unsigned char bytes[4])
{
    return inet_pton(AF_INET, host, bytes) == 1;
}

bool
origin_is_loopback(const struct origin *origin)
{
    unsigned char bytes[4];
    return str_eq(origin->host, "localhost") || str_eq(origin->host, "[::1]") ||
           (is_ipv4(origin->host, bytes) && bytes[0] == 127);
}

bool
origin_is_address(const struct origin *origin)
{
    /* A last label of digits is an address to some resolvers, whatever stands before it. */
    const char *dot = strrchr(origin->host, '.');
    const char *last = dot ? dot + 1 : origin->host;
    return *origin->host == '[' || num_is_digits(last) || str_starts(last, "0x");
}

char *
url_resolve(const char *base, const char *location)
{
    struct origin o;
    if (url_origin(location, &o) == 0)
        return str_copy(location);
    bool is_path = location[0] == '/' && location[1] != '/', is_query = location[0] == '?';
    if (url_origin(base, &o) < 0 || (!is_path && !is_query))
        return NULL;
    const char *host = strstr(base, "://") + 3;
    size_t n = (size_t)(host - base) + strcspn(host, is_path ? "/?" : "?");
    auto_free char *url = str_format("%.*s%s", (int)n, base, location);
    return url_origin(url, &o) == 0 ? take_ptr(url) : NULL;
}

void
url_add_query(struct text *url, const char *name, const char *value)
{
    text_addf(url, "%c%s=", strchr(text_str(url), '?') ? '&' : '?', name);
    for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
        if (isalnum(*p) || strchr("-._~", *p))
            text_add_char(url, (char)*p);
        else
            text_addf(url, "%%%02X", *p);
    }
}
