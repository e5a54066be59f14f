/* spec.h - config.json of the OCI runtime-spec 1.2 (Linux) as C.
 *
 * Each struct is one JSON object, each member one field, in the spec's order and under its
 * name in our spelling (maskedPaths: masked_paths). Tables in the other files of src/oci
 * fill, write and free them (config.h); nobody changes them after oci_spec_parse.
 *
 * "Is it there?" has one answer per kind of member:
 *     text          NULL when absent
 *     list          n == 0
 *     array         { v, n } with n == 0
 *     number, bool  the struct oci_opt_... types where absent differs from 0 or false
 *     object        inline where an absent one equals one with nothing set, else a pointer
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OCI_SPEC_H
#define OCI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define OCI_VERSION "1.2.0" /* the newest version that we know whole */

struct oci_opt_bool {
    bool is_set, value;
};
struct oci_opt_i64 {
    bool is_set;
    int64_t value;
};
struct oci_opt_u64 {
    bool is_set;
    uint64_t value;
};

/* A JSON map of strings, in the order of the file. */
struct oci_pair {
    char *name, *value;
};
struct oci_pairs {
    struct oci_pair *v;
    size_t n;
};

/* ---- process ---- */

struct oci_ids {
    uint32_t *v;
    size_t n;
};
struct oci_user {
    uint32_t uid, gid;
    struct oci_opt_u64 umask;
    struct oci_ids additional_gids;
};

/* One bit per capability: bit 21 is CAP_SYS_ADMIN. */
struct oci_capabilities {
    uint64_t bounding, effective, inheritable, permitted, ambient;
    struct list unknown; /* names that are not known to us: granted by nobody */
};

struct oci_rlimit {
    int resource; /* RLIMIT_... */
    uint64_t soft, hard;
};
struct oci_rlimits {
    struct oci_rlimit *v;
    size_t n;
};

struct oci_scheduler {
    int policy; /* SCHED_... */
    int32_t nice, priority;
    uint64_t flags; /* SCHED_FLAG_... */
    uint64_t runtime, deadline, period;
};

struct oci_io_priority {
    int class; /* IOPRIO_CLASS_... */
    int32_t priority;
};

struct oci_process {
    bool terminal;
    struct {
        uint32_t height, width;
    } console_size; /* 0, 0 when absent */
    struct oci_user user;
    struct list args;
    struct list env;
    char *cwd;
    struct oci_capabilities capabilities;
    struct oci_rlimits rlimits;
    bool no_new_privileges;
    char *apparmor_profile;
    char *selinux_label;
    struct oci_opt_i64 oom_score_adj;
    struct oci_scheduler *scheduler;     /* NULL when absent */
    struct oci_io_priority *io_priority; /* NULL when absent */
    struct {
        char *initial, *final; /* lists of CPUs: "0-3,7" */
    } exec_cpu_affinity;
};

/* ---- root and mounts ---- */

struct oci_root {
    char *path;
    bool readonly;
};

struct oci_id_map {
    uint32_t container_id, host_id, size;
};
struct oci_id_maps {
    struct oci_id_map *v;
    size_t n;
};

struct oci_mount {
    char *destination;
    char *type;
    char *source;
    struct list options;
    struct oci_id_maps uid_mappings, gid_mappings;
};
struct oci_mounts {
    struct oci_mount *v;
    size_t n;
};

/* ---- hooks ---- */

struct oci_hook {
    char *path;
    struct list args;
    struct list env;
    struct oci_opt_i64 timeout; /* seconds */
};
struct oci_hook_list {
    struct oci_hook *v;
    size_t n;
};
struct oci_hooks {
    struct oci_hook_list prestart, create_runtime, create_container, start_container,
        poststart, poststop;
};

/* ---- linux.resources ---- */

struct oci_device_rule {
    bool allow;
    char *type; /* "a", "b", "c", "u", "p"; NULL means "a" */
    struct oci_opt_i64 major, minor;
    char *access; /* letters of "rwm"; NULL means all */
};
struct oci_device_rules {
    struct oci_device_rule *v;
    size_t n;
};

