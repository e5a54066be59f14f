/* bundle.c - from Docker's Config and HostConfig to the runtime-spec's config.json.
 *
 * The defaults stand in tables: mounts, masked and read-only paths, capabilities
 * (SECURITY.md §5). A field that the user set replaces or extends them; whatever cannot be
 * applied as written is an error, not a weaker container (rule R25).
 *
 * Mounts are in mounts.c, devices in devices.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/bundle.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/number.h"
#include "engine/mounts.h"
#include "engine/resources.h"
#include "engine/seccomp_file.h"
#include "linux/path.h"

#define ETC_BYTES_MOST (1u << 20)

const char *const bundle_capabilities[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
    NULL,
};

static const char *const default_capabilities[] = {
    "CAP_CHOWN",      "CAP_DAC_OVERRIDE", "CAP_FOWNER",
    "CAP_FSETID",     "CAP_KILL",         "CAP_SETGID",
    "CAP_SETUID",     "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT", "CAP_SETFCAP",
};

static const char *const masked_paths[] = {
    "/proc/asound",     "/proc/acpi",        "/proc/interrupts",
    "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
    "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap",
};

static const char *const readonly_paths[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

/* What is wanted where, gathered while the record is read. */
struct bundle {
    const struct engine *engine;
    const struct record *record;
    const struct json *config, *host; /* Config, HostConfig */
    struct json_doc *doc;
    struct json *process, *linux_;
    bool is_privileged;
};

static bool
host_is(const struct bundle *b, const char *field, const char *word)
{
    return str_eq(json_str(json_get(b->host, field), ""), word);
}

static struct json *
words_to_json(struct json_doc *doc, const char *const *words, size_t n)
{
    struct json *array = json_array(doc);
    for (size_t i = 0; i < n; i++)
        json_append(array, json_string(doc, words[i]));
    return array;
}

/* ---- capabilities ---- */

/* "net_admin", "CAP_NET_ADMIN" -> "CAP_NET_ADMIN", or NULL. */
static const char *
find_capability(const char *word)
{
    if (strncasecmp(word, "CAP_", 4) == 0)
        word += 4;
    for (const char *const *cap = bundle_capabilities; *cap != NULL; cap++)
        if (strcasecmp(*cap + 4, word) == 0)
            return *cap;
    return NULL;
}

/* Does a list of the user's (CapAdd, CapDrop) name it, or ALL? */
static int
lists_capability(const struct json *list, const char *cap, struct err *e)
{
    bool is_listed = false;
    for (json_each(word, list)) {
        const char *text = json_str(word, "");
        const char *known = find_capability(text);
        if (known == NULL && strcasecmp(text, "ALL") != 0)
            return err_set(e, ERR_INVALID, "unknown capability: \"%s\"", text);
        is_listed |= known == NULL || str_eq(known, cap);
    }
    return is_listed;
}

/* ALL among the dropped leaves what is added by name; a name wins over ALL. */
static bool
names_capability(const struct json *list, const char *cap)
{
    for (json_each(word, list)) {
        const char *known = find_capability(json_str(word, ""));
        if (known != NULL && str_eq(known, cap))
            return true;
    }
    return false;
}

static int
has_capability(const struct bundle *b, const char *cap, struct err *e)
{
    const struct json *add = json_get(b->host, "CapAdd"),
                      *drop = json_get(b->host, "CapDrop");
    int is_added = lists_capability(add, cap, e);
    TRY(is_added);
    int is_dropped = lists_capability(drop, cap, e);
    TRY(is_dropped);
    if (b->is_privileged)
        return !names_capability(drop, cap);
    if (names_capability(drop, cap))
        return 0;
    if (names_capability(add, cap))
        return 1;
    bool is_default = false;
    for (size_t i = 0; i < ARRAY_LEN(default_capabilities); i++)
        is_default |= str_eq(default_capabilities[i], cap);
    return is_added || (is_default && !is_dropped);
}

