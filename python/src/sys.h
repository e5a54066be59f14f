/* sys.h - the kernel calls that src/linux/ lacks or narrows, one function for one call.
 *
 * The engine's kernel layer offers what the engine needs: fsconfig by command, memfd_create
 * with fixed flags. Python offers the whole call; where the engine's function is the whole
 * call, the module calls that one, and where not, one of these. Same contract: what the
 * kernel returned, or -errno. They run without Python's lock and touch no Python object.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAMPAN_PYTHON_SYS_H
#define SAMPAN_PYTHON_SYS_H

#include <errno.h>
#include <linux/sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "linux/result.h"

/* Fork-like: no stack. `thread_id` is for CLONE_CHILD_SETTID and may be NULL; it stands in
 * both of the places that the architectures' calls have for it, the other one being read
 * with CLONE_SETTLS only. */
static inline int
sys_clone(unsigned long flags, pid_t *thread_id)
{
    return lx_result(syscall(SYS_clone, flags, NULL, NULL, thread_id, thread_id));
}

static inline int
sys_clone3(const struct clone_args *args, size_t size)
{
    return lx_result(syscall(SYS_clone3, args, size));
}

static inline int
sys_move_mount(int from_dirfd, const char *from_path, int to_dirfd, const char *to_path,
               unsigned flags)
{
    return lx_result(
        syscall(SYS_move_mount, from_dirfd, from_path, to_dirfd, to_path, flags));
}

static inline int
sys_fsopen(const char *fsname, unsigned flags)
{
    return lx_result(syscall(SYS_fsopen, fsname, flags));
}

static inline int
sys_fspick(int dirfd, const char *path, unsigned flags)
{
    return lx_result(syscall(SYS_fspick, dirfd, path, flags));
}

static inline int
sys_fsconfig(int fd, unsigned cmd, const char *key, const void *value, int aux)
{
    return lx_result(syscall(SYS_fsconfig, fd, cmd, key, value, aux));
}

static inline int
sys_fsmount(int fd, unsigned flags, unsigned attr_flags)
{
    return lx_result(syscall(SYS_fsmount, fd, flags, attr_flags));
}

static inline int
sys_openat2(int dirfd, const char *path, const void *how, size_t size)
{
    return lx_result(syscall(SYS_openat2, dirfd, path, how, size));
}

static inline int
sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    return lx_result(syscall(SYS_close_range, first, last, flags));
}

static inline int
sys_memfd_create(const char *name, unsigned flags)
{
    return lx_result(syscall(SYS_memfd_create, name, flags));
}

static inline int
sys_fcntl(int fd, int cmd, unsigned long arg)
{
    return lx_result(syscall(SYS_fcntl, fd, cmd, arg));
}

static inline int
sys_pidfd_open(pid_t pid, unsigned flags)
{
    return lx_result(syscall(SYS_pidfd_open, pid, flags));
}

static inline int
sys_pidfd_send_signal(int pidfd, int signal, unsigned flags)
{
    return lx_result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, flags));
}

static inline int
sys_pidfd_getfd(int pidfd, int targetfd, unsigned flags)
{
    return lx_result(syscall(SYS_pidfd_getfd, pidfd, targetfd, flags));
}

static inline int
sys_capget(void *header, void *data)
{
    return lx_result(syscall(SYS_capget, header, data));
}

static inline int
sys_seccomp(unsigned operation, unsigned flags, void *args)
{
    return lx_result(syscall(SYS_seccomp, operation, flags, args));
}

/* prctl and keyctl answer with a long. */
static inline long
sys_result(long answer)
{
    return answer < 0 ? -errno : answer;
}

static inline long
sys_prctl(int option, const unsigned long arg[4])
{
    return sys_result(syscall(SYS_prctl, option, arg[0], arg[1], arg[2], arg[3]));
}

static inline long
sys_keyctl(int operation, const unsigned long arg[4])
{
    return sys_result(syscall(SYS_keyctl, operation, arg[0], arg[1], arg[2], arg[3]));
}

static inline int
sys_add_key(const char *type, const char *description, const void *payload, size_t size,
            int keyring)
{
    return lx_result(syscall(SYS_add_key, type, description, payload, size, keyring));
}

#endif
