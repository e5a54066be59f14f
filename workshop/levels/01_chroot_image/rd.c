/* rd.c - run a command in a container, made with our own hands.
 *
 * One program that grows from level to level: each skeleton is the solution of the level
 * before, with TODO blocks that say what comes next. README.md beside it explains.
 *
 * The story is in two functions: run() is the parent, on the host; contain() is the child,
 * which takes leave of the host step by step and then becomes the command. If a step fails
 * the child ends with status 1 (lib/die.h), and the parent sees that like any other status.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "lib/die.h"
#include "lib/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
/* TODO 1: "lib/container.h", "lib/files.h" and "lib/untar.h" are yours to use now, and
 * mount(2) needs <sys/mount.h>. Read the three headers first, they are short. */
/* end TODO 1 */

/* The child: becomes the command. It comes back only if that failed. */
static int
contain(const struct options *opt)
{
    /* TODO 2: give this function a second parameter, const struct container *c, and
     * take leave of the host's files:
     *   - untar() IMAGE_DIR/IMAGE.tar (opt->image_dir, opt->image) into c->root
     *   - say "Created a new root fs for our container: " and c->root, in a line on stdout,
     *     and fflush(3) it: exec forgets what stdio has not written yet
     *   - chroot(2) to it, and chdir(2) to "/", in that order. Why?
     *   - mount "proc" on /proc and "sysfs" on /sys: flags MS_NOSUID, MS_NODEV, MS_NOEXEC,
     *     and MS_RDONLY for /sys
     * Check every call; die_errno() in lib/die.h. A few small functions above this one are
     * easier to read than a long one. man 2 chroot; man 2 mount */
    /* end TODO 2 */
    execvp(opt->command[0], opt->command);
    int status = errno == ENOENT ? 127 : 126;
    fprintf(stderr, "rd: %s: %s\n", opt->command[0], strerror(errno));
    return status;
}

/* The parent: starts the child, waits for it, and ends as it has ended. */
static int
run(const struct options *opt)
{
    /* TODO 3: container_name() gives the container an id and its paths: hand them on. */
    /* end TODO 3 */
    pid_t pid = fork();
    if (pid < 0)
        die_errno("fork");
    if (pid == 0)
        _exit(contain(opt));

    int ended;
    if (waitpid(pid, &ended, 0) < 0)
        die_errno("wait for process %d", pid);
    int status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);

    printf("%d exited with status %d\n", pid, status);
    return status;
}

int
main(int argc, char **argv)
{
    struct options opt = options_parse(argc, argv);
    return run(&opt);
}
