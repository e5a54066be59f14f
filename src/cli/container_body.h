/* container_body.h - from the words of `run` and `create` to Docker's JSON.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_CONTAINER_BODY_H
#define CLI_CONTAINER_BODY_H

#include "base/json.h"
#include "cli/container_options.h"

/* The body for engine_create, as the root of doc; image and command are the operands.
 * is_attached: the command stays joined to the container (run without -d). warnings: lines
 * for the user. */
int container_body_make(const struct container_options *options, int argc, char **argv,
                        bool is_attached, struct json_doc *doc, struct list *warnings,
                        struct err *e);

/* --mount's words, "type=bind,source=/a,target=/b", as an entry of HostConfig.Mounts. */
int mount_option_add(struct json_doc *doc, struct json *list, const char *words,
                     struct err *e);

/* -v's words, checked, as an entry of HostConfig.Binds. */
int volume_option_add(struct json_doc *doc, struct json *list, const char *words,
                      struct err *e);

/* Docker's form for a value that is no good: invalid argument "x" for "--mount" flag: ... */
int option_refuse(struct err *e, const char *option, const char *value, const char *fmt,
                  ...) PRINTF_LIKE(4, 5);

#endif
