/* hooks.h - programs of the user's that are run at six moments of a container's life
 * (runtime-spec, config.md, "POSIX-platform Hooks").
 *
 *     prestart, createRuntime   host's namespaces   everything mounted, before pivot_root
 *     createContainer           container's, with   the same moment, after those two
 *                               the host's files
 *     startContainer            container's         behind the gate, as the user
 *     poststart                 host's              the program runs
 *     poststop                  host's              the container is gone
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_HOOKS_H
#define RUNTIME_HOOKS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/spec.h"

enum hook_moment {
    HOOK_PRESTART,
    HOOK_CREATE_RUNTIME,
    HOOK_CREATE_CONTAINER,
    HOOK_START_CONTAINER,
    HOOK_POSTSTART,
    HOOK_POSTSTOP,
};

/* Whom the hooks are told about, in the state on their standard input. */
struct hook_subject {
    const char *id;
    const char *bundle; /* absolute, or NULL if there is none */
    const struct oci_spec *spec;
    pid_t pid; /* as the hook's pid namespace sees it; 0: not told */
};

/* Runs all hooks of the moment in their order, each until it ends or its timeout is over;
 * then it is killed with whatever it has started. The first that fails ends it, and e says
 * which it was and the end of what it wrote; of poststart and poststop hooks all are run,
 * and e tells of the first that failed.
 *
 * A hook gets its arguments and environment (without any: the caller's, and for
 * startContainer the program's), the state on 0, and nothing of our descriptors. It runs in
 * the bundle's directory, inside the container in "/". */
int hooks_run(enum hook_moment moment, const struct hook_subject *subject, struct err *e);

bool hooks_has(const struct oci_spec *spec, enum hook_moment moment);

/* Whether some belong before pivot_root: the child stops there, and the container's root is
 * attached where the bundle has it, for they look there. */
bool hooks_want_stop(const struct oci_spec *spec);

#endif
