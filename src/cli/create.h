/* create.h - making a container from options; shared by `create` and `run`.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_CREATE_H
#define CLI_CREATE_H

#include "cli/commands.h"
#include "cli/container_options.h"
#include "engine/record.h"

/* Checks --cidfile, makes the container, prints warnings to standard error and
 * writes the cidfile. On success the caller owns *ret and *ret_lock (engine/create.h). */
int create_container(struct command_context *context, const struct container_options *o,
                     bool is_attached, struct record *ret, int *ret_lock, struct err *e);

#endif
