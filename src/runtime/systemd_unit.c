/* systemd_unit.c - see systemd_unit.h, systemd.resource-control(5), org.freedesktop.systemd1(5).
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/systemd_unit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

/* ---- names ---- */

static bool
is_unit_name(const char *name, const char *suffix)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_.\\@-";
    size_t n = strlen(name);
    return n > strlen(suffix) && n < 256 && strspn(name, letters) == n &&
           str_ends(name, suffix);
}

/* "a-b.slice" lies in "a.slice"; "-.slice" is the root of all. */
static bool
is_slice(const char *name)
{
    if (str_eq(name, "-.slice"))
        return true;
    return is_unit_name(name, ".slice") && name[0] != '-' && !strstr(name, "--") &&
           !str_ends(name, "-.slice");
}

static int
bad_path(const char *path, const char *why, struct err *e)
{
    return err_set(e, ERR_INVALID,
                   "linux.cgroupsPath: \"%s\": %s (with the systemd cgroup driver it is "
                   "slice:prefix:name, as in system.slice:sampan:c1)",
                   path, why);
}

static int
take_parts(const char *path, const struct list *parts, struct systemd_unit *ret,
           struct err *e)
{
    const char *slice = parts->v[0], *prefix = parts->v[1], *name = parts->v[2];
    if (*slice && !is_slice(slice))
        return bad_path(path, "its first part is no slice's name", e);
    if (*slice)
        snprintf(ret->slice, sizeof ret->slice, "%s", slice);
    if (!*name)
        return bad_path(path, "its last part is empty", e);
    int n = snprintf(ret->name, sizeof ret->name, "%s%s%s.scope", prefix,
                     *prefix ? "-" : "", name);
    if ((size_t)n >= sizeof ret->name || !is_unit_name(ret->name, ".scope"))
        return bad_path(path, "makes no scope's name", e);
    return 0;
}

int
systemd_unit_name(const char *cgroups_path, const char *id, bool is_user,
                  struct systemd_unit *ret, struct err *e)
{
    auto_list parts = {0};
    snprintf(ret->slice, sizeof ret->slice, "%s", is_user ? "user.slice" : "system.slice");
    snprintf(ret->name, sizeof ret->name, "sampan-%s.scope", id);
    if (!cgroups_path || !*cgroups_path)
        return 0;
    list_split(&parts, cgroups_path, ':');
    if (parts.n != 3)
        return bad_path(cgroups_path, "does not have three parts", e);
    return take_parts(cgroups_path, &parts, ret, e);
}

/* ---- limits ---- */

void
systemd_unit_add(struct json_doc *doc, struct json *properties, const char *name,
                 const char *type, struct json *value)
{
    struct json *property = json_append(properties, json_array(doc));
    json_append(property, json_string(doc, name));
    json_append(property, json_string(doc, type));
    json_append(property, value);
}

enum form {
    NUMBER, /* "max" and -1 are infinity */
    OTHER,  /* a number too, in the write's other value */
    BITS,   /* "0-3,7" */
};

static const struct {
    const char *file;
    bool is_v2;
    const char *property;
    enum form form;
} translations[] = {
    {"memory.max",            true,  "MemoryMax",          NUMBER},
    {"memory.high",           true,  "MemoryHigh",         NUMBER},
    {"memory.low",            true,  "MemoryLow",          NUMBER},
    {"memory.min",            true,  "MemoryMin",          NUMBER},
    {"memory.swap.max",       true,  "MemorySwapMax",      NUMBER},
    {"cpu.weight",            true,  "CPUWeight",          NUMBER},
    {"cpuset.cpus",           true,  "AllowedCPUs",        BITS  },
    {"cpuset.mems",           true,  "AllowedMemoryNodes", BITS  },
    {"pids.max",              true,  "TasksMax",           NUMBER},
    {"io.weight",             true,  "IOWeight",           NUMBER},
    {"io.bfq.weight",         true,  "IOWeight",           OTHER },
    {"memory.limit_in_bytes", false, "MemoryLimit",        NUMBER},
    {"cpu.shares",            false, "CPUShares",          NUMBER},
    {"pids.max",              false, "TasksMax",           NUMBER},
    {"blkio.weight",          false, "BlockIOWeight",      NUMBER},
};

/* false: nothing that systemd could take, as a weight of one device alone. */
static bool
parse_limit(const char *text, uint64_t *ret)
{
    if (str_eq(text, "max") || str_eq(text, "-1")) {
        *ret = UINT64_MAX;
        return true;
    }
    return num_parse_u64(text, ret) == 0;
}

