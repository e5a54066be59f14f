/* common.h - scenes that all levels share.
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_H
#define COMMON_H

#include "check.h"

/* The first scene of each level: the command runs. */
void common_runs(struct scene *s);

/* The last scene from level 03 on: descriptors, orphans, left-overs. */
void common_clean(struct scene *s);

/* When rd is killed, the command dies too. */
void common_dies(struct scene *s);

/* The last scene of level 02: left-overs alone. */
void common_left(struct scene *s);

/* The options of a level's first scene, or NULL. */
const char *const *common_options(const struct scene *s);

#endif
