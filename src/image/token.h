/* token.h - the header Authorization for a challenge.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_TOKEN_H
#define IMAGE_TOKEN_H

#include "image/registry.h"

/* Answers registry->challenge: Basic with the user's password, Bearer with a token from the
 * realm, got with or without credentials. Sets registry->authorization. */
int token_get(struct registry *registry, struct err *e);

#endif
