/* seccomp_install.c - the filter goes on, for good.
 *
 * Installing is the last step before execve(2): from here on the process may do only what
 * the container's program may.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/seccomp.h"

#include <errno.h>

#include "linux/trace.h"

/* The flags for the kernel: with a listener it refuses TSYNC, which would have nothing to
 * do here anyway, for the process has one thread. */
static unsigned
flags_for_kernel(const struct seccomp_program *program)
{
    if (program->has_listener)
        return (program->flags & ~SECCOMP_FILTER_FLAG_TSYNC) |
               SECCOMP_FILTER_FLAG_NEW_LISTENER;
    return program->flags;
}

int
seccomp_install(const struct seccomp_program *program, struct err *e)
{
    if (program->n == 0)
        return 0;
    LX_STEP("filter the system calls", "");
    unsigned flags = flags_for_kernel(program);
    int r = lx_seccomp_filter(flags, program->code, program->n);
    if (r == -EINVAL)
        return err_sys(e, r,
                       "install the seccomp filter: this kernel does not know one of the "
                       "flags %#x or of the actions",
                       flags);
    if (r == -EACCES)
        return err_sys(e, r,
                       "install the seccomp filter (needs no_new_privs or "
                       "CAP_SYS_ADMIN)");
    return err_sys(e, r, "install the seccomp filter");
}
