/* container_options.c - the options of `run` and `create`. The JSON that they become is
 * container_body.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/container_options.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "linux/path.h"

#define ENV_FILE_MOST (1u << 20)

#define AT(member) offsetof(struct container_options, member)

#define RUN_OPTIONS                                                                       \
    {"How it runs", 0, KIND_GROUP, 0, NULL, NULL},                                        \
        {"detach",        'd',  KIND_FLAG,                                                \
         AT(is_detached), NULL, "Run in the background and print the container's id"},    \
        {"attach",   'a',      KIND_LIST,                                                 \
         AT(attach), "STREAM", "Join only stdin, stdout or stderr"},                      \
        {"sig-proxy",      0,    KIND_FLAG,                                               \
         AT(want_signals), NULL, "Pass signals to the program (default true)"},           \
        {"detach-keys", 0,                                                                \
         KIND_TEXT,     AT(detach_keys),                                                  \
         "KEYS",        "Keys that leave the container running (default ctrl-p,ctrl-q)"}, \
        {"explain",                                                                       \
         0,                                                                               \
         KIND_FLAG,                                                                       \
         AT(want_explain),                                                                \
         NULL,                                                                            \
         "Print every step that makes the container, with its system calls and times"},

#define CONTAINER_OPTIONS                                                                         \
    {"interactive",      'i',  KIND_FLAG,                                                         \
     AT(is_interactive), NULL, "Keep the program's standard input open"},                         \
        {"tty", 't', KIND_FLAG, AT(want_tty), NULL, "Give the program a terminal"},               \
        {"rm", 0, KIND_FLAG, AT(is_removed), NULL, "Remove the container when it ends"},          \
        {"name", 0, KIND_TEXT, AT(name), "NAME", "Name the container"},                           \
        {"cidfile", 0, KIND_TEXT, AT(cidfile), "FILE", "Write the container's id to FILE"},       \
        {"pull",   0,      KIND_TEXT,                                                             \
         AT(pull), "WHEN", "Fetch the image: always, never, or if it is missing (default)"},      \
        {"platform",   0,         KIND_TEXT,                                                      \
         AT(platform), "OS/ARCH", "Which image of several to pull"},                              \
        {"init",        0,    KIND_FLAG,                                                          \
         AT(want_init), NULL, "Run a small pid 1 that forwards signals and reaps"},               \
        {"stop-signal",   0,        KIND_TEXT,                                                    \
         AT(stop_signal), "SIGNAL", "What 'stop' sends (default SIGTERM)"},                       \
        {"stop-timeout",   0,         KIND_INT,                                                   \
         AT(stop_timeout), "SECONDS", "How long 'stop' waits before SIGKILL (default 10)"},       \
        {"log-driver", 0, KIND_TEXT, AT(log_driver), "NAME", "json-file (default) or none"},      \
        {"log-opt",       0,           KIND_LIST,                                                 \
         AT(log_options), "KEY=VALUE", "max-size (default 10m), max-file (default 3)"},           \
        {"The program", 0, KIND_GROUP, 0, NULL, NULL},                                            \
        {"entrypoint",   0,         KIND_TEXT,                                                    \
         AT(entrypoint), "PROGRAM", "Run this instead of the image's entrypoint"},                \
        {"env",   'e',          KIND_LIST,                                                        \
         AT(env), "NAME=VALUE", "Set an environment variable; NAME alone copies yours"},          \
        {"env-file", 0, KIND_LIST, AT(env_files), "FILE", "Read variables from FILE"},            \
        {"user",         'u',                                                                     \
         KIND_TEXT,      AT(user),                                                                \
         "USER[:GROUP]", "Run as this user, by name in the container or by number"},              \
        {"group-add", 0,       KIND_LIST,                                                         \
         AT(groups),  "GROUP", "One more group, by name or number"},                              \
        {"workdir", 'w', KIND_TEXT, AT(working_dir), "DIR", "Start in this directory"},           \
        {"hostname",   'h',    KIND_TEXT,                                                         \
         AT(hostname), "NAME", "The container's host name (default: its short id)"},              \
        {"domainname", 0, KIND_TEXT, AT(domainname), "NAME", "The container's domain name"},      \
        {"label", 'l', KIND_LIST, AT(labels), "KEY=VALUE", "Set a label"},                        \
        {"label-file", 0, KIND_LIST, AT(label_files), "FILE", "Read labels from FILE"},           \
        {"Files", 0, KIND_GROUP, 0, NULL, NULL},                                                  \
        {"volume",                                                                                \
         'v',                                                                                     \
         KIND_LIST,                                                                               \
         AT(volumes),                                                                             \
         "HOST:PATH[:ro]",                                                                        \
         "Bind a directory or file of the host; a missing one is made, with a warning"},          \
        {"mount",                                                                                 \
         0,                                                                                       \
         KIND_LIST,                                                                               \
         AT(mounts),                                                                              \
         "SPEC",                                                                                  \
         "type=bind,source=HOST,target=PATH[,readonly] or type=tmpfs,target=PATH"},               \
        {"tmpfs",          0,                                                                     \
         KIND_LIST,        AT(tmpfs),                                                             \
         "PATH[:OPTIONS]", "Mount a tmpfs, as in /run:size=64m"},                                 \
        {"read-only",      0,    KIND_FLAG,                                                       \
         AT(is_read_only), NULL, "Make the container's root file system read-only"},              \
        {"shm-size", 0, KIND_SIZE, AT(shm_size), "SIZE", "Size of /dev/shm (default 64m)"},       \
        {"device",                                                                                \
         0,                                                                                       \
         KIND_LIST,                                                                               \
         AT(devices),                                                                             \
         "HOST[:PATH[:rwm]]",                                                                     \
         "Give the container a device of the host"},                                              \
        {"device-cgroup-rule", 0,      KIND_LIST,                                                 \
         AT(device_rules),     "RULE", "Allow devices by number, as in 'c 42:* rmw'"},            \
        {"Network and namespaces", 0, KIND_GROUP, 0, NULL, NULL},                                 \
        {"network", 0,                                                                            \
         KIND_TEXT, AT(network),                                                                  \
         "NAME",    "none (default: only a loopback; a bridge is not built yet) or host"},        \
        {"net", 0, KIND_TEXT, AT(network), "NAME", "The same as --network"},                      \
        {"add-host",     0,                                                                       \
         KIND_LIST,      AT(extra_hosts),                                                         \
         "NAME:ADDRESS", "Add a line to the container's /etc/hosts"},                             \
        {"dns", 0, KIND_LIST, AT(dns), "ADDRESS", "A name server (default: the host's)"},         \
        {"dns-search",   0,        KIND_LIST,                                                     \
         AT(dns_search), "DOMAIN", "A search domain; . for none"},                                \
        {"dns-option", 0, KIND_LIST, AT(dns_options), "OPTION", "A resolver's option"},           \
        {"dns-opt", 0, KIND_LIST, AT(dns_options), "OPTION", "The same as --dns-option"},         \
        {"userns", 0, KIND_TEXT, AT(userns), "MODE", "host (default): no user namespace"},        \
        {"pid", 0, KIND_TEXT, AT(pid), "MODE", "host: see the host's processes"},                 \
        {"ipc", 0, KIND_TEXT, AT(ipc), "MODE", "private (default) or host"},                      \
        {"uts", 0, KIND_TEXT, AT(uts), "MODE", "host: share the host's name"},                    \
        {"cgroupns", 0, KIND_TEXT, AT(cgroupns), "MODE", "private (default) or host"},            \
        {"Privileges", 0, KIND_GROUP, 0, NULL, NULL},                                             \
        {"cap-add", 0, KIND_LIST, AT(cap_add), "CAPABILITY", "Add a capability, or ALL"},         \
        {"cap-drop", 0, KIND_LIST, AT(cap_drop), "CAPABILITY", "Drop a capability, or ALL"},      \
        {"security-opt",                                                                          \
         0,                                                                                       \
         KIND_LIST,                                                                               \
         AT(security),                                                                            \
         "OPTION",                                                                                \
         "no-new-privileges, seccomp=unconfined or FILE, systempaths=unconfined, apparmor=NAME"}, \
        {"privileged",                                                                            \
         0,                                                                                       \
         KIND_FLAG,                                                                               \
         AT(is_privileged),                                                                       \
         NULL,                                                                                    \
         "All capabilities and devices, no seccomp, nothing masked: no longer a wall"},           \
        {"sysctl", 0, KIND_LIST, AT(sysctls), "KEY=VALUE", "Set a kernel parameter inside"},      \
        {"ulimit", 0, KIND_LIST, AT(ulimits), "NAME=SOFT[:HARD]", "Set a resource limit"},        \
        {"Limits", 0, KIND_GROUP, 0, NULL, NULL},                                                 \
        {"memory", 'm', KIND_SIZE, AT(memory), "SIZE", "Memory limit, as in 64m"},                \
        {"memory-swap",                                                                           \
         0,                                                                                       \
         KIND_SWAP,                                                                               \
         AT(memory_swap),                                                                         \
         "SIZE",                                                                                  \
         "Memory and swap together; -1: swap without limit (default: twice --memory)"},           \
        {"memory-reservation",                                                                    \
         0,                                                                                       \
         KIND_SIZE,                                                                               \
         AT(memory_reservation),                                                                  \
         "SIZE",                                                                                  \
         "Memory that is left to it when the host runs short"},                                   \
        {"memory-swappiness", 0,       KIND_INT,                                                  \
         AT(swappiness),      "0-100", "How gladly its memory is swapped out (cgroup v1)"},       \
        {"oom-kill-disable",                                                                      \
         0,                                                                                       \
         KIND_FLAG,                                                                               \
         AT(is_oom_kill_disabled),                                                                \
         NULL,                                                                                    \
         "Let it wait for memory instead of killing it (cgroup v1)"},                             \
        {"kernel-memory", 0,                                                                      \
         KIND_SIZE,       AT(kernel_memory),                                                      \
         "SIZE",          "Accepted with a warning: kernel memory counts in --memory"},           \
        {"cpus", 0, KIND_NANO, AT(nano_cpus), "NUMBER", "How many CPUs' worth, as in 1.5"},       \
        {"cpu-shares",   'c',      KIND_NUMBER,                                                   \
         AT(cpu_shares), "NUMBER", "Weight against others (default 1024)"},                       \
        {"cpu-period", 0, KIND_NUMBER, AT(cpu_period), "US", "CFS period in microseconds"},       \
        {"cpu-quota", 0, KIND_NUMBER, AT(cpu_quota), "US", "CFS quota in microseconds"},          \
        {"cpuset-cpus",   0,      KIND_TEXT,                                                      \
         AT(cpuset_cpus), "LIST", "CPUs it may use, as in 0-1"},                                  \
        {"cpuset-mems", 0, KIND_TEXT, AT(cpuset_mems), "LIST", "Memory nodes it may use"},        \
        {"pids-limit",   0,        KIND_NUMBER,                                                   \
         AT(pids_limit), "NUMBER", "How many processes (-1: no limit)"},                          \
        {"blkio-weight",   0,         KIND_NUMBER,                                                \
         AT(blkio_weight), "10-1000", "Weight of its io against others"},                         \
        {"blkio-weight-device",    0, KIND_LIST, AT(weight_devices), "DEVICE:WEIGHT",             \
         "The same for one device"},                                                              \
        {"device-read-bps", 0,                                                                    \
         KIND_LIST,         AT(read_bps),                                                         \
         "DEVICE:SIZE",     "Bytes it may read in a second, as in /dev/sda:10mb"},                \
        {"device-write-bps", 0,                                                                   \
         KIND_LIST,          AT(write_bps),                                                       \
         "DEVICE:SIZE",      "Bytes it may write in a second"},                                   \
        {"device-read-iops", 0, KIND_LIST, AT(read_iops), "DEVICE:NUMBER",                        \
         "Reads in a second"},                                                                    \
        {"device-write-iops", 0, KIND_LIST, AT(write_iops), "DEVICE:NUMBER",                      \
         "Writes in a second"},                                                                   \
        {"cgroup-parent",   0,      KIND_TEXT,                                                    \
         AT(cgroup_parent), "PATH", "Make its cgroup below this one (default sampan)"},           \
        {"oom-score-adj",                                                                         \
         0,                                                                                       \
         KIND_INT,                                                                                \
         AT(oom_score),                                                                           \
         "NUMBER",                                                                                \
         "How gladly the kernel kills it when out of memory (-1000 to 1000)"},

const struct option run_options[] = {RUN_OPTIONS CONTAINER_OPTIONS OPTION_END};
const struct option create_options[] = {
    {"How it runs", 0, KIND_GROUP, 0, NULL, NULL},
    CONTAINER_OPTIONS OPTION_END
};

void
container_options_init(void *options)
{
    struct container_options *o = options;
    o->want_signals = true;
    o->stop_timeout = OPTION_NOT_SET;
    o->swappiness = OPTION_NOT_SET;
}

void
container_options_done(void *options)
{
    struct container_options *o = options;
    struct list *const lists[] = {
        &o->env,         &o->env_files,      &o->labels,   &o->label_files, &o->volumes,
        &o->mounts,      &o->tmpfs,          &o->cap_add,  &o->cap_drop,    &o->security,
        &o->devices,     &o->device_rules,   &o->ulimits,  &o->sysctls,     &o->log_options,
        &o->attach,      &o->extra_hosts,    &o->groups,   &o->dns,         &o->dns_search,
        &o->dns_options, &o->weight_devices, &o->read_bps, &o->write_bps,   &o->read_iops,
        &o->write_iops};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        list_done(lists[i]);
}

/* ---- environment ---- */

