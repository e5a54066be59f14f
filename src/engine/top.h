/* top.h - the processes of a container.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_TOP_H
#define ENGINE_TOP_H

#include "engine/record.h"

/* The titles and rows of `ps -ef`, seen from the host: UID PID PPID C STIME TTY TIME CMD.
 * An array of arrays of strings, the titles first. */
int engine_top(const struct record *record, struct json_doc *doc, struct json **ret,
               struct err *e);

#endif
