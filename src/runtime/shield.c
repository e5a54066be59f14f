/* shield.c - see shield.h.
 *
 * A process that enters a container can be seen there, and its /proc/PID/exe is a way to
 * the program file on the host, past every path (CVE-2019-5736: a container overwrites the
 * runtime and waits for the next one to be started). So we run from a detached read-only
 * copy of the file's mount: the same inode, no bytes copied, but nobody can open it for
 * writing through us. Without the right to mount, a sealed copy in memory does. Where we are
 * installed on a read-only mount, as on systems with an immutable /usr, there is nothing to do.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/shield.h"

#include <sys/auxv.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "linux/descriptor.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "runtime/cgroup_systemd.h"

static const char self[] = "/proc/self/exe";

/* The name that we were executed by (getauxval(3)), or NULL: by a descriptor, as copies are. */
static const char *
name_at_start(void)
{
    const char *name = (const char *)getauxval(AT_EXECFN);
    return name && !str_starts(name, "/dev/fd/") ? name : NULL;
}

static bool
is_on_read_only_mount(const char *program)
{
    struct statvfs fs;
    return statvfs(program, &fs) == 0 && fs.f_flag & ST_RDONLY;
}

/* A read-only mount, be it our copy's or the one that we are installed on, or a memfd that is
 * sealed against writing. */
bool
shield_is_up(void)
{
    if (is_on_read_only_mount(self))
        return true;
    if (name_at_start())
        return false;
    auto_close int fd = lx_open(self, O_RDONLY);
    int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
    return seals >= 0 && seals & F_SEAL_WRITE;
}

static int
clone_read_only(const char *program)
{
    auto_close int tree = lx_open_tree(AT_FDCWD, program, OPEN_TREE_CLONE);
    TRY(tree);
    struct lx_mount_attr attr = {.set = MOUNT_ATTR_RDONLY};
    TRY(lx_mount_setattr(tree, "", AT_EMPTY_PATH, &attr));
    return take_fd(&tree);
}

static int
copy_sealed(const char *program)
{
    auto_close int from = lx_open(program, O_RDONLY);
    TRY(from);
    auto_close int to = lx_memfd_create("sampan");
    TRY(to);
    ssize_t n;
    do
        n = sendfile(to, from, NULL, 1 << 30);
    while (n > 0);
    if (n < 0)
        return -errno;
    TRY(lx_memfd_seal(to));
    return take_fd(&to);
}

static int
open_copy(const char *program)
{
    int fd = clone_read_only(program);
    return fd < 0 ? copy_sealed(program) : fd;
}

int
shield_open(const char *program, int *ret, struct err *e)
{
    *ret = NO_FD;
    if (is_on_read_only_mount(program))
        return 0;
    LX_STEP("take a copy of the monitor's program that no container can write to", "");
    int fd = open_copy(program);
    TRY(err_sys(e, fd, "make a protected copy of %s", program));
    *ret = fd;
    return 0;
}

/* Our environment, and in it where the program is, which a copy does not know. The caller
 * frees the array and *ret_setting. */
static char **
environment_of_copy(char **ret_setting)
{
    const char *name = name_at_start();
    auto_free char *found = NULL;
    if (!name && file_read_link_at(AT_FDCWD, self, &found) == 0)
        name = found;
    *ret_setting = str_format(SYSTEMD_PROGRAM_VARIABLE "=%s", name ? name : "");

    size_t n = 0;
    while (environ[n])
        n++;
    char **env = mem_new(n + 2, sizeof *env), **next = env;
    *next++ = *ret_setting;
    for (char **old = environ; *old; old++)
        if (!str_after(*old, SYSTEMD_PROGRAM_VARIABLE "="))
            *next++ = *old;
    return env;
}

int
shield_self(char **argv, struct err *e)
{
    LX_STEP("run from a copy of ourselves that no container can write to", "");
    auto_close int fd = open_copy(self);
    TRY(err_sys(e, fd, "make a protected copy of our own program"));
    auto_free char *setting = NULL;
    auto_free char **env = environment_of_copy(&setting);
    return err_sys(e, lx_fexecve(fd, argv, env), "run the protected copy");
}
