/* kept_filter.h - the container's seccomp program, as `create` compiled it, for `exec`.
 *
 * A whole profile is two thirds of a config.json: to read and compile it again took a tenth of
 * the time of an exec. The file is as trusted as config.json beside it: both lie in a
 * directory that root alone can write to.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_RUNTIME_KEPT_FILTER_H
#define CLI_RUNTIME_KEPT_FILTER_H

#include "runtime/seccomp.h"

#define KEPT_FILTER "filter" /* its name in the container's directory */

/* Writes it into the container's directory. */
int kept_filter_write(int dir, const struct seccomp_program *program, struct err *e);

/* Reads it; *ret is the caller's (seccomp_program_done). A file that is not whole, or that
 * another version of this program wrote, is an error. */
int kept_filter_read(int dir, struct seccomp_program *ret, struct err *e);

#endif
