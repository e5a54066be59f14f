/* mounts.c - see mounts.h; runtime-spec, config.md, "Mounts".
 *
 * Most entries are plain: a file system by its type, or a bind. Three are not:
 *     /dev      a tmpfs there is filled with the default devices before anything else
 *     cgroup    is one mount or a dozen, by what the machine has (cgroup_mounts.c)
 *     /proc     what lies below it is the kernel's: only a few harmless files may be covered
 *
 * Workshop: 02_mount_ns
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/mounts.h"

#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/memory.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "linux/trace.h"
#include "runtime/attach.h"
#include "runtime/cgroup_mounts.h"
#include "runtime/copy_up.h"
#include "runtime/devices.h"
#include "runtime/id_maps.h"
#include "runtime/labels.h"

/* Files below /proc that may be covered: what lxcfs and its like put in their place. */
static const char *const proc_allowed[] = {
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/slabinfo",
    "/proc/net/dev",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/crypto/fips_enabled",
};

void
mounts_done(struct mounts *mounts)
{
    for (size_t i = 0; i < mounts->n; i++) {
        mount_options_done(&mounts->v[i].options);
        fd_close(&mounts->v[i].source);
        fd_close(&mounts->v[i].made);
        fd_close(&mounts->v[i].late);
    }
    free(mounts->v);
    *mounts = (struct mounts){0};
}

/* ---- read ---- */

static bool
is_cgroup(const struct oci_mount *m)
{
    return str_eq(m->type, "cgroup") || str_eq(m->type, "cgroup2");
}

/* Maps of its own, or those of the container's user namespace. */
static int
parse_id_map(const struct oci_spec *spec, struct mounts_entry *entry, size_t i,
             struct err *e)
{
    const struct oci_mount *m = entry->spec;
    bool has_maps = m->uid_mappings.n > 0;
    if (has_maps != (m->gid_mappings.n > 0))
        return err_set(e, ERR_INVALID, "mounts[%zu].%s: is missing beside the other one", i,
                       has_maps ? "gidMappings" : "uidMappings");
    entry->options.want_id_map |= has_maps;
    if (!entry->options.want_id_map)
        return 0;
    if (!has_maps && spec->linux_.uid_mappings.n == 0)
        return err_set(e, ERR_INVALID,
                       "mounts[%zu].options: idmap without uidMappings, and the container "
                       "has no mappings either",
                       i);
    if (!entry->options.is_bind)
        return err_set(e, ERR_UNSUPPORTED,
                       "mounts[%zu].%s: only a bind mount can be idmapped", i,
                       has_maps ? "uidMappings" : "options");
    return 0;
}

static int
parse_one(const struct oci_spec *spec, struct mounts_entry *entry, size_t i, struct err *e)
{
    char field[48];
    const struct oci_mount *m = entry->spec;
    struct mount_options *o = &entry->options;
    snprintf(field, sizeof field, "mounts[%zu].options", i);
    snprintf(entry->field, sizeof entry->field, "mounts[%zu] (%s)", i, m->destination);
    o->is_bind = str_eq(m->type, "bind");
    TRY(mount_options_parse(&m->options, field, o, e));
    TRY(parse_id_map(spec, entry, i, e));
    if (o->is_remount)
        return 0;
    if (o->is_bind && (!m->source || !*m->source))
        return err_set(e, ERR_INVALID, "mounts[%zu].source: is missing for a bind mount",
                       i);
    if (!o->is_bind && (!m->type || !*m->type))
        return err_set(e, ERR_INVALID, "mounts[%zu].type: is missing", i);
    if (o->want_copy_up && !str_eq(m->type, "tmpfs"))
        return err_set(e, ERR_INVALID, "mounts[%zu].options: tmpcopyup is for tmpfs only",
                       i);
    const char *label = spec->linux_.mount_label;
    if (label && *label && !o->is_bind && labels_fit(m->type))
        list_addf(&o->data, "context=%s", label);
    if (str_eq(m->type, "tmpfs") && o->set & MOUNT_ATTR_RDONLY) {
        o->set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
        entry->is_read_only_late = true;
    }
    return 0;
}

int
mounts_parse(const struct oci_spec *spec, struct mounts *ret, struct err *e)
{
    size_t n = spec->mounts.n;
    *ret = (struct mounts){.spec = spec, .v = mem_new(n + 1, sizeof *ret->v), .n = n};
    for (size_t i = 0; i < n; i++) {
        ret->v[i].spec = &spec->mounts.v[i];
        ret->v[i].source = ret->v[i].made = ret->v[i].late = NO_FD;
    }
    for (size_t i = 0; i < n; i++)
        TRY(parse_one(spec, &ret->v[i], i, e));
    return 0;
}

