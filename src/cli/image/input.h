/* input.h - where a command reads an archive from.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_IMAGE_INPUT_H
#define CLI_IMAGE_INPUT_H

#include "base/error.h"

/* A descriptor (close-on-exec, the caller's) of the file; "-" or NULL is standard input,
 * which must be no terminal. */
int input_open(const char *name, struct err *e);

#endif
