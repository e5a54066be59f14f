/* start.c - the record becomes the monitor's plan.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/start.h"

#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "linux/path.h"

#define LOG_SIZE_MOST  (10 << 20)
#define LOG_FILES_MOST 3

bool
start_wants_seccomp(const struct json *host)
{
    for (json_each(option, json_get(host, "SecurityOpt")))
        if (str_eq(json_str(option, ""), "seccomp=unconfined") ||
            str_eq(json_str(option, ""), "seccomp:unconfined"))
            return false;
    return !json_bool(json_get(host, "Privileged"), false);
}

static int
plan_log(struct monitor_plan *plan, const struct record *record, struct err *e)
{
    const struct json *log = record_get(record, "HostConfig.LogConfig");
    const char *driver = json_str(json_get(log, "Type"), "json-file");
    const char *size = json_str(json_path(log, "Config.max-size"), "");
    const char *files = json_str(json_path(log, "Config.max-file"), "");
    plan->log_size_most = LOG_SIZE_MOST;
    plan->log_files_most = LOG_FILES_MOST;
    if (size[0] != '\0' && num_parse_size(size, &plan->log_size_most) < 0)
        return err_set(e, ERR_INVALID, "invalid log option max-size: \"%s\" (as in 10m)",
                       size);
    if (files[0] != '\0' &&
        (num_parse_int(files, &plan->log_files_most) < 0 || plan->log_files_most < 1))
        return err_set(e, ERR_INVALID, "invalid log option max-file: \"%s\"", files);
    plan->log_name = str_eq(driver, "none") ? str_copy("")
                                            : str_format("%s-json.log", record->id);
    return 0;
}

static int
make_plan(struct monitor_plan *plan, const struct record *record,
          const struct launch_options *options, struct err *e)
{
    const struct json *config = record_get(record, "Config");
    const struct json *host = record_get(record, "HostConfig");
    *plan = (struct monitor_plan){
        .mode = MONITOR_RUN,
        .id = str_copy(record->id),
        .name = str_copy(record_name(record)),
        .user = str_copy(json_str(json_get(config, "User"), "")),
        .runtime = str_copy(""),
        .process = str_copy(""),
        .is_removed_at_end = record->is_transient,
        .want_init = json_bool(json_get(host, "Init"), false),
        .want_default_seccomp = start_wants_seccomp(host),
        .want_terminal = json_bool(json_get(config, "Tty"), false),
        .want_stdin = json_bool(json_get(config, "OpenStdin"), false),
        .is_stdin_once = json_bool(json_get(config, "StdinOnce"), false),
        .want_trace = options->on_event != NULL,
        .use_pool = record->is_transient,
        .attach = options->attach,
        .rows = options->rows,
        .columns = options->columns,
    };
    json_to_list(record_get(record, "Sampan.Layers"), &plan->layers);
    json_to_list(json_get(host, "GroupAdd"), &plan->groups);
    return plan_log(plan, record, e);
}

/* The live directory: a transient container's home, else one that is made now. */
static int
open_live(const struct engine *engine, const struct record *record, struct err *e)
{
    if (!record->is_transient) {
        int r = lx_mkdirat(engine->live_fd, record->id, 0700);
        if (r < 0 && r != -EEXIST)
            return err_sys(e, r, "make container %.12s's live directory", record->id);
        /* What a crash left in it would be in the monitor's way. */
        auto_free char *socket = str_format("%s/%s", record->id, ATTACH_SOCKET);
        auto_free char *paused = str_format("%s/%s", record->id, PAUSED_FILE);
        lx_unlinkat(engine->live_fd, socket, 0);
        lx_unlinkat(engine->live_fd, paused, 0);
    }
    int fd = file_open_dir_at(engine->live_fd, record->id);
    return err_sys(e, fd, "open container %.12s's live directory", record->id);
}

int
engine_start(const struct engine *engine, const struct record *record, int lock_fd,
             const struct launch_options *options, struct err *e)
{
    if (record_is_running(record))
        return err_set(e, ERR_CONFLICT, "container %.12s is already running", record->id);
    auto_close int own_lock = lock_fd < 0 ? record_lock(record, e) : NO_FD;
    if (lock_fd < 0)
        TRY(own_lock);

    /* Somebody else may have started it while we waited for the lock. */
    struct state state;
    TRY(state_read(&state, record->home_fd, e));
    if (state.status == STATUS_RUNNING)
        return err_set(e, ERR_CONFLICT, "container %.12s was started by somebody else",
                       record->id);
    auto_close int live = open_live(engine, record, e);
    TRY(live);
    struct monitor_plan plan = {0};
    int r = make_plan(&plan, record, options, e);
    if (r >= 0)
        r = launch(engine, record, &plan, lock_fd >= 0 ? lock_fd : own_lock, live, options,
                   e);
    plan_done(&plan);
    return r;
}