static int
add_capabilities(struct bundle *b, struct err *e)
{
    static const char *const sets[] = {"bounding", "effective", "permitted"};
    struct json *caps = json_object(b->doc);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        json_set(b->doc, caps, sets[i], json_array(b->doc));
    for (const char *const *cap = bundle_capabilities; *cap != NULL; cap++) {
        int has = has_capability(b, *cap, e);
        TRY(has);
        for (size_t i = 0; has && i < ARRAY_LEN(sets); i++)
            json_append((struct json *)json_get(caps, sets[i]), json_string(b->doc, *cap));
    }
    json_set(b->doc, b->process, "capabilities", caps);
    return 0;
}

/* ---- process ---- */

void
bundle_environment(struct list *ret, const struct json *config)
{
    list_add(ret, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    list_addf(ret, "HOSTNAME=%s", json_str(json_get(config, "Hostname"), ""));
    if (json_bool(json_get(config, "Tty"), false))
        list_add(ret, "TERM=xterm");
    for (json_each(pair, json_get(config, "Env")))
        list_set_env(ret, json_str(pair, ""));
}

static void
add_rlimit(struct bundle *b, struct json *list, const char *type, rlim_t soft, rlim_t hard)
{
    struct json *limit = json_object(b->doc);
    json_set_str(b->doc, limit, "type", type);
    json_set(b->doc, limit, "soft", json_number_u64(b->doc, soft));
    json_set(b->doc, limit, "hard", json_number_u64(b->doc, hard));
    json_append(list, limit);
}

/* Our defaults, no higher than our own hard limit: not everybody may raise it. */
static void
add_default_rlimit(struct bundle *b, struct json *list, int resource, const char *type,
                   rlim_t soft, rlim_t hard)
{
    struct rlimit own;
    if (getrlimit(resource, &own) < 0)
        return;
    hard = hard < own.rlim_max ? hard : own.rlim_max;
    add_rlimit(b, list, type, soft < hard ? soft : hard, hard);
}

static void
add_rlimits(struct bundle *b)
{
    struct json *list = json_array(b->doc);
    bool has_nofile = false, has_core = false;
    for (json_each(limit, json_get(b->host, "Ulimits"))) {
        auto_free char *type = str_format("RLIMIT_%s",
                                          json_str(json_get(limit, "Name"), ""));
        for (char *s = type; *s != '\0'; s++)
            *s = (char)toupper((unsigned char)*s);
        has_nofile |= str_eq(type, "RLIMIT_NOFILE");
        has_core |= str_eq(type, "RLIMIT_CORE");
        add_rlimit(b, list, type, (rlim_t)json_i64(json_get(limit, "Soft"), 0),
                   (rlim_t)json_i64(json_get(limit, "Hard"), 0));
    }
    if (!has_nofile)
        add_default_rlimit(b, list, RLIMIT_NOFILE, "RLIMIT_NOFILE", 1024, 524288);
    if (!has_core)
        add_default_rlimit(b, list, RLIMIT_CORE, "RLIMIT_CORE", 0, RLIM_INFINITY);
    json_set(b->doc, b->process, "rlimits", list);
}

static int
add_process(struct bundle *b, struct err *e)
{
    struct json_doc *doc = b->doc;
    const struct json *record = record_json(b->record);
    bool is_tty = json_bool(json_get(b->config, "Tty"), false);
    json_set_bool(doc, b->process, "terminal", is_tty);

    /* The monitor finds out who "user" is, in the container's own files. */
    struct json *user = json_object(doc);
    json_set_i64(doc, user, "uid", 0);
    json_set_i64(doc, user, "gid", 0);
    json_set_i64(doc, user, "umask", 022);
    json_set(doc, b->process, "user", user);

    struct json *args = json_array(doc);
    json_append(args, json_clone(doc, json_get(record, "Path")));
    for (json_each(arg, json_get(record, "Args")))
        json_append(args, json_clone(doc, arg));
    json_set(doc, b->process, "args", args);

    auto_list env = {0};
    bundle_environment(&env, b->config);
    json_set(doc, b->process, "env", json_strings(doc, &env));
    const char *cwd = json_str(json_get(b->config, "WorkingDir"), "");
    json_set_str(doc, b->process, "cwd", cwd[0] != '\0' ? cwd : "/");
    TRY(add_capabilities(b, e));
    add_rlimits(b);
    int64_t score = json_i64(json_get(b->host, "OomScoreAdj"), 0);
    if (score != 0)
        json_set_i64(doc, b->process, "oomScoreAdj", score);
    return 0;
}

/* ---- security options ---- */

/* What the words of --security-opt ask for. */
struct security {
    bool is_no_new, has_open_paths;
    const char *profile;  /* the text of a seccomp profile, or NULL */
    const char *apparmor; /* or NULL */
};

static int
set_no_new_privileges(struct security *s, const char *value, struct err *e)
{
    if (!str_eq(value, "") && !str_eq(value, "true") && !str_eq(value, "false"))
        return err_set(e, ERR_INVALID,
                       "invalid --security-opt: \"no-new-privileges=%s\": true or false",
                       value);
    s->is_no_new = !str_eq(value, "false");
    return 0;
}

/* "KEY", "KEY=VALUE" or, as it was once written, "KEY:VALUE". SELinux's labels mean nothing
 * where there is none; that the default filter is off, the monitor hears (start.c). */
static int
read_security_word(struct security *s, const char *word, struct err *e)
{
    size_t len = strcspn(word, "=:");
    auto_free char *key = str_format("%.*s", (int)len, word);
    const char *value = word[len] != '\0' ? word + len + 1 : "";
    bool is_unconfined = str_eq(value, "unconfined");
    if (str_eq(key, "no-new-privileges"))
        return set_no_new_privileges(s, value, e);
    if (str_eq(key, "seccomp") && value[0] != '\0') {
        s->profile = is_unconfined || str_eq(value, "builtin") ? NULL : value;
        return 0;
    }
    if (str_eq(key, "apparmor") && value[0] != '\0') {
        s->apparmor = is_unconfined ? NULL : value;
        return 0;
    }
    if (str_eq(key, "systempaths") && is_unconfined) {
        s->has_open_paths = true;
        return 0;
    }
    if (str_eq(key, "label") && str_eq(value, "disable"))
        return 0;
    return err_set(e, ERR_INVALID,
                   "invalid --security-opt: \"%s\" (known: no-new-privileges, "
                   "seccomp=unconfined, seccomp=builtin, seccomp=FILE, apparmor=NAME, "
                   "label=disable, systempaths=unconfined)",
                   word);
}

static int
add_security(struct bundle *b, struct err *e)
{
    struct security s = {.has_open_paths = b->is_privileged};
    for (json_each(option, json_get(b->host, "SecurityOpt")))
        TRY(read_security_word(&s, json_str(option, ""), e));
    json_set_bool(b->doc, b->process, "noNewPrivileges", s.is_no_new);
    if (s.apparmor != NULL)
        json_set_str(b->doc, b->process, "apparmorProfile", s.apparmor);
    if (s.profile != NULL)
        TRY(seccomp_file_add(b->doc, b->linux_, b->process, s.profile, e));
    if (s.has_open_paths)
        return 0;
    json_set(b->doc, b->linux_, "maskedPaths",
             words_to_json(b->doc, masked_paths, ARRAY_LEN(masked_paths)));
    json_set(b->doc, b->linux_, "readonlyPaths",
             words_to_json(b->doc, readonly_paths, ARRAY_LEN(readonly_paths)));
    return 0;
}

/* ---- namespaces ---- */

/* HostConfig's field and its word for "the host's own". */
static const struct {
    const char *type, *field;
} namespaces[] = {
    {"mount",   ""            },
    {"pid",     "PidMode"     },
    {"uts",     "UTSMode"     },
    {"ipc",     "IpcMode"     },
    {"cgroup",  "CgroupnsMode"},
    {"network", "NetworkMode" },
};

static void
add_namespaces(struct bundle *b)
{
    struct json *list = json_array(b->doc);
    for (size_t i = 0; i < ARRAY_LEN(namespaces); i++) {
        if (host_is(b, namespaces[i].field, "host"))
            continue;
        struct json *namespace = json_object(b->doc);
        json_set_str(b->doc, namespace, "type", namespaces[i].type);
        json_append(list, namespace);
    }
    json_set(b->doc, b->linux_, "namespaces", list);
}

/* ---- the three files below /etc ---- */

static int
write_file(const struct bundle *b, const char *name, const char *text, struct err *e)
{
    TRY(err_sys(e, file_write_at(b->record->home_fd, name, text, strlen(text), 0600),
                "write the container's %s", name));
    /* 0600 by our umask; inside, everybody reads it. */
    return err_sys(e, lx_fchmodat(b->record->home_fd, name, 0644), "chmod %s", name);
}

static int
write_copy(const struct bundle *b, const char *name, const char *of, struct err *e)
{
    auto_free char *text = NULL;
    if (file_read_at(AT_FDCWD, of, ETC_BYTES_MOST, &text, NULL) < 0)
        text = str_copy("");
    return write_file(b, name, text, e);
}

static int
write_hosts(const struct bundle *b, struct err *e)
{
    if (host_is(b, "NetworkMode", "host") && json_get(b->host, "ExtraHosts") == NULL)
        return write_copy(b, "hosts", "/etc/hosts", e);
    auto_text hosts = {0};
    text_add(&hosts, "127.0.0.1\tlocalhost\n"
                     "::1\tlocalhost ip6-localhost ip6-loopback\n"
                     "fe00::\tip6-localnet\n"
                     "ff00::\tip6-mcastprefix\n"
                     "ff02::1\tip6-allnodes\n"
                     "ff02::2\tip6-allrouters\n");
    for (json_each(pair, json_get(b->host, "ExtraHosts"))) {
        const char *text = json_str(pair, ""), *colon = strchr(text, ':');
        if (colon == NULL)
            return err_set(e, ERR_INVALID, "bad format for add-host: \"%s\" (NAME:ADDRESS)",
                           text);
        text_addf(&hosts, "%s\t%.*s\n", colon + 1, (int)(colon - text), text);
    }
    return write_file(b, "hosts", text_str(&hosts), e);
}

/* The host's resolv.conf, line by line, without the kinds of line that the user replaces. A
 * search domain "." stands for none. */
static int
write_resolv_conf(const struct bundle *b, struct err *e)
{
    static const struct {
        const char *field, *word;
        bool is_one_line;
    } kinds[] = {
        {"DnsSearch",  "search",     true },
        {"Dns",        "nameserver", false},
        {"DnsOptions", "options",    true },
    };
    auto_free char *text = NULL;
    auto_list lines = {0};
    auto_text out = {0};
    if (file_read_at(AT_FDCWD, "/etc/resolv.conf", ETC_BYTES_MOST, &text, NULL) >= 0)
        list_split(&lines, text, '\n');
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct json *own = json_get(b->host, kinds[i].field);
        auto_text words = {0};
        if (json_count(own) == 0)
            continue;
        for (size_t k = 0; k < lines.n; k++)
            if (str_starts(lines.v[k], kinds[i].word))
                lines.v[k][0] = '\0';
        for (json_each(word, own))
            if (!kinds[i].is_one_line)
                text_addf(&out, "%s %s\n", kinds[i].word, json_str(word, ""));
            else if (!str_eq(json_str(word, ""), "."))
                text_addf(&words, " %s", json_str(word, ""));
        if (words.len > 0)
            text_addf(&out, "%s%s\n", kinds[i].word, text_str(&words));
    }
    for (size_t i = 0; i < lines.n; i++)
        if (lines.v[i][0] != '\0')
            text_addf(&out, "%s\n", lines.v[i]);
    return write_file(b, "resolv.conf", text_str(&out), e);
}

