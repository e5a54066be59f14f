/* copy_up.c - see copy_up.h. Every step is relative to a descriptor and follows no link:
 * what lies under the mount came with an image.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/copy_up.h"

#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "linux/path.h"

enum { DEPTH_MOST = 100 };

static int copy_directory(int from, int to, int depth);

static int
copy_data(int from, int to)
{
    ssize_t n;
    do
        n = sendfile(to, from, NULL, 1 << 20);
    while (n > 0);
    return n < 0 ? -errno : 0;
}

static int
copy_file(int from, int to, const char *name, mode_t mode)
{
    auto_close int in = lx_openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    TRY(in);
    auto_close int out = lx_openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                                   mode & 07777);
    TRY(out);
    return copy_data(in, out);
}

static int
copy_subdirectory(int from, int to, const char *name, mode_t mode, int depth)
{
    TRY(lx_mkdirat(to, name, mode & 07777));
    auto_close int below = file_open_dir_at(from, name);
    TRY(below);
    auto_close int made = file_open_dir_at(to, name);
    TRY(made);
    return depth < DEPTH_MOST ? copy_directory(below, made, depth + 1) : -ELOOP;
}

static int
copy_link(int from, int to, const char *name)
{
    auto_free char *text = NULL;
    TRY(file_read_link_at(from, name, &text));
    return lx_symlinkat(text, to, name);
}

static int
copy_entry(int from, int to, const char *name, int depth)
{
    struct stat st;
    TRY(lx_fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW));
    if (S_ISDIR(st.st_mode))
        TRY(copy_subdirectory(from, to, name, st.st_mode, depth));
    else if (S_ISREG(st.st_mode))
        TRY(copy_file(from, to, name, st.st_mode));
    else if (S_ISLNK(st.st_mode))
        TRY(copy_link(from, to, name));
    else
        return 0;
    TRY(lx_fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW));
    /* After chown, which takes set-id bits away. */
    return S_ISLNK(st.st_mode) ? 0 : lx_fchmodat(to, name, st.st_mode & 07777);
}

static int
copy_directory(int from, int to, int depth)
{
    auto_list names = {0};
    TRY(file_list_dir(from, &names));
    for (size_t i = 0; i < names.n; i++)
        TRY(copy_entry(from, to, names.v[i], depth));
    return 0;
}

int
copy_up(int from, int to, const char *field, struct err *e)
{
    auto_close int source = lx_openat(from, ".", O_RDONLY | O_DIRECTORY, 0);
    TRY(err_sys(e, source, "%s: open the directory to copy up", field));
    return err_sys(e, copy_directory(source, to, 0), "%s: copy up", field);
}
