/* probe.c - the command that the checker runs inside a learner's container.
 *
 * A static program, so that it runs in an image that holds nothing else. It is put into
 * the test image under a random token, and each line that it prints starts with that
 * token: a program that prints what the checker likes to hear can't know it.
 *
 *   probe TOKEN STEP...     for instance:  probe 5f0c… cwd hold exit 3
 *
 * The steps are walked from left to right. What can be seen from outside (/proc, the
 * cgroup files) the checker looks at by itself: the probe only tells what can't.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *token;

/* One line, one write: lines of several processes on one pipe stay whole (pipe(7)). */
static void
tell(const char *template, ...)
{
    char line[4096], text[3900];
    va_list ap;
    va_start(ap, template);
    vsnprintf(text, sizeof(text), template, ap);
    va_end(ap);
    int n = snprintf(line, sizeof(line), "%s %s\n", token, text);
    if (write(STDOUT_FILENO, line, n) < 0)
        _exit(99);
}

/* The raw call: outside of our root the kernel says "(unreachable)/…", which the C
 * library would hide. */
static void
step_cwd(char **args)
{
    (void)args;
    char path[4096];
    long n = syscall(SYS_getcwd, path, sizeof(path));
    tell("cwd %s", n < 0 ? strerror(errno) : path);
}

static void
step_name(char **args)
{
    (void)args;
    struct utsname u;
    uname(&u);
    tell("name %s", u.nodename);
}

/* What the kernel says about our groups, on one line. The first step where it is used:
 * a command must not run a single instruction outside of its group. */
static void
step_cgroup(char **args)
{
    (void)args;
    char text[3800] = "";
    int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    for (ssize_t i = 0; i < n; i++)
        if (text[i] == '\n')
            text[i] = ';';
    tell("cgroup %s", text);
    close(fd);
}

static void
step_write(char **args)
{
    int fd = open(args[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, token, strlen(token)) < 0)
        tell("write %s", strerror(errno));
    close(fd);
}

static void
step_unlink(char **args)
{
    if (unlink(args[0]) < 0)
        tell("unlink %s", strerror(errno));
}

static void
step_open(char **args)
{
    int fd = open(args[0], O_RDWR | O_CLOEXEC);
    tell("open %s", fd < 0 ? strerror(errno) : "ok");
    close(fd);
}

static void
step_exists(char **args)
{
    tell("exists %s", access(args[0], F_OK) == 0 ? "yes" : "no");
}

static void
step_lo(char **args)
{
    (void)args;
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int r = ioctl(fd, SIOCGIFFLAGS, &request);
    tell("lo %s", r == 0 && (request.ifr_flags & IFF_UP) ? "up" : "down");
    close(fd);
}

/* Takes memory and touches each page, so that it counts. */
static void
step_eat(char **args)
{
    size_t size = strtoul(args[0], NULL, 10) << 20;
    char *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                       0);
    if (block == MAP_FAILED) {
        tell("eat %s", strerror(errno));
        return;
    }
    for (size_t at = 0; at < size; at += 4096)
        block[at] = 1;
    tell("eat ok");
}

/* From the working directory up to the real root, if nothing stops us there: ".." stops
 * only at the root directory of this process, and at the top of the mount tree. */
static int
climb(const char *marker)
{
    for (int i = 0; i < 64; i++)
        if (chdir("..") < 0)
            return 0;
    return chroot(".") == 0 && access(marker, F_OK) == 0;
}

static int
climb_from_descriptor(int fd, const char *marker)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && fchdir(fd) == 0 && climb(marker);
}

/* chroot(2): "the superuser can escape from a chroot jail" by moving its root below its
 * working directory. */
static int
climb_from_chroot(const char *marker)
{
    mkdir("/.way-out", 0700);
    int r = chroot("/.way-out") == 0 && climb(marker);
    return r;
}

static void
step_breakout(char **args)
{
    /* Each way in a process of its own: a failed try must not spoil the next. */
    int out = 0;
    for (int fd = 2; fd < 256 && !out; fd++) {
        struct stat st;
        if (fd > 2 && (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode)))
            continue;
        pid_t pid = fork();
        if (pid == 0)
            _exit(fd == 2 ? climb_from_chroot(args[0])
                          : climb_from_descriptor(fd, args[0]));
        int status = 0;
        waitpid(pid, &status, 0);
        out = WIFEXITED(status) && WEXITSTATUS(status) == 1 ? fd : 0;
    }
    rmdir("/.way-out");
    if (out > 2)
        tell("breakout fd %d", out);
    else
        tell("breakout %s", out ? "chroot" : "none");
}

/* Stands still until the checker has looked: it closes our input then. */
static void
step_hold(char **args)
{
    (void)args;
    char c;
    tell("ready");
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
}

static void
step_exit(char **args)
{
    _exit(atoi(args[0]));
}

/* The rest of the command line as it arrived, one line each, in brackets. */
static void
step_args(char **args)
{
    for (; *args; args++)
        tell("arg [%s]", *args);
    tell("args end");
    _exit(0);
}

static const struct step {
    const char *name;
    void (*run)(char **args);
    int args;
} steps[] = {
    {"args",     step_args,     0},
    {"breakout", step_breakout, 1},
    {"cgroup",   step_cgroup,   0},
    {"cwd",      step_cwd,      0},
    {"eat",      step_eat,      1},
    {"exists",   step_exists,   1},
    {"exit",     step_exit,     1},
    {"hold",     step_hold,     0},
    {"lo",       step_lo,       0},
    {"name",     step_name,     0},
    {"open",     step_open,     1},
    {"unlink",   step_unlink,   1},
    {"write",    step_write,    1},
};

int
main(int argc, char **argv)
{
    if (argc < 2)
        return 98;
    token = argv[1];
    char **at = argv + 2;
    while (*at) {
        const struct step *step = NULL;
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
            if (strcmp(steps[i].name, *at) == 0)
                step = &steps[i];
        if (!step || argv + argc - at <= step->args)
            return 98;
        step->run(at + 1);
        at += 1 + step->args;
    }
    return 0;
}
