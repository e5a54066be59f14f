/* resources.c - limits that the user asked for, checked and put into config.json.
 *
 * A number that is 0 was not set, as in Docker's API. What the words mean on cgroup v2 is
 * docs/decisions/0006.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/resources.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "engine/devices.h"
#include "linux/path.h"

#define CPU_PERIOD_US    100000
#define CPU_PERIOD_LEAST 1000
#define CPU_PERIOD_MOST  1000000
#define NANO_PER_CPU     1000000000LL
#define NANO_CPUS_LEAST  (NANO_PER_CPU / 100)
#define MEMORY_LEAST     (6LL << 20) /* less, and not even the program's start fits in */
#define SHARES_LEAST     2
#define WEIGHT_LEAST     10
#define WEIGHT_MOST      1000

struct wishes {
    struct json_doc *doc;
    const struct json *host;
    struct json *resources;
    struct list *warnings;
};

static int64_t
number(const struct wishes *w, const char *field)
{
    return json_i64(json_get(w->host, field), 0);
}

static void
copy_limit(const struct wishes *w, struct json *to, const char *as, const char *field)
{
    if (number(w, field) != 0)
        json_set_i64(w->doc, to, as, number(w, field));
}

static void
set_unless_empty(const struct wishes *w, const char *name, struct json *object)
{
    if (json_count(object) > 0)
        json_set(w->doc, w->resources, name, object);
}

/* ---- memory ---- */

static int
check_memory(int64_t limit, int64_t swap, int64_t reservation, struct err *e)
{
    if (limit != 0 && limit < MEMORY_LEAST)
        return err_set(e, ERR_INVALID, "Minimum memory limit allowed is 6MB");
    if (reservation != 0 && reservation < MEMORY_LEAST)
        return err_set(e, ERR_INVALID, "Minimum memory reservation allowed is 6MB");
    if (limit > 0 && reservation > limit)
        return err_set(e, ERR_INVALID,
                       "Minimum memory limit can not be less than memory reservation "
                       "limit: --memory is less than --memory-reservation");
    if (swap > 0 && limit == 0)
        return err_set(e, ERR_INVALID,
                       "You should always set the Memory limit when using Memoryswap "
                       "limit: --memory-swap needs --memory as well");
    if (swap > 0 && swap < limit)
        return err_set(e, ERR_INVALID,
                       "Minimum memoryswap limit should be larger than memory limit: "
                       "--memory-swap is memory and swap together");
    return 0;
}

static int
add_swappiness(const struct wishes *w, struct json *memory, struct err *e)
{
    const struct json *node = json_get(w->host, "MemorySwappiness");
    int64_t swappiness = json_i64(node, -1);
    if (swappiness == -1)
        return 0;
    if (swappiness < 0 || swappiness > 100)
        return err_set(e, ERR_INVALID,
                       "Invalid value: %lld. Valid memory swappiness range is 0-100",
                       (long long)swappiness);
    json_set_i64(w->doc, memory, "swappiness", swappiness);
    return 0;
}

static int
add_memory(const struct wishes *w, struct err *e)
{
    struct json *memory = json_object(w->doc);
    int64_t limit = number(w, "Memory"), swap = number(w, "MemorySwap");
    TRY(check_memory(limit, swap, number(w, "MemoryReservation"), e));
    if (limit > 0 && swap == 0)
        swap = limit > INT64_MAX / 2 ? -1 : 2 * limit;
    copy_limit(w, memory, "limit", "Memory");
    copy_limit(w, memory, "reservation", "MemoryReservation");
    if (swap != 0)
        json_set_i64(w->doc, memory, "swap", swap);
    TRY(add_swappiness(w, memory, e));
    if (json_bool(json_get(w->host, "OomKillDisable"), false)) {
        json_set_bool(w->doc, memory, "disableOOMKiller", true);
        if (limit == 0)
            list_add(w->warnings,
                     "OOM killer is disabled for the container, but no memory limit is "
                     "set, this can result in the system running out of resources");
    }
    set_unless_empty(w, "memory", memory);
    return 0;
}

/* ---- cpu ---- */

static int
check_cpu(const struct wishes *w, struct err *e)
{
    int64_t nano = number(w, "NanoCpus"), period = number(w, "CpuPeriod");
    int64_t quota = number(w, "CpuQuota"), shares = number(w, "CpuShares");
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (nano != 0 && (period != 0 || quota != 0))
        return err_set(e, ERR_INVALID,
                       "Conflicting options: Nano CPUs and CPU %s cannot both be set "
                       "(--cpus says what --cpu-period and --cpu-quota say)",
                       period != 0 ? "Period" : "Quota");
    if (nano != 0 && (nano < NANO_CPUS_LEAST || nano > online * NANO_PER_CPU))
        return err_set(e, ERR_INVALID,
                       "Range of CPUs is from 0.01 to %ld.00, as there are only %ld CPUs "
                       "available",
                       online, online);
    if (period != 0 && (period < CPU_PERIOD_LEAST || period > CPU_PERIOD_MOST))
        return err_set(e, ERR_INVALID,
                       "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than "
                       "1s (i.e. 1000000)");
    if (quota > 0 && quota < CPU_PERIOD_LEAST)
        return err_set(e, ERR_INVALID,
                       "CPU cfs quota can not be less than 1ms (i.e. 1000)");
    if (shares < 0)
        return err_set(e, ERR_INVALID,
                       "invalid CPU shares (%lld): value must be a positive integer",
                       (long long)shares);
    if (shares > 0 && shares < SHARES_LEAST)
        return err_set(e, ERR_INVALID, "the minimum allowed cpu-shares is 2");
    return 0;
}

