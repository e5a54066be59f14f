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
#include "lib/container.h"
#include "lib/die.h"
#include "lib/files.h"
#include "lib/options.h"
#include "lib/untar.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* What every Linux program expects to find, in the order of mounting. */
/* clang-format off */
static const struct {
    const char *target, *type;
    unsigned long flags;
    const char *data;
} mounts[] = {
    {"/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
    {"/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL},
    {"/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=0755"},
    {"/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,mode=0620,ptmxmode=0666"},
    {"/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777"},
};
/* clang-format on */

/* man 4 null, random, tty, ptmx. The kernel knows a device by its numbers, not its name. */
static const struct {
    const char *path;
    unsigned int major, minor;
} devices[] = {
    {"/dev/null",    1, 3},
    {"/dev/zero",    1, 5},
    {"/dev/full",    1, 7},
    {"/dev/random",  1, 8},
    {"/dev/urandom", 1, 9},
    {"/dev/tty",     5, 0},
    {"/dev/ptmx",    5, 2},
};

/* Make the directory that the container will call "/". */
static void
make_root(const struct options *opt, const struct container *c)
{
    untar(text_format("%s/%s.tar", opt->image_dir, opt->image), c->root);
    printf("Created a new root fs for our container: %s\n", c->root);
    fflush(stdout); /* exec forgets what stdio has not written yet */
}

/* From here on the container's root is "/", and paths mean what they say. */
static void
enter_root(const char *root)
{
    /* TODO 1: instead of chroot(2), make it the root of the whole mount namespace:
     *   - pivot_root(2) takes only a mount: bind-mount root on itself (MS_BIND | MS_REC)
     *   - make ROOT/.old_root, and pivot_root(root, ROOT/.old_root); the C library has no
     *     function for it: syscall(SYS_pivot_root, ...), from <sys/syscall.h>
     *   - change to "/", umount2("/.old_root", MNT_DETACH), and remove that directory
     * man 2 pivot_root; man 2 umount2 */
    /* end TODO 1 */
    if (chroot(root) < 0)
        die_errno("chroot to %s", root);
    if (chdir("/") < 0)
        die_errno("change to the new root");
}

static void
mount_filesystems(void)
{
    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
        mkdir_p(mounts[i].target);
        if (mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
                  mounts[i].data) < 0)
            die_errno("mount %s", mounts[i].target);
    }
}

static void
make_devices(void)
{
    umask(0); /* a node gets the mode that we ask for, whatever our caller's umask */
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        if (mknod(devices[i].path, S_IFCHR | 0666,
                  makedev(devices[i].major, devices[i].minor)) < 0)
            die_errno("make %s", devices[i].path);
    umask(022);
}

/* TODO 2: a function that leaves nothing else of the host in the container:
 *   - all file descriptors from 3 on are closed: close_range(2)
 *   - the environment is a new one: clearenv(3), then PATH, HOME=/root, and TERM as it was
 * An open directory of the host is a way out of any root: fchdir(2) needs no path. */
/* end TODO 2 */

/* The child: becomes the command. It comes back only if that failed. */
static int
contain(const struct options *opt, const struct container *c)
{
    /* From here on what we mount is seen by nobody else. Where "/" is shared, as systemd
     * makes it, mounts in the copy would still travel back: hence private, all of them. */
    if (unshare(CLONE_NEWNS) < 0)
        die_errno("unshare the mount namespace");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        die_errno("make the mounts private");

    make_root(opt, c);
    enter_root(c->root);
    mount_filesystems();
    make_devices();
    /* TODO 3: forget the host. */
    /* end TODO 3 */

    execvp(opt->command[0], opt->command);
    int status = errno == ENOENT ? 127 : 126;
    fprintf(stderr, "rd: %s: %s\n", opt->command[0], strerror(errno));
    return status;
}

/* The parent: starts the child, waits for it, and ends as it has ended. */
static int
run(const struct options *opt)
{
    struct container c = container_name(opt);
    pid_t pid = fork();
    if (pid < 0)
        die_errno("fork");
    if (pid == 0)
        _exit(contain(opt, &c));

    int ended;
    if (waitpid(pid, &ended, 0) < 0)
        die_errno("wait for process %d", pid);
    int status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
    remove_tree(c.dir);

    printf("%d exited with status %d\n", pid, status);
    return status;
}

int
main(int argc, char **argv)
{
    struct options opt = options_parse(argc, argv);
    return run(&opt);
}
