/* update.c - `sampan-runtime update`: a container's limits, changed while it runs.
 *
 * What is not named stays as it is.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/runtime/verbs.h"
#include "linux/path.h"
#include "runtime/resctrl.h"

enum { RESOURCES_MOST = 4 << 20 };

enum value { SIZE, SIGNED, UNSIGNED, WORDS };

#define AT(member) offsetof(struct oci_resources, member)

/* Where each option's value goes. */
static const struct {
    const char *name;
    enum value value;
    size_t offset;
} limits[LIMIT_COUNT] = {
    [LIMIT_MEMORY] = {"memory",             SIZE,     AT(memory.limit)        },
    [LIMIT_MEMORY_SWAP] = {"memory-swap",        SIZE,     AT(memory.swap)         },
    [LIMIT_MEMORY_RESERVATION] = {"memory-reservation", SIZE,     AT(memory.reservation)  },
    [LIMIT_KERNEL_MEMORY] = {"kernel-memory",      SIZE,     AT(memory.kernel)       },
    [LIMIT_KERNEL_MEMORY_TCP] = {"kernel-memory-tcp",  SIZE,     AT(memory.kernel_tcp)   },
    [LIMIT_CPU_SHARE] = {"cpu-share",          UNSIGNED, AT(cpu.shares)          },
    [LIMIT_CPU_QUOTA] = {"cpu-quota",          SIGNED,   AT(cpu.quota)           },
    [LIMIT_CPU_PERIOD] = {"cpu-period",         UNSIGNED, AT(cpu.period)          },
    [LIMIT_CPU_BURST] = {"cpu-burst",          UNSIGNED, AT(cpu.burst)           },
    [LIMIT_CPU_IDLE] = {"cpu-idle",           SIGNED,   AT(cpu.idle)            },
    [LIMIT_CPU_RT_PERIOD] = {"cpu-rt-period",      UNSIGNED, AT(cpu.realtime_period) },
    [LIMIT_CPU_RT_RUNTIME] = {"cpu-rt-runtime",     SIGNED,   AT(cpu.realtime_runtime)},
    [LIMIT_CPUSET_CPUS] = {"cpuset-cpus",        WORDS,    AT(cpu.cpus)            },
    [LIMIT_CPUSET_MEMS] = {"cpuset-mems",        WORDS,    AT(cpu.mems)            },
    [LIMIT_PIDS] = {"pids-limit",         SIGNED,   AT(pids.limit)          },
    [LIMIT_BLKIO_WEIGHT] = {"blkio-weight",       UNSIGNED, AT(block_io.weight)     },
 /* --l3-cache-schema and --mem-bw-schema are no control group's: change_cache(). */
};

static int
parse_size(const char *text, int64_t *ret)
{
    if (str_eq(text, "-1")) {
        *ret = -1;
        return 0;
    }
    return num_parse_size(text, ret);
}

static int
set_limit(struct oci_resources *resources, size_t which, const char *text)
{
    char *at = (char *)resources + limits[which].offset;
    struct oci_opt_i64 *number = (struct oci_opt_i64 *)(void *)at;
    struct oci_opt_u64 *natural = (struct oci_opt_u64 *)(void *)at;
    switch (limits[which].value) {
    case SIZE:
        number->is_set = true;
        return parse_size(text, &number->value);
    case SIGNED:
        number->is_set = true;
        return num_parse_i64(text, &number->value);
    case UNSIGNED:
        natural->is_set = true;
        return num_parse_u64(text, &natural->value);
    case WORDS:
        *(char **)(void *)at = str_copy(text);
        break;
    }
    return 0;
}

static int
take_options(const struct arguments *a, struct oci_resources *resources, struct err *e)
{
    bool has_any = false;
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        if (!a->limits[i])
            continue;
        has_any = true;
        if (limits[i].name && set_limit(resources, i, a->limits[i]) < 0)
            return err_set(e, ERR_INVALID, "--%s: not a %s: %s", limits[i].name,
                           limits[i].value == SIZE ? "size (as in 64m)" : "number",
                           a->limits[i]);
    }
    return has_any ? 0 : err_set(e, ERR_INVALID, "nothing to change is named");
}

static int
read_resources(const char *path, struct oci_resources **ret, struct err *e)
{
    auto_free char *text = NULL;
    size_t len;
    int r = str_eq(path, "-") ? file_read_fd(STDIN_FILENO, RESOURCES_MOST, &text, &len)
                              : file_read_at(AT_FDCWD, path, RESOURCES_MOST, &text, &len);
    TRY(err_sys(e, r, "read the resources from %s", path));
    return err_wrap(e, oci_resources_parse(text, len, ret, e), "--resources");
}

static int
change_cache(const struct arguments *a, const struct record *record, struct err *e)
{
    const char *l3 = a->limits[LIMIT_L3_CACHE_SCHEMA];
    const char *memory = a->limits[LIMIT_MEM_BW_SCHEMA];
    const struct oci_intel_rdt *rdt = record->spec->linux_.intel_rdt;
    if (!l3 && !memory)
        return 0;
    if (!rdt)
        return err_set(e, ERR_CONFLICT,
                       "the container was made without linux.intelRdt: it has no class of "
                       "service to change");
    auto_close int root = resctrl_open(e);
    TRY(root);
    return resctrl_update(root, rdt, record->id, l3, memory, e);
}

static bool
has_limits(const struct arguments *a)
{
    bool has_any = a->resources != NULL;
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        has_any |= a->limits[i] && limits[i].name;
    return has_any;
}

static int
change(const struct arguments *a, const struct oci_resources *resources, struct err *e)
{
    auto_record record;
    TRY(record_open_locked(a->root, a->operands[0], &record, e));
    TRY(check_status(&record, 1 << OCI_RUNNING | 1 << OCI_CREATED | 1 << OCI_PAUSED,
                     "update", e));
    TRY(change_cache(a, &record, e));
    if (!has_limits(a))
        return 0;
    if (record.container.cgroup.made == 0)
        return err_set(e, ERR_UNSUPPORTED, "cannot update %s: it was made without cgroups",
                       record.id);
    TRY(cgroup_update(&record.container.cgroup, resources, e));
    return record_save(&record, e);
}

int
verb_update(const struct arguments *a, struct err *e)
{
    struct oci_resources *resources = NULL;
    int r;
    if (a->resources) {
        r = read_resources(a->resources, &resources, e);
    } else {
        resources = mem_new(1, sizeof *resources);
        r = take_options(a, resources, e);
    }
    if (r >= 0)
        r = change(a, resources, e);
    oci_resources_free(resources);
    return r;
}
