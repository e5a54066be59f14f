/* exec.c - the process of config.json with another command.
 *
 * A monitor per exec, as there is one per container: the program outlives the command that
 * started it, its terminal has a keeper, and one protocol serves all streams.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/exec.h"

#include "base/file.h"
#include "engine/bundle.h"
#include "engine/start.h"

static void
set_all_capabilities(struct json_doc *doc, struct json *process)
{
    static const char *const sets[] = {"bounding", "effective", "permitted"};
    struct json *caps = json_object(doc);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        struct json *set = json_array(doc);
        for (const char *const *cap = bundle_capabilities; *cap != NULL; cap++)
            json_append(set, json_string(doc, *cap));
        json_set(doc, caps, sets[i], set);
    }
    json_set(doc, process, "capabilities", caps);
}

static void
set_environment(struct json_doc *doc, struct json *process,
                const struct exec_request *request)
{
    auto_list env = {0};
    json_to_list(json_get(process, "env"), &env);
    if (request->want_terminal && list_get_env(&env, "TERM") == NULL)
        list_add(&env, "TERM=xterm");
    for (size_t i = 0; i < request->env->n; i++)
        list_set_env(&env, request->env->v[i]);
    json_set(doc, process, "env", json_strings(doc, &env));
}

static int
make_process(const struct record *record, const struct exec_request *request,
             struct text *out, struct err *e)
{
    auto_free char *text = NULL;
    auto_json *doc = NULL;
    size_t len;
    TRY(err_sys(e,
                file_read_at(record->home_fd, "config.json", JSON_BYTES_MOST, &text, &len),
                "read container %.12s's config.json", record->id));
    TRY(json_parse(text, len, &doc, e));
    struct json *process = json_clone(doc, json_get(json_root(doc), "process"));
    json_set_bool(doc, process, "terminal", request->want_terminal);
    json_set(doc, process, "args", json_strings(doc, request->command));
    if (request->working_dir != NULL)
        json_set_str(doc, process, "cwd", request->working_dir);
    if (request->is_privileged)
        set_all_capabilities(doc, process);
    set_environment(doc, process, request);
    json_write(out, process, 0);
    return 0;
}

static int
run(const struct engine *engine, const struct record *record,
    const struct exec_request *request, const struct launch_options *options,
    struct monitor_plan *plan, struct err *e)
{
    auto_text process = {0};
    TRY(make_process(record, request, &process, e));
    const char *user = json_str(record_get(record, "Config.User"), "");
    *plan = (struct monitor_plan){
        .mode = MONITOR_EXEC,
        .id = str_copy(record->id),
        .name = str_copy(""),
        .user = str_copy(request->user != NULL ? request->user : user),
        .runtime = str_copy(""),
        .log_name = str_copy(""),
        .process = text_take(&process),
        .want_default_seccomp = !request->is_privileged &&
                                start_wants_seccomp(record_get(record, "HostConfig")),
        .want_terminal = request->want_terminal,
        .want_stdin = request->want_stdin,
        .is_stdin_once = true,
        .want_trace = options->on_event != NULL,
        .attach = options->attach,
        .rows = options->rows,
        .columns = options->columns,
    };
    json_to_list(record_get(record, "HostConfig.GroupAdd"), &plan->groups);
    return launch(engine, record, plan, NO_FD, NO_FD, options, e);
}

int
engine_exec(const struct engine *engine, const struct record *record,
            const struct exec_request *request, const struct launch_options *options,
            struct err *e)
{
    if (!record_is_running(record))
        return err_set(e, ERR_CONFLICT, "container %s is not running", record->id);
    if (record->state.status == STATUS_PAUSED)
        return err_set(e, ERR_CONFLICT,
                       "Container %s is paused, unpause the container before exec",
                       record->id);
    struct monitor_plan plan = {0};
    int r = run(engine, record, request, options, &plan, e);
    plan_done(&plan);
    return r;
}
