/* cgroup_stats.c - see cgroup_stats.h.
 *
 * One table says for every number where v1 and v2 keep it and in which unit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "linux/path.h"
#include "runtime/cgroup_layout.h"

enum {
    NS = 1,
    US = 1000,
    TICK = 10000000, /* USER_HZ is 100 wherever Linux runs today */
    FILE_MOST = 1 << 20,
};

/* Where each hierarchy keeps a number: "FILE", alone in it, or "FILE KEY", behind its key. */
static const struct number {
    const char *group, *part, *name; /* part NULL: right in the group */
    enum cgroup_controller controller;
    const char *v1, *v2;
    uint64_t v1_unit, v2_unit;
} numbers[] = {
#define NUMBER(in, part_, name_, of, v1_, unit1, v2_, unit2)                      \
    {                                                                             \
        .group = in, .part = part_, .name = name_, .controller = CONTROLLER_##of, \
        .v1 = v1_, .v2 = v2_, .v1_unit = unit1, .v2_unit = unit2                  \
    }
#define CPU(of, part, name, v1, unit1, v2, unit2) \
    NUMBER("cpu", part, name, of, v1, unit1, v2, unit2)
#define MEMORY(part, name, v1, v2) NUMBER("memory", part, name, MEMORY, v1, 1, v2, 1)
#define PIDS(name, v1, v2)         NUMBER("pids", NULL, name, PIDS, v1, 1, v2, 1)
    CPU(CPUACCT, "usage", "total", "cpuacct.usage", NS, "cpu.stat usage_usec", US),
    CPU(CPUACCT, "usage", "kernel", "cpuacct.stat system", TICK, "cpu.stat system_usec",
        US),
    CPU(CPUACCT, "usage", "user", "cpuacct.stat user", TICK, "cpu.stat user_usec", US),
    CPU(CPU, "throttling", "periods", "cpu.stat nr_periods", 1, "cpu.stat nr_periods", 1),
    CPU(CPU, "throttling", "throttledPeriods", "cpu.stat nr_throttled", 1,
        "cpu.stat nr_throttled", 1),
    CPU(CPU, "throttling", "throttledTime", "cpu.stat throttled_time", NS,
        "cpu.stat throttled_usec", US),
    MEMORY(NULL, "cache", "memory.stat cache", "memory.stat file"),
    MEMORY("usage", "limit", "memory.limit_in_bytes", "memory.max"),
    MEMORY("usage", "usage", "memory.usage_in_bytes", "memory.current"),
    MEMORY("usage", "max", "memory.max_usage_in_bytes", "memory.peak"),
    MEMORY("usage", "failcnt", "memory.failcnt", "memory.events max"),
    MEMORY("swap", "limit", "memory.memsw.limit_in_bytes", "memory.swap.max"),
    MEMORY("swap", "usage", "memory.memsw.usage_in_bytes", "memory.swap.current"),
    MEMORY("swap", "max", "memory.memsw.max_usage_in_bytes", "memory.swap.peak"),
    MEMORY("swap", "failcnt", "memory.memsw.failcnt", "memory.swap.events fail"),
    MEMORY("kernel", "usage", "memory.kmem.usage_in_bytes", "memory.stat kernel"),
    MEMORY("kernelTCP", "usage", "memory.kmem.tcp.usage_in_bytes", "memory.stat sock"),
    PIDS("current", "pids.current", "pids.current"),
    PIDS("limit", "pids.max", "pids.max"),
#undef NUMBER
#undef CPU
#undef MEMORY
#undef PIDS
};

/* Hugepage files are named after the size of a page, between these. */
static const struct {
    const char *name, *v1_end, *v2_end, *v2_key;
} hugepage_numbers[] = {
    {"usage",   ".usage_in_bytes",     ".current", NULL },
    {"max",     ".max_usage_in_bytes", NULL,       NULL },
    {"failcnt", ".failcnt",            ".events",  "max"},
};

static const struct {
    const char *name, *v1_file, *v2_read, *v2_write;
} block_numbers[] = {
    {"ioServiceBytesRecursive", "blkio.throttle.io_service_bytes_recursive", "rbytes",
     "wbytes"                                                                                },
    {"ioServicedRecursive",     "blkio.throttle.io_serviced_recursive",      "rios",   "wios"},
};

struct work {
    const struct cgroup_layout *layout;
    const struct cgroup *cgroup;
    struct json_doc *doc;
};