static int
write_etc(const struct bundle *b, struct err *e)
{
    auto_free char *hostname = str_format("%s\n",
                                          json_str(json_get(b->config, "Hostname"), ""));
    TRY(write_hosts(b, e));
    TRY(write_file(b, "hostname", hostname, e));
    return write_resolv_conf(b, e);
}

/* ---- the whole ---- */

static void
add_sysctls(struct bundle *b)
{
    struct json *sysctls = json_object(b->doc);
    for (json_each(pair, json_get(b->host, "Sysctls")))
        json_set_str(b->doc, sysctls, pair->name, json_str(pair, ""));
    if (json_count(sysctls) > 0)
        json_set(b->doc, b->linux_, "sysctl", sysctls);
}

/* Below --cgroup-parent, else $SAMPAN_CGROUP_PARENT, else "sampan". The runtime refuses what
 * is no path of plain names (rule R23). */
static void
add_cgroup(struct bundle *b)
{
    const char *parent = json_str(json_get(b->host, "CgroupParent"), "");
    const char *of_environment = getenv("SAMPAN_CGROUP_PARENT");
    if (parent[0] == '\0' && of_environment != NULL)
        parent = of_environment;
    if (parent[0] == '\0')
        parent = "sampan";
    auto_free char *path = str_format("%s%s/%s", parent[0] == '/' ? "" : "/", parent,
                                      b->record->id);
    json_set_str(b->doc, b->linux_, "cgroupsPath", path);
}