/* ---- sources ---- */

static int
open_source(struct mounts_entry *entry, int bundle, struct err *e)
{
    const char *path = entry->spec->source;
    int dir = bundle >= 0 ? bundle : AT_FDCWD;
    entry->source = attach_clone(dir, path, entry->options.is_recursive);
    entry->is_detached = entry->source >= 0;
    if (entry->source == -ENOSYS)
        entry->source = lx_openat(dir, path, O_PATH, 0);
    TRY(err_sys(e, entry->source, "%s: open the source %s", entry->field, path));
    struct stat st;
    TRY(err_sys(e, lx_fstatat(entry->source, "", &st, AT_EMPTY_PATH), "%s: look at %s",
                entry->field, path));
    entry->is_directory = S_ISDIR(st.st_mode);
    return 0;
}

/* The user namespace whose mapping the mount gets. */
static int
open_mapping(const struct mounts *mounts, const struct mounts_entry *entry, struct err *e)
{
    char field[112] = "linux.";
    const struct oci_mount *m = entry->spec;
    const struct oci_linux *l = &mounts->spec->linux_;
    if (m->uid_mappings.n == 0)
        return id_maps_open(&l->uid_mappings, &l->gid_mappings, field, e);
    snprintf(field, sizeof field, "%s.", entry->field);
    return id_maps_open(&m->uid_mappings, &m->gid_mappings, field, e);
}

static int
map_source(const struct mounts *mounts, const struct mounts_entry *entry, struct err *e)
{
    auto_close int userns = open_mapping(mounts, entry, e);
    TRY(userns);
    struct lx_mount_attr attr = {.set = MOUNT_ATTR_IDMAP, .userns_fd = userns};
    unsigned flags = AT_EMPTY_PATH;
    flags |= entry->options.is_id_map_recursive ? AT_RECURSIVE : 0;
    int r = lx_mount_setattr(entry->source, "", flags, &attr);
    return err_sys(e, r, "%s: give it other owners (idmap)%s", entry->field,
                   r == -EINVAL ? ": this file system, or this kernel, cannot" : "");
}

int
mounts_open_mapped(struct mounts *mounts, int bundle, struct err *e)
{
    for (size_t i = 0; i < mounts->n; i++) {
        if (!mounts->v[i].options.want_id_map)
            continue;
        LX_STEP("copy the mounts whose files shall have other owners", "02_mount_ns");
        TRY(open_source(&mounts->v[i], bundle, e));
        TRY(map_source(mounts, &mounts->v[i], e));
    }
    return 0;
}

static int
open_if_bind(struct mounts_entry *entry, int bundle, struct err *e)
{
    if (!entry->options.is_bind || entry->options.is_remount || entry->source >= 0)
        return 0;
    return open_source(entry, bundle, e);
}

int
mounts_open_sources(struct mounts *mounts, int bundle, struct err *e)
{
    LX_STEP("copy the mounts that the container shall share with the host", "02_mount_ns");
    for (size_t i = 0; i < mounts->n; i++)
        TRY(open_if_bind(&mounts->v[i], bundle, e));
    return 0;
}

/* What is one file system and no more. */
static int
make_if_filesystem(struct mounts_entry *entry, struct err *e)
{
    const struct oci_mount *m = entry->spec;
    if (entry->options.is_bind || entry->options.is_remount || is_cgroup(m))
        return 0;
    entry->made = attach_make_filesystem(m->type, m->source, &entry->options, entry->field,
                                         e);
    return entry->made == -ENOSYS ? 0 : entry->made;
}

int
mounts_make(struct mounts *mounts, int bundle, struct err *e)
{
    LX_STEP("make all mounts in their order, and copy those that are shared with the host",
            "02_mount_ns");
    for (size_t i = 0; i < mounts->n; i++) {
        TRY(open_if_bind(&mounts->v[i], bundle, e));
        TRY(make_if_filesystem(&mounts->v[i], e));
    }
    return 0;
}

/* ---- attached ---- */

/* The target of proc and sysfs must be what its name says: a link there is an attack
 * (rule R7). */
static bool
may_be_no_link(const struct oci_mount *m)
{
    return str_eq(m->type, "proc") || str_eq(m->type, "sysfs");
}

