/* container_body.c - the options of `run` and `create` become the body of Docker's
 * "POST /containers/create": the one form in which the engine is asked for a container,
 * whoever asks.
 *
 * What an option's words look like is checked here, with the option's name; what they mean
 * together, by the engine (engine/bundle.c, mounts.c, resources.c).
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/container_body.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "linux/path.h"

#define SHM_BYTES (64 << 20)

static int
set_env(const struct container_options *o, struct json_doc *doc, struct json *body,
        struct err *e)
{
    auto_list env = {0};
    for (size_t i = 0; i < o->env_files.n; i++)
        TRY(env_file_read(o->env_files.v[i], &env, e));
    for (size_t i = 0; i < o->env.n; i++) {
        if (o->env.v[i][0] == '=' || o->env.v[i][0] == '\0')
            return option_refuse(e, "-e, --env", o->env.v[i],
                                 "invalid environment variable: %s", o->env.v[i]);
        env_add(&env, o->env.v[i]);
    }
    json_set(doc, body, "Env", json_strings(doc, &env));
    return 0;
}

/* "key=value" words to an object; "key" alone has the value "". */
static struct json *
pairs_to_json(struct json_doc *doc, const struct list *pairs, char separator)
{
    struct json *object = json_object(doc);
    for (size_t i = 0; i < pairs->n; i++) {
        const char *at = strchr(pairs->v[i], separator);
        auto_free char *key = at != NULL
                                  ? str_format("%.*s", (int)(at - pairs->v[i]), pairs->v[i])
                                  : str_copy(pairs->v[i]);
        json_set_str(doc, object, key, at != NULL ? at + 1 : "");
    }
    return object;
}

static int
set_labels(const struct container_options *o, struct json_doc *doc, struct json *body,
           struct err *e)
{
    auto_list labels = {0};
    for (size_t i = 0; i < o->label_files.n; i++)
        TRY(env_file_read(o->label_files.v[i], &labels, e));
    list_add_all(&labels, &o->labels);
    json_set(doc, body, "Labels", pairs_to_json(doc, &labels, '='));
    return 0;
}

/* "nofile=SOFT[:HARD]"; -1: no limit. */
static int
add_ulimit(struct json_doc *doc, struct json *list, const char *word, struct err *e)
{
    static const char *const names[] = {
        "as",   "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue",
        "nice", "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};
    auto_list parts = {0};
    auto_free char *name = str_format("%.*s", (int)strcspn(word, "="), word);
    const char *values = word[strlen(name)] == '=' ? word + strlen(name) + 1 : "";
    int64_t soft, hard;
    bool is_known = false;
    list_split(&parts, values, ':');
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        is_known |= str_eq(names[i], name);
    if (parts.n > 2 || num_parse_i64(parts.v[0], &soft) < 0 ||
        num_parse_i64(parts.v[parts.n - 1], &hard) < 0)
        return option_refuse(e, "--ulimit", word,
                             "invalid ulimit argument: %s (NAME=SOFT[:HARD])", word);
    if (!is_known)
        return option_refuse(e, "--ulimit", word, "invalid ulimit type: %s", name);
    if (hard != -1 && (soft > hard || soft == -1))
        return option_refuse(e, "--ulimit", word,
                             "ulimit soft limit must be less than or equal to hard limit: "
                             "%lld > %lld",
                             (long long)soft, (long long)hard);
    struct json *limit = json_object(doc);
    json_set_str(doc, limit, "Name", name);
    json_set_i64(doc, limit, "Soft", soft);
    json_set_i64(doc, limit, "Hard", hard);
    json_append(list, limit);
    return 0;
}

/* "/dev/x[:/dev/y][:rwm]": a word that is no path is the permissions. */
static int
add_device(struct json_doc *doc, struct json *list, const char *word, struct err *e)
{
    auto_list parts = {0};
    list_split(&parts, word, ':');
    struct json *device = json_object(doc);
    bool has_place = parts.n > 1 && parts.v[1][0] == '/';
    size_t at = has_place ? 2 : 1;
    const char *access = parts.n > at ? parts.v[at] : "rwm";
    if (parts.n > at + 1)
        return err_set(e, ERR_INVALID, "invalid device specification: %s", word);
    if (access[0] == '\0' || strspn(access, "rwm") != strlen(access))
        return err_set(e, ERR_INVALID, "bad mode specified: %s (--device %s)", access,
                       word);
    json_set_str(doc, device, "PathOnHost", parts.v[0]);
    json_set_str(doc, device, "PathInContainer", has_place ? parts.v[1] : parts.v[0]);
    json_set_str(doc, device, "CgroupPermissions", access);
    json_append(list, device);
    return 0;
}

static int
set_files(const struct container_options *o, struct json_doc *doc, struct json *host,
          struct err *e)
{
    struct json *binds = json_array(doc), *mounts = json_array(doc);
    struct json *devices = json_array(doc);
    for (size_t i = 0; i < o->volumes.n; i++)
        TRY(volume_option_add(doc, binds, o->volumes.v[i], e));
    for (size_t i = 0; i < o->mounts.n; i++)
        TRY(mount_option_add(doc, mounts, o->mounts.v[i], e));
    for (size_t i = 0; i < o->devices.n; i++)
        TRY(add_device(doc, devices, o->devices.v[i], e));
    json_set(doc, host, "Binds", binds);
    json_set(doc, host, "Mounts", mounts);
    json_set(doc, host, "Devices", devices);
    json_set(doc, host, "DeviceCgroupRules", json_strings(doc, &o->device_rules));
    json_set(doc, host, "Tmpfs", pairs_to_json(doc, &o->tmpfs, ':'));
    return 0;
}

/* Namespace options, and the words that each knows besides "host" and nothing. */
static int
set_namespaces(const struct container_options *o, struct json_doc *doc, struct json *host,
               struct err *e)
{
    const struct {
        const char *option, *field, *value, *otherwise;
    } modes[] = {
        {"network",  "NetworkMode",  o->network,  "none"   },
        {"pid",      "PidMode",      o->pid,      ""       },
        {"ipc",      "IpcMode",      o->ipc,      "private"},
        {"uts",      "UTSMode",      o->uts,      ""       },
        {"userns",   "UsernsMode",   o->userns,   ""       },
        {"cgroupns", "CgroupnsMode", o->cgroupns, "private"},
    };
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        const char *value = modes[i].value != NULL ? modes[i].value : modes[i].otherwise;
        bool is_known = str_eq(value, "host") || str_eq(value, modes[i].otherwise) ||
                        value[0] == '\0';
        if (!is_known)
            return err_set(e, ERR_INVALID, "--%s: invalid mode '%s' (known: %s%shost)",
                           modes[i].option, value, modes[i].otherwise,
                           modes[i].otherwise[0] != '\0' ? ", " : "");
        json_set_str(doc, host, modes[i].field, value);
    }
    return 0;
}