static int
add_cpu(const struct wishes *w, struct err *e)
{
    static const char *const lists[][2] = {
        {"cpus", "CpusetCpus"},
        {"mems", "CpusetMems"}
    };
    struct json *cpu = json_object(w->doc);
    int64_t nano = number(w, "NanoCpus");
    TRY(check_cpu(w, e));
    if (nano > 0) {
        json_set_i64(w->doc, cpu, "period", CPU_PERIOD_US);
        json_set_i64(w->doc, cpu, "quota", nano * CPU_PERIOD_US / NANO_PER_CPU);
    }
    copy_limit(w, cpu, "shares", "CpuShares");
    copy_limit(w, cpu, "period", "CpuPeriod");
    copy_limit(w, cpu, "quota", "CpuQuota");
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const char *list = json_str(json_get(w->host, lists[i][1]), "");
        if (list[0] != '\0')
            json_set_str(w->doc, cpu, lists[i][0], list);
    }
    set_unless_empty(w, "cpu", cpu);
    return 0;
}

/* ---- io ---- */

/* HostConfig's lists of { Path, Rate or Weight } and the runtime-spec's of numbers. */
static const struct device_limit {
    const char *field, *as, *number, *as_number;
} device_limits[] = {
    {"BlkioWeightDevice",    "weightDevice",            "Weight", "weight"},
    {"BlkioDeviceReadBps",   "throttleReadBpsDevice",   "Rate",   "rate"  },
    {"BlkioDeviceWriteBps",  "throttleWriteBpsDevice",  "Rate",   "rate"  },
    {"BlkioDeviceReadIOps",  "throttleReadIOPSDevice",  "Rate",   "rate"  },
    {"BlkioDeviceWriteIOps", "throttleWriteIOPSDevice", "Rate",   "rate"  },
};

static int
check_weight(int64_t weight, struct err *e)
{
    if (weight != 0 && (weight < WEIGHT_LEAST || weight > WEIGHT_MOST))
        return err_set(e, ERR_INVALID, "Range of blkio weight is from 10 to 1000");
    return 0;
}

static int
add_device_limit(const struct wishes *w, const struct device_limit *kind,
                 const struct json *limit, struct json *list, struct err *e)
{
    const char *path = json_str(json_get(limit, "Path"), "");
    int64_t value = json_i64(json_get(limit, kind->number), 0);
    struct stat st;
    if (str_eq(kind->number, "Weight"))
        TRY(check_weight(value, e));
    TRY(err_sys(e, lx_fstatat(AT_FDCWD, path, &st, 0), "look at the device %s", path));
    if (!S_ISBLK(st.st_mode))
        return err_set(e, ERR_INVALID, "%s is no block device: its io has no limit", path);
    struct json *entry = json_object(w->doc);
    json_set_i64(w->doc, entry, "major", major(st.st_rdev));
    json_set_i64(w->doc, entry, "minor", minor(st.st_rdev));
    json_set_i64(w->doc, entry, kind->as_number, value);
    json_append(list, entry);
    return 0;
}

static int
add_block_io(const struct wishes *w, struct err *e)
{
    struct json *io = json_object(w->doc);
    TRY(check_weight(number(w, "BlkioWeight"), e));
    copy_limit(w, io, "weight", "BlkioWeight");
    for (size_t i = 0; i < ARRAY_LEN(device_limits); i++) {
        const struct device_limit *kind = &device_limits[i];
        struct json *list = json_array(w->doc);
        for (json_each(limit, json_get(w->host, kind->field)))
            TRY(add_device_limit(w, kind, limit, list, e));
        if (json_count(list) > 0)
            json_set(w->doc, io, kind->as, list);
    }
    set_unless_empty(w, "blockIO", io);
    return 0;
}

/* ---- the whole ---- */

int
resources_add(struct json_doc *doc, struct json *linux_, const struct json *host,
              struct list *warnings, struct err *e)
{
    const struct wishes w = {doc, host, json_object(doc), warnings};
    json_set(doc, linux_, "resources", w.resources);
    TRY(add_memory(&w, e));
    TRY(add_cpu(&w, e));
    TRY(add_block_io(&w, e));
    if (number(&w, "PidsLimit") > 0) {
        struct json *limit = json_object(doc);
        copy_limit(&w, limit, "limit", "PidsLimit");
        json_set(doc, w.resources, "pids", limit);
    }
    return devices_add(doc, linux_, w.resources, host, e);
}
