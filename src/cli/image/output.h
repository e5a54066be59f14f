/* output.h - where a command writes an archive to.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_IMAGE_OUTPUT_H
#define CLI_IMAGE_OUTPUT_H

#include <stdbool.h>

#include "base/error.h"

struct output {
    int fd;
    char *temporary;  /* the name of the file that grows beside its place; NULL: none */
    bool is_nameless; /* it has not even that name yet */
    const char *name;
};

/* Opens a file for writing; NULL or "-" is standard output, which must be no terminal. A
 * file appears under its name only when output_keep was called: what fails leaves what was
 * there before, and what is killed nothing at all where the file system can do that. */
int output_open(struct output *ret, const char *name, struct err *e);
int output_keep(struct output *output, struct err *e);
void output_close(struct output *output); /* throws away what was not kept */

#endif
