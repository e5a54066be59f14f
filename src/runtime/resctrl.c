/* resctrl.c - see resctrl.h.
 *
 * A class of service is a directory with two files that matter: "schemata" says which part
 * of each cache and how much of the bandwidth, "tasks" takes the pids. Children are born
 * into their parent's class, so one write is enough for a container.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/resctrl.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "linux/path.h"
#include "linux/trace.h"

int
resctrl_open(struct err *e)
{
    auto_free char *text = NULL;
    TRY(err_sys(e, file_read_at(AT_FDCWD, "/proc/self/mountinfo", 4 << 20, &text, NULL),
                "read /proc/self/mountinfo"));
    auto_list lines = {0};
    list_split(&lines, text, '\n');
    for (size_t i = 0; i < lines.n; i++) {
        auto_list words = {0};
        if (!strstr(lines.v[i], " - resctrl "))
            continue;
        list_split(&words, lines.v[i], ' ');
        return err_sys(e, lx_open(words.v[4], O_RDONLY | O_DIRECTORY), "open %s",
                       words.v[4]);
    }
    return err_set(e, ERR_UNSUPPORTED,
                   "linux.intelRdt: no resctrl file system is mounted (has this machine "
                   "such a CPU?)");
}

/* One directory, and none of the kernel's own. */
static int
check_name(const char *name, struct err *e)
{
    static const char *const reserved[] = {"", ".", "..", "info", "mon_groups", "mon_data"};
    bool is_bad = strchr(name, '/') || strchr(name, '\n') || strlen(name) > 128;
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
        is_bad |= str_eq(name, reserved[i]);
    return is_bad ? err_set(e, ERR_INVALID,
                            "linux.intelRdt.closID: no name for a class: "
                            "\"%s\"",
                            name)
                  : 0;
}

int
resctrl_check(const struct oci_intel_rdt *rdt, const char *id, struct err *e)
{
    const char *schema = rdt->mem_bw_schema;
    TRY(check_name(rdt->clos_id ? rdt->clos_id : id, e));
    if (schema && (!str_starts(schema, "MB:") || strchr(schema, '\n')))
        return err_set(e, ERR_INVALID,
                       "linux.intelRdt.memBwSchema: must be one line that begins with MB:");
    return 0;
}

/* The lines for "schemata": those of l3CacheSchema without MB:, and memBwSchema. */
static void
wanted_lines(const struct oci_intel_rdt *rdt, struct list *ret)
{
    auto_list l3 = {0};
    list_split(&l3, rdt->l3_cache_schema ? rdt->l3_cache_schema : "", '\n');
    for (size_t i = 0; i < l3.n; i++)
        if (*l3.v[i] && !(rdt->mem_bw_schema && str_starts(l3.v[i], "MB:")))
            list_add(ret, l3.v[i]);
    if (rdt->mem_bw_schema)
        list_add(ret, rdt->mem_bw_schema);
}

static int
write_file(int dir, const char *file, const char *value)
{
    auto_close int fd = lx_openat(dir, file, O_WRONLY | O_NOFOLLOW, 0);
    return fd < 0 ? fd : lx_write(fd, file, value, strlen(value));
}

/* A class that is there must be as it is asked for: others live in it. */
static int
compare_schemata(int dir, const struct list *wanted, struct err *e)
{
    auto_free char *text = NULL;
    auto_list now = {0};
    TRY(err_sys(e, file_read_at(dir, "schemata", 65536, &text, NULL),
                "linux.intelRdt: read schemata"));
    list_split(&now, text, '\n');
    for (size_t i = 0; i < now.n; i++) {
        const char *line = now.v[i] + strspn(now.v[i], " ");
        memmove(now.v[i], line, strlen(line) + 1);
    }
    for (size_t i = 0; i < wanted->n; i++)
        if (!list_has(&now, wanted->v[i]))
            return err_set(e, ERR_CONFLICT,
                           "linux.intelRdt.closID: the class is there and its schemata do "
                           "not have \"%s\"",
                           wanted->v[i]);
    return 0;
}

static int
write_schemata(int dir, const struct list *wanted, struct err *e)
{
    auto_text lines = {0};
    for (size_t i = 0; i < wanted->n; i++)
        text_addf(&lines, "%s\n", wanted->v[i]);
    if (lines.len == 0)
        return 0;
    return err_sys(e, write_file(dir, "schemata", lines.data),
                   "linux.intelRdt: write the schemata (see info/last_cmd_status of "
                   "resctrl)");
}

/* Opens the class, made where the spec wants that. */
static int
open_class(int root, const struct oci_intel_rdt *rdt, const char *name,
           struct resctrl *made, struct err *e)
{
    auto_list wanted = {0};
    wanted_lines(rdt, &wanted);
    bool may_make = wanted.n > 0 || !rdt->clos_id;
    int r = may_make ? lx_mkdirat(root, name, 0755) : -EEXIST;
    if (r == -ENOSPC)
        return err_set(e, ERR_SYSTEM, "linux.intelRdt: no class of service is left");
    if (r < 0 && r != -EEXIST)
        return err_sys(e, r, "linux.intelRdt: make the class %s", name);
    if (r >= 0)
        snprintf(made->clos, sizeof made->clos, "%s", name);
    auto_close int dir = file_open_dir_at(root, name);
    if (dir == -ENOENT)
        return err_set(e, ERR_NOT_FOUND,
                       "linux.intelRdt.closID: there is no class %s, and no schema to make "
                       "one by",
                       name);
    TRY(err_sys(e, dir, "linux.intelRdt.closID: open the class %s", name));
    TRY(r >= 0 ? write_schemata(dir, &wanted, e) : compare_schemata(dir, &wanted, e));
    return take_fd(&dir);
}

