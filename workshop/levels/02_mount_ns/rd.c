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
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
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
    /* TODO 3: /dev becomes a tmpfs (MS_NOSUID | MS_STRICTATIME, "mode=0755"), with a devpts
     * of its own at /dev/pts (MS_NOSUID | MS_NOEXEC, "newinstance,mode=0620,ptmxmode=0666")
     * and a tmpfs at /dev/shm ("mode=1777"). man 5 tmpfs; man 4 pts */
    /* end TODO 3 */
};
/* clang-format on */

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

/* TODO 4: a function that makes seven device nodes: null 1:3, zero 1:5, full 1:7,
 * random 1:8, urandom 1:9, tty 5:0, ptmx 5:2, all of them with mode 0666.
 *   - umask(2) takes bits away from every mode: set it to 0 first, to 022 afterwards
 *   - makedev(major, minor) is in <sys/sysmacros.h>
 * man 2 mknod; man 2 umask; man 3 makedev */
/* end TODO 4 */

/* The child: becomes the command. It comes back only if that failed. */
static int
contain(const struct options *opt, const struct container *c)
{
    /* TODO 1: unshare(2) the mount namespace, here in the child, before the first mount.
     * Then make every mount in it private, recursively: mount(2) on "/" with the flags
     * MS_REC | MS_PRIVATE. man 7 mount_namespaces */
    /* end TODO 1 */
    make_root(opt, c);
    enter_root(c->root);
    mount_filesystems();
    /* TODO 5: make the devices. */
    /* end TODO 5 */

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
    /* TODO 2: with the child its mounts are gone: remove_tree() c.dir. */
    /* end TODO 2 */

    printf("%d exited with status %d\n", pid, status);
    return status;
}

int
main(int argc, char **argv)
{
    struct options opt = options_parse(argc, argv);
    return run(&opt);
}
