/* cgroup_mounts.c - see cgroup_mounts.h; cgroups(7), cgroup_namespaces(7).
 *
 * With a cgroup namespace of its own a container mounts the hierarchies afresh: their root
 * is then its own cgroup. (From the first cgroup namespace a mount of cgroup2 would wait
 * for an RCU grace period, 9 ms; inside a new one it takes 10 µs.) Without one, its part of
 * the host's tree is bound.
 *
 *     v2       cgroup2 on target
 *     v1       a tmpfs on target, one directory and mount for each hierarchy in which the
 *              container has a group, and links: "cpu" -> "cpu,cpuacct"
 *     hybrid   the same, and cgroup2 on "unified"
 *
 * Child, after it has joined its cgroups and unshared their namespace.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_mounts.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "oci/config.h"
#include "runtime/cgroup_layout.h"

struct view {
    const struct mount_options *options;
    const struct cgroup *cgroup;
    bool has_namespace;
};

/* The flags of the words, without data that was meant for another file system. */
static struct mount_options
flags_only(const struct mount_options *o)
{
    struct mount_options copy = *o;
    copy.data = (struct list){0};
    return copy;
}

static int
bind_own(const struct view *view, const char *host_root, const struct target *target,
         struct err *e)
{
    auto_free char *path = str_format("%s/%s", host_root, view->cgroup->path);
    auto_close int source = lx_open(path, O_PATH | O_DIRECTORY);
    if (source == -ENOENT) { /* no cgroup of its own in this one: show none of it */
        struct mount_options empty = {.set = view->options->set | MOUNT_ATTR_RDONLY};
        auto_close int mount = attach_filesystem("tmpfs", "none", &empty, target, path, e);
        return mount < 0 ? mount : 0;
    }
    TRY(err_sys(e, source, "open %s", path));
    struct mount_options o = flags_only(view->options);
    return attach_bind(source, &o, target, path, e);
}

static int
attach_unified(const struct view *view, const char *host_root, const struct target *target,
               struct err *e)
{
    if (!view->has_namespace)
        return bind_own(view, host_root, target, e);
    struct mount_options o = flags_only(view->options);
    auto_close int mount = attach_filesystem("cgroup2", "cgroup", &o, target, "cgroup2", e);
    return mount < 0 ? mount : 0;
}

/* "cpu,cpuacct" and "name=systemd" to the words of the v1 file system. */
static int
attach_v1(const struct view *view, const char *hierarchy, const struct target *target,
          struct err *e)
{
    const char *named = str_after(hierarchy, "name=");
    if (!view->has_namespace) {
        auto_free char *host = str_format("/sys/fs/cgroup/%s", named ? named : hierarchy);
        return bind_own(view, host, target, e);
    }
    auto_mount_options o = flags_only(view->options);
    if (named)
        list_add(&o.data, "none");
    list_split(&o.data, hierarchy, ',');
    auto_close int mount = attach_filesystem("cgroup", "cgroup", &o, target, hierarchy, e);
    return mount < 0 ? mount : 0;
}

static int
attach_below(const struct view *view, int dir, const char *hierarchy, struct err *e)
{
    const char *named = str_after(hierarchy, "name=");
    const char *name = named ? named : hierarchy;
    bool is_unified = str_eq(hierarchy, "unified");
    struct target target = {
        .root = dir, .path = name, .fd = attach_make_below(dir, name, 0755)};
    TRY(err_sys(e, target.fd, "make the directory %s of the container's cgroups", name));
    int r = is_unified ? attach_unified(view, "/sys/fs/cgroup/unified", &target, e)
                       : attach_v1(view, hierarchy, &target, e);
    fd_close(&target.fd);
    if (r < 0 || named || !strchr(hierarchy, ','))
        return r;

    auto_list parts = {0};
    list_split(&parts, hierarchy, ',');
    for (size_t i = 0; i < parts.n; i++)
        TRY(err_sys(e, lx_symlinkat(hierarchy, dir, parts.v[i]), "link %s to %s",
                    parts.v[i], hierarchy));
    return 0;
}

static int
make_read_only(int dir, struct err *e)
{
    struct lx_mount_attr attr = {.set = MOUNT_ATTR_RDONLY};
    int r = lx_mount_setattr(dir, "", AT_EMPTY_PATH, &attr);
    if (r == -ENOSYS) {
        char path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
        r = lx_mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
    }
    return err_sys(e, r, "make the container's /sys/fs/cgroup read-only");
}

/* A hierarchy in which the container has no group of its own would show it nothing but the
 * one of whoever started us. */
static bool
has_group_in(const struct cgroup *cgroup, const char *hierarchy)
{
    auto_list names = {0};
    list_split(&names, hierarchy, ',');
    for (unsigned c = CONTROLLER_UNIFIED + 1; c < CONTROLLER_COUNT; c++)
        if (cgroup->made & CONTROLLER_BIT(c) &&
            list_has(&names, cgroup_controller_name(c, false)))
            return true;
    return false;
}

int
cgroup_mounts_attach(const struct target *target, const struct mount_options *options,
                     const struct oci_spec *spec, const struct cgroup *cgroup,
                     struct err *e)
{
    LX_STEP("show the container its own cgroups", "08_cpu_cgroup");
    enum cgroup_mode mode;
    TRY(cgroup_detect(&mode, e));
    struct view view = {
        .options = options,
        .cgroup = cgroup,
        .has_namespace = oci_spec_namespace(spec, CLONE_NEWCGROUP) != NULL,
    };
    if (mode == CGROUP_V2)
        return attach_unified(&view, "/sys/fs/cgroup", target, e);

    auto_mount_options o = {.set = options->set & ~(uint64_t)MOUNT_ATTR_RDONLY};
    list_add(&o.data, "mode=755");
    auto_close int dir = attach_filesystem("tmpfs", "cgroup", &o, target, "cgroup", e);
    TRY(dir);
    auto_list hierarchies = {0};
    TRY(cgroup_v1_hierarchies(&hierarchies, e));
    for (size_t i = 0; i < hierarchies.n; i++)
        if (has_group_in(cgroup, hierarchies.v[i]))
            TRY(attach_below(&view, dir, hierarchies.v[i], e));
    if (mode == CGROUP_HYBRID)
        TRY(attach_below(&view, dir, "unified", e));
    return options->set & MOUNT_ATTR_RDONLY ? make_read_only(dir, e) : 0;
}
