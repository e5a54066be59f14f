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

/* A read-only mount, be it our copy's or the one that we are installed on, or a memfd that is
 * sealed against writing. */
bool
shield_is_up(void)
{
    struct statvfs fs;
    if (statvfs(self, &fs) == 0 && fs.f_flag & ST_RDONLY)
        return true;
    if (name_at_start())
        return false;
    auto_close int fd = lx_open(self, O_RDONLY);
    int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
    return seals >= 0 && seals & F_SEAL_WRITE;
}

static int
clone_read_only(void)
{
    auto_close int tree = lx_open_tree(AT_FDCWD, self, OPEN_TREE_CLONE);
    TRY(tree);
    struct lx_mount_attr attr = {.set = MOUNT_ATTR_RDONLY};
    TRY(lx_mount_setattr(tree, "", AT_EMPTY_PATH, &attr));
    return take_fd(&tree);
}

static int
copy_sealed(void)
{
    auto_close int from = lx_open(self, O_RDONLY);
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
    auto_close int fd = clone_read_only();
    if (fd < 0)
        fd = copy_sealed();
    TRY(err_sys(e, fd, "make a protected copy of our own program"));
    auto_free char *setting = NULL;
    auto_free char **env = environment_of_copy(&setting);
    return err_sys(e, lx_fexecve(fd, argv, env), "run the protected copy");
}
