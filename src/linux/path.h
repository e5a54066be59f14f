/* path.h - opening and making files, one kernel call each; openat2 above all.
 *
 * openat2(2) with RESOLVE_IN_ROOT is how a path that a stranger wrote (an image, a volume,
 * a container) is followed: the kernel treats dir_fd as the root, so neither "..", nor an
 * absolute link, nor a race can lead outside (rules R1, R6, R7).
 *
 * All return >= 0 (a descriptor where one is opened, always close-on-exec) or -errno.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINUX_PATH_H
#define LINUX_PATH_H

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#ifndef O_PATH /* musl and glibc hide it without _GNU_SOURCE; we always have that */
#error "compile with -D_GNU_SOURCE"
#endif

/* openat2(2); flags as open(2), O_CLOEXEC added; resolve: RESOLVE_*. */
int lx_openat2(int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve);

/* A path below root_fd, as a process with that root would see it: openat2 with
 * RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS. */
int lx_open_in_root(int root_fd, const char *path, int flags, mode_t mode);

int lx_openat(int dir_fd, const char *path, int flags, mode_t mode); /* openat(2) */
int lx_open(const char *path, int flags);                            /* from the cwd */
int lx_close(int fd);

int lx_mkdirat(int dir_fd, const char *path, mode_t mode);
int lx_mknodat(int dir_fd, const char *path, mode_t mode, dev_t dev);
int lx_symlinkat(const char *text, int dir_fd, const char *path);
int lx_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int lx_unlinkat(int dir_fd, const char *path, int flags);
int lx_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int lx_fchmodat(int dir_fd, const char *path, mode_t mode); /* follows a last link */
int lx_fchownat(int dir_fd, const char *path, uid_t uid, gid_t gid, int flags);
int lx_utimensat(int dir_fd, const char *path, const struct timespec times[2], int flags);
int lx_fstatat(int dir_fd, const char *path, struct stat *ret, int flags);

/* One write(2); `what` names the file for the trace only. Short writes are -EIO. */
int lx_write(int fd, const char *what, const char *data, size_t len);

int lx_chdir(const char *path);
int lx_fchdir(int fd);
int lx_chroot(const char *path);

#endif
