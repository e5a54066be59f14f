/* terminal.c - see terminal.h, pty(7), devpts.
 *
 * The pair comes from the devpts that we mounted ourselves, and the slave is opened through
 * the master (TIOCGPTPEER): no path in the container is trusted on the way.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/terminal.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "linux/descriptor.h"
#include "linux/path.h"
#include "linux/terminal.h"
#include "linux/trace.h"
#include "runtime/attach.h"

void
terminal_done(struct terminal *terminal)
{
    fd_close(&terminal->master);
    fd_close(&terminal->slave);
}

static int
open_devpts(int root, struct err *e)
{
    auto_close int devpts = lx_open_in_root(root, "/dev/pts", O_PATH | O_DIRECTORY, 0);
    TRY(err_sys(e, devpts, "open the container's /dev/pts"));
    struct statfs fs;
    if (fstatfs(devpts, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
        return err_set(e, ERR_INVALID,
                       "process.terminal: needs a devpts mounted at /dev/pts");
    return take_fd(&devpts);
}

int
terminal_open(int root, const struct oci_process *process, struct terminal *ret,
              struct err *e)
{
    LX_STEP("make a terminal of the container's own", "");
    auto_close int devpts = open_devpts(root, e);
    TRY(devpts);
    ret->master = lx_pty_open(devpts);
    TRY(err_sys(e, ret->master, "open a new terminal"));
    ret->slave = lx_pty_peer(ret->master);
    TRY(err_sys(e, ret->slave, "open the terminal's other end"));

    struct winsize size = {
        .ws_row = (unsigned short)process->console_size.height,
        .ws_col = (unsigned short)process->console_size.width,
    };
    if (size.ws_row == 0 && size.ws_col == 0)
        return 0;
    return err_sys(e, lx_tty_set_size(ret->master, &size), "process.consoleSize: set it");
}

int
terminal_bind_console(int root, const struct terminal *terminal, struct err *e)
{
    char name[16];
    snprintf(name, sizeof name, "%d", lx_pty_number(terminal->master));
    auto_close int devpts = open_devpts(root, e);
    TRY(devpts);
    auto_close int source = lx_openat(devpts, name, O_PATH | O_NOFOLLOW, 0);
    TRY(err_sys(e, source, "open /dev/pts/%s", name));

    auto_close int dev = lx_open_in_root(root, "/dev", O_PATH | O_DIRECTORY, 0);
    TRY(err_sys(e, dev, "open the container's /dev"));
    struct target target = {.root = dev, .path = "console", .fd = NO_FD};
    TRY(attach_open_target(&target, false, e));
    int r = attach_bind(source, &(struct mount_options){0}, &target, "/dev/console", e);
    fd_close(&target.fd);
    return r;
}

int
terminal_take(const struct terminal *terminal, uint32_t uid, struct err *e)
{
    LX_STEP("make it the controlling terminal", "");
    TRY(err_sys(e, lx_tty_set_controlling(terminal->slave), "take the terminal"));
    int r = lx_fchownat(terminal->slave, "", uid, (gid_t)-1, AT_EMPTY_PATH);
    return r == -EPERM || r == -EINVAL
               ? 0 /* an id that is not mapped: the terminal stays ours and works */
               : err_sys(e, r, "give the terminal to user %u", uid);
}

int
terminal_send(int console_socket, int master, struct err *e)
{
    static const char name[] = "/dev/ptmx";
    int r = lx_send_fds(console_socket, name, strlen(name), &master, 1);
    return r < 0 ? err_sys(e, r, "send the terminal over the console socket") : 0;
}
