/* exec.c - `sampan-runtime exec`: one more program in a running container.
 *
 * The process is that of --process, or the container's own with what the options change.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/runtime/foreground.h"
#include "cli/runtime/verbs.h"
#include "linux/path.h"
#include "linux/process.h"
#include "oci/capability.h"

enum { PROCESS_MOST = 4 << 20 };

/* ---- what to run ---- */

static int
read_process(const char *path, struct oci_process **ret, struct err *e)
{
    auto_free char *text = NULL;
    size_t len;
    TRY(err_sys(e, file_read_at(AT_FDCWD, path, PROCESS_MOST, &text, &len), "read %s",
                path));
    return oci_process_parse(text, len, ret, e);
}

static int
add_caps(const struct list *names, struct oci_capabilities *caps, struct err *e)
{
    for (size_t i = 0; i < names->n; i++) {
        uint64_t bit;
        if (!oci_word_value(oci_capability_words, names->v[i], &bit))
            return err_set(e, ERR_INVALID, "--cap: unknown capability %s", names->v[i]);
        caps->bounding |= bit;
        caps->effective |= bit;
        caps->permitted |= bit;
    }
    return 0;
}

static int
add_groups(const struct list *names, struct oci_ids *groups, struct err *e)
{
    groups->v = mem_resize(groups->v, groups->n + names->n + 1, sizeof *groups->v);
    for (size_t i = 0; i < names->n; i++)
        if (num_parse_id(names->v[i], &groups->v[groups->n++]) < 0)
            return err_set(e, ERR_INVALID, "--additional-gids: no group id: %s",
                           names->v[i]);
    return 0;
}

static void
replace_text(char **at, const char *text)
{
    if (!text)
        return;
    free(*at);
    *at = str_copy(text);
}

static void
replace_args(struct oci_process *process, char **words)
{
    list_done(&process->args);
    process->args = (struct list){0};
    for (; *words; words++)
        list_add(&process->args, *words);
}

/* The options that change the container's own process. */
static int
adapt(const struct arguments *a, struct oci_process *process, struct err *e)
{
    process->terminal = a->has_tty;
    process->no_new_privileges |= a->no_new_privs;
    replace_args(process, a->operands + 1);
    for (size_t i = 0; i < a->env.n; i++) {
        if (!strchr(a->env.v[i], '=') || a->env.v[i][0] == '=')
            return err_set(e, ERR_INVALID, "--env: must be NAME=VALUE, is %s", a->env.v[i]);
        list_set_env(&process->env, a->env.v[i]);
    }
    if (a->cwd && a->cwd[0] != '/')
        return err_set(e, ERR_INVALID, "--cwd: must be absolute, is %s", a->cwd);
    replace_text(&process->cwd, a->cwd);
    replace_text(&process->apparmor_profile, a->apparmor);
    replace_text(&process->selinux_label, a->process_label);
    TRY(add_groups(&a->additional_gids, &process->user.additional_gids, e));
    return add_caps(&a->caps, &process->capabilities, e);
}

/* ---- where ---- */

struct groups {
    struct cgroup v[CONTROLLER_COUNT];
    size_t n;
};

/* --cgroup CONTROLLER[,CONTROLLER]:PATH: a group below the container's own in one hierarchy. */
static int
add_group(const char *word, const struct cgroup *c, struct groups *ret, struct err *e)
{
    const char *path = strchr(word, ':') + 1;
    auto_free char *controllers = str_format("%.*s", (int)(path - word - 1), word);
    if (ret->n == ARRAY_LEN(ret->v))
        return err_set(e, ERR_INVALID, "more of them than there are hierarchies");
    return cgroup_below(c, controllers, path, &ret->v[ret->n++], e);
}

/* --cgroup PATH: one below the container's own in all hierarchies, in its place. */
static int
choose_groups(const struct list *words, struct cgroup *c, struct groups *ret, struct err *e)
{
    for (size_t i = 0; i < words->n; i++) {
        const char *word = words->v[i];
        struct cgroup below;
        if (strchr(word, ':')) {
            TRY(err_wrap(e, add_group(word, c, ret, e), "--cgroup %s", word));
            continue;
        }
        if (words->n > 1)
            return err_set(e, ERR_INVALID,
                           "--cgroup %s: a path for all controllers stands alone", word);
        TRY(err_wrap(e, cgroup_below(c, NULL, word, &below, e), "--cgroup %s", word));
        *c = below;
    }
    return 0;
}

