/* systemd_bus.c - requests become method calls of org.freedesktop.systemd1(5), by sd-bus.
 *
 *     {"verb":"start","user":false,"unit":"a.scope","properties":[...]}  -> {"path":"/..."}
 *     {"verb":"attach","user":false,"unit":"a.scope","pid":5}            -> {}
 *     {"verb":"set","user":false,"unit":"a.scope","properties":[...]}    -> {}
 *     {"verb":"stop","user":false,"unit":"a.scope","kill":true}          -> {}
 *     any of them                                            or {"error":"what went wrong"}
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/systemd_bus.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#define NAME    "org.freedesktop.systemd1"
#define PATH    "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define SCOPE   "org.freedesktop.systemd1.Scope"

#define NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"
#define UNIT_EXISTS  "org.freedesktop.systemd1.UnitExists"

enum {
    REQUEST_MOST = 256 << 10,
    WAIT_S = 30, /* for a job of systemd */
};

struct server {
    sd_bus *bus;
    char *job;        /* whose end we wait for */
    char *job_result; /* "done", "failed", "timeout" ... */
};

#define auto_message __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message
#define auto_failure __attribute__((cleanup(sd_bus_error_free))) sd_bus_error

static int
bus_failed(struct err *e, int r, const sd_bus_error *failure, const char *what,
           const char *unit)
{
    if (r >= 0)
        return r;
    const char *why = failure && failure->message ? failure->message : strerror(-r);
    err_set(e, ERR_SYSTEM, "%s %s: %s", what, unit, why);
    return r;
}

/* ---- messages ---- */

static int
append_bytes(sd_bus_message *m, const struct json *value)
{
    unsigned char bytes[1024];
    size_t n = 0;
    for (json_each(byte, value))
        if (n < sizeof bytes)
            bytes[n++] = (unsigned char)json_i64(byte, 0);
    return sd_bus_message_append_array(m, 'y', bytes, n);
}

static int
append_texts(sd_bus_message *m, const struct json *value)
{
    TRY(sd_bus_message_open_container(m, 'a', "s"));
    for (json_each(text, value))
        TRY(sd_bus_message_append(m, "s", json_str(text, "")));
    return sd_bus_message_close_container(m);
}

/* Pairs of words: DeviceAllow. */
static int
append_pairs(sd_bus_message *m, const struct json *value)
{
    TRY(sd_bus_message_open_container(m, 'a', "(ss)"));
    for (json_each(pair, value))
        TRY(sd_bus_message_append(m, "(ss)", json_str(json_at(pair, 0), ""),
                                  json_str(json_at(pair, 1), "")));
    return sd_bus_message_close_container(m);
}

static int
append_scalar(sd_bus_message *m, char type, const struct json *value)
{
    int64_t number = json_i64(value, 0);
    uint64_t natural = 0;
    json_to_u64(value, &natural);
    switch (type) {
    case 'b':
        return sd_bus_message_append(m, "b", json_bool(value, false));
    case 's':
        return sd_bus_message_append(m, "s", json_str(value, ""));
    case 't':
        return sd_bus_message_append(m, "t", natural);
    case 'x':
        return sd_bus_message_append(m, "x", number);
    case 'u':
        return sd_bus_message_append(m, "u", (uint32_t)number);
    case 'i':
        return sd_bus_message_append(m, "i", (int32_t)number);
    case 'q':
    case 'n':
        return sd_bus_message_append(m, type == 'q' ? "q" : "n", (int)(int16_t)number);
    case 'y':
        return sd_bus_message_append(m, "y", (int)(uint8_t)number);
    default:
        return -EINVAL;
    }
}

static int
append_property(sd_bus_message *m, const struct json *property)
{
    const char *name = json_str(json_at(property, 0), "");
    const char *type = json_str(json_at(property, 1), "");
    const struct json *value = json_at(property, 2);
    TRY(sd_bus_message_open_container(m, 'r', "sv"));
    TRY(sd_bus_message_append(m, "s", name));
    TRY(sd_bus_message_open_container(m, 'v', type));
    if (str_eq(type, "ay"))
        TRY(append_bytes(m, value));
    else if (str_eq(type, "as"))
        TRY(append_texts(m, value));
    else if (str_eq(type, "a(ss)"))
        TRY(append_pairs(m, value));
    else
        TRY(append_scalar(m, type[0], value));
    TRY(sd_bus_message_close_container(m));
    return sd_bus_message_close_container(m);
}

