/* syscalls.h - the names and numbers of the system calls, Linux 6.19 and before.
 *
 * Facts of the kernel's own headers, in one table for the architectures whose programs can
 * run on the machines that we build for: x86_64 runs i386 code, aarch64 runs arm code. The
 * x32 ABI is left out on purpose: the filter refuses it (docs/decisions/0005).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINUX_SYSCALLS_H
#define LINUX_SYSCALLS_H

#include <linux/audit.h> /* AUDIT_ARCH_*: how seccomp names an architecture */
#include <stddef.h>

enum lx_arch { LX_X86_64, LX_I386, LX_AARCH64, LX_ARM, LX_ARCH_COUNT };

#if defined(__x86_64__)
#define LX_ARCH_NATIVE LX_X86_64
#elif defined(__aarch64__)
#define LX_ARCH_NATIVE LX_AARCH64
#else
#error "x86_64 or aarch64"
#endif

struct lx_syscall {
    const char *name;
    int number[LX_ARCH_COUNT]; /* -1: the architecture has no such call */
};

/* The row of a name, or NULL if no kernel that we know has it on these architectures. */
const struct lx_syscall *lx_syscall_find(const char *name);

/* The same for lists that are sorted, as those of profiles are for the most part: the rows
 * behind the last one that was found (or NULL) are tried first. */
const struct lx_syscall *lx_syscall_find_after(const struct lx_syscall *before,
                                               const char *name);

/* Which row of the table it is: 0 to LX_SYSCALL_ROWS - 1. */
size_t lx_syscall_row(const struct lx_syscall *call);
enum { LX_SYSCALL_ROWS = 512 };

/* The name of a number, or NULL. */
const char *lx_syscall_name(enum lx_arch arch, int number);

#endif
