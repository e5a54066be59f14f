/* input.c - a file or standard input, opened for reading.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/image/input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

int
input_open(const char *name, struct err *e)
{
    if (name && !str_eq(name, "-")) {
        struct stat st;
        auto_close int fd = open(name, O_RDONLY | O_CLOEXEC);
        int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;
        TRY(err_sys(e, r, "open %s", name));
        return take_fd(&fd);
    }
    if (isatty(0))
        return err_set(e, ERR_INVALID,
                       "standard input is a terminal: name a file, or send the archive "
                       "through a pipe");
    int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
    return fd >= 0 ? fd : err_sys(e, -errno, "open standard input");
}