/* On v2 a group that hands controllers to groups of its own holds no process: what runs in
 * such a container is where its first process has gone. */
static int
follow_init(const struct container *c, struct cgroup *group)
{
    char name[32];
    auto_free char *text = NULL;
    snprintf(name, sizeof name, "/proc/%d/cgroup", (int)c->pid);
    TRY(file_read_at(AT_FDCWD, name, 65536, &text, NULL));
    const char *line = str_starts(text, "0::/") ? text : strstr(text, "\n0::/");
    if (!line)
        return -ENOENT;
    const char *path = strchr(line, '/') + 1;
    size_t len = strcspn(path, "\n");
    if (len >= sizeof group->path || strncmp(path, c->cgroup.path, strlen(c->cgroup.path)))
        return -ENOENT;
    memcpy(group->path, path, len);
    group->path[len] = '\0';
    return 0;
}

/* ---- running it ---- */

struct running {
    pid_t pid;
    int pidfd, terminal;
};

static int
start(const struct record *record, const struct container_exec *exec, struct running *ret,
      struct err *e)
{
    struct container c = record->container;
    ret->pid = container_exec(&c, exec, &ret->pidfd, &ret->terminal, e);
    if (ret->pid == -EBUSY && follow_init(&record->container, &c.cgroup) == 0)
        ret->pid = container_exec(&c, exec, &ret->pidfd, &ret->terminal, e);
    return ret->pid;
}

static int
run(const struct arguments *a, struct record *record, struct oci_process *process,
    struct err *e)
{
    auto_close int console = NO_FD;
    TRY(check_terminal(a, process->terminal, !a->is_detached, e));
    TRY(connect_console(a->console_socket, &console, e));
    struct groups below = {.n = 0};
    TRY(choose_groups(&a->groups, &record->container.cgroup, &below, e));
    warn_of_capabilities(a, record->spec, &process->capabilities);
    auto_seccomp filter = {0};
    TRY(record_read_filter(record, &filter, e));
    struct container_exec exec = {
        .spec = record->spec,
        .process = process,
        .id = record->id,
        .bundle = record->bundle,
        .user_name = a->user,
        .stdio = {NO_FD, NO_FD, NO_FD},
        .console_socket = console,
        .preserve_fds = pass_listen_fds(a, process, false),
        .filter = record->has_filter ? &filter : NULL,
        .want_session_keyring = true,
        .ignore_paused = a->ignore_paused,
        .groups_below = below.v,
        .n_groups_below = below.n,
    };
    struct running running = {.pidfd = NO_FD, .terminal = NO_FD};
    TRY(start(record, &exec, &running, e));
    int r = write_pid_file(a->pid_file, running.pid, e);
    if (r >= 0 && !a->is_detached)
        r = foreground_stay(running.pid, running.pidfd, running.terminal, e);
    fd_close(&running.pidfd);
    fd_close(&running.terminal);
    return r;
}

int
verb_exec(const struct arguments *a, struct err *e)
{
    auto_record record;
    TRY(record_open(a->root, a->operands[0], &record, e));
    record_recall_groups(&record);
    /* First, so that the pid cannot change hands after the look at it. */
    record.container.pidfd = lx_pidfd_open(record.container.pid);
    TRY(check_status(&record, 1 << OCI_RUNNING | 1 << OCI_PAUSED, "exec in", e));
    if (!a->process && a->n_operands < 2)
        return err_set(e, ERR_INVALID, "no program is named, and no --process");
    if (a->process && a->n_operands > 1)
        return err_set(e, ERR_INVALID, "a program (%s) and --process contradict",
                       a->operands[1]);
    struct oci_process *given = NULL;
    int r = a->process ? read_process(a->process, &given, e)
                       : adapt(a, record.spec->process, e);
    if (r >= 0)
        r = run(a, &record, given ? given : record.spec->process, e);
    oci_process_free(given);
    return r;
}
