/* confine.h - throw-away worlds for the learner's program.
 * SPDX-License-Identifier: MIT
 */
#ifndef CONFINE_H
#define CONFINE_H

#include "check.h"

/* Called just before a fork whose child calls confine_enter: the child dies with us. */
void confine_fork(struct scene *s);

/* Called once, by the process that plays a level: makes our control groups, enters them,
 * and without root a user namespace. Fills the scene's is_root, has_all_ids, cgroups,
 * no_cgroups. Returns NULL, or a message id that says why no scene can be played. */
const char *confine_enter(struct scene *s);

/* Plays one scene as process 1 of new namespaces and waits for its end. What the scene
 * mounts, starts or renames goes with it. Returns its wait status, or -errno. */
int confine_play(struct scene *s, void (*play)(struct scene *s));

/* By the process that called the one that called confine_enter, after its end: ledger_close
 * does the rest. Whether a machine can do without root is asked before: */
bool confine_can_map_ids(void);

/* A variable of the scene's "host", which no container should have. */
#define HOST_VARIABLE "ON_THE_HOST"

/* Where the learner's groups are, inside a scene: the mount of a controller. */
const char *confine_cgroup_mount(const struct scene *s, const char *controller);

#endif
