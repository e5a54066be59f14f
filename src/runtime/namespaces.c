/* namespaces.c - see namespaces.h and namespaces(7).
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/namespaces.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "linux/netlink.h"
#include "linux/path.h"
#include "linux/privilege.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "oci/config.h"
#include "oci/linux.h"
#include "runtime/caller.h"
#include "runtime/id_maps.h"
#include "runtime/shared_root.h"

/* In this order they are joined: the user namespace first, for its capabilities over the
 * others; the mount namespace last, because the paths lie in the old one. */
static const int join_order[] = {
    CLONE_NEWUSER, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWNET, CLONE_NEWCGROUP, CLONE_NEWNS,
};

static const char *
type_name(int type)
{
    return oci_word_name(oci_namespace_words, (uint64_t)type);
}

static bool
is_joined(const struct oci_namespace *ns)
{
    return ns && ns->path && *ns->path;
}

static bool
is_new(const struct oci_spec *spec, int type)
{
    const struct oci_namespace *ns = oci_spec_namespace(spec, type);
    return ns && !is_joined(ns);
}

/* Its place in linux.namespaces, for errors. */
static size_t
index_of(const struct oci_spec *spec, const struct oci_namespace *ns)
{
    return (size_t)(ns - spec->linux_.namespaces.v);
}

/* A namespace must be listed for what is set in it, else the host's would be changed. */
static int
check_settings(const struct oci_spec *spec, struct err *e)
{
    if (spec->hostname && !oci_spec_namespace(spec, CLONE_NEWUTS))
        return err_set(e, ERR_INVALID,
                       "hostname: set without a uts namespace: it would rename the host");
    if (spec->domainname && !oci_spec_namespace(spec, CLONE_NEWUTS))
        return err_set(e, ERR_INVALID,
                       "domainname: set without a uts namespace: it would rename the host");
    if (spec->linux_.time_offsets.n > 0 && !is_new(spec, CLONE_NEWTIME))
        return err_set(e, ERR_INVALID,
                       "linux.timeOffsets: set without a new time namespace");
    return 0;
}

static int
check_maps(const struct oci_spec *spec, struct err *e)
{
    const struct oci_linux *l = &spec->linux_;
    bool is_new_user = is_new(spec, CLONE_NEWUSER);
    if (is_new_user && l->uid_mappings.n == 0)
        return err_set(e, ERR_INVALID,
                       "linux.uidMappings: missing for the new user namespace");
    if (is_new_user && l->gid_mappings.n == 0)
        return err_set(e, ERR_INVALID,
                       "linux.gidMappings: missing for the new user namespace");
    if (!namespaces_have_user(spec) && l->uid_mappings.n > 0)
        return err_set(e, ERR_INVALID, "linux.uidMappings: set without a user namespace");
    if (!namespaces_have_user(spec) && l->gid_mappings.n > 0)
        return err_set(e, ERR_INVALID, "linux.gidMappings: set without a user namespace");
    return 0;
}

int
namespaces_check(const struct oci_spec *spec, struct err *e)
{
    if (shared_root_is_wanted(spec) && namespaces_have_user(spec))
        return err_set(
            e, ERR_UNSUPPORTED,
            "linux.namespaces: with a user namespace there must be a new mount "
            "namespace: who is root in the one may not mount in somebody else's");
    TRY(check_settings(spec, e));
    return check_maps(spec, e);
}

uint64_t
namespaces_clone_flags(const struct oci_spec *spec)
{
    uint64_t flags = 0;
    for (size_t i = 0; i < spec->linux_.namespaces.n; i++) {
        const struct oci_namespace *ns = &spec->linux_.namespaces.v[i];
        bool is_elsewhere = ns->type == CLONE_NEWCGROUP || ns->type == CLONE_NEWTIME;
        if (!is_joined(ns) && !is_elsewhere)
            flags |= (uint64_t)ns->type;
    }
    return flags;
}

