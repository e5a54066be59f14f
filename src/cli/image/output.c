/* output.c - a file that is there whole or not at all, or standard output.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/image/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

static int
open_standard_output(struct output *ret, struct err *e)
{
    if (isatty(STDOUT_FILENO))
        return err_set(e, ERR_INVALID,
                       "cowardly refusing to save to a terminal. Use the -o flag or "
                       "redirect");
    ret->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    return ret->fd < 0 ? err_sys(e, -errno, "write to standard output") : 0;
}

/* A pipe or a device is written as it is: a file in its place would be no good. */
static bool
is_special(const char *name)
{
    struct stat st;
    return stat(name, &st) == 0 && !S_ISREG(st.st_mode);
}

/* A file without a name, in the directory of its place. Not every file system can. */
static int
open_nameless(const char *name)
{
    const char *slash = strrchr(name, '/');
    auto_free char *directory = slash ? str_format("%.*s/", (int)(slash - name), name)
                                      : str_copy(".");
    return open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
}

static int
open_file(struct output *ret, const char *name, struct err *e)
{
    char unique[17];
    TRY(err_sys(e, file_random_hex(unique, 8), "get random bytes"));
    ret->temporary = str_format("%s.%s.part", name, unique);
    ret->fd = open_nameless(name);
    ret->is_nameless = ret->fd >= 0;
    if (ret->fd < 0)
        ret->fd = open(ret->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (ret->fd >= 0)
        return 0;
    int r = -errno;
    free(take_ptr(ret->temporary));
    return err_sys(e, r, "create %s", name);
}

int
output_open(struct output *ret, const char *name, struct err *e)
{
    *ret = (struct output){.fd = NO_FD, .name = name};
    if (name == NULL || str_eq(name, "-"))
        return open_standard_output(ret, e);
    if (!is_special(name))
        return open_file(ret, name, e);
    ret->fd = open(name, O_WRONLY | O_CLOEXEC);
    return ret->fd < 0 ? err_sys(e, -errno, "open %s", name) : 0;
}

/* linkat(2) replaces nothing: so the name beside the place first, then the place. */
int
output_keep(struct output *output, struct err *e)
{
    int r = 0;
    char self[40];
    if (output->temporary == NULL)
        return 0;
    snprintf(self, sizeof self, "/proc/self/fd/%d", output->fd);
    if (output->is_nameless &&
        linkat(AT_FDCWD, self, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW) < 0)
        r = -errno;
    if (r >= 0 && rename(output->temporary, output->name) < 0)
        r = -errno;
    TRY(err_sys(e, r, "create %s", output->name));
    free(take_ptr(output->temporary));
    return 0;
}

void
output_close(struct output *output)
{
    if (output->temporary != NULL)
        unlink(output->temporary);
    free(take_ptr(output->temporary));
    fd_close(&output->fd);
}
