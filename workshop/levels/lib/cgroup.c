/* cgroup.c - which cgroups does this machine have?
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "lib/cgroup.h"
#include "lib/die.h"

#include <linux/magic.h>
#include <sys/vfs.h>

int
cg_version(void)
{
    struct statfs fs;
    if (statfs("/sys/fs/cgroup", &fs) < 0)
        die_errno("look at /sys/fs/cgroup");
    return fs.f_type == CGROUP2_SUPER_MAGIC ? 2 : 1;
}
