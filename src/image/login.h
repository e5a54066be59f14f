/* login.h - logins that a registry has accepted.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_LOGIN_H
#define IMAGE_LOGIN_H

#include "image/credentials.h"

/* Asks the registry whether it takes them, then keeps them (credentials.h). server: a host as
 * in names, or a URL of one; NULL is docker.io. */
int login(const char *server, const struct credentials *credentials, bool *ret_is_plain,
          struct err *e);

/* The host of a server as users write it, into a new string; ERR_INVALID if it is none. */
int login_host(const char *server, char **ret, struct err *e);

#endif