/* The directory that counts for a controller, v1's first; NO_FD: nobody counts. */
static int
open_counter(const struct work *w, enum cgroup_controller controller, bool *is_v2)
{
    const struct cgroup *c = w->cgroup;
    *is_v2 = w->layout->v1[controller] < 0;
    if (*is_v2 && c->made & CONTROLLER_BIT(CONTROLLER_UNIFIED))
        return cgroup_open(w->layout->unified, c->path);
    if (!*is_v2 && c->made & CONTROLLER_BIT(controller))
        return cgroup_open(w->layout->v1[controller], c->path);
    return NO_FD;
}

static struct json *
member(struct json_doc *doc, struct json *object, const char *name)
{
    struct json *found = (struct json *)json_get(object, name);
    return found ? found : json_set(doc, object, name, json_object(doc));
}

static int
read_number(int dir, const char *where, uint64_t *ret)
{
    const char *blank = strchrnul(where, ' ');
    auto_free char *file = str_format("%.*s", (int)(blank - where), where);
    return cgroup_read_number(dir, file, *blank ? blank + 1 : NULL, ret);
}

static void
add_number(const struct work *w, struct json *data, const struct number *n)
{
    bool is_v2;
    uint64_t value = 0;
    auto_close int dir = open_counter(w, n->controller, &is_v2);
    struct json *object = member(w->doc, data, n->group);
    if (n->part)
        object = member(w->doc, object, n->part);
    if (dir < 0 || read_number(dir, is_v2 ? n->v2 : n->v1, &value) < 0)
        return;
    if (str_eq(n->group, "pids") && value == UINT64_MAX)
        value = 0; /* "max": engines read 0 as no limit */
    if (value != UINT64_MAX)
        value *= is_v2 ? n->v2_unit : n->v1_unit;
    json_set(w->doc, object, n->name, json_number_u64(w->doc, value));
}

/* Every line "name number" of memory.stat. */
static void
add_raw_memory(const struct work *w, struct json *data)
{
    bool is_v2;
    auto_free char *text = NULL;
    auto_list lines = {0};
    auto_close int dir = open_counter(w, CONTROLLER_MEMORY, &is_v2);
    struct json *raw = member(w->doc, member(w->doc, data, "memory"), "raw");
    if (dir < 0 || file_read_at(dir, "memory.stat", FILE_MOST, &text, NULL) < 0)
        return;
    list_split(&lines, text, '\n');
    for (size_t i = 0; i < lines.n; i++) {
        char *blank = strchr(lines.v[i], ' ');
        uint64_t value;
        if (!blank || num_parse_u64(blank + 1, &value) < 0)
            continue;
        *blank = '\0';
        json_set(w->doc, raw, lines.v[i], json_number_u64(w->doc, value));
    }
}

static void
add_per_cpu(const struct work *w, struct json *data)
{
    bool is_v2;
    auto_free char *text = NULL;
    auto_list words = {0};
    auto_close int dir = open_counter(w, CONTROLLER_CPUACCT, &is_v2);
    if (dir < 0 || is_v2 ||
        file_read_at(dir, "cpuacct.usage_percpu", FILE_MOST, &text, NULL) < 0)
        return;
    struct json *usage = member(w->doc, member(w->doc, data, "cpu"), "usage");
    struct json *array = json_set(w->doc, usage, "percpu", json_array(w->doc));
    text[strcspn(text, "\n")] = '\0';
    list_split(&words, text, ' ');
    for (size_t i = 0; i < words.n; i++) {
        uint64_t value;
        if (num_parse_u64(words.v[i], &value) == 0)
            json_append(array, json_number_u64(w->doc, value));
    }
}

/* ---- block devices ---- */

static void
add_entry(const struct work *w, struct json *array, const char *device, const char *op,
          const char *value)
{
    unsigned major, minor;
    uint64_t number;
    if (sscanf(device, "%u:%u", &major, &minor) != 2 || num_parse_u64(value, &number) < 0)
        return;
    struct json *entry = json_append(array, json_object(w->doc));
    json_set_i64(w->doc, entry, "major", major);
    json_set_i64(w->doc, entry, "minor", minor);
    json_set_str(w->doc, entry, "op", op);
    json_set(w->doc, entry, "value", json_number_u64(w->doc, number));
}

