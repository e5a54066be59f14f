/* arguments.h - the command line of sampan-runtime, as crun and runc have it.
 *
 *     sampan-runtime [GLOBAL OPTION...] VERB [OPTION...] OPERAND...
 *
 * Options may stand among a verb's operands, except where these end in another program's
 * command line (exec, ps).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_RUNTIME_ARGUMENTS_H
#define CLI_RUNTIME_ARGUMENTS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/options.h"
#include "runtime/container.h"

/* The limits that `update` can set one by one. */
enum limit {
    LIMIT_MEMORY,
    LIMIT_MEMORY_SWAP,
    LIMIT_MEMORY_RESERVATION,
    LIMIT_KERNEL_MEMORY,
    LIMIT_KERNEL_MEMORY_TCP,
    LIMIT_CPU_SHARE,
    LIMIT_CPU_QUOTA,
    LIMIT_CPU_PERIOD,
    LIMIT_CPU_BURST,
    LIMIT_CPU_IDLE,
    LIMIT_CPU_RT_PERIOD,
    LIMIT_CPU_RT_RUNTIME,
    LIMIT_CPUSET_CPUS,
    LIMIT_CPUSET_MEMS,
    LIMIT_PIDS,
    LIMIT_BLKIO_WEIGHT,
    LIMIT_L3_CACHE_SCHEMA,
    LIMIT_MEM_BW_SCHEMA,
    LIMIT_COUNT
};

/* All options of all verbs; each verb's own table says which of them it takes. */
struct arguments {
    /* before the verb */
    const char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless, *criu;
    bool use_systemd, is_debug, want_version;
    enum cgroup_driver cgroup_driver; /* as the options say together */

    const char *bundle, *config, *pid_file, *console_socket, *process, *cwd, *user, *format,
        *process_label, *apparmor, *resources, *file, *interval;
    struct list env, caps, additional_gids, groups;
    int preserve_fds;
    bool no_pivot, no_new_keyring, no_new_privs, no_subreaper, is_detached, has_tty,
        want_all, want_force, want_kept, want_stats, want_rootless, ignore_paused, is_quiet,
        is_regex;
    const char *limits[LIMIT_COUNT];

    char **operands; /* what is left; NULL-terminated */
    int n_operands;
};
void arguments_done(struct arguments *arguments);

extern const struct syntax arguments_global; /* up to the verb */
extern const struct syntax arguments_create, arguments_start, arguments_run, arguments_exec,
    arguments_state, arguments_kill, arguments_delete, arguments_list, arguments_ps,
    arguments_pause, arguments_resume, arguments_update, arguments_events, arguments_spec,
    arguments_features, arguments_checkpoint, arguments_restore;

/* Reads words after `syntax`; words[0] is skipped. 1: help was asked for. */
int arguments_parse(struct arguments *ret, const struct syntax *syntax, char **words,
                    struct err *e);

/* What no table can say about the global options. */
int arguments_check_global(struct arguments *arguments, struct err *e);

#endif
