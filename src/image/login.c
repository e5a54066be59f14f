/* login.c - a login is tried before it is kept.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/login.h"

#include <stdio.h>
#include <string.h>

#include "image/registry.h"
#include "image/token.h"

int
login_host(const char *server, char **ret, struct err *e)
{
    struct reference r;
    struct err ignored;
    if (!server || str_eq(server, "https://index.docker.io/v1/"))
        server = "docker.io";
    const char *rest = str_after(server, "https://");
    rest = rest ? rest : str_after(server, "http://");
    auto_free char *host = str_format("%.*s", (int)strcspn(rest ? rest : server, "/"),
                                      rest ? rest : server);
    auto_free char *name = str_format("%s/x/x", host); /* a name of some image there */
    if (reference_is_short(name) || reference_parse(name, &r, &ignored) < 0)
        return err_set(e, ERR_INVALID,
                       "\"%.200s\" is no registry: give a host, like localhost:5000 or "
                       "registry.example",
                       server);
    *ret = str_copy(r.host);
    return 0;
}

static int
try(const char *host, const struct credentials *c, struct err *e)
{
    struct registries registries;
    struct endpoint endpoints[ENDPOINTS_MOST];
    struct reference r = {0};
    struct registry registry;
    snprintf(r.host, sizeof r.host, "%.255s", host);
    snprintf(r.path, sizeof r.path, "x/x");
    TRY(registries_load(&registries, e));
    int n = registries_endpoints(&registries, &r, false, endpoints, e);
    registries_done(&registries);
    TRY(n);
    struct http *http = http_new();
    registry_open(&registry, http, &endpoints[n - 1], "", token_get);
    registry.credentials.user = str_copy(c->user);
    registry.credentials.password = str_copy(c->password);
    registry.has_looked = true;
    int result = registry_ping(&registry, e);
    registry_close(&registry);
    http_free(http);
    return result;
}

int
login(const char *server, const struct credentials *credentials, bool *ret_is_plain,
      struct err *e)
{
    auto_free char *host = NULL;
    TRY(login_host(server, &host, e));
    TRY(try(host, credentials, e));
    return credentials_store(host, credentials, ret_is_plain, e);
}