static bool
is_address(const char *text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* "NAME:ADDRESS"; the address may have colons of its own. */
static int
check_extra_host(const char *word, struct err *e)
{
    const char *colon = strchr(word, ':');
    if (colon == NULL || colon == word)
        return option_refuse(e, "--add-host", word, "bad format for add-host: \"%s\"",
                             word);
    if (!is_address(colon + 1))
        return option_refuse(e, "--add-host", word,
                             "invalid IP address in add-host: \"%s\"", colon + 1);
    return 0;
}

static int
set_names(const struct container_options *o, struct json_doc *doc, struct json *host,
          struct err *e)
{
    const struct {
        const char *field;
        const struct list *words;
    } lists[] = {
        {"ExtraHosts", &o->extra_hosts},
        {"Dns",        &o->dns        },
        {"DnsSearch",  &o->dns_search },
        {"DnsOptions", &o->dns_options},
        {"GroupAdd",   &o->groups     },
    };
    for (size_t i = 0; i < o->extra_hosts.n; i++)
        TRY(check_extra_host(o->extra_hosts.v[i], e));
    for (size_t i = 0; i < o->dns.n; i++)
        if (!is_address(o->dns.v[i]))
            return option_refuse(e, "--dns", o->dns.v[i],
                                 "IP address is not correctly formatted: %s", o->dns.v[i]);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (lists[i].words->n > 0)
            json_set(doc, host, lists[i].field, json_strings(doc, lists[i].words));
    return 0;
}

/* ---- limits ---- */

/* "DEVICE:RATE" */
static int
add_device_limit(struct json_doc *doc, struct json *list, const char *option,
                 const char *word, struct err *e)
{
    const char *colon = strrchr(word, ':');
    bool is_size = str_ends(option, "bps"), is_weight = str_ends(option, "weight-device");
    int64_t value;
    if (colon == NULL || word[0] != '/')
        return option_refuse(e, option, word, "bad format: %s", word);
    int r = is_size ? num_parse_size(colon + 1, &value) : num_parse_i64(colon + 1, &value);
    if (r < 0 || value < 0)
        return option_refuse(e, option, word,
                             "invalid rate for device: %s. The correct format is "
                             "<device-path>:<number>%s",
                             word, is_size ? "[<unit>]" : "");
    auto_free char *path = str_format("%.*s", (int)(colon - word), word);
    struct json *limit = json_object(doc);
    json_set_str(doc, limit, "Path", path);
    json_set_i64(doc, limit, is_weight ? "Weight" : "Rate", value);
    json_append(list, limit);
    return 0;
}

static int
set_device_limits(const struct container_options *o, struct json_doc *doc,
                  struct json *host, struct err *e)
{
    const struct {
        const char *option, *field;
        const struct list *words;
    } limits[] = {
        {"--blkio-weight-device", "BlkioWeightDevice",    &o->weight_devices},
        {"--device-read-bps",     "BlkioDeviceReadBps",   &o->read_bps      },
        {"--device-write-bps",    "BlkioDeviceWriteBps",  &o->write_bps     },
        {"--device-read-iops",    "BlkioDeviceReadIOps",  &o->read_iops     },
        {"--device-write-iops",   "BlkioDeviceWriteIOps", &o->write_iops    },
    };
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct json *list = json_array(doc);
        for (size_t k = 0; k < limits[i].words->n; k++)
            TRY(add_device_limit(doc, list, limits[i].option, limits[i].words->v[k], e));
        if (limits[i].words->n > 0)
            json_set(doc, host, limits[i].field, list);
    }
    return 0;
}

