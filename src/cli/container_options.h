/* container_options.h - what `run` and `create` can say about a container.
 *
 * The options become the body of Docker's "POST /containers/create" as JSON: the one form
 * in which the engine is asked for a container, whoever asks.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_CONTAINER_OPTIONS_H
#define CLI_CONTAINER_OPTIONS_H

#include <stdint.h>

#include "base/json.h"
#include "cli/options.h"

struct container_options {
    const char *name, *cidfile, *pull, *platform;
    bool is_interactive, want_tty;
    const char *entrypoint, *user, *working_dir, *hostname, *domainname;
    struct list env, env_files, labels, label_files;
    struct list volumes, mounts, tmpfs;
    bool is_read_only;
    const char *network, *pid, *ipc, *uts, *cgroupns;
    const char *userns, *cgroup_parent;
    struct list extra_hosts, groups, dns, dns_search, dns_options;
    bool is_privileged, want_init, is_removed;
    struct list cap_add, cap_drop, security, devices, device_rules;
    int64_t memory, memory_swap, memory_reservation, shm_size, nano_cpus, cpu_shares,
        cpu_period, cpu_quota, pids_limit;
    const char *cpuset_cpus, *cpuset_mems;
    int64_t blkio_weight, kernel_memory;
    struct list weight_devices, read_bps, write_bps, read_iops, write_iops;
    int swappiness;
    bool is_oom_kill_disabled;
    struct list ulimits, sysctls;
    int oom_score;
    const char *stop_signal;
    int stop_timeout;
    const char *log_driver;
    struct list log_options;

    /* run only */
    bool is_detached, want_signals, want_explain;
    const char *detach_keys;
    struct list attach;
};

#define OPTION_NOT_SET INT32_MIN /* of stop_timeout and swappiness */

extern const struct option run_options[], create_options[];

void container_options_init(void *options);
void container_options_done(void *options);

/* --env-file and --label-file: adds "NAME=value" lines to ret; "NAME" alone takes its value
 * from our environment or is left out. */
int env_file_read(const char *path, struct list *ret, struct err *e);

/* -e NAME=value, or -e NAME: our own value, or nothing. */
void env_add(struct list *ret, const char *word);

#endif
