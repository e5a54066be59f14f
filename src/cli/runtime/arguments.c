/* arguments.c - a table of options for each verb; see arguments.h.
 *
 * Where crun and runc differ in a name or a letter, both are here.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/runtime/arguments.h"

#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct arguments, member)
#define FLAG(name, letter, member, help)                \
    {                                                   \
        name, letter, KIND_FLAG, AT(member), NULL, help \
    }
#define TEXT(name, letter, member, v, help)          \
    {                                                \
        name, letter, KIND_TEXT, AT(member), v, help \
    }
#define LIST(name, letter, member, v, help)          \
    {                                                \
        name, letter, KIND_LIST, AT(member), v, help \
    }
#define LIMIT(name, which, help)                                                       \
    {                                                                                  \
        name, 0, KIND_TEXT, AT(limits) + (which) * sizeof(const char *), "VALUE", help \
    }

/* clang-format off */

static const struct option global_options[] = {
    TEXT("root", 0, root, "DIR", "Where the state of containers is kept (/run/sampan-runtime;"
         " for an ordinary user $XDG_RUNTIME_DIR/sampan-runtime)"),
    TEXT("log", 0, log, "FILE", "Write errors to this file as well"),
    TEXT("log-format", 0, log_format, "FORMAT", "text or json"),
    TEXT("log-level", 0, log_level, "LEVEL", "error, warning, info or debug"),
    FLAG("debug", 0, is_debug, "Log every kernel call that makes or ends a container"),
    FLAG("systemd-cgroup", 0, use_systemd, "Make cgroups by systemd, as scopes"),
    TEXT("cgroup-manager", 0, cgroup_manager, "MANAGER", "cgroupfs, systemd or disabled"),
    TEXT("rootless", 0, rootless, "VALUE", "true, false or auto: whether to do without what"
         " an ordinary user may not"),
    TEXT("criu", 0, criu, "PATH", "Accepted; nothing is checkpointed"),
    FLAG("version", 'v', want_version, "Show the version"),
    OPTION_END,
};

#define MAKER_OPTIONS \
    TEXT("bundle", 'b', bundle, "DIR", "The bundle's directory (default: the current one)"), \
    TEXT("config", 'f', config, "FILE", "Read this file of the bundle instead of config.json"), \
    TEXT("pid-file", 0, pid_file, "FILE", "Write the first process's pid to this file"), \
    TEXT("console-socket", 0, console_socket, "SOCKET", "Send the terminal's master to this" \
         " socket"), \
    {"preserve-fds", 0, KIND_INT, AT(preserve_fds), "N", "Pass N descriptors, from 3 on, to" \
     " the program"}, \
    FLAG("no-pivot", 0, no_pivot, "Do not use pivot_root (the root is a ramdisk's)"), \
    FLAG("no-new-keyring", 0, no_new_keyring, "Keep the caller's session key ring"), \
    FLAG("no-subreaper", 0, no_subreaper, "Do not adopt the container's orphans")

static const struct option create_options[] = {MAKER_OPTIONS, OPTION_END};

static const struct option run_options[] = {
    MAKER_OPTIONS,
    FLAG("detach", 'd', is_detached, "Leave the container running and return"),
    FLAG("keep", 0, want_kept, "Do not delete the container when it ends"),
    OPTION_END,
};

static const struct option exec_options[] = {
    TEXT("process", 'p', process, "FILE", "Read the whole process from this JSON file"),
    TEXT("cwd", 0, cwd, "DIR", "The working directory"),
    LIST("env", 'e', env, "NAME=VALUE", "Set a variable; repeatable"),
    FLAG("tty", 't', has_tty, "Give the program a terminal"),
    TEXT("user", 'u', user, "UID[:GID]", "Run as this user"),
    LIST("additional-gids", 'g', additional_gids, "GID", "One more group; repeatable"),
    LIST("cap", 'c', caps, "CAP", "Add a capability; repeatable"),
    FLAG("no-new-privs", 0, no_new_privs, "Let no program gain privileges"),
    TEXT("process-label", 0, process_label, "LABEL", "The SELinux label"),
    TEXT("apparmor", 0, apparmor, "PROFILE", "The AppArmor profile"),
    LIST("cgroup", 0, groups, "[CONTROLLER:]PATH",
         "A group below the container's own that is there; repeatable with CONTROLLER"),
    FLAG("ignore-paused", 0, ignore_paused, "Do it in a paused container too"),
    FLAG("detach", 'd', is_detached, "Do not wait for the program"),
    TEXT("pid-file", 0, pid_file, "FILE", "Write the process's pid to this file"),
    TEXT("console-socket", 0, console_socket, "SOCKET", "Send the terminal's master to this"
         " socket"),
    {"preserve-fds", 0, KIND_INT, AT(preserve_fds), "N", "Pass N descriptors, from 3 on, to"
     " the program"},
    OPTION_END,
};

