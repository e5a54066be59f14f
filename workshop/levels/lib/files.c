/* files.c - small work with files.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "lib/files.h"
#include "lib/die.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *
format_list(const char *format, va_list args)
{
    char *text;
    if (vasprintf(&text, format, args) < 0)
        die("out of memory");
    return text;
}

char *
text_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_list(format, args);
    va_end(args);
    return text;
}

static void
make_one(const char *path)
{
    if (mkdir(path, 0755) == 0) {
        if (chmod(path, 0755) < 0)
            die_errno("set the mode of %s", path);
    } else if (errno != EEXIST) {
        die_errno("make the directory %s", path);
    }
}

void
mkdir_p(const char *path)
{
    char *part = text_format("%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        make_one(part);
        *slash = '/';
    }
    make_one(part);
}

void
write_file(const char *path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_list(format, args);
    va_end(args);

    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        die_errno("open %s", path);
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0)
        die_errno("write \"%s\" to %s", text, path);
}

/* Open a directory without crossing a mount point. NO_XDEV also sees a bind mount of the
 * same file system, where a look at st_dev would not. */
static int
open_directory(int parent, const char *name, unsigned long resolve)
{
    struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW,
                           .resolve = resolve};
    return syscall(SYS_openat2, parent, name, &how, sizeof how);
}

static void
remove_inside(int directory, const char *path)
{
    DIR *d = fdopendir(directory);
    if (!d)
        die_errno("read %s", path);
    for (struct dirent *entry; (entry = readdir(d));) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;

        bool is_directory = entry->d_type == DT_DIR;
        if (is_directory) {
            char *below = text_format("%s/%s", path, name);
            int fd = open_directory(directory, name, RESOLVE_NO_XDEV | RESOLVE_BENEATH);
            if (fd < 0 && errno == EXDEV)
                die("%s is still mounted: not removed", below);
            if (fd < 0)
                die_errno("open %s", below);
            remove_inside(fd, below);
            free(below);
        }
        if (unlinkat(directory, name, is_directory ? AT_REMOVEDIR : 0) < 0)
            die_errno("remove %s/%s", path, name);
    }
    closedir(d);
}

void
remove_tree(const char *path)
{
    int fd = open_directory(AT_FDCWD, path, 0);
    if (fd < 0 && errno == ENOENT)
        return;
    if (fd < 0)
        die_errno("open %s", path);
    remove_inside(fd, path);
    if (rmdir(path) < 0)
        die_errno("remove %s", path);
}