/* The array of properties; with_self: and PIDs, this process alone. */
static int
append_properties(sd_bus_message *m, const struct json *properties, bool with_self)
{
    TRY(sd_bus_message_open_container(m, 'a', "(sv)"));
    for (json_each(property, properties))
        TRY(append_property(m, property));
    if (with_self)
        TRY(sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t)getpid()));
    return sd_bus_message_close_container(m);
}

static int
new_call(const struct server *s, const char *method, sd_bus_message **ret)
{
    return sd_bus_message_new_method_call(s->bus, ret, NAME, PATH, MANAGER, method);
}

/* ---- jobs ---- */

static int
on_job_removed(sd_bus_message *m, void *data, sd_bus_error *failure)
{
    struct server *s = data;
    uint32_t id;
    const char *job, *unit, *result;
    (void)failure;
    if (sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) < 0)
        return 0;
    if (s->job && str_eq(job, s->job)) {
        free(s->job_result);
        s->job_result = str_copy(result);
    }
    return 0;
}

static int
wait_for_job(struct server *s, const char *what, struct err *e)
{
    int64_t end = clock_monotonic_ns() + WAIT_S * INT64_C(1000000000);
    while (!s->job_result) {
        int r = sd_bus_process(s->bus, NULL);
        if (r < 0)
            return bus_failed(e, r, NULL, "wait for systemd to", what);
        int64_t left = (end - clock_monotonic_ns()) / 1000;
        if (left <= 0)
            return err_set(e, ERR_SYSTEM, "%s: no answer in %d seconds", what, WAIT_S);
        if (r == 0 && sd_bus_wait(s->bus, (uint64_t)left) < 0)
            continue;
    }
    return str_eq(s->job_result, "done")
               ? 0
               : err_set(e, ERR_SYSTEM, "%s: the job's result is \"%s\"", what,
                         s->job_result);
}

static void
forget_job(struct server *s)
{
    free(s->job);
    free(s->job_result);
    s->job = s->job_result = NULL;
}

/* A call that answers with a job: waits for its end. */
static int
call_job(struct server *s, sd_bus_message *call, sd_bus_error *failure, const char *what,
         const char *unit, struct err *e)
{
    auto_message *reply = NULL;
    const char *job;
    forget_job(s);
    int r = sd_bus_call(s->bus, call, 0, failure, &reply);
    if (r >= 0)
        r = sd_bus_message_read(reply, "o", &job);
    TRY(bus_failed(e, r, failure, what, unit));
    s->job = str_copy(job);
    return err_wrap(e, wait_for_job(s, what, e), "%s", unit);
}

static int
connect_bus(struct server *s, bool is_user, struct err *e)
{
    if (s->bus)
        return 0;
    int r = is_user ? sd_bus_open_user(&s->bus) : sd_bus_open_system(&s->bus);
    if (r < 0)
        return err_sys(e, r, "connect to the %s bus (does systemd run here?)",
                       is_user ? "user" : "system");
    r = sd_bus_match_signal(s->bus, NULL, NAME, PATH, MANAGER, "JobRemoved", on_job_removed,
                            s);
    if (r >= 0)
        r = sd_bus_call_method(s->bus, NAME, PATH, MANAGER, "Subscribe", NULL, NULL, NULL);
    return err_sys(e, r, "listen to systemd's jobs");
}

/* ---- the verbs ---- */

static void
reset_failed(struct server *s, const char *unit)
{
    sd_bus_call_method(s->bus, NAME, PATH, MANAGER, "ResetFailedUnit", NULL, NULL, "s",
                       unit);
}

static int
start_once(struct server *s, const struct json *request, const char *unit,
           sd_bus_error *failure, struct err *e)
{
    auto_message *call = NULL;
    int r = new_call(s, "StartTransientUnit", &call);
    if (r >= 0)
        r = sd_bus_message_append(call, "ss", unit, "fail");
    if (r >= 0)
        r = append_properties(call, json_get(request, "properties"), true);
    if (r >= 0)
        r = sd_bus_message_append(call, "a(sa(sv))", 0);
    TRY(bus_failed(e, r, NULL, "ask for", unit));
    return call_job(s, call, failure, "start", unit, e);
}

static int
read_path(struct server *s, const char *unit, struct json_doc *doc, struct json *reply,
          struct err *e)
{
    auto_free char *object = NULL, *path = NULL;
    auto_failure failure = SD_BUS_ERROR_NULL;
    int r = sd_bus_path_encode(PATH "/unit", unit, &object);
    if (r >= 0)
        r = sd_bus_get_property_string(s->bus, NAME, object, SCOPE, "ControlGroup",
                                       &failure, &path);
    TRY(bus_failed(e, r, &failure, "read the cgroup of", unit));
    json_set_str(doc, reply, "path", path);
    return 0;
}