static int
check_monitor(int root, const char *field, const char *feature, struct err *e)
{
    auto_free char *text = NULL;
    auto_list features = {0};
    if (file_read_at(root, "info/L3_MON/mon_features", 4096, &text, NULL) >= 0)
        list_split(&features, text, '\n');
    if (list_has(&features, feature))
        return 0;
    return err_set(e, ERR_UNSUPPORTED, "linux.intelRdt.%s: this machine does not count %s",
                   field, feature);
}

static const char *
class_of(const struct oci_intel_rdt *rdt, const char *id)
{
    return rdt->clos_id ? rdt->clos_id : id;
}

static bool
wants_monitor(const struct oci_intel_rdt *rdt)
{
    return rdt->enable_cmt || rdt->enable_mbm;
}

static int
make_monitor(int root, const struct oci_intel_rdt *rdt, const char *id,
             struct resctrl *made, struct err *e)
{
    if (rdt->enable_cmt)
        TRY(check_monitor(root, "enableCMT", "llc_occupancy", e));
    if (rdt->enable_mbm) {
        TRY(check_monitor(root, "enableMBM", "mbm_total_bytes", e));
        TRY(check_monitor(root, "enableMBM", "mbm_local_bytes", e));
    }
    if (!wants_monitor(rdt))
        return 0;
    char path[sizeof made->monitor];
    snprintf(path, sizeof path, "%s/mon_groups/%s", class_of(rdt, id), id);
    TRY(err_sys(e, lx_mkdirat(root, path, 0755), "linux.intelRdt: make %s", path));
    memcpy(made->monitor, path, sizeof path);
    return 0;
}

static int
write_task(int root, const char *group, pid_t pid, struct err *e)
{
    char text[16];
    auto_close int dir = lx_openat(root, group, O_RDONLY | O_DIRECTORY, 0);
    TRY(err_sys(e, dir, "linux.intelRdt: open %s", group));
    snprintf(text, sizeof text, "%d", (int)pid);
    return err_sys(e, write_file(dir, "tasks", text), "linux.intelRdt: join %s", group);
}

int
resctrl_add(int root, const struct oci_intel_rdt *rdt, const char *id, pid_t pid,
            struct err *e)
{
    char monitor[280];
    TRY(resctrl_check(rdt, id, e));
    TRY(write_task(root, class_of(rdt, id), pid, e));
    if (!wants_monitor(rdt))
        return 0;
    snprintf(monitor, sizeof monitor, "%s/mon_groups/%s", class_of(rdt, id), id);
    return write_task(root, monitor, pid, e);
}

static int
join(int root, const struct oci_intel_rdt *rdt, const char *id, pid_t pid,
     struct resctrl *made, struct err *e)
{
    auto_close int dir = open_class(root, rdt, class_of(rdt, id), made, e);
    TRY(dir);
    TRY(make_monitor(root, rdt, id, made, e));
    return resctrl_add(root, rdt, id, pid, e);
}

int
resctrl_join(int root, const struct oci_intel_rdt *rdt, const char *id, pid_t pid,
             struct resctrl *ret, struct err *e)
{
    struct resctrl made = {.clos = ""};
    struct err ignored;
    LX_STEP("give it a share of the cache and of the memory's bandwidth", "");
    int r = join(root, rdt, id, pid, &made, e);
    if (r < 0)
        resctrl_remove(root, &made, &ignored);
    else
        *ret = made;
    return r;
}

int
resctrl_update(int root, const struct oci_intel_rdt *rdt, const char *id,
               const char *l3_cache_schema, const char *mem_bw_schema, struct err *e)
{
    const struct oci_intel_rdt next = {
        .clos_id = rdt->clos_id,
        .l3_cache_schema = (char *)(uintptr_t)l3_cache_schema,
        .mem_bw_schema = (char *)(uintptr_t)mem_bw_schema,
    };
    auto_list wanted = {0};
    TRY(resctrl_check(&next, id, e));
    wanted_lines(&next, &wanted);
    auto_close int dir = file_open_dir_at(root, class_of(rdt, id));
    TRY(err_sys(e, dir, "linux.intelRdt: open the class %s", class_of(rdt, id)));
    return write_schemata(dir, &wanted, e);
}

int
resctrl_remove(int root, struct resctrl *made, struct err *e)
{
    char *const paths[] = {made->monitor, made->clos};
    int result = 0;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        int r = *paths[i] ? lx_unlinkat(root, paths[i], AT_REMOVEDIR) : 0;
        if (r < 0 && r != -ENOENT)
            result = err_sys(e, r, "remove %s of resctrl", paths[i]);
        *paths[i] = '\0';
    }
    return result;
}
