/* created.h - the time at which an image says that it was made.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_CREATED_H
#define IMAGE_CREATED_H

#include "base/error.h"

#define CREATED_SIZE 40

/* Now, or what SOURCE_DATE_EPOCH (seconds since 1970) says for builds that shall give the
 * same bytes again, as RFC 3339 into buf of CREATED_SIZE. ERR_INVALID if it is no number. */
int created_now(char *buf, struct err *e);

#endif
