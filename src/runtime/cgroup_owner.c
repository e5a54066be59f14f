/* cgroup_owner.c - see cgroup_owner.h, cgroups(7), "Cgroups delegation".
 *
 * Which files of a group may belong to somebody else, the kernel says itself, in
 * /sys/kernel/cgroup/delegate: all that arranges, nothing that limits.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_owner.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "oci/config.h"

static const char fallback[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

static bool
is_mounted_for_writing(const struct oci_mounts *mounts)
{
    for (size_t i = 0; i < mounts->n; i++) {
        const struct oci_mount *m = &mounts->v[i];
        if (str_eq(m->source, "cgroup") && str_eq(m->destination, "/sys/fs/cgroup"))
            return !list_has(&m->options, "ro") && !list_has(&m->options, "rro");
    }
    return false;
}

/* The user outside; -1 if the id is not mapped, or nothing is. */
static int64_t
host_uid(const struct oci_spec *spec)
{
    uint32_t uid = spec->process->user.uid;
    const struct oci_id_maps *maps = &spec->linux_.uid_mappings;
    for (size_t i = 0; i < maps->n; i++)
        if (uid >= maps->v[i].container_id &&
            uid - maps->v[i].container_id < maps->v[i].size)
            return (int64_t)maps->v[i].host_id + (uid - maps->v[i].container_id);
    return -1;
}

static int
give(int dir, const char *file, int64_t uid)
{
    int r = lx_fchownat(dir, file, (uid_t)uid, (gid_t)-1, *file ? 0 : AT_EMPTY_PATH);
    return r == -ENOENT ? 0 : r;
}

static int
give_all(int dir, int64_t uid)
{
    auto_free char *text = NULL;
    auto_list files = {0};
    if (file_read_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", 4096, &text, NULL) < 0)
        text = str_copy(fallback);
    list_split(&files, text, '\n');
    TRY(give(dir, "", uid));
    for (size_t i = 0; i < files.n; i++)
        if (*files.v[i])
            TRY(give(dir, files.v[i], uid));
    return 0;
}

int
cgroup_give_away(const struct cgroup *cgroup, const struct oci_spec *spec, struct err *e)
{
    enum cgroup_mode mode;
    const struct oci_namespace *ns = oci_spec_namespace(spec, CLONE_NEWCGROUP);
    int64_t uid = host_uid(spec);
    bool is_new = ns && (!ns->path || !*ns->path);
    if (uid < 0 || uid == (int64_t)geteuid() || !is_new ||
        !is_mounted_for_writing(&spec->mounts))
        return 0;
    TRY(cgroup_detect(&mode, e));
    auto_close int dir = mode == CGROUP_V2 ? cgroup_open_unified(cgroup) : NO_FD;
    if (dir < 0)
        return 0;
    LX_STEP("let the container's root make groups of its own", "08_cpu_cgroup");
    return err_sys(e, give_all(dir, uid), "give the cgroup %s to user %lld", cgroup->path,
                   (long long)uid);
}
