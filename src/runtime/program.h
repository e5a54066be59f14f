/* program.h - the last part of every way in: from a prepared place to the user's program.
 *
 * The container's first process (init.c) and each one that is run in it later (exec.c) end
 * alike, and both end here.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_PROGRAM_H
#define RUNTIME_PROGRAM_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/spec.h"
#include "runtime/hooks.h"
#include "runtime/seccomp.h"
#include "runtime/seccomp_notice.h"
#include "runtime/terminal.h"

struct program {
    const struct oci_process *process;
    const struct oci_personality *personality; /* or NULL */
    const char *user_name;                     /* or NULL: process.user's numbers */
    const struct hook_subject *hooks;          /* startContainer hooks to run, or NULL */
    const struct list *groups;                 /* more of them, with user_name; or NULL */
    const struct seccomp_program *filter;
    const struct seccomp_notice *notice; /* where its descriptor goes, if it has one */
    const struct terminal *terminal;     /* NULL: stdio */
    int stdio[3];                        /* NO_FD: the caller's own */
    int procfs; /* a private one (procfs.h), or NO_FD if not wanted */
    int preserve_fds;
    bool may_not_set_groups; /* an ordinary user's user namespace */
    bool want_cwd_made;      /* of a new container: a working directory that is not there */
    bool want_init;
    bool want_session_keyring;
    int sync; /* to the parent; close-on-exec */
    int gate_listener;
};

/* Whether a private procfs is needed: OOM score or security labels. */
bool program_wants_procfs(const struct oci_process *process);

/* Prepares, says SYNC_READY (with the terminal's master), waits at the gate, runs the
 * program. Returns only on failure; p->sync is then the socket for sync_send_failure. */
int program_run(struct program *p, struct err *e);

/* For the child after clone3: only standard input, output, error and what the caller
 * preserves survive the exec; nothing of us can be looked into (rule R9, R10). */
int program_isolate(int preserve_fds, struct err *e);

#endif
