/* registries.h - which registries a name means: containers-registries.conf(5), version 2.
 *
 *     unqualified-search-registries = ["quay.io"]     where short names are looked for
 *     [aliases]                                       short names that mean one image
 *     "alpine" = "docker.io/library/alpine"
 *     [[registry]]
 *     prefix = "docker.io"                            which names it is about
 *     location = "mirror.example/hub"                 where they are instead
 *     insecure = true   blocked = true
 *     [[registry.mirror]]                             tried before the location
 *     location = "localhost:5000"   insecure = true   pull-from-mirror = "digest-only"
 *
 * Read are $CONTAINERS_REGISTRIES_CONF, or the user's ~/.config/containers/registries.conf, or
 * /etc/containers/registries.conf, then /etc/containers/registries.conf.d/<name>.conf and the
 * same of the user; later files win. Without any, short names are docker.io's, as Docker has it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_REGISTRIES_H
#define IMAGE_REGISTRIES_H

#include "base/json.h"
#include "image/reference.h"

struct registries {
    struct json_doc **files; /* the later ones win */
    size_t n;
};

int registries_load(struct registries *ret, struct err *e);
void registries_done(struct registries *registries);

/* For one file's text more, with `name` for messages. */
int registries_add(struct registries *registries, const char *name, const char *text,
                   size_t len, struct err *e);

/* The full names that a name as typed may mean, in the order to try: itself where it begins
 * with a host; else its alias; else one for each registry that is searched. */
int registries_candidates(const struct registries *registries, const char *typed,
                          struct list *ret, struct err *e);

/* Where the repository of a reference can be asked for. */
struct endpoint {
    char host[REFERENCE_NAME_MOST + 1]; /* host[:port] to connect to */
    char path[REFERENCE_NAME_MOST + 1]; /* name of the repository there */
    bool is_insecure;                   /* http, or a certificate nobody vouches for */
    bool is_mirror;
};

#define ENDPOINTS_MOST 32

/* Mirrors first (where want_mirrors), then the registry itself: how many, at most ENDPOINTS_MOST.
 * ERR_INVALID: the configuration blocks it. */
int registries_endpoints(const struct registries *registries, const struct reference *r,
                         bool want_mirrors, struct endpoint ret[ENDPOINTS_MOST],
                         struct err *e);

/* The host that speaks for a name's host: docker.io's is another one. */
const char *registries_real_host(const char *host);

#endif
