/* verbs.h - the verbs of sampan-runtime, one file each.
 *
 * Each gets its arguments parsed and counted, fills e on failure, and returns the exit
 * status (>= 0) or < 0.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_RUNTIME_VERBS_H
#define CLI_RUNTIME_VERBS_H

#include "base/error.h"
#include "cli/runtime/arguments.h"
#include "cli/runtime/record.h"
#include "runtime/hooks.h"

int verb_create(const struct arguments *a, struct err *e);
int verb_start(const struct arguments *a, struct err *e);
int verb_run(const struct arguments *a, struct err *e);
int verb_exec(const struct arguments *a, struct err *e);
int verb_state(const struct arguments *a, struct err *e);
int verb_kill(const struct arguments *a, struct err *e);
int verb_delete(const struct arguments *a, struct err *e);
int verb_list(const struct arguments *a, struct err *e);
int verb_ps(const struct arguments *a, struct err *e);
int verb_pause(const struct arguments *a, struct err *e);
int verb_resume(const struct arguments *a, struct err *e);
int verb_update(const struct arguments *a, struct err *e);
int verb_events(const struct arguments *a, struct err *e);
int verb_spec(const struct arguments *a, struct err *e);
int verb_features(const struct arguments *a, struct err *e);
int verb_checkpoint(const struct arguments *a, struct err *e); /* and restore */

/* What create and run share: record, container, pid file. Nothing stays on failure. */
int make_container(const struct arguments *a, bool is_started_now, struct record *ret,
                   struct err *e);

/* What those and exec share. */
int write_pid_file(const char *path, pid_t pid, struct err *e);

/* Runs the poststart or poststop hooks: one that fails is a warning. */
void run_late_hooks(const struct arguments *a, const struct record *record,
                    enum hook_moment moment);

/* Connects to a --console-socket; NO_FD if path is NULL. */
int connect_console(const char *path, int *ret, struct err *e);

/* A terminal must have somebody at its other end. has_watcher: we stay, and can be that. */
int check_terminal(const struct arguments *a, bool has_terminal, bool has_watcher,
                   struct err *e);

/* Socket activation (sd_listen_fds(3)): the caller's LISTEN_FDS are passed on, before what
 * --preserve-fds names. is_first: the process will be pid 1. Returns how many descriptors
 * are kept in all. */
int pass_listen_fds(const struct arguments *a, struct oci_process *process, bool is_first);

/* What --preserve-fds and LISTEN_FDS name, 3 and on, must be open. To be asked before any
 * descriptor of our own is opened, which would fill a hole and reach the program. */
int check_preserved(const struct arguments *a, struct err *e);

/* What cannot be granted is left out, and said (runtime-spec, "capabilities"). */
void warn_of_capabilities(const struct arguments *a, const struct oci_spec *spec,
                          const struct oci_capabilities *wanted);

/* Fails unless a container is in one of the states of `wanted` (bits 1 << OCI_...). */
int check_status(const struct record *record, unsigned wanted, const char *verb,
                 struct err *e);

#endif