static const struct option kill_options[] = {
    FLAG("all", 'a', want_all, "Signal every process of the container"),
    FLAG("regex", 'r', is_regex, "ID is a regular expression: signal all that match"),
    OPTION_END,
};

static const struct option delete_options[] = {
    FLAG("force", 'f', want_force, "Kill it first if it runs; no error if there is none"),
    FLAG("regex", 'r', is_regex, "ID is a regular expression: delete all that match"),
    OPTION_END,
};

static const struct option list_options[] = {
    TEXT("format", 'f', format, "FORMAT", "table or json"),
    FLAG("quiet", 'q', is_quiet, "Show ids alone"),
    OPTION_END,
};

static const struct option ps_options[] = {
    TEXT("format", 'f', format, "FORMAT", "table or json"),
    OPTION_END,
};

static const struct option update_options[] = {
    TEXT("resources", 'r', resources, "FILE", "Read linux.resources from this JSON file, - for"
         " standard input; all other options are ignored"),
    LIMIT("memory", LIMIT_MEMORY, "Memory, in bytes or as in 64m; -1: no limit"),
    LIMIT("memory-swap", LIMIT_MEMORY_SWAP, "Memory and swap together; -1: no limit"),
    LIMIT("memory-reservation", LIMIT_MEMORY_RESERVATION, "Memory below which nothing is"
          " taken away"),
    LIMIT("kernel-memory", LIMIT_KERNEL_MEMORY, "Kernel memory (counts in the limit; nothing"
          " of its own)"),
    LIMIT("kernel-memory-tcp", LIMIT_KERNEL_MEMORY_TCP, "Kernel memory for TCP buffers"),
    LIMIT("cpu-share", LIMIT_CPU_SHARE, "Weight against other containers, 2 to 262144"),
    LIMIT("cpu-quota", LIMIT_CPU_QUOTA, "Microseconds of CPU time in a period; -1: no limit"),
    LIMIT("cpu-period", LIMIT_CPU_PERIOD, "The period, in microseconds"),
    LIMIT("cpu-burst", LIMIT_CPU_BURST, "Microseconds that may be saved up"),
    LIMIT("cpu-idle", LIMIT_CPU_IDLE, "1: run only where nobody else wants to"),
    LIMIT("cpu-rt-period", LIMIT_CPU_RT_PERIOD, "The period for realtime, in microseconds"),
    LIMIT("cpu-rt-runtime", LIMIT_CPU_RT_RUNTIME, "Realtime microseconds in that period"),
    LIMIT("cpuset-cpus", LIMIT_CPUSET_CPUS, "CPUs to run on, as in 0-3,7"),
    LIMIT("cpuset-mems", LIMIT_CPUSET_MEMS, "Memory nodes to use"),
    LIMIT("pids-limit", LIMIT_PIDS, "Most processes; -1: no limit"),
    LIMIT("blkio-weight", LIMIT_BLKIO_WEIGHT, "Weight of block I/O, 10 to 1000"),
    LIMIT("l3-cache-schema", LIMIT_L3_CACHE_SCHEMA, "Intel RDT: schema of the L3 cache"),
    LIMIT("mem-bw-schema", LIMIT_MEM_BW_SCHEMA, "Intel RDT: schema of memory bandwidth"),
    OPTION_END,
};

static const struct option events_options[] = {
    FLAG("stats", 0, want_stats, "Print what is used once, and end"),
    TEXT("interval", 0, interval, "TIME", "How often what is used is printed (default: 5s)"),
    OPTION_END,
};

static const struct option spec_options[] = {
    TEXT("bundle", 'b', bundle, "DIR", "Write config.json here (default: the current"
         " directory)"),
    TEXT("file", 'f', file, "FILE", "Write this file instead of config.json"),
    FLAG("rootless", 0, want_rootless, "For the user that calls"),
    OPTION_END,
};