/* A failed unit of the same name is left by one that died badly: forgotten, and tried
 * again. */
static int
start(struct server *s, const struct json *request, const char *unit, struct json_doc *doc,
      struct json *reply, struct err *e)
{
    auto_failure first = SD_BUS_ERROR_NULL, second = SD_BUS_ERROR_NULL;
    int r = start_once(s, request, unit, &first, e);
    if (r < 0 && sd_bus_error_has_name(&first, UNIT_EXISTS)) {
        reset_failed(s, unit);
        r = start_once(s, request, unit, &second, e);
    }
    TRY(r);
    return read_path(s, unit, doc, reply, e);
}

static int
attach(struct server *s, const struct json *request, const char *unit, struct err *e)
{
    auto_failure failure = SD_BUS_ERROR_NULL;
    uint32_t pid = (uint32_t)json_i64(json_get(request, "pid"), 0);
    int r = sd_bus_call_method(s->bus, NAME, PATH, MANAGER, "AttachProcessesToUnit",
                               &failure, NULL, "ssau", unit, "/", 1, pid);
    return bus_failed(e, r, &failure, "move a process to", unit);
}

static int
set(struct server *s, const struct json *request, const char *unit, struct err *e)
{
    auto_message *call = NULL, *reply = NULL;
    auto_failure failure = SD_BUS_ERROR_NULL;
    int r = new_call(s, "SetUnitProperties", &call);
    if (r >= 0)
        r = sd_bus_message_append(call, "sb", unit, true);
    if (r >= 0)
        r = append_properties(call, json_get(request, "properties"), false);
    if (r >= 0)
        r = sd_bus_call(s->bus, call, 0, &failure, &reply);
    return bus_failed(e, r, &failure, "change", unit);
}

/* A scope's pid 1 ignores the SIGTERM that systemd would begin with. */
static void
kill_all(struct server *s, const char *unit)
{
    sd_bus_call_method(s->bus, NAME, PATH, MANAGER, "KillUnit", NULL, NULL, "ssi", unit,
                       "all", SIGKILL);
}

static int
stop(struct server *s, const struct json *request, const char *unit, struct err *e)
{
    auto_message *call = NULL;
    if (json_bool(json_get(request, "kill"), false))
        kill_all(s, unit);
    auto_failure failure = SD_BUS_ERROR_NULL;
    int r = new_call(s, "StopUnit", &call);
    if (r >= 0)
        r = sd_bus_message_append(call, "ss", unit, "replace");
    TRY(bus_failed(e, r, NULL, "ask for the end of", unit));
    r = call_job(s, call, &failure, "stop", unit, e);
    if (r < 0 && sd_bus_error_has_name(&failure, NO_SUCH_UNIT))
        return 0;
    reset_failed(s, unit);
    return r;
}

/* ---- the conversation ---- */

static int
answer(struct server *s, const char *text, size_t len, struct json_doc *doc,
       struct json *reply, struct err *e)
{
    auto_json *parsed = NULL;
    TRY(json_parse(text, len, &parsed, e));
    const struct json *request = json_root(parsed);
    const char *verb = json_str(json_get(request, "verb"), "");
    const char *unit = json_str(json_get(request, "unit"), "");
    TRY(connect_bus(s, json_bool(json_get(request, "user"), false), e));
    if (str_eq(verb, "start"))
        return start(s, request, unit, doc, reply, e);
    if (str_eq(verb, "attach"))
        return attach(s, request, unit, e);
    if (str_eq(verb, "set"))
        return set(s, request, unit, e);
    if (str_eq(verb, "stop"))
        return stop(s, request, unit, e);
    return err_set(e, ERR_INVALID, "unknown verb \"%s\"", verb);
}

static int
serve_one(struct server *s, int socket, const char *request, size_t len)
{
    struct err e = {0};
    auto_json *doc = json_doc_new();
    auto_text text = {0};
    struct json *reply = json_object(doc);
    if (answer(s, request, len, doc, reply, &e) < 0)
        json_set_str(doc, reply, "error", e.text);
    json_write(&text, reply, 0);
    return send(socket, text_str(&text), text.len, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int
systemd_bus_serve(int socket)
{
    struct server server = {0};
    auto_free char *request = mem_new(REQUEST_MOST, 1);
    int r = 0;
    for (;;) {
        ssize_t n = recv(socket, request, REQUEST_MOST, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 1)
            break;
        r = serve_one(&server, socket, request, (size_t)n);
        if (r < 0)
            break;
    }
    forget_job(&server);
    sd_bus_flush_close_unref(server.bus);
    return r < 0;
}
