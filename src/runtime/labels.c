/* labels.c - see labels.h, apparmor(7), selinux(8), proc_pid_attr(5).
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/labels.h"

#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "linux/path.h"
#include "runtime/procfs.h"

static bool
is_asked(const char *label)
{
    return label && *label;
}

static bool
has_apparmor(void)
{
    auto_free char *text = NULL;
    return file_read_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &text,
                        NULL) >= 0 &&
           *text == 'Y';
}

static bool
has_selinux(void)
{
    struct statfs fs;
    return statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC;
}

int
labels_check(const struct oci_process *process, struct err *e)
{
    if (is_asked(process->apparmor_profile) && !has_apparmor())
        return err_set(e, ERR_UNSUPPORTED,
                       "process.apparmorProfile: this kernel has no AppArmor: \"%s\" "
                       "cannot be applied",
                       process->apparmor_profile);
    if (is_asked(process->selinux_label) && !has_selinux())
        return err_set(e, ERR_UNSUPPORTED,
                       "process.selinuxLabel: this kernel has no SELinux: \"%s\" cannot be "
                       "applied",
                       process->selinux_label);
    return 0;
}

/* Only a thread itself may write its labels: `file` is of the calling process. */
static int
write_label(int procfs, const char *file, const char *prefix, const char *label,
            struct err *e)
{
    auto_free char *name = str_format("%d/attr/%s", (int)getpid(), file);
    auto_free char *value = str_format("%s%s", prefix, label);
    return procfs_write(procfs, name, value, e);
}

int
labels_write(int procfs, const struct oci_process *process, struct err *e)
{
    int r = 0;
    if (is_asked(process->apparmor_profile)) {
        r = write_label(procfs, "apparmor/exec", "exec ", process->apparmor_profile, e);
        if (r == -ENOENT) /* before Linux 5.8, when only one module could have labels */
            r = write_label(procfs, "exec", "exec ", process->apparmor_profile, e);
        if (r == -ENOENT)
            return err_set(e, ERR_NOT_FOUND,
                           "process.apparmorProfile: no profile \"%s\" is loaded",
                           process->apparmor_profile);
        if (r < 0)
            return err_wrap(e, r, "process.apparmorProfile");
    }
    if (is_asked(process->selinux_label))
        r = write_label(procfs, "exec", "", process->selinux_label, e);
    return r < 0 ? err_wrap(e, r, "process.selinuxLabel") : 0;
}

bool
labels_fit(const char *type)
{
    static const char *const unlabelled[] = {"proc", "sysfs", "mqueue", "cgroup",
                                             "cgroup2"};
    for (size_t i = 0; i < ARRAY_LEN(unlabelled); i++)
        if (str_eq(type, unlabelled[i]))
            return false;
    return has_selinux();
}