void
env_add(struct list *ret, const char *word)
{
    const char *value = strchr(word, '=') == NULL ? getenv(word) : NULL;
    if (strchr(word, '=') != NULL)
        list_set_env(ret, word);
    else if (value != NULL) {
        auto_free char *pair = str_format("%s=%s", word, value);
        list_set_env(ret, pair);
    }
}

/* Docker's rules: leading blanks are cut, lines that begin with # and empty ones skipped,
 * the rest is taken as it is: quotes and a later # belong to the value. */
int
env_file_read(const char *path, struct list *ret, struct err *e)
{
    auto_free char *text = NULL;
    auto_list lines = {0};
    TRY(err_sys(e, file_read_at(AT_FDCWD, path, ENV_FILE_MOST, &text, NULL), "read %s",
                path));
    list_split(&lines, text, '\n');
    for (size_t i = 0; i < lines.n; i++) {
        const char *line = lines.v[i] + strspn(lines.v[i], " \t\r\v\f");
        size_t name_len = strcspn(line, "=");
        if (line[0] == '\0' || line[0] == '#')
            continue;
        if (name_len == 0)
            return err_set(e, ERR_INVALID,
                           "poorly formatted environment: no variable name "
                           "on line '%s' of %s",
                           line, path);
        if (strcspn(line, " \t") < name_len)
            return err_set(e, ERR_INVALID,
                           "poorly formatted environment: variable '%.*s' contains "
                           "whitespaces (%s, line %zu)",
                           (int)name_len, line, path, i + 1);
        env_add(ret, line);
    }
    return 0;
}