struct oci_memory {
    struct oci_opt_i64 limit, reservation, swap, kernel, kernel_tcp;
    struct oci_opt_u64 swappiness;
    struct oci_opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct oci_cpu {
    struct oci_opt_u64 shares;
    struct oci_opt_i64 quota;
    struct oci_opt_u64 burst, period;
    struct oci_opt_i64 realtime_runtime;
    struct oci_opt_u64 realtime_period;
    char *cpus, *mems;
    struct oci_opt_i64 idle;
};

struct oci_weight_device {
    int64_t major, minor;
    struct oci_opt_u64 weight, leaf_weight;
};
struct oci_weight_devices {
    struct oci_weight_device *v;
    size_t n;
};
struct oci_throttle_device {
    int64_t major, minor;
    uint64_t rate;
};
struct oci_throttle_devices {
    struct oci_throttle_device *v;
    size_t n;
};
struct oci_block_io {
    struct oci_opt_u64 weight, leaf_weight;
    struct oci_weight_devices weight_device;
    struct oci_throttle_devices throttle_read_bps_device, throttle_write_bps_device,
        throttle_read_iops_device, throttle_write_iops_device;
};

struct oci_hugepage_limit {
    char *page_size; /* "2MB" */
    uint64_t limit;
};
struct oci_hugepage_limits {
    struct oci_hugepage_limit *v;
    size_t n;
};

struct oci_net_priority {
    char *name;
    uint32_t priority;
};
struct oci_net_priorities {
    struct oci_net_priority *v;
    size_t n;
};

struct oci_rdma_limit {
    char *device; /* the member's name in the map */
    struct oci_opt_u64 hca_handles, hca_objects;
};
struct oci_rdma_limits {
    struct oci_rdma_limit *v;
    size_t n;
};

struct oci_resources {
    struct oci_device_rules devices;
    struct oci_memory memory;
    struct oci_cpu cpu;
    struct {
        struct oci_opt_i64 limit;
    } pids;
    struct oci_block_io block_io;
    struct oci_hugepage_limits hugepage_limits;
    struct {
        struct oci_opt_u64 class_id;
        struct oci_net_priorities priorities;
    } network;
    struct oci_rdma_limits rdma;
    struct oci_pairs unified;
};

/* ---- linux.seccomp ---- */

struct oci_seccomp_arg {
    uint32_t index;
    uint64_t value, value_two;
    int op; /* enum oci_seccomp_op */
};
enum oci_seccomp_op {
    OCI_SECCOMP_NE,
    OCI_SECCOMP_LT,
    OCI_SECCOMP_LE,
    OCI_SECCOMP_EQ,
    OCI_SECCOMP_GE,
    OCI_SECCOMP_GT,
    OCI_SECCOMP_MASKED_EQ, /* (argument & value) == value_two */
};
struct oci_seccomp_args {
    struct oci_seccomp_arg *v;
    size_t n;
};

struct oci_seccomp_rule {
    struct list names;
    uint32_t action; /* SECCOMP_RET_... */
    struct oci_opt_u64 errno_ret;
    struct oci_seccomp_args args; /* all must hold */
};
struct oci_seccomp_rules {
    struct oci_seccomp_rule *v;
    size_t n;
};

struct oci_seccomp {
    uint32_t default_action; /* SECCOMP_RET_... without data */
    struct oci_opt_u64 default_errno_ret;
    struct list architectures; /* "SCMP_ARCH_X86_64" */
    uint64_t flags;            /* SECCOMP_FILTER_FLAG_... */
    char *listener_path;
    char *listener_metadata;
    struct oci_seccomp_rules syscalls;
};

/* ---- linux ---- */

struct oci_namespace {
    int type;   /* CLONE_NEW... */
    char *path; /* of one to join; NULL: a new one */
};
struct oci_namespaces {
    struct oci_namespace *v;
    size_t n;
};

struct oci_time_offset {
    char *clock; /* "monotonic" or "boottime": the member's name in the map */
    int64_t secs;
    uint32_t nanosecs;
};
struct oci_time_offsets {
    struct oci_time_offset *v;
    size_t n;
};

struct oci_device {
    char *path;
    char *type; /* "c", "b", "u", "p" */
    int64_t major, minor;
    struct oci_opt_u64 file_mode, uid, gid;
};
struct oci_devices {
    struct oci_device *v;
    size_t n;
};

struct oci_intel_rdt {
    char *clos_id, *l3_cache_schema, *mem_bw_schema;
    bool enable_cmt, enable_mbm;
};

struct oci_personality {
    uint32_t domain; /* PER_LINUX or PER_LINUX32 */
    struct list flags;
};

struct oci_linux {
    struct oci_namespaces namespaces;
    struct oci_id_maps uid_mappings, gid_mappings;
    struct oci_time_offsets time_offsets;
    struct oci_devices devices;
    struct oci_resources resources;
    char *cgroups_path;
    char *rootfs_propagation; /* "shared", "slave", "private", "unbindable", or with r- */
    struct oci_seccomp *seccomp; /* NULL when absent */
    struct list masked_paths, readonly_paths;
    char *mount_label;
    struct oci_pairs sysctl;
    struct oci_intel_rdt *intel_rdt;     /* NULL when absent */
    struct oci_personality *personality; /* NULL when absent */
};

/* ---- the whole ---- */

struct oci_spec {
    char *oci_version;
    struct oci_root root;
    struct oci_mounts mounts;
    struct oci_process *process; /* NULL when absent: such a container cannot start */
    char *hostname, *domainname;
    struct oci_hooks hooks;
    struct oci_pairs annotations;
    struct oci_linux linux_; /* gnu17 makes "linux" a macro */
};

#endif
