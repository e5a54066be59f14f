/* init.h - the story of a container's first process.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_INIT_H
#define RUNTIME_INIT_H

#include "runtime/cgroup.h"
#include "runtime/container.h"
#include "runtime/mounts.h"
#include "runtime/seccomp.h"
#include "runtime/seccomp_notice.h"

/* What the parent has prepared; the child works on its copy of it. */
struct init {
    const struct container_plan *plan;
    const struct cgroup *cgroup;
    const struct seccomp_program *filter;
    struct seccomp_notice *notice;
    struct mounts *mounts;
    int root_mount; /* the plan's, or one that the parent has opened, or NO_FD */
    int sync;       /* the child's end (sync.h) */
};

/* Runs in the child and never returns: it ends as the user's program, or by exiting after
 * it has sent its error. */
void init_main(struct init *init) __attribute__((noreturn));

#endif
