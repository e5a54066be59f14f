/* seccomp_file.h - a profile of the user's own (--security-opt seccomp=FILE).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_SECCOMP_FILE_H
#define ENGINE_SECCOMP_FILE_H

#include "base/error.h"
#include "base/json.h"

/* Sets linux_.seccomp from the text of a profile as Docker writes it. process: with its
 * capabilities, which decide about the rules that ask for them. */
int seccomp_file_add(struct json_doc *doc, struct json *linux_, const struct json *process,
                     const char *text, struct err *e);

#endif
