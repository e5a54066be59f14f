/* events.c - `sampan-runtime events`: JSON lines about a container, as runc prints them.
 *
 *     {"type":"stats","id":"c1","data":{"cpu":{...},"memory":{...},...}}
 *     {"type":"oom","id":"c1"}
 *
 * Until the container ends: statistics every --interval, and the OOM killer's strikes when
 * they happen (cgroup v2) or with the next statistics (v1).
 *
 * SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/runtime/verbs.h"
#include "runtime/cgroup_stats.h"

static int
print_event(const char *type, const char *id, struct json_doc *doc, struct json *data,
            struct err *e)
{
    auto_text line = {0};
    struct json *json = json_object(doc);
    json_set_str(doc, json, "type", type);
    json_set_str(doc, json, "id", id);
    if (data)
        json_set(doc, json, "data", data);
    json_write(&line, json, 0);
    puts(text_str(&line));
    return fflush(stdout) == 0 ? 0 : err_sys(e, -errno, "write the event");
}

static int
print_stats(const struct record *record, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct json *data;
    TRY(cgroup_stats_to_json(&record->container.cgroup, doc, &data, e));
    return print_event("stats", record->id, doc, data, e);
}

static int
print_new_ooms(const struct record *record, uint64_t *known, struct err *e)
{
    uint64_t now = 0;
    struct err ignored;
    if (cgroup_oom_kills(&record->container.cgroup, &now, &ignored) < 0)
        return 0; /* it has just been deleted */
    for (; *known < now; (*known)++) {
        auto_json *doc = json_doc_new();
        TRY(print_event("oom", record->id, doc, NULL, e));
    }
    return 0;
}

static int
watch(const struct record *record, int64_t interval_ns, struct err *e)
{
    uint64_t ooms = 0;
    struct err ignored;
    auto_close int init = container_open_pidfd(&record->container, e);
    TRY(init);
    auto_close int events = cgroup_open_oom_events(&record->container.cgroup);
    cgroup_oom_kills(&record->container.cgroup, &ooms, &ignored);
    for (int64_t next = clock_monotonic_ns() + interval_ns;;) {
        struct pollfd slots[2] = {
            {.fd = init,   .events = POLLIN },
            {.fd = events, .events = POLLPRI},
        };
        int64_t left_ms = (next - clock_monotonic_ns() + 999999) / 1000000;
        if (poll(slots, ARRAY_LEN(slots), left_ms > 0 ? (int)left_ms : 0) < 0)
            return err_sys(e, -errno, "wait for events");
        if (slots[1].revents) {
            char taken[256];
            (void)!pread(events, taken, sizeof taken, 0); /* takes the event off */
        }
        TRY(print_new_ooms(record, &ooms, e));
        if (slots[0].revents)
            return 0;
        if (clock_monotonic_ns() >= next) {
            TRY(print_stats(record, e));
            next += interval_ns;
        }
    }
}

int
verb_events(const struct arguments *a, struct err *e)
{
    enum { DEFAULT_S = 5, MOST_S = 86400 };
    const int64_t second = 1000000000;
    int64_t interval = DEFAULT_S * second;
    if (a->interval && (num_parse_duration(a->interval, &interval) < 0 ||
                        interval < second / 1000 || interval > MOST_S * second))
        return err_set(e, ERR_INVALID, "--interval: must be 1ms to 24h, is %s",
                       a->interval);
    auto_record record;
    TRY(record_open(a->root, a->operands[0], &record, e));
    TRY(check_status(&record, 1 << OCI_RUNNING | 1 << OCI_CREATED | 1 << OCI_PAUSED,
                     "watch", e));
    return a->want_stats ? print_stats(&record, e) : watch(&record, interval, e);
}
