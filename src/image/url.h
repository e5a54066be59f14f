/* url.h - URLs that a registry sends, taken only where all of them is plain.
 *
 * Realms of token servers and Locations of redirects are a stranger's text that decides
 * where credentials go (rule R17). Taken is http or https, a host, a port, and a path of
 * visible ASCII (RFC 3986); refused are user names, fragments, blanks, control characters.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_URL_H
#define IMAGE_URL_H

#include <stdbool.h>

#include "base/text.h"

#define URL_MOST      8192
#define URL_HOST_MOST 255

/* Whom one speaks to: credentials are bound to all three. */
struct origin {
    bool is_tls;
    char host[URL_HOST_MOST + 1]; /* lower case; IPv6 in brackets */
    int port;
};

/* Checks the whole URL: 0 or -EINVAL. */
int url_origin(const char *url, struct origin *ret);

bool origin_eq(const struct origin *a, const struct origin *b);

/* localhost, 127.0.0.0/8, [::1]: this machine, whatever name servers say. */
bool origin_is_loopback(const struct origin *origin);

/* The host is an address, not a name. */
bool origin_is_address(const struct origin *origin);

/* Where `location` leads from the page `base` (RFC 3986, section 5): a whole URL, "/path", or
 * "?query". NULL if that is no URL that we take. The caller frees. */
char *url_resolve(const char *base, const char *location);

/* Appends "?name=value" or "&name=value", with everything but letters, digits and "-._~" as
 * %XX. */
void url_add_query(struct text *url, const char *name, const char *value);

#endif
