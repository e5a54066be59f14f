/* credentials.h - who we are to a registry: Docker's config.json and podman's auth.json.
 *
 *     $DOCKER_CONFIG/config.json, or ~/.docker/config.json      read and written
 *     $REGISTRY_AUTH_FILE, or $XDG_RUNTIME_DIR/containers/auth.json, or
 *     /run/containers/<uid>/auth.json                           read after it
 *
 *     {"auths": {"<host>": {"auth": base64 of "user:password", "identitytoken": "..."}},
 *      "credHelpers": {"<host>": "x"}, "credsStore": "x"}       docker-credential-x on the PATH
 *
 * What is found for a host is given to that host alone (rule R17), never printed, never put
 * on a command line.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_CREDENTIALS_H
#define IMAGE_CREDENTIALS_H

#include "base/json.h"
#include "image/credential_helper.h"

/* For a registry as names have it ("docker.io", "localhost:5000") and a repository there: the
 * most exact entry wins ("host/a/b" before "host/a" before "host"). */
int credentials_find(const char *host, const char *path, struct credentials *ret,
                     struct err *e);

/* One file's say, as above; 1 if it has an entry. For the fuzzer and tests. */
int credentials_in(const struct json *config, const char *host, const char *path,
                   struct credentials *ret, struct err *e);

/* Where logins are kept: the path of config.json. The caller frees. */
int credentials_file(char **ret, struct err *e);

/* Keeps a login, in the helper that config.json names for the host, else in config.json
 * (0600, replaced at once). *ret_is_plain: it lies there unencrypted. */
int credentials_store(const char *host, const struct credentials *credentials,
                      bool *ret_is_plain, struct err *e);

/* Forgets it; 1 if there was one. */
int credentials_erase(const char *host, struct err *e);

#endif
