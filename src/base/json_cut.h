/* json_cut.h - JSON text without one of its members.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_JSON_CUT_H
#define BASE_JSON_CUT_H

#include "base/text.h"

/* Appends to out what json_parse has taken (s ends with a NUL), without the member that a dotted
 * path of names leads to ("linux.seccomp.syscalls"). All of it where there is no such member, and
 * where a name on the way is written with escapes. */
void json_cut(struct text *out, const char *s, const char *path);

#endif
