/* groups.h - checks of control groups that several levels share.
 * SPDX-License-Identifier: MIT
 */
#ifndef GROUPS_H
#define GROUPS_H

#include "run.h"

/* Without groups of our own nothing can be judged: skips the check, with the reason. */
bool groups_are_missing(struct scene *s, const char *id);

/* Is this the checker's own group, as seen from the scene? */
bool groups_is_ours(const char *group);

/* Is the process still where the checker started it? Fills where it is. */
bool groups_is_outside(const struct scene *s, pid_t pid, const char *controller,
                       char *group, size_t size);

/* Runs a command that stays, and judges the check "cgroup": it has left for a group of its
 * own. False: there is no command to judge further. */
bool groups_hold(struct scene *s, struct run *r, const char *controller);

/* Reads a control file of the process' group. Returns false if there is none. */
bool groups_read(const struct scene *s, pid_t pid, const char *controller, const char *file,
                 char *text, size_t size);

#endif
