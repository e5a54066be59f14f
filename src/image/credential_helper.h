/* credential_helper.h - docker-credential-NAME: programs that keep passwords.
 *
 * The protocol of Docker's credential helpers: the action is the one argument, a server or a
 * JSON object comes on standard input, a JSON object goes to standard output. Secrets never
 * stand on a command line.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_CREDENTIAL_HELPER_H
#define IMAGE_CREDENTIAL_HELPER_H

#include "base/error.h"

struct credentials { /* all NULL: none */
    char *user, *password;
    char *identity_token; /* of an OAuth2 server, instead of a password */
};
void credentials_done(struct credentials *credentials);

/* 1 and what it has for the server, 0 if it has nothing. */
int credential_helper_get(const char *name, const char *server, struct credentials *ret,
                          struct err *e);
int credential_helper_store(const char *name, const char *server,
                            const struct credentials *credentials, struct err *e);
int credential_helper_erase(const char *name, const char *server, struct err *e);

#endif
