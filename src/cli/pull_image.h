/* pull_image.h - the image that `run` and `create` need, fetched when it is not here.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_PULL_IMAGE_H
#define CLI_PULL_IMAGE_H

#include "cli/command.h"
#include "cli/container_options.h"

/* What is to be done before the container is made: checks the word of --pull, and for
 * "always" pulls. */
int pull_image_before(struct command_context *context, const struct container_options *o,
                      char **ret_name, struct err *e);

/* After making the container failed with r: where that was because the image is not here, and
 * --pull allows it, pulls it and returns 1: try again. Else r. The image's full name takes the
 * operand's place; *ret_name owns it (the caller frees). */
int pull_image_after(struct command_context *context, const struct container_options *o,
                     int r, char **ret_name, struct err *e);

#endif
