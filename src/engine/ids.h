/* ids.h - what an id and a name may look like, and new ones.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_IDS_H
#define ENGINE_IDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define ID_LEN       64
#define ID_SHORT_LEN 12

bool id_is_valid(const char *s); /* 64 letters of [0-9a-f] */
void id_make(char ret[ID_LEN + 1]);

/* [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 128 letters; ERR_INVALID with Docker's words. */
int name_check(const char *name, struct err *e);

/* "quick_zhenghe": an adjective and a navigator or a pioneer of computing. buf: 48 bytes. */
void name_generate(char *buf, size_t size);

#endif
