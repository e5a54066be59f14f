/* privilege.c - setgroups, setresuid, capset, seccomp: one call each; see privilege.h.
 *
 * Workshop: 10_setuid
 *
 * SPDX-License-Identifier: MIT
 */
#include "linux/privilege.h"

#include <linux/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/result.h"
#include "linux/trace.h"

int
lx_setgroups(size_t n, const gid_t *groups)
{
    int r = lx_result(syscall(SYS_setgroups, n, groups));
    lx_trace("setgroups", r, "%zu groups", n);
    return r;
}

int
lx_setresuid(uid_t real, uid_t effective, uid_t saved)
{
    int r = lx_result(syscall(SYS_setresuid, real, effective, saved));
    lx_trace("setresuid", r, "%u %u %u", real, effective, saved);
    return r;
}

int
lx_setresgid(gid_t real, gid_t effective, gid_t saved)
{
    int r = lx_result(syscall(SYS_setresgid, real, effective, saved));
    lx_trace("setresgid", r, "%u %u %u", real, effective, saved);
    return r;
}

int
lx_getresuid(uid_t *ret_real, uid_t *ret_effective, uid_t *ret_saved)
{
    return lx_result(syscall(SYS_getresuid, ret_real, ret_effective, ret_saved));
}

int
lx_getresgid(gid_t *ret_real, gid_t *ret_effective, gid_t *ret_saved)
{
    return lx_result(syscall(SYS_getresgid, ret_real, ret_effective, ret_saved));
}

int
lx_capget(struct lx_caps *ret)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct half[2] = {0};
    int r = lx_result(syscall(SYS_capget, &header, half));
    if (r < 0)
        return r;
    ret->effective = half[0].effective | (uint64_t)half[1].effective << 32;
    ret->permitted = half[0].permitted | (uint64_t)half[1].permitted << 32;
    ret->inheritable = half[0].inheritable | (uint64_t)half[1].inheritable << 32;
    return 0;
}

int
lx_capset(const struct lx_caps *caps)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct half[2] = {
        {(uint32_t)caps->effective,         (uint32_t)caps->permitted,         (uint32_t)caps->inheritable},
        {(uint32_t)(caps->effective >> 32), (uint32_t)(caps->permitted >> 32),
         (uint32_t)(caps->inheritable >> 32)                                                              },
    };
    int r = lx_result(syscall(SYS_capset, &header, half));
    lx_trace("capset", r, "effective=%#llx permitted=%#llx inheritable=%#llx",
             (unsigned long long)caps->effective, (unsigned long long)caps->permitted,
             (unsigned long long)caps->inheritable);
    return r;
}

int
lx_cap_bounding_has(int cap)
{
    return lx_result(syscall(SYS_prctl, PR_CAPBSET_READ, cap, 0, 0, 0));
}

int
lx_cap_bounding_drop(int cap)
{
    int r = lx_result(syscall(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0));
    lx_trace("prctl", r, "PR_CAPBSET_DROP %d", cap);
    return r;
}

int
lx_cap_ambient_clear(void)
{
    int r =
        lx_result(syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    lx_trace("prctl", r, "%s", "PR_CAP_AMBIENT_CLEAR_ALL");
    return r;
}

int
lx_cap_ambient_raise(int cap)
{
    int r = lx_result(syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0));
    lx_trace("prctl", r, "PR_CAP_AMBIENT_RAISE %d", cap);
    return r;
}

int
lx_seccomp_filter(unsigned flags, const struct sock_filter *program, size_t count)
{
    struct sock_fprog fprog = {
        .len = (unsigned short)count,
        .filter = (struct sock_filter *)(uintptr_t)program,
    };
    int r = lx_result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog));
    lx_trace("seccomp", r, "SECCOMP_SET_MODE_FILTER flags=%#x %zu instructions", flags,
             count);
    return r;
}

int
lx_seccomp_has_action(uint32_t action)
{
    return lx_result(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
}