static int
join(const struct oci_spec *spec, const struct oci_namespace *ns, struct err *e)
{
    const char *name = type_name(ns->type);
    size_t i = index_of(spec, ns);
    auto_close int fd = lx_open(ns->path, O_RDONLY);
    TRY(err_sys(e, fd, "linux.namespaces[%zu].path: open the %s namespace %s", i, name,
                ns->path));
    int r = lx_setns(fd, ns->type);
    if (r == -EINVAL)
        return err_set(e, ERR_INVALID, "linux.namespaces[%zu].path: %s is no %s namespace",
                       i, ns->path, name);
    return err_sys(e, r, "linux.namespaces[%zu].path: join the %s namespace %s", i, name,
                   ns->path);
}

/* The namespaces that the parent joins for its child's sake. */
static bool
is_parents(const struct oci_spec *spec, int type)
{
    return type == CLONE_NEWPID || type == CLONE_NEWTIME || is_new(spec, CLONE_NEWUSER);
}

static int
remember(struct namespaces_detour *detour, int type, const char *file, struct err *e)
{
    char path[48];
    snprintf(path, sizeof path, "/proc/self/ns/%s", file);
    int fd = lx_open(path, O_RDONLY);
    TRY(err_sys(e, fd, "open our own %s namespace", type_name(type)));
    detour->own[detour->n].type = type;
    detour->own[detour->n++].fd = fd;
    return 0;
}

static int
write_offsets(const struct oci_time_offsets *offsets, struct err *e)
{
    auto_text lines = {0};
    for (size_t i = 0; i < offsets->n; i++)
        text_addf(&lines, "%s %lld %u\n", offsets->v[i].clock,
                  (long long)offsets->v[i].secs, offsets->v[i].nanosecs);
    if (lines.len == 0)
        return 0;
    auto_close int fd = lx_open("/proc/self/timens_offsets", O_WRONLY);
    TRY(err_sys(e, fd, "open /proc/self/timens_offsets"));
    return err_sys(e, lx_write(fd, "timens_offsets", lines.data, lines.len),
                   "linux.timeOffsets: write them");
}

static int
leave_time(const struct oci_spec *spec, struct namespaces_detour *ret, struct err *e)
{
    if (!is_new(spec, CLONE_NEWTIME))
        return 0;
    TRY(remember(ret, CLONE_NEWTIME, "time", e));
    TRY(err_sys(e, lx_unshare(CLONE_NEWTIME), "make a time namespace"));
    return write_offsets(&spec->linux_.time_offsets, e);
}

int
namespaces_leave(const struct oci_spec *spec, struct namespaces_detour *ret, struct err *e)
{
    static const struct {
        int type;
        const char *file;
    } ways[] = {
        {CLONE_NEWIPC,    "ipc"   },
        {CLONE_NEWUTS,    "uts"   },
        {CLONE_NEWNET,    "net"   },
        {CLONE_NEWCGROUP, "cgroup"},
        {CLONE_NEWPID,    "pid"   },
        {CLONE_NEWTIME,   "time"  },
    };
    *ret = (struct namespaces_detour){.n = 0};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        const struct oci_namespace *ns = oci_spec_namespace(spec, ways[i].type);
        if (!is_joined(ns) || !is_parents(spec, ways[i].type))
            continue;
        TRY(remember(ret, ways[i].type, ways[i].file, e));
        TRY(join(spec, ns, e));
    }
    return leave_time(spec, ret, e);
}

int
namespaces_return(struct namespaces_detour *detour, struct err *e)
{
    int result = 0;
    for (size_t i = detour->n; i-- > 0;) {
        int type = detour->own[i].type;
        int r = lx_setns(detour->own[i].fd, type);
        fd_close(&detour->own[i].fd);
        if (r == -EPERM && !caller_is_root())
            continue; /* ours is the machine's: an ordinary user's engine has no way back */
        if (r < 0)
            result = err_sys(e, r, "return to our own %s namespace", type_name(type));
    }
    detour->n = 0;
    return result;
}

