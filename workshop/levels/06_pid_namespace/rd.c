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
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* The image's files, unpacked by the first container that wants them, never changed. They
 * come into their place by one rename(2): there is no tree, or a whole one. */
static char *
unpack_image(const struct options *opt, const struct container *c)
{
    char *image = text_format("%s/%s", opt->image_dir, opt->image);
    char *lower = text_format("%s/rootfs", image);
    if (access(lower, F_OK) == 0)
        return lower;

    char *unfinished = text_format("%s/.%s.%s", opt->image_dir, opt->image, c->id);
    untar(text_format("%s.tar", image), text_format("%s/rootfs", unfinished));
    if (rename(unfinished, image) < 0) {
        if (errno != ENOTEMPTY && errno != EEXIST)
            die_errno("rename %s to %s", unfinished, image);
        remove_tree(unfinished); /* another container was faster */
    }
    return lower;
}

/* Make the directory that the container will call "/". */
static void
make_root(const struct options *opt, const struct container *c)
{
    char *upper = text_format("%s/upper", c->dir);
    char *work = text_format("%s/work", c->dir);
    char *lower = unpack_image(opt, c);
    char *data = text_format("lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
    mkdir_p(upper);
    mkdir_p(work);
    mkdir_p(c->root);
    if (mount("overlay", c->root, "overlay", MS_NODEV, data) < 0)
        die_errno("mount an overlay (%s)", data);
    printf("Created a new root fs for our container: %s\n", c->root);
    fflush(stdout); /* exec forgets what stdio has not written yet */
}

/* From here on the container's root is "/", and paths mean what they say. */
static void
enter_root(const char *root)
{
    char *old_root = text_format("%s/.old_root", root);
    if (mkdir(old_root, 0700) < 0)
        die_errno("make %s", old_root);
    if (syscall(SYS_pivot_root, root, old_root) < 0)
        die_errno("pivot_root to %s", root);
    if (chdir("/") < 0)
        die_errno("change to the new root");
    if (umount2("/.old_root", MNT_DETACH) < 0)
        die_errno("unmount the old root");
    if (rmdir("/.old_root") < 0)
        die_errno("remove /.old_root");
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

/* Nothing else of the host goes with us: no open file, no environment but our own. */
static void
forget_host(void)
{
    const char *term = getenv("TERM");
    clearenv();
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("HOME", "/root", 1);
    if (term)
        setenv("TERM", term, 1);

    if (close_range(3, ~0U, 0) < 0)
        die_errno("close the host's files");
}

/* The child: becomes the command. It comes back only if that failed. */
static int
contain(const struct options *opt, const struct container *c)
{
    /* From here on what we mount is seen by nobody else. Where "/" is shared, as systemd
     * makes it, mounts in the copy would still travel back: hence private, all of them. */
    if (unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0)
        die_errno("unshare namespaces");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        die_errno("make the mounts private");

    make_root(opt, c);
    if (sethostname(c->id, strlen(c->id)) < 0)
        die_errno("set the host name");
    enter_root(c->root);
    mount_filesystems();
    make_devices();
    forget_host();
    /* TODO 2: if rd is killed the container shall not stay behind: ask the kernel for
     * SIGKILL when our parent ends. man 2 prctl, PR_SET_PDEATHSIG */
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
    struct container c = container_name(opt);
    /* TODO 1: in place of the fork(2) below, fork into a new PID namespace. Three ways lead
     * there: unshare(CLONE_NEWPID) before the fork (the caller stays where it is: why?),
     * clone(2) with a stack, or clone3(2) with no stack, which returns twice like fork:
     * syscall(SYS_clone3, ...) and struct clone_args from <linux/sched.h>, exit_signal
     * SIGCHLD. man 2 clone */
    /* end TODO 1 */
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
