/* story.h - gathers the kernel calls of a start, from three processes, for --explain.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_STORY_H
#define CLI_STORY_H

#include <stdint.h>

#include "base/text.h"
#include "linux/trace.h"

/* Is a trace wanted: by --explain, or by SAMPAN_TRACE=json? */
bool story_is_wanted(bool want_explain);

/* From here on, this process's own kernel calls are gathered. */
void story_begin(void);

/* A call of another process (the on_event of engine/launch.h); ns: its monotonic time. */
void story_add(const struct lx_event *event, int64_t ns, void *unused);

/* Prints what was gathered to standard error and gathers no more: a table on a terminal
 * (unless SAMPAN_TRACE=json), JSON lines otherwise. */
void story_tell(void);

#endif