int
namespaces_join(const struct oci_spec *spec, struct err *e)
{
    if (namespaces_have_user(spec))
        return 0; /* the parent, or the helper, was there for us */
    for (size_t i = 0; i < ARRAY_LEN(join_order); i++) {
        const struct oci_namespace *ns = oci_spec_namespace(spec, join_order[i]);
        if (is_joined(ns))
            TRY(join(spec, ns, e));
    }
    return 0;
}

int
namespaces_join_from_helper(const struct oci_spec *spec, struct err *e)
{
    bool is_done[ARRAY_LEN(join_order)] = {false};
    for (size_t i = 0; i < ARRAY_LEN(join_order); i++) {
        const struct oci_namespace *ns = oci_spec_namespace(spec, join_order[i]);
        if (!is_joined(ns) || ns->type == CLONE_NEWUSER)
            continue;
        int r = join(spec, ns, e);
        if (r < 0 && r != -EPERM)
            return r;
        is_done[i] = r >= 0;
    }
    TRY(join(spec, oci_spec_namespace(spec, CLONE_NEWUSER), e));
    for (size_t i = 0; i < ARRAY_LEN(join_order); i++) {
        const struct oci_namespace *ns = oci_spec_namespace(spec, join_order[i]);
        if (is_joined(ns) && ns->type != CLONE_NEWUSER && !is_done[i])
            TRY(join(spec, ns, e));
    }
    return 0;
}

bool
namespaces_join_user(const struct oci_spec *spec)
{
    return is_joined(oci_spec_namespace(spec, CLONE_NEWUSER));
}

bool
namespaces_have_user(const struct oci_spec *spec)
{
    return oci_spec_namespace(spec, CLONE_NEWUSER) != NULL;
}

static uint32_t
first_id(const struct oci_id_maps *maps)
{
    for (size_t i = 0; i < maps->n; i++)
        if (maps->v[i].container_id == 0)
            return 0;
    return maps->n > 0 ? maps->v[0].container_id : 0;
}

int
namespaces_become_root(const struct oci_spec *spec, struct err *e)
{
    if (!namespaces_have_user(spec))
        return 0;
    LX_STEP("become root of the user namespace", "");
    uint32_t uid = first_id(&spec->linux_.uid_mappings);
    uint32_t gid = first_id(&spec->linux_.gid_mappings);
    TRY(err_sys(e, lx_setresgid(gid, gid, gid), "become group %u of the user namespace",
                gid));
    return err_sys(e, lx_setresuid(uid, uid, uid), "become user %u of the user namespace",
                   uid);
}

int
namespaces_unshare_cgroup(const struct oci_spec *spec, struct err *e)
{
    if (!is_new(spec, CLONE_NEWCGROUP))
        return 0;
    LX_STEP("make the cgroup we are in the root of what the container sees",
            "08_cpu_cgroup");
    return err_sys(e, lx_unshare(CLONE_NEWCGROUP), "make a cgroup namespace");
}

static int
loopback_up(struct err *e)
{
    LX_STEP("switch on the loopback of the new network namespace", "07_net_namespace");
    auto_close int socket = lx_netlink_open();
    TRY(err_sys(e, socket, "open a netlink socket"));
    return err_sys(e, lx_netlink_link_up(socket, 1), "switch on the loopback");
}

int
namespaces_settle(const struct oci_spec *spec, struct err *e)
{
    if (is_new(spec, CLONE_NEWNET))
        TRY(loopback_up(e));
    LX_STEP("give the container its name", "05_uts_namespace");
    if (spec->hostname)
        TRY(err_sys(e, lx_sethostname(spec->hostname), "hostname: set it to %s",
                    spec->hostname));
    if (spec->domainname)
        TRY(err_sys(e, lx_setdomainname(spec->domainname), "domainname: set it to %s",
                    spec->domainname));
    return 0;
}

bool
namespaces_want_ids(const struct oci_spec *spec)
{
    return is_new(spec, CLONE_NEWUSER);
}

int
namespaces_map_ids(const struct oci_spec *spec, pid_t pid, struct err *e)
{
    return id_maps_write(pid, &spec->linux_.uid_mappings, &spec->linux_.gid_mappings,
                         "linux.", e);
}