/* v1: "8:0 Read 4096"; v2: "8:0 rbytes=4096 wbytes=0 ..." */
static void
add_line(const struct work *w, struct json *array, const struct list *words, size_t which,
         bool is_v2)
{
    if (!is_v2 && words->n == 3)
        add_entry(w, array, words->v[0], words->v[1], words->v[2]);
    for (size_t i = 1; is_v2 && i < words->n; i++) {
        const char *equals = strchr(words->v[i], '=');
        size_t len = equals ? (size_t)(equals - words->v[i]) : 0;
        const char *r = block_numbers[which].v2_read, *wr = block_numbers[which].v2_write;
        if (len == strlen(r) && strncmp(words->v[i], r, len) == 0)
            add_entry(w, array, words->v[0], "Read", equals + 1);
        else if (len == strlen(wr) && strncmp(words->v[i], wr, len) == 0)
            add_entry(w, array, words->v[0], "Write", equals + 1);
    }
}

static void
add_block_devices(const struct work *w, struct json *data)
{
    bool is_v2;
    auto_close int dir = open_counter(w, CONTROLLER_BLKIO, &is_v2);
    struct json *blkio = member(w->doc, data, "blkio");
    for (size_t i = 0; dir >= 0 && i < ARRAY_LEN(block_numbers); i++) {
        auto_free char *text = NULL;
        auto_list lines = {0};
        const char *file = is_v2 ? "io.stat" : block_numbers[i].v1_file;
        struct json *array = json_set(w->doc, blkio, block_numbers[i].name,
                                      json_array(w->doc));
        if (file_read_at(dir, file, FILE_MOST, &text, NULL) < 0)
            continue;
        list_split(&lines, text, '\n');
        for (size_t l = 0; l < lines.n; l++) {
            auto_list words = {0};
            list_split(&words, lines.v[l], ' ');
            add_line(w, array, &words, i, is_v2);
        }
    }
}

/* ---- huge pages ---- */

static void
add_page_size(const struct work *w, struct json *data, int dir, const char *size,
              bool is_v2)
{
    struct json *page = member(w->doc, member(w->doc, data, "hugetlb"), size);
    for (size_t i = 0; i < ARRAY_LEN(hugepage_numbers); i++) {
        const char *end = is_v2 ? hugepage_numbers[i].v2_end : hugepage_numbers[i].v1_end;
        const char *key = is_v2 ? hugepage_numbers[i].v2_key : NULL;
        uint64_t value;
        if (!end)
            continue;
        auto_free char *file = str_format("hugetlb.%s%s", size, end);
        if (cgroup_read_number(dir, file, key, &value) == 0)
            json_set(w->doc, page, hugepage_numbers[i].name,
                     json_number_u64(w->doc, value));
    }
}

static void
add_huge_pages(const struct work *w, struct json *data)
{
    bool is_v2;
    auto_list files = {0};
    auto_close int dir = open_counter(w, CONTROLLER_HUGETLB, &is_v2);
    member(w->doc, data, "hugetlb");
    if (dir < 0 || file_list_dir(dir, &files) < 0)
        return;
    const char *end = is_v2 ? ".current" : ".usage_in_bytes";
    for (size_t i = 0; i < files.n; i++) {
        const char *size = str_after(files.v[i], "hugetlb.");
        if (!size || !str_ends(size, end) || strstr(size, ".rsvd"))
            continue;
        auto_free char *name = str_format("%.*s", (int)(strlen(size) - strlen(end)), size);
        add_page_size(w, data, dir, name, is_v2);
    }
}

int
cgroup_stats_to_json(const struct cgroup *c, struct json_doc *doc, struct json **ret,
                     struct err *e)
{
    struct work w = {.cgroup = c, .doc = doc};
    TRY(cgroup_layout_get_whole(&w.layout, e));
    struct json *data = json_object(doc);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        add_number(&w, data, &numbers[i]);
    add_raw_memory(&w, data);
    add_per_cpu(&w, data);
    add_block_devices(&w, data);
    add_huge_pages(&w, data);
    *ret = data;
    return 0;
}

int
cgroup_open_oom_events(const struct cgroup *c)
{
    const struct cgroup_layout *layout;
    struct err ignored;
    if (cgroup_layout_get_whole(&layout, &ignored) < 0 ||
        !(layout->in_unified & CONTROLLER_BIT(CONTROLLER_MEMORY)) ||
        !(c->made & CONTROLLER_BIT(CONTROLLER_UNIFIED)))
        return NO_FD;
    auto_close int dir = cgroup_open(layout->unified, c->path);
    return dir < 0 ? NO_FD : lx_openat(dir, "memory.events", O_RDONLY, 0);
}