static void
set_limits(const struct container_options *o, struct json_doc *doc, struct json *host)
{
    const struct {
        const char *field;
        int64_t value;
    } numbers[] = {
        {"Memory",            o->memory                                },
        {"MemorySwap",        o->memory_swap                           },
        {"MemoryReservation", o->memory_reservation                    },
        {"NanoCpus",          o->nano_cpus                             },
        {"CpuShares",         o->cpu_shares                            },
        {"CpuPeriod",         o->cpu_period                            },
        {"CpuQuota",          o->cpu_quota                             },
        {"PidsLimit",         o->pids_limit                            },
        {"OomScoreAdj",       o->oom_score                             },
        {"BlkioWeight",       o->blkio_weight                          },
        {"ShmSize",           o->shm_size > 0 ? o->shm_size : SHM_BYTES},
    };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        json_set_i64(doc, host, numbers[i].field, numbers[i].value);
    json_set_str(doc, host, "CpusetCpus", o->cpuset_cpus);
    json_set_str(doc, host, "CpusetMems", o->cpuset_mems);
    json_set_str(doc, host, "CgroupParent", o->cgroup_parent);
    json_set_bool(doc, host, "OomKillDisable", o->is_oom_kill_disabled);
    if (o->swappiness != OPTION_NOT_SET)
        json_set_i64(doc, host, "MemorySwappiness", o->swappiness);
}

/* ---- privileges ---- */

/* A profile's file is read here, since the engine may be asked by somebody who sees other
 * files: it gets the text. */
static int
add_security(struct json_doc *doc, struct json *list, const char *word, struct err *e)
{
    const char *file = str_after(word, "seccomp=");
    if (file == NULL)
        file = str_after(word, "seccomp:");
    if (file == NULL || str_eq(file, "unconfined") || str_eq(file, "builtin")) {
        json_append(list, json_string(doc, word));
        return 0;
    }
    auto_free char *text = NULL;
    auto_json *profile = NULL;
    auto_text out = {0};
    size_t len;
    TRY(err_sys(e, file_read_at(AT_FDCWD, file, JSON_BYTES_MOST, &text, &len),
                "open the seccomp profile %s", file));
    int r = json_parse(text, len, &profile, e);
    if (r < 0)
        return err_hint(e, r, " (--security-opt seccomp=%s)", file);
    text_add(&out, "seccomp=");
    json_write(&out, json_root(profile), 0);
    json_append(list, json_string(doc, text_str(&out)));
    return 0;
}

/* "key=value"; the runtime says which keys there are. */
static int
check_sysctl(const char *word, struct err *e)
{
    const char *equals = strchr(word, '=');
    if (equals == NULL || equals == word || equals[1] == '\0')
        return option_refuse(e, "--sysctl", word, "sysctl '%s' is not allowed: KEY=VALUE",
                             word);
    return 0;
}

static int
set_privileges(const struct container_options *o, struct json_doc *doc, struct json *host,
               struct err *e)
{
    struct json *ulimits = json_array(doc);
    for (size_t i = 0; i < o->ulimits.n; i++)
        TRY(add_ulimit(doc, ulimits, o->ulimits.v[i], e));
    struct json *security = json_array(doc);
    for (size_t i = 0; i < o->security.n; i++)
        TRY(add_security(doc, security, o->security.v[i], e));
    for (size_t i = 0; i < o->sysctls.n; i++)
        TRY(check_sysctl(o->sysctls.v[i], e));
    json_set(doc, host, "Ulimits", ulimits);
    json_set(doc, host, "CapAdd", json_strings(doc, &o->cap_add));
    json_set(doc, host, "CapDrop", json_strings(doc, &o->cap_drop));
    json_set(doc, host, "SecurityOpt", security);
    json_set(doc, host, "Sysctls", pairs_to_json(doc, &o->sysctls, '='));
    json_set_bool(doc, host, "Privileged", o->is_privileged);
    json_set_bool(doc, host, "ReadonlyRootfs", o->is_read_only);
    json_set_bool(doc, host, "Init", o->want_init);
    json_set_bool(doc, host, "AutoRemove", o->is_removed);
    return 0;
}