static int
build(struct bundle *b, struct json *root, struct list *warnings, struct err *e)
{
    struct json_doc *doc = b->doc;
    json_set_str(doc, root, "ociVersion", "1.2.0");
    json_set(doc, root, "process", b->process);
    struct json *rootfs = json_object(doc);
    json_set_str(doc, rootfs, "path", "rootfs");
    json_set_bool(doc, rootfs, "readonly",
                  json_bool(json_get(b->host, "ReadonlyRootfs"), false));
    json_set(doc, root, "root", rootfs);
    if (!host_is(b, "UTSMode", "host")) {
        json_set(doc, root, "hostname", json_clone(doc, json_get(b->config, "Hostname")));
        const char *domain = json_str(json_get(b->config, "Domainname"), "");
        if (domain[0] != '\0')
            json_set_str(doc, root, "domainname", domain);
    }
    TRY(add_process(b, e));
    TRY(mounts_add(b->engine, b->record, doc, root, warnings, e));
    json_set(doc, root, "linux", b->linux_);
    TRY(resources_add(doc, b->linux_, b->host, warnings, e));
    add_cgroup(b);
    add_sysctls(b);
    add_namespaces(b);
    return add_security(b, e);
}

int
bundle_write(const struct engine *engine, const struct record *record,
             struct list *warnings, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct json *root = json_object(doc);
    struct bundle b = {.engine = engine,
                       .record = record,
                       .config = record_get(record, "Config"),
                       .host = record_get(record, "HostConfig"),
                       .doc = doc,
                       .process = json_object(doc),
                       .linux_ = json_object(doc)};
    b.is_privileged = json_bool(json_get(b.host, "Privileged"), false);
    TRY(build(&b, root, warnings, e));
    TRY(write_etc(&b, e));

    auto_text out = {0};
    json_write(&out, root, 2);
    text_add_char(&out, '\n');
    return err_sys(e,
                   file_write_at(record->home_fd, "config.json", out.data, out.len, 0600),
                   "write container %.12s's config.json", record->id);
}