#define SYNTAX(verb, operands_, least, most, ...) \
    {.program = "sampan-runtime", .command = verb, .operands = operands_, \
     .operands_least = least, .operands_most = most, ##__VA_ARGS__}

const struct syntax arguments_global = {
    .program = "sampan-runtime", .command = "VERB", .operands = "", .operands_most = -1,
    .stops_at_operand = true, .options = global_options,
    .summary = "Run containers from OCI bundles",
};
const struct syntax arguments_create = SYNTAX("create", "ID", 1, 1,
    .options = create_options, .summary = "Make a container, up to its program");
const struct syntax arguments_start = SYNTAX("start", "ID", 1, 1,
    .summary = "Run the program of a created container");
const struct syntax arguments_run = SYNTAX("run", "ID", 1, 1,
    .options = run_options, .summary = "Make a container, run it, and delete it at its end");
const struct syntax arguments_exec = SYNTAX("exec", "ID [PROGRAM [ARG...]]", 1, -1,
    .stops_at_operand = true, .options = exec_options,
    .summary = "Run one more program in a container");
const struct syntax arguments_state = SYNTAX("state", "ID", 1, 1,
    .summary = "Show a container's state as JSON");
const struct syntax arguments_kill = SYNTAX("kill", "ID [SIGNAL]", 1, 2,
    .options = kill_options, .summary = "Send a signal (TERM) to a container's first process");
const struct syntax arguments_delete = SYNTAX("delete", "ID", 1, 1,
    .options = delete_options, .summary = "Remove what is left of a stopped container");
const struct syntax arguments_list = SYNTAX("list", "", 0, 0,
    .options = list_options, .summary = "Show all containers");
const struct syntax arguments_ps = SYNTAX("ps", "ID [PS-OPTION...]", 1, -1,
    .stops_at_operand = true, .options = ps_options,
    .summary = "Show the processes of a container");
const struct syntax arguments_pause = SYNTAX("pause", "ID", 1, 1,
    .summary = "Let all processes of a container stand still");
const struct syntax arguments_resume = SYNTAX("resume", "ID", 1, 1,
    .summary = "Let the processes of a paused container go on");
const struct syntax arguments_update = SYNTAX("update", "ID", 1, 1,
    .options = update_options, .summary = "Change the limits of a container");
const struct syntax arguments_events = SYNTAX("events", "ID", 1, 1,
    .options = events_options,
    .summary = "Print what a container uses, and when the OOM killer strikes, as JSON lines");
const struct syntax arguments_spec = SYNTAX("spec", "", 0, 0,
    .options = spec_options, .summary = "Write a config.json to begin with");
const struct syntax arguments_features = SYNTAX("features", "", 0, 0,
    .summary = "Show what this runtime can do, as JSON");
const struct syntax arguments_checkpoint = SYNTAX("checkpoint", "ID", 0, -1,
    .stops_at_operand = true, .summary = "Not supported");
const struct syntax arguments_restore = SYNTAX("restore", "ID", 0, -1,
    .stops_at_operand = true, .summary = "Not supported");

/* clang-format on */

void
arguments_done(struct arguments *arguments)
{
    list_done(&arguments->env);
    list_done(&arguments->caps);
    list_done(&arguments->additional_gids);
    list_done(&arguments->groups);
    free(arguments->operands);
    arguments->operands = NULL;
}

int
arguments_parse(struct arguments *ret, const struct syntax *syntax, char **words,
                struct err *e)
{
    bool is_usage;
    int n = 0;
    while (words[n])
        n++;
    char **operands = NULL;
    int r = options_parse(syntax, n, words, ret, &operands, &ret->n_operands, &is_usage, e);
    if (r != 0)
        return r;
    free(ret->operands);
    ret->operands = operands;
    if (ret->preserve_fds < 0)
        return err_set(e, ERR_INVALID, "--preserve-fds: must not be negative, is %d",
                       ret->preserve_fds);
    return 0;
}

static int
check_word(const char *option, const char *value, const char *words, struct err *e)
{
    auto_list list = {0};
    if (!value)
        return 0;
    list_split(&list, words, ' ');
    if (list_has(&list, value))
        return 0;
    return err_set(e, ERR_INVALID, "--%s: must be one of: %s; is %s", option, words, value);
}

int
arguments_check_global(struct arguments *a, struct err *e)
{
    TRY(check_word("log-format", a->log_format, "text json", e));
    TRY(check_word("log-level", a->log_level,
                   "panic fatal error warning warn info debug trace", e));
    TRY(check_word("cgroup-manager", a->cgroup_manager, "cgroupfs systemd disabled", e));
    TRY(check_word("rootless", a->rootless, "true false auto", e));
    if (a->log && (str_starts(a->log, "syslog:") || str_starts(a->log, "journald:"))) {
        const char *log = a->log;
        a->log = NULL; /* no file of that name shall hold the error */
        return err_set(e, ERR_UNSUPPORTED, "--log: only files are supported, not %s", log);
    }
    if (a->log && str_starts(a->log, "file:")) /* as crun has it */
        a->log += strlen("file:");
    if (a->use_systemd && a->cgroup_manager && !str_eq(a->cgroup_manager, "systemd"))
        return err_set(e, ERR_INVALID,
                       "--systemd-cgroup and --cgroup-manager=%s contradict",
                       a->cgroup_manager);
    if (a->use_systemd || str_eq(a->cgroup_manager, "systemd"))
        a->cgroup_driver = CGROUP_SYSTEMD;
    else if (str_eq(a->cgroup_manager, "disabled"))
        a->cgroup_driver = CGROUP_NONE;
    return 0;
}