static int
set_log(const struct container_options *o, struct json_doc *doc, struct json *host,
        struct err *e)
{
    const char *driver = o->log_driver != NULL ? o->log_driver : "json-file";
    if (!str_eq(driver, "json-file") && !str_eq(driver, "none"))
        return err_set(e, ERR_UNSUPPORTED,
                       "logger: no log driver named '%s' (known: json-file, none)", driver);
    struct json *log = json_object(doc), *config = pairs_to_json(doc, &o->log_options, '=');
    for (json_each(option, config))
        if (!str_eq(option->name, "max-size") && !str_eq(option->name, "max-file"))
            return err_set(e, ERR_INVALID,
                           "unknown log opt '%s' (known: max-size, max-file)",
                           option->name);
    json_set_str(doc, log, "Type", driver);
    json_set(doc, log, "Config", config);
    json_set(doc, host, "LogConfig", log);
    return 0;
}

static struct json *
make_host_config(const struct container_options *o, struct json_doc *doc, struct err *e)
{
    struct json *host = json_object(doc);
    if (set_files(o, doc, host, e) < 0 || set_log(o, doc, host, e) < 0 ||
        set_namespaces(o, doc, host, e) < 0 || set_names(o, doc, host, e) < 0 ||
        set_device_limits(o, doc, host, e) < 0 || set_privileges(o, doc, host, e) < 0)
        return NULL;
    set_limits(o, doc, host);
    return host;
}

static int
set_texts(const struct container_options *o, const char *image, struct json_doc *doc,
          struct json *body, struct err *e)
{
    const struct {
        const char *field, *value;
    } texts[] = {
        {"Hostname",   o->hostname   },
        {"Domainname", o->domainname },
        {"User",       o->user       },
        {"WorkingDir", o->working_dir},
        {"StopSignal", o->stop_signal},
        {"Image",      image         },
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        json_set_str(doc, body, texts[i].field, texts[i].value);
    if (o->working_dir != NULL && o->working_dir[0] != '/')
        return err_set(e, ERR_INVALID,
                       "the working directory '%s' is invalid, it needs to be an absolute "
                       "path",
                       o->working_dir);
    return 0;
}

static void
set_command(const struct container_options *o, int argc, char **argv, struct json_doc *doc,
            struct json *body)
{
    if (o->entrypoint != NULL) {
        struct json *entrypoint = json_array(doc);
        json_append(entrypoint, json_string(doc, o->entrypoint));
        json_set(doc, body, "Entrypoint", entrypoint);
    }
    if (argc > 1) {
        struct json *command = json_array(doc);
        for (int i = 1; i < argc; i++)
            json_append(command, json_string(doc, argv[i]));
        json_set(doc, body, "Cmd", command);
    }
}

static void
set_streams(const struct container_options *o, bool is_attached, struct json_doc *doc,
            struct json *body)
{
    json_set_bool(doc, body, "AttachStdin", is_attached && o->is_interactive);
    json_set_bool(doc, body, "AttachStdout", is_attached);
    json_set_bool(doc, body, "AttachStderr", is_attached);
    json_set_bool(doc, body, "Tty", o->want_tty);
    json_set_bool(doc, body, "OpenStdin", o->is_interactive);
    json_set_bool(doc, body, "StdinOnce", is_attached && o->is_interactive);
}

int
container_body_make(const struct container_options *o, int argc, char **argv,
                    bool is_attached, struct json_doc *doc, struct list *warnings,
                    struct err *e)
{
    struct json *body = json_object(doc);
    json_set_root(doc, body);
    TRY(set_texts(o, argv[0], doc, body, e));
    set_streams(o, is_attached, doc, body);
    set_command(o, argc, argv, doc, body);
    if (o->stop_timeout != OPTION_NOT_SET)
        json_set_i64(doc, body, "StopTimeout", o->stop_timeout);
    if (o->kernel_memory > 0)
        list_add(warnings, "a kernel memory limit does nothing any more: kernel memory "
                           "counts in --memory");
    TRY(set_env(o, doc, body, e));
    TRY(set_labels(o, doc, body, e));
    struct json *host = make_host_config(o, doc, e);
    if (host == NULL)
        return err_kind_errno(e->kind);
    json_set(doc, body, "HostConfig", host);
    return 0;
}
