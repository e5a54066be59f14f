/* cgroup.h - which cgroups does this machine have?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LIB_CGROUP_H
#define LIB_CGROUP_H

/* 2: one tree at /sys/fs/cgroup. 1: one tree per controller, at /sys/fs/cgroup/cpu,
 * /sys/fs/cgroup/memory and so on; also where a version 2 tree without controllers is
 * mounted beside them ("hybrid"). */
int cg_version(void);

#endif
