/* privileges.c - see privileges.h, capabilities(7), credentials(7), prctl(2).
 *
 * The order is the craft: groups before ids (only root may set them), the bounding set
 * while we still have CAP_SETPCAP, keep-caps so that the change of uid does not take what
 * the configuration grants, and the ambient set at the very end, for it wants permitted and
 * inheritable to be there.
 *
 * Child, after pivot_root.
 *
 * Workshop: 10_setuid
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/privileges.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "linux/path.h"
#include "linux/privilege.h"
#include "linux/process.h"
#include "linux/trace.h"

enum { DEFAULT_UMASK = 0022 };

#define BIT(cap) (1ULL << (cap))

static int
drop_bounding(uint64_t keep, struct err *e)
{
    LX_STEP("give up, for good, the capabilities that are not granted", "10_setuid");
    for (int cap = 0; cap < 64; cap++) {
        if (keep & BIT(cap))
            continue;
        int r = lx_cap_bounding_drop(cap);
        if (r == -EINVAL)
            return 0; /* one past the last that this kernel knows */
        TRY(err_sys(e, r, "drop capability %d from the bounding set", cap));
    }
    return 0;
}

bool
privileges_may_set_groups(pid_t pid)
{
    char path[64] = "/proc/self/setgroups";
    auto_free char *text = NULL;
    if (pid > 0)
        snprintf(path, sizeof path, "/proc/%d/setgroups", (int)pid);
    return file_read_at(AT_FDCWD, path, 64, &text, NULL) < 0 || !str_starts(text, "deny");
}

static int
set_groups(const struct oci_ids *groups, bool may_set, struct err *e)
{
    if (may_set)
        return err_sys(e, lx_setgroups(groups->n, groups->v),
                       "process.user.additionalGids: set %zu groups", groups->n);
    if (groups->n == 0)
        return 0;
    return err_set(e, ERR_UNSUPPORTED,
                   "process.user.additionalGids: in this user namespace nobody may set "
                   "groups (linux.gidMappings of more than the own one need newgidmap)");
}

static int
set_ids(const struct oci_user *user, bool may_set_groups, struct err *e)
{
    LX_STEP("become the user", "10_setuid");
    TRY(set_groups(&user->additional_gids, may_set_groups, e));
    TRY(err_sys(e, lx_setresgid(user->gid, user->gid, user->gid),
                "process.user.gid: become group %u", user->gid));
    TRY(err_sys(e, lx_setresuid(user->uid, user->uid, user->uid),
                "process.user.uid: become user %u", user->uid));

    /* Read back: a uid that silently stayed root was a hole of others (rule R14). */
    uid_t uid[3];
    gid_t gid[3];
    TRY(err_sys(e, lx_getresuid(&uid[0], &uid[1], &uid[2]), "read the user ids back"));
    TRY(err_sys(e, lx_getresgid(&gid[0], &gid[1], &gid[2]), "read the group ids back"));
    for (int i = 0; i < 3; i++)
        if (uid[i] != user->uid || gid[i] != user->gid)
            return err_set(e, ERR_SYSTEM, "the ids are %u:%u, not %u:%u", uid[i], gid[i],
                           user->uid, user->gid);
    return 0;
}

/* What we have at all: a set may ask for more, and gets that. */
static int
set_caps(const struct oci_capabilities *wanted, uint64_t extra, struct err *e)
{
    struct lx_caps now;
    TRY(err_sys(e, lx_capget(&now), "read our capabilities"));
    struct lx_caps caps = {
        .effective = (wanted->effective | extra) & now.permitted,
        .permitted = (wanted->permitted | extra) & now.permitted,
        .inheritable = wanted->inheritable & (wanted->bounding | now.inheritable) &
                       (now.permitted | now.inheritable),
    };
    caps.effective &= caps.permitted;
    return err_sys(e, lx_capset(&caps), "set the capabilities");
}

static bool
want_admin(const struct oci_process *process, bool has_filter)
{
    return has_filter && !process->no_new_privileges;
}

int
privileges_drop(const struct oci_process *process, bool may_set_groups, bool has_filter,
                struct err *e)
{
    const struct oci_capabilities *caps = &process->capabilities;
    TRY(drop_bounding(caps->bounding, e));
    TRY(err_sys(e, lx_cap_ambient_clear(), "clear the ambient capabilities"));
    TRY(err_sys(e, lx_prctl("PR_SET_KEEPCAPS 1", PR_SET_KEEPCAPS, 1, 0, 0, 0),
                "keep capabilities across the change of user"));
    TRY(set_ids(&process->user, may_set_groups, e));
    umask(process->user.umask.is_set ? (mode_t)process->user.umask.value : DEFAULT_UMASK);

    uint64_t extra = want_admin(process, has_filter) ? BIT(CAP_SYS_ADMIN) : 0;
    return set_caps(caps, extra, e);
}

/* What is not permitted and inheritable cannot be ambient: builders ask for it all the same,
 * and other runtimes pass over it. */
static int
raise_ambient(const struct oci_capabilities *caps, struct err *e)
{
    struct lx_caps now = {0};
    if (caps->ambient)
        TRY(err_sys(e, lx_capget(&now), "read our capabilities"));
    uint64_t possible = caps->ambient & now.permitted & now.inheritable;
    for (int cap = 0; cap < 64; cap++)
        if (possible & BIT(cap))
            TRY(err_sys(e, lx_cap_ambient_raise(cap),
                        "process.capabilities.ambient: raise capability %d", cap));
    return 0;
}

static int
settle_caps(const struct oci_capabilities *caps, struct err *e)
{
    LX_STEP("keep exactly the granted capabilities", "10_setuid");
    TRY(set_caps(caps, 0, e));
    return raise_ambient(caps, e);
}

static int
put_filter_on(const struct seccomp_program *filter, const struct seccomp_notice *notice,
              struct err *e)
{
    if (filter->n == 0)
        return 0;
    int listener = seccomp_install(filter, e);
    TRY(listener);
    return filter->has_listener ? seccomp_notice_send(notice, listener, e) : 0;
}

int
privileges_seal(const struct oci_process *process, const struct seccomp_program *filter,
                const struct seccomp_notice *notice, struct err *e)
{
    const struct oci_capabilities *caps = &process->capabilities;
    if (!process->no_new_privileges) {
        TRY(put_filter_on(filter, notice, e));
        return settle_caps(caps, e);
    }
    TRY(settle_caps(caps, e));
    TRY(err_sys(e, lx_prctl("PR_SET_NO_NEW_PRIVS 1", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
                "process.noNewPrivileges: set it"));
    return put_filter_on(filter, notice, e);
}
