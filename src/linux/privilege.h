/* privilege.h - who a process is and what it may do: ids, capabilities, seccomp.
 *
 * Raw system calls: they change this one task, which is what a single-threaded process
 * wants; the C library's versions go round all threads.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINUX_PRIVILEGE_H
#define LINUX_PRIVILEGE_H

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int lx_setgroups(size_t n, const gid_t *groups);
int lx_setresuid(uid_t real, uid_t effective, uid_t saved);
int lx_setresgid(gid_t real, gid_t effective, gid_t saved);
int lx_getresuid(uid_t *ret_real, uid_t *ret_effective, uid_t *ret_saved);
int lx_getresgid(gid_t *ret_real, gid_t *ret_effective, gid_t *ret_saved);

/* capget(2), capset(2) of this process; bit N is capability N. */
struct lx_caps {
    uint64_t effective, permitted, inheritable;
};
int lx_capget(struct lx_caps *ret);
int lx_capset(const struct lx_caps *caps);

/* prctl(PR_CAPBSET_READ / PR_CAPBSET_DROP / PR_CAP_AMBIENT ...). */
int lx_cap_bounding_has(int cap); /* 1, 0, or -EINVAL: the kernel has no such capability */
int lx_cap_bounding_drop(int cap);
int lx_cap_ambient_clear(void);
int lx_cap_ambient_raise(int cap);

/* seccomp(SECCOMP_SET_MODE_FILTER); flags SECCOMP_FILTER_FLAG_*. Returns 0, or with
 * SECCOMP_FILTER_FLAG_NEW_LISTENER the notification descriptor. */
int lx_seccomp_filter(unsigned flags, const struct sock_filter *program, size_t count);

/* seccomp(SECCOMP_GET_ACTION_AVAIL): 0 if this kernel knows the action. */
int lx_seccomp_has_action(uint32_t action);

#endif
