/* mount_helper.c - see mount_helper.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/mount_helper.h"

#include <unistd.h>

#include "base/file.h"
#include "linux/descriptor.h"
#include "linux/process.h"

int
mount_helper_run(uint64_t flags, int (*make_mount)(const void *data), const void *data)
{
    int pair[2];
    TRY(lx_socketpair(SOCK_SEQPACKET, pair));
    auto_close int ours = pair[0], theirs = pair[1];
    pid_t pid = lx_clone3(flags, -1, NULL);
    if (pid == 0) {
        int mount = make_mount(data);
        lx_send_fds(theirs, &mount, sizeof mount, &mount, mount >= 0 ? 1 : 0);
        _exit(0);
    }
    TRY(pid);
    fd_close(&theirs);

    int r = -EPROTO, mount = NO_FD;
    size_t n = 1;
    siginfo_t info;
    int got = lx_recv_fds(ours, &r, sizeof r, &mount, &n);
    lx_waitid(P_PID, pid, &info, WEXITED);
    if (got == (int)sizeof r && n == 1)
        return mount;
    return r < 0 ? r : -EPROTO;
}
