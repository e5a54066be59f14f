/* procfs.c - sysctls and /proc/PID files by a private procfs; see procfs.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/procfs.h"

#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "oci/config.h"

/* Which namespace a sysctl belongs to (sysctl(5), namespaces(7)). A name that ends in '.'
 * stands for all that begin so. */
static const struct {
    const char *name;
    int namespace;
} sysctls[] = {
    {"net.",                   CLONE_NEWNET },
    {"fs.mqueue.",             CLONE_NEWIPC },
    {"kernel.msgmax",          CLONE_NEWIPC },
    {"kernel.msgmnb",          CLONE_NEWIPC },
    {"kernel.msgmni",          CLONE_NEWIPC },
    {"kernel.msg_next_id",     CLONE_NEWIPC },
    {"kernel.sem",             CLONE_NEWIPC },
    {"kernel.sem_next_id",     CLONE_NEWIPC },
    {"kernel.shmall",          CLONE_NEWIPC },
    {"kernel.shmmax",          CLONE_NEWIPC },
    {"kernel.shmmni",          CLONE_NEWIPC },
    {"kernel.shm_next_id",     CLONE_NEWIPC },
    {"kernel.shm_rmid_forced", CLONE_NEWIPC },
    {"kernel.domainname",      CLONE_NEWUTS },
    {"kernel.hostname",        CLONE_NEWUTS },
    {"user.",                  CLONE_NEWUSER},
};

int
procfs_open(struct err *e)
{
    auto_close int fs = lx_fsopen("proc");
    TRY(err_sys(e, fs, "open a procfs of our own"));
    TRY(err_sys(e, lx_fsconfig_create(fs), "make a procfs of our own"));
    auto_close int procfs = lx_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                               MOUNT_ATTR_NOEXEC);
    TRY(err_sys(e, procfs, "mount a procfs of our own"));

    struct statfs st;
    if (fstatfs(procfs, &st) < 0 || st.f_type != PROC_SUPER_MAGIC)
        return err_set(e, ERR_SYSTEM, "what was mounted as proc is no procfs");
    return take_fd(&procfs);
}

static int
open_file(int procfs, const char *name, int flags)
{
    return lx_openat2(procfs, name, flags, 0,
                      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

int
procfs_write(int procfs, const char *name, const char *value, struct err *e)
{
    auto_close int fd = open_file(procfs, name, O_WRONLY);
    TRY(err_sys(e, fd, "open /proc/%s", name));
    return err_sys(e, lx_write(fd, name, value, strlen(value)), "write \"%s\" to /proc/%s",
                   value, name);
}

/* net.ipv4.ip_forward or net/ipv4/conf/eth0.7/... -> a path below /proc: with any slash in
 * it, the dots stay as they are. */
static char *
sysctl_path(const char *name)
{
    char *path = str_format("sys/%s", name);
    if (!strchr(name, '/'))
        for (char *p = path; *p; p++)
            *p = *p == '.' ? '/' : *p;
    return path;
}

static int
sysctl_namespace(const char *name)
{
    auto_free char *dotted = str_copy(name);
    for (char *slash; (slash = strchr(dotted, '/'));)
        *slash = '.';
    for (size_t i = 0; i < ARRAY_LEN(sysctls); i++) {
        const char *known = sysctls[i].name;
        bool is_match = str_ends(known, ".") ? str_starts(dotted, known)
                                             : str_eq(dotted, known);
        if (is_match)
            return sysctls[i].namespace;
    }
    return 0;
}

static int
check_sysctl(const struct oci_spec *spec, const struct oci_pair *pair, struct err *e)
{
    static const char good[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    const char *name = pair->name;
    if (name[strspn(name, good)] != '\0' || strstr(name, "..") || strstr(name, "//"))
        return err_set(e, ERR_INVALID, "linux.sysctl.%s: not a sysctl's name", name);
    if (strchr(pair->value, '\n'))
        return err_set(e, ERR_INVALID, "linux.sysctl.%s: a line break in its value", name);

    int namespace = sysctl_namespace(name);
    if (namespace == 0)
        return err_set(e, ERR_INVALID,
                       "linux.sysctl.%s: belongs to no namespace: it would change the host",
                       name);
    if (!oci_spec_namespace(spec, namespace))
        return err_set(e, ERR_INVALID,
                       "linux.sysctl.%s: the container shares that namespace with the host",
                       name);
    return 0;
}

int
procfs_check_sysctls(const struct oci_spec *spec, struct err *e)
{
    for (size_t i = 0; i < spec->linux_.sysctl.n; i++)
        TRY(check_sysctl(spec, &spec->linux_.sysctl.v[i], e));
    return 0;
}

int
procfs_write_sysctls(int procfs, const struct oci_spec *spec, struct err *e)
{
    TRY(procfs_check_sysctls(spec, e));
    for (size_t i = 0; i < spec->linux_.sysctl.n; i++) {
        const struct oci_pair *pair = &spec->linux_.sysctl.v[i];
        auto_free char *path = sysctl_path(pair->name);
        int r = procfs_write(procfs, path, pair->value, e);
        if (r < 0)
            return err_wrap(e, r, "linux.sysctl.%s", pair->name);
    }
    return 0;
}