static bool
set_bits(const char *range, unsigned char *bits, size_t size, size_t *n)
{
    unsigned first, last;
    int used = 0;
    if (sscanf(range, "%u-%u%n", &first, &last, &used) < 2) {
        if (sscanf(range, "%u%n", &first, &used) < 1)
            return false;
        last = first;
    }
    if (range[used] != '\0' || last < first || last / 8 >= size)
        return false;
    for (unsigned i = first; i <= last; i++)
        bits[i / 8] |= (unsigned char)(1u << i % 8);
    *n = *n > last / 8 + 1 ? *n : last / 8 + 1;
    return true;
}

static struct json *
bits_to_json(struct json_doc *doc, const char *text)
{
    enum { BYTES_MOST = 1024 };
    unsigned char bits[BYTES_MOST] = {0};
    size_t n = 0;
    auto_list ranges = {0};
    list_split(&ranges, text, ',');
    for (size_t i = 0; i < ranges.n; i++)
        if (!set_bits(ranges.v[i], bits, sizeof bits, &n))
            return NULL; /* the kernel will say what is wrong with it */
    struct json *array = json_array(doc);
    for (size_t i = 0; i < n; i++)
        json_append(array, json_number(doc, bits[i]));
    return array;
}

static void
add_translation(struct json_doc *doc, struct json *properties, const char *property,
                enum form form, const struct cgroup_write *w)
{
    uint64_t number;
    if (form == BITS) {
        struct json *bits = bits_to_json(doc, w->value);
        if (bits)
            systemd_unit_add(doc, properties, property, "ay", bits);
    } else if (parse_limit(form == OTHER ? w->other_value : w->value, &number)) {
        systemd_unit_add(doc, properties, property, "t", json_number_u64(doc, number));
    }
}

/* The two of v2's cpu.max, or of v1's two files. */
struct cpu_time {
    bool has_quota;
    uint64_t quota, period; /* UINT64_MAX: none; 0: the kernel's */
};

static void
take_cpu_time(struct cpu_time *time, const struct cgroup_write *w)
{
    char quota[32] = "";
    unsigned long long period = 0;
    if (str_eq(w->file, "cpu.max")) {
        if (sscanf(w->value, "%31s %llu", quota, &period) < 1)
            return;
        time->has_quota = parse_limit(quota, &time->quota);
        time->period = period;
    } else if (str_eq(w->file, "cpu.cfs_quota_us")) {
        time->has_quota = parse_limit(w->value, &time->quota);
    } else if (str_eq(w->file, "cpu.cfs_period_us")) {
        num_parse_u64(w->value, &time->period);
    }
}

/* Systemd keeps whole percents; less than the container may have would throttle it. */
static void
add_cpu_time(struct json_doc *doc, struct json *properties, const struct cpu_time *time)
{
    enum { DEFAULT_PERIOD = 100000, SECOND = 1000000, PERCENT = 10000 };
    uint64_t period = time->period ? time->period : DEFAULT_PERIOD;
    uint64_t per_second = UINT64_MAX;
    if (time->has_quota && time->quota < UINT64_MAX / SECOND) {
        per_second = time->quota * SECOND / period;
        per_second = (per_second + PERCENT - 1) / PERCENT * PERCENT;
    }
    if (time->has_quota)
        systemd_unit_add(doc, properties, "CPUQuotaPerSecUSec", "t",
                         json_number_u64(doc, per_second));
    if (time->period)
        systemd_unit_add(doc, properties, "CPUQuotaPeriodUSec", "t",
                         json_number_u64(doc, period));
}

int
systemd_unit_add_limits(struct json_doc *doc, struct json *properties,
                        const struct cgroup_plan *plan, struct err *e)
{
    struct cpu_time time = {0};
    (void)e;
    for (size_t i = 0; i < plan->n; i++) {
        const struct cgroup_write *w = &plan->v[i];
        take_cpu_time(&time, w);
        for (size_t j = 0; j < ARRAY_LEN(translations); j++)
            if (str_eq(translations[j].file, w->file) && translations[j].is_v2 == w->is_v2)
                add_translation(doc, properties, translations[j].property,
                                translations[j].form, w);
    }
    add_cpu_time(doc, properties, &time);
    return 0;
}

/* ---- annotations ---- */

static const char prefix[] = "org.systemd.property.";

