/* mount.c - mount(2), its successors, and pivot_root(2), one call each.
 *
 * Workshop: 02_mount_ns, 03_pivot_root, 04_overlay
 *
 * SPDX-License-Identifier: MIT
 */
#include "linux/mount.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/result.h"
#include "linux/trace.h"

/* For the trace: NULL as the man page writes it. */
#define SHOW(s) ((s) ? (s) : "NULL")

int
lx_mount(const char *source, const char *target, const char *type, unsigned long flags,
         const char *data)
{
    int r = lx_result(syscall(SYS_mount, source, target, type, flags, data));
    lx_trace("mount", r, "%s %s %s flags=%#lx %s", SHOW(source), target, SHOW(type), flags,
             SHOW(data));
    return r;
}

int
lx_umount2(const char *target, int flags)
{
    int r = lx_result(syscall(SYS_umount2, target, flags));
    lx_trace("umount2", r, "%s flags=%#x", target, flags);
    return r;
}

int
lx_fsopen(const char *type)
{
    int r = lx_result(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
    lx_trace("fsopen", r, "%s", type);
    return r;
}

int
lx_fsconfig_string(int fs_fd, const char *key, const char *value)
{
    int r = lx_result(syscall(SYS_fsconfig, fs_fd, FSCONFIG_SET_STRING, key, value, 0));
    lx_trace("fsconfig", r, "%d %s=%s", fs_fd, key, value);
    return r;
}

int
lx_fsconfig_flag(int fs_fd, const char *key)
{
    int r = lx_result(syscall(SYS_fsconfig, fs_fd, FSCONFIG_SET_FLAG, key, NULL, 0));
    lx_trace("fsconfig", r, "%d %s", fs_fd, key);
    return r;
}

int
lx_fsconfig_create(int fs_fd)
{
    int r = lx_result(syscall(SYS_fsconfig, fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
    lx_trace("fsconfig", r, "%d create", fs_fd);
    return r;
}

int
lx_fsmount(int fs_fd, unsigned attributes)
{
    int r = lx_result(syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, attributes));
    lx_trace("fsmount", r, "%d attributes=%#x", fs_fd, attributes);
    return r;
}

const char *
lx_fs_message(int fs_fd, char *buf, size_t size)
{
    ssize_t n = fs_fd < 0 ? 0 : read(fs_fd, buf, size - 1);
    buf[n > 0 ? n : 0] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
    size_t skip = strncmp(buf, "e ", 2) == 0 || strncmp(buf, "w ", 2) == 0 ? 2 : 0;
    memmove(buf, buf + skip, strlen(buf + skip) + 1);
    return buf;
}

int
lx_open_tree(int dir_fd, const char *path, unsigned flags)
{
    int r = lx_result(syscall(SYS_open_tree, dir_fd, path, flags | OPEN_TREE_CLOEXEC));
    lx_trace("open_tree", r, "%d %s flags=%#x", dir_fd, path, flags);
    return r;
}

int
lx_move_mount(int from_fd, const char *from, int to_fd, const char *to)
{
    unsigned flags = (*from ? 0 : MOVE_MOUNT_F_EMPTY_PATH) |
                     (*to ? 0 : MOVE_MOUNT_T_EMPTY_PATH);
    int r = lx_result(syscall(SYS_move_mount, from_fd, from, to_fd, to, flags));
    lx_trace("move_mount", r, "%d \"%s\" %d \"%s\" flags=%#x", from_fd, from, to_fd, to,
             flags);
    return r;
}

int
lx_mount_setattr(int dir_fd, const char *path, unsigned flags,
                 const struct lx_mount_attr *attr)
{
    struct mount_attr a = {
        .attr_set = attr->set,
        .attr_clr = attr->clear,
        .propagation = attr->propagation,
        .userns_fd = attr->set & MOUNT_ATTR_IDMAP ? (uint64_t)attr->userns_fd : 0,
    };
    int r = lx_result(syscall(SYS_mount_setattr, dir_fd, path, flags, &a, sizeof a));
    lx_trace("mount_setattr", r,
             "%d \"%s\" flags=%#x set=%#llx clear=%#llx propagation=%#llx", dir_fd, path,
             flags, (unsigned long long)attr->set, (unsigned long long)attr->clear,
             (unsigned long long)attr->propagation);
    return r;
}

int
lx_pivot_root(const char *new_root, const char *put_old)
{
    int r = lx_result(syscall(SYS_pivot_root, new_root, put_old));
    lx_trace("pivot_root", r, "%s %s", new_root, put_old);
    return r;
}