/* Nothing but the listed files below /proc may be covered. */
static int
check_target(const struct mounts_entry *entry, const struct target *target, struct err *e)
{
    const struct oci_mount *m = entry->spec;
    struct statfs fs;
    if (target->may_be_no_link || entry->options.is_remount ||
        fstatfs(target->fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(proc_allowed); i++)
        if (str_eq(m->destination, proc_allowed[i]))
            return 0;
    return err_set(e, ERR_INVALID, "%s: this part of /proc may not be covered",
                   entry->field);
}

/* Of the file system: a descriptor of its root directory. */
static int
attach_made(struct mounts_entry *entry, const struct target *target, struct err *e)
{
    const struct oci_mount *m = entry->spec;
    if (entry->made < 0)
        return attach_filesystem(m->type, m->source, &entry->options, target, entry->field,
                                 e);
    TRY(attach_made_filesystem(entry->made, m->type, target, entry->field, e));
    return take_fd(&entry->made);
}

static int
attach_type(struct mounts_entry *entry, const struct target *target, struct err *e)
{
    const struct oci_mount *m = entry->spec;
    auto_close int mount = attach_made(entry, target, e);
    TRY(mount);
    if (entry->options.want_copy_up)
        TRY(copy_up(target->fd, mount, entry->field, e));
    if (str_eq(m->type, "tmpfs") && str_eq(m->destination, "/dev"))
        TRY(devices_fill_dev(mount, e));
    if (entry->is_read_only_late)
        entry->late = take_fd(&mount);
    return 0;
}

static int
attach_on(struct mounts_entry *entry, const struct target *target,
          const struct oci_spec *spec, const struct cgroup *cgroup, struct err *e)
{
    TRY(check_target(entry, target, e));
    if (entry->options.is_remount)
        return attach_remount(&entry->options, target, entry->field, e);
    if (entry->is_detached)
        return attach_mount(entry->source, &entry->options, target, entry->field, e);
    if (entry->options.is_bind)
        return attach_bind(entry->source, &entry->options, target, entry->field, e);
    if (is_cgroup(entry->spec))
        return cgroup_mounts_attach(target, &entry->options, spec, cgroup, e);
    return attach_type(entry, target, e);
}

static int
attach_one(struct mounts_entry *entry, int root, const struct oci_spec *spec,
           const struct cgroup *cgroup, struct err *e)
{
    LX_STEP("mount what the configuration lists", "02_mount_ns");
    struct target target = {
        .root = root,
        .path = entry->spec->destination,
        .may_be_no_link = may_be_no_link(entry->spec),
        .fd = NO_FD,
    };
    int r = attach_open_target(&target, !entry->options.is_bind || entry->is_directory, e);
    if (r < 0)
        return err_wrap(e, r, "%s", entry->field);
    r = attach_on(entry, &target, spec, cgroup, e);
    fd_close(&target.fd);
    return r;
}

static const struct mounts_entry *
find_dev(const struct mounts *mounts)
{
    for (size_t i = 0; i < mounts->n; i++)
        if (str_eq(mounts->v[i].spec->destination, "/dev"))
            return &mounts->v[i];
    return NULL;
}

/* A configuration without a /dev gets ours: device nodes never go into an image. */
static int
attach_default_dev(int root, struct err *e)
{
    auto_mount_options options = {.set = MOUNT_ATTR_NOSUID};
    list_add(&options.data, "mode=755");
    struct target target = {.root = root, .path = "/dev", .fd = NO_FD};
    TRY(attach_open_target(&target, true, e));
    auto_close int dev = attach_filesystem("tmpfs", "tmpfs", &options, &target, "/dev", e);
    fd_close(&target.fd);
    TRY(dev);
    return devices_fill_dev(dev, e);
}

int
mounts_attach(struct mounts *mounts, int root, const struct cgroup *cgroup, struct err *e)
{
    const struct oci_spec *spec = mounts->spec;
    const struct mounts_entry *dev = find_dev(mounts);
    if (!dev)
        TRY(attach_default_dev(root, e));
    for (size_t i = 0; i < mounts->n; i++)
        TRY(attach_one(&mounts->v[i], root, spec, cgroup, e));

    /* Devices are not made where /dev is the host's own. */
    if (!dev || !dev->options.is_bind)
        TRY(devices_make(root, &spec->linux_.devices, e));
    for (size_t i = 0; i < mounts->n; i++)
        if (mounts->v[i].late >= 0)
            TRY(attach_set_read_only(mounts->v[i].late, mounts->v[i].field, e));
    return 0;
}