/* The words that may stand before a value, and the D-Bus type that they mean. */
static const struct {
    const char *word, *type;
} types[] = {
    {"boolean", "b"},
    {"byte",    "y"},
    {"int16",   "n"},
    {"uint16",  "q"},
    {"int32",   "i"},
    {"handle",  "i"},
    {"uint32",  "u"},
    {"int64",   "x"},
    {"uint64",  "t"},
    {"double",  "d"},
    {"string",  "s"},
};

static const char *
skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

/* 'it''s' is not a form of it: a backslash stands before what means something else. */
static const char *
parse_text(const char *s, struct text *ret)
{
    char quote = *s;
    if (quote != '\'' && quote != '"')
        return NULL;
    for (s++; *s && *s != quote; s++) {
        if (*s == '\\' && s[1])
            s++;
        text_add_char(ret, *s);
    }
    return *s == quote ? s + 1 : NULL;
}

static struct json *
parse_texts(struct json_doc *doc, const char *s)
{
    struct json *array = json_array(doc);
    s = skip_blanks(s + 1);
    for (bool is_first = true; *s != ']'; is_first = false) {
        auto_text text = {0};
        if (!is_first && *s++ != ',')
            return NULL;
        s = parse_text(skip_blanks(s), &text);
        if (!s)
            return NULL;
        json_append(array, json_string(doc, text_str(&text)));
        s = skip_blanks(s);
    }
    return *skip_blanks(s + 1) == '\0' ? array : NULL;
}

static struct json *
parse_number(struct json_doc *doc, const char *s, const char *type)
{
    int64_t number;
    uint64_t natural;
    if (str_eq(type, "t"))
        return num_parse_u64(s, &natural) == 0 ? json_number_u64(doc, natural) : NULL;
    return num_parse_i64(s, &number) == 0 ? json_number(doc, number) : NULL;
}

/* NULL: not a value that we know. */
static struct json *
parse_value(struct json_doc *doc, const char *s, const char **type)
{
    size_t len = strcspn(s, " ");
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strlen(types[i].word) != len || strncmp(types[i].word, s, len) != 0)
            continue;
        *type = types[i].type;
        s = skip_blanks(s + len);
        break;
    }
    auto_text text = {0};
    const char *rest = parse_text(s, &text);
    if (rest) {
        bool is_text = !*type || **type == 's';
        *type = "s";
        return is_text && *skip_blanks(rest) == '\0' ? json_string(doc, text_str(&text))
                                                     : NULL;
    }
    if (!*type && *s == '[') {
        *type = "as";
        return parse_texts(doc, s);
    }
    bool is_true = str_eq(s, "true");
    if ((!*type || **type == 'b') && (is_true || str_eq(s, "false"))) {
        *type = "b";
        return json_boolean(doc, is_true);
    }
    *type = *type ? *type : "i";
    if (strchr("bsd", **type)) /* no property of a unit is a fraction */
        return NULL;
    return parse_number(doc, s, *type);
}

static bool
is_property_name(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++)
        if (!isascii(name[i]) || !isalpha(name[i]))
            return false;
    return n >= 3 && n < 64 && isupper(name[0]);
}

static int
add_annotation(struct json_doc *doc, struct json *properties, const struct oci_pair *pair,
               struct err *e)
{
    enum { SECOND = 1000000 };
    const char *name = pair->name + strlen(prefix), *type = NULL;
    if (!is_property_name(name))
        return err_set(e, ERR_INVALID,
                       "annotations.%s: no property of systemd has this name", pair->name);
    struct json *value = parse_value(doc, skip_blanks(pair->value), &type);
    if (!value)
        return err_set(e, ERR_INVALID,
                       "annotations.%s: must be a value as in 'text', true, uint64 5 or "
                       "['a', 'b'], is %s",
                       pair->name, pair->value);
    int64_t seconds = json_i64(value, -1);
    if (!str_ends(name, "Sec") || str_ends(name, "USec")) {
        systemd_unit_add(doc, properties, name, type, value);
        return 0;
    }
    if (seconds < 0 || seconds > INT64_MAX / SECOND)
        return err_set(e, ERR_INVALID, "annotations.%s: must be seconds, is %s", pair->name,
                       pair->value);
    auto_free char *micro = str_format("%.*sUSec", (int)(strlen(name) - 3), name);
    systemd_unit_add(doc, properties, micro, "t", json_number(doc, seconds * SECOND));
    return 0;
}

int
systemd_unit_add_annotations(struct json_doc *doc, struct json *properties,
                             const struct oci_pairs *annotations, struct err *e)
{
    for (size_t i = 0; i < annotations->n; i++)
        if (str_starts(annotations->v[i].name, prefix))
            TRY(add_annotation(doc, properties, &annotations->v[i], e));
    return 0;
}
