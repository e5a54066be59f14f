/* state.c - state.json, written and read.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

#define STATE_BYTES_MOST (64u << 10)

static const char *const words[] = {
    [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running", [STATUS_PAUSED] = "paused",
    [STATUS_EXITED] = "exited",   [STATUS_DEAD] = "dead",
};

const char *
state_word(enum status status)
{
    return words[status];
}

void
state_init(struct state *ret)
{
    *ret = (struct state){.status = STATUS_CREATED};
    ret->container.pidfd = ret->container.gate_fd = ret->container.terminal_fd = NO_FD;
}

static void
set_time(struct json_doc *doc, struct json *object, const char *name, int64_t ns)
{
    char text[36];
    json_set_str(doc, object, name, clock_format(ns, text, sizeof(text)));
}

static struct json *
inner_to_json(struct json_doc *doc, const struct state *s)
{
    struct json *cgroup = json_object(doc);
    json_set_str(doc, cgroup, "Path", s->container.cgroup.path);
    json_set_i64(doc, cgroup, "Made", s->container.cgroup.made);
    json_set_bool(doc, cgroup, "Systemd", s->container.cgroup.is_systemd);

    struct json *inner = json_object(doc);
    json_set(doc, inner, "PidStart", json_number_u64(doc, s->container.pid_start));
    json_set_i64(doc, inner, "MonitorPid", s->monitor_pid);
    json_set(doc, inner, "Cgroup", cgroup);
    return inner;
}

struct json *
state_to_json(struct json_doc *doc, const struct state *s, bool has_inner)
{
    bool is_running = s->status == STATUS_RUNNING || s->status == STATUS_PAUSED;
    struct json *object = json_object(doc);
    json_set_str(doc, object, "Status", words[s->status]);
    json_set_bool(doc, object, "Running", is_running);
    json_set_bool(doc, object, "Paused", s->status == STATUS_PAUSED);
    json_set_bool(doc, object, "Restarting", false);
    json_set_bool(doc, object, "OOMKilled", s->is_oom_killed);
    json_set_bool(doc, object, "Dead", s->status == STATUS_DEAD);
    json_set_i64(doc, object, "Pid", is_running ? s->container.pid : 0);
    json_set_i64(doc, object, "ExitCode", s->exit_code);
    json_set_str(doc, object, "Error", s->error);
    set_time(doc, object, "StartedAt", s->started_at);
    set_time(doc, object, "FinishedAt", s->finished_at);
    if (has_inner)
        json_set(doc, object, "Sampan", inner_to_json(doc, s));
    return object;
}

int
state_write(const struct state *s, int dir_fd, struct err *e)
{
    auto_json *doc = json_doc_new();
    auto_text out = {0};
    json_write(&out, state_to_json(doc, s, true), 0);
    text_add_char(&out, '\n');
    return err_sys(e, file_replace_at(dir_fd, STATE_FILE, out.data, out.len, 0600, false),
                   "write the container's %s", STATE_FILE);
}

/* A time as written by set_time; "never" (year 1) is 0. */
static int64_t
get_time(const struct json *object, const char *name)
{
    int64_t ns = 0;
    const char *text = json_str(json_get(object, name), "");
    if (str_starts(text, "0001-") || clock_parse(text, &ns) < 0)
        return 0;
    return ns;
}

static void
from_json(struct state *ret, const struct json *object)
{
    const char *word = json_str(json_get(object, "Status"), "");
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(words[i], word))
            ret->status = i;
    ret->is_oom_killed = json_bool(json_get(object, "OOMKilled"), false);
    ret->exit_code = (int)json_i64(json_get(object, "ExitCode"), 0);
    ret->started_at = get_time(object, "StartedAt");
    ret->finished_at = get_time(object, "FinishedAt");
    snprintf(ret->error, sizeof(ret->error), "%s", json_str(json_get(object, "Error"), ""));

    const struct json *inner = json_get(object, "Sampan");
    struct container *c = &ret->container;
    ret->monitor_pid = (pid_t)json_i64(json_get(inner, "MonitorPid"), 0);
    c->pid = (pid_t)json_i64(json_get(object, "Pid"), 0);
    c->pid_start = (uint64_t)json_i64(json_get(inner, "PidStart"), 0);
    snprintf(c->cgroup.path, sizeof(c->cgroup.path), "%s",
             json_str(json_path(inner, "Cgroup.Path"), ""));
    c->cgroup.made = (uint32_t)json_i64(json_path(inner, "Cgroup.Made"), 0);
    c->cgroup.is_systemd = json_bool(json_path(inner, "Cgroup.Systemd"), false);
}

int
state_read(struct state *ret, int dir_fd, struct err *e)
{
    struct state state;
    state_init(&state);
    auto_free char *text = NULL;
    size_t len;
    int r = file_read_at(dir_fd, STATE_FILE, STATE_BYTES_MOST, &text, &len);
    if (r == -ENOENT) {
        *ret = state;
        return 0;
    }
    TRY(err_sys(e, r, "read the container's %s", STATE_FILE));
    auto_json *doc = NULL;
    r = json_parse(text, len, &doc, e);
    if (r < 0)
        return err_wrap(e, r, "read the container's %s", STATE_FILE);
    from_json(&state, json_root(doc));
    *ret = state;
    return 0;
}
