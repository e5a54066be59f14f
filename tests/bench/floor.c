/* floor.c - the least that a correct isolated run must do: the yardstick of `make bench`.
 *
 * One static program, no configuration, no records, no monitor, no error texts: it makes the
 * same container that the engine makes by default and runs one program in it.
 *
 *     floor overlay LAYER SCRATCH PROGRAM [ARG...]   as the engine: an overlay on LAYER
 *     floor run     BUNDLE PROGRAM [ARG...]          as an OCI runtime: BUNDLE/rootfs
 *     floor create  BUNDLE STATE PROGRAM [ARG...]    the same in its four parts; of STATE
 *     floor start   STATE                            there is a socket and a file with the
 *     floor exec    BUNDLE STATE PROGRAM [ARG...]    pid, the least that the next part
 *     floor delete  STATE                            needs to know
 *
 * Namespaces (mount, pid, uts, ipc, net, cgroup), cgroups on v2, v1 and hybrid (born in
 * the v2 one, v1 joined by its own `tasks` write), overlay with `volatile`, /proc, /sys,
 * /dev with nodes and links, devpts, shm, mqueue, cgroup mounts, masked and read-only
 * paths, pivot_root, loopback up, hostname, bounding set, ids, no open descriptors, the
 * engine's own seccomp program, exec, wait, and everything removed again. What else a bundle
 * of the bench asks for, a runtime must do as well, and so does this for one: the three binds
 * in /etc, the device program, the rlimits, a session, and the bundle's own filter, which lies
 * there compiled (filter.c).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/privilege.h"
#include "runtime/cgroup_layout.h"
#include "runtime/seccomp.h"

#define MUST(call)                                                      \
    do {                                                                \
        if ((call) < 0) {                                               \
            fprintf(stderr, "floor: %s: %s\n", #call, strerror(errno)); \
            _exit(125);                                                 \
        }                                                               \
    } while (0)

static const uint64_t default_caps = 0xa80425fb & ~(1ull << CAP_NET_RAW) &
                                     ~(1ull << CAP_MKNOD) & ~(1ull << CAP_AUDIT_WRITE);

static const char *const v1_names[] = {"memory", "cpu", "cpuacct", "pids"};
enum { V1_COUNT = sizeof v1_names / sizeof v1_names[0] };

static char unified[256], v1[V1_COUNT][256];
static int is_v1, is_hybrid;

enum { NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET };

static int
is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void
put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    MUST(fd);
    MUST(write(fd, text, strlen(text)));
    close(fd);
}

static void
name_cgroups(const char *name)
{
    if (is_there("/sys/fs/cgroup/cgroup.controllers"))
        snprintf(unified, sizeof unified, "/sys/fs/cgroup/floor-%s", name);
    else if (is_there("/sys/fs/cgroup/unified/cgroup.procs"))
        snprintf(unified, sizeof unified, "/sys/fs/cgroup/unified/floor-%s", name);
    is_v1 = is_there("/sys/fs/cgroup/memory/tasks");
    is_hybrid = is_v1 && *unified;
    for (int i = 0; is_v1 && i < V1_COUNT; i++)
        snprintf(v1[i], sizeof v1[i], "/sys/fs/cgroup/%s/floor-%s", v1_names[i], name);
}

static void
make_cgroups(void)
{
    if (*unified)
        MUST(mkdir(unified, 0755));
    for (int i = 0; is_v1 && i < V1_COUNT; i++)
        MUST(mkdir(v1[i], 0755));
}

/* A kept program, attached: by the engine's own code, as its seccomp program. */
static void
limit_devices(int cgroup_fd)
{
    static const struct oci_device_rules none;
    struct err e;
    int root = open(is_hybrid ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup",
                    O_PATH | O_DIRECTORY | O_CLOEXEC);
    MUST(root);
    MUST(cgroup_set_devices(root, cgroup_fd, &none, &e));
    close(root);
}

static void
remove_cgroups(void)
{
    if (*unified)
        MUST(rmdir(unified));
    for (int i = 0; is_v1 && i < V1_COUNT; i++)
        MUST(rmdir(v1[i]));
}

static void
join_v1(void)
{
    for (int i = 0; is_v1 && i < V1_COUNT; i++) {
        char path[sizeof v1 + 8];
        snprintf(path, sizeof path, "%s/tasks", v1[i]);
        put(path, "0");
    }
}

static void
mount_fs(const char *type, const char *target, unsigned long flags, const char *data)
{
    MUST(syscall(SYS_mount, type, target, type, flags, data));
}

static void
make_dev(void)
{
    static const struct {
        const char *name;
        int major, minor;
    } nodes[] = {
        {"null",    1, 3},
        {"zero",    1, 5},
        {"full",    1, 7},
        {"random",  1, 8},
        {"urandom", 1, 9},
        {"tty",     5, 0},
    };
    static const char *const links[][2] = {
        {"/proc/self/fd",   "fd"    },
        {"/proc/self/fd/0", "stdin" },
        {"/proc/self/fd/1", "stdout"},
        {"/proc/self/fd/2", "stderr"},
        {"/proc/kcore",     "core"  },
        {"pts/ptmx",        "ptmx"  },
    };
    mount_fs("tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        char path[32];
        snprintf(path, sizeof path, "dev/%s", nodes[i].name);
        MUST(mknod(path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)));
    }
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        char path[32];
        snprintf(path, sizeof path, "dev/%s", links[i][1]);
        MUST(symlink(links[i][0], path));
    }
    MUST(mkdir("dev/pts", 0755));
    MUST(mkdir("dev/shm", 01777));
    MUST(mkdir("dev/mqueue", 0755));
    mount_fs("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
             "newinstance,ptmxmode=0666,mode=0620,gid=5");
    mount_fs("tmpfs", "dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=65536k");
    mount_fs("mqueue", "dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static void
mount_cgroups(void)
{
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
    if (!is_v1) {
        mount_fs("cgroup2", "sys/fs/cgroup", flags, NULL);
        return;
    }
    mount_fs("tmpfs", "sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755");
    for (int i = 0; i < V1_COUNT; i++) {
        char path[64];
        snprintf(path, sizeof path, "sys/fs/cgroup/%s", v1_names[i]);
        MUST(mkdir(path, 0755));
        mount_fs("cgroup", path, flags, v1_names[i]);
    }
    if (is_hybrid) {
        MUST(mkdir("sys/fs/cgroup/unified", 0755));
        mount_fs("cgroup2", "sys/fs/cgroup/unified", flags, NULL);
    }
    MUST(syscall(SYS_mount, NULL, "sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND | flags,
                 NULL));
}

static void
bind_files(const char *bundle)
{
    static const char *const names[] = {"resolv.conf", "hostname", "hosts"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char from[4096], to[32];
        snprintf(from, sizeof from, "%s/%s", bundle, names[i]);
        snprintf(to, sizeof to, "etc/%s", names[i]);
        close(open(to, O_RDONLY | O_CREAT | O_CLOEXEC, 0644));
        MUST(syscall(SYS_mount, from, to, NULL, MS_BIND, NULL));
    }
}

static void
mask_paths(void)
{
    static const char *const masked[] = {
        "proc/acpi",          "proc/kcore",      "proc/keys",
        "proc/latency_stats", "proc/timer_list", "proc/sched_debug",
        "proc/scsi",          "sys/firmware",    "sys/devices/virtual/powercap",
        "proc/interrupts",
    };
    static const char *const read_only[] = {
        "proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger",
    };
    for (size_t i = 0; i < sizeof masked / sizeof masked[0]; i++) {
        struct stat st;
        if (stat(masked[i], &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode))
            mount_fs("tmpfs", masked[i], MS_RDONLY, "size=0k");
        else
            MUST(syscall(SYS_mount, "dev/null", masked[i], NULL, MS_BIND, NULL));
    }
    for (size_t i = 0; i < sizeof read_only / sizeof read_only[0]; i++) {
        if (!is_there(read_only[i]))
            continue;
        MUST(syscall(SYS_mount, read_only[i], read_only[i], NULL, MS_BIND, NULL));
        MUST(syscall(SYS_mount, NULL, read_only[i], NULL,
                     MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                     NULL));
    }
}

static void
raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    MUST(fd);
    MUST(ioctl(fd, SIOCSIFFLAGS, &request));
    close(fd);
}

static struct sock_filter bundle_filter[BPF_MAXINSNS];
static size_t bundle_filter_n;

static void
read_filter(const char *bundle)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/filter", bundle);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    MUST(fd);
    ssize_t n = read(fd, bundle_filter, sizeof bundle_filter);
    MUST(n);
    bundle_filter_n = (size_t)n / sizeof bundle_filter[0];
    close(fd);
}

static void
drop_privileges(void)
{
    struct lx_caps caps = {default_caps, default_caps, 0};
    struct seccomp_program program = {bundle_filter, bundle_filter_n, 0, 0};
    struct err e;
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (!(default_caps >> cap & 1))
            MUST(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
    MUST(syscall(SYS_setgroups, 0, NULL));
    if (program.n == 0)
        MUST(seccomp_default(default_caps, &program, &e));
    MUST(lx_seccomp_filter(0, program.code, program.n));
    MUST(lx_capset(&caps));
}

static void
set_limits(void)
{
    struct rlimit files = {1024, 20000}, core = {0, RLIM_INFINITY};
    MUST(setrlimit(RLIMIT_NOFILE, &files));
    MUST(setrlimit(RLIMIT_CORE, &core));
}

static void
mount_overlay(const char *layer, const char *scratch)
{
    char target[4096], options[9000];
    snprintf(target, sizeof target, "%s/merged", scratch);
    snprintf(options, sizeof options,
             "lowerdir=%s,upperdir=%s/upper,workdir=%s/work,volatile", layer, scratch,
             scratch);
    mount_fs("overlay", target, 0, options);
    MUST(chdir(target));
}

static void
bind_root(const char *bundle)
{
    char root[4096];
    snprintf(root, sizeof root, "%s/rootfs", bundle);
    MUST(syscall(SYS_mount, root, root, NULL, MS_BIND | MS_REC, NULL));
    MUST(chdir(root));
}

/* scratch: NULL for a bundle. */
static void
build(const char *source, const char *scratch)
{
    join_v1();
    if (!scratch)
        MUST(setsid());
    MUST(syscall(SYS_unshare, CLONE_NEWCGROUP));
    MUST(syscall(SYS_mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    if (scratch)
        mount_overlay(source, scratch);
    else
        bind_root(source);
    mount_fs("proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_fs("sysfs", "sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL);
    make_dev();
    mount_cgroups();
    if (!scratch)
        bind_files(source);
    mask_paths();
    MUST(syscall(SYS_pivot_root, ".", "."));
    MUST(syscall(SYS_umount2, ".", 2 /* MNT_DETACH */));
    MUST(chdir("/"));
    MUST(sethostname("floor", 5));
    raise_loopback();
    MUST(syscall(SYS_close_range, 3, ~0u, 4 /* CLOEXEC */));
    if (!scratch)
        set_limits();
}

static void
become(char **argv)
{
    static char *env[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME=floor", "HOME=/root", NULL};
    drop_privileges();
    execve(argv[0], argv, env);
    _exit(127);
}

static void
make_scratch(const char *scratch)
{
    static const char *const names[] = {"", "/upper", "/work", "/merged"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s%s", scratch, names[i]);
        MUST(mkdir(path, 0755));
    }
}

static void
remove_scratch(const char *scratch)
{
    static const char *const names[] = {
        "/upper/dev",
        "/upper/proc",
        "/upper/sys",
        "/upper",
        "/work/work/incompat/volatile/dirty",
        "/work/work/incompat/volatile",
        "/work/work/incompat",
        "/work/work",
        "/work",
        "/merged",
        "",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s%s", scratch, names[i]);
        remove(path); /* some are there only if the run touched them */
    }
}

/* As fork(2), in the groups and in new namespaces. */
static pid_t
fork_inside(uint64_t namespaces)
{
    int cgroup_fd = *unified ? open(unified, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    struct clone_args args = {.flags = namespaces, .exit_signal = SIGCHLD};
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup_fd;
    }
    if (cgroup_fd >= 0 && namespaces)
        limit_devices(cgroup_fd);
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    MUST(pid);
    return pid;
}

static int
wait_for(pid_t pid)
{
    int status;
    MUST(waitpid(pid, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int
run(const char *source, const char *scratch, char **argv)
{
    char name[16];
    snprintf(name, sizeof name, "%d", (int)getpid());
    name_cgroups(name);
    if (scratch)
        make_scratch(scratch);
    else
        read_filter(source);
    make_cgroups();
    pid_t pid = fork_inside(NAMESPACES | CLONE_NEWPID);
    if (pid == 0) {
        build(source, scratch);
        become(argv);
    }
    int status = wait_for(pid);
    remove_cgroups();
    if (scratch)
        remove_scratch(scratch);
    return status;
}

/* ---- in parts ---- */

static struct sockaddr_un
gate_of(const char *state)
{
    struct sockaddr_un gate = {.sun_family = AF_UNIX};
    snprintf(gate.sun_path, sizeof gate.sun_path, "%s", state);
    return gate;
}

static const char *
name_of(const char *state)
{
    return strrchr(state, '/') + 1;
}

static void
put_pid(const char *state, pid_t pid)
{
    char path[4096], text[16];
    snprintf(path, sizeof path, "%s.pid", state);
    snprintf(text, sizeof text, "%d", (int)pid);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    MUST(fd);
    MUST(write(fd, text, strlen(text)));
    close(fd);
}

static pid_t
get_pid(const char *state)
{
    char path[4096], text[16] = "";
    snprintf(path, sizeof path, "%s.pid", state);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    MUST(fd);
    MUST(read(fd, text, sizeof text - 1));
    close(fd);
    return atoi(text);
}

/* The child says by a pipe that it is ready, and waits at the gate until somebody knocks. */
static int
create(const char *bundle, const char *state, char **argv)
{
    struct sockaddr_un address = gate_of(state);
    int ready[2], gate = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char word = 0;
    MUST(gate);
    MUST(bind(gate, (struct sockaddr *)&address, sizeof address));
    MUST(listen(gate, 1));
    MUST(pipe2(ready, O_CLOEXEC));
    read_filter(bundle);
    name_cgroups(name_of(state));
    make_cgroups();
    pid_t pid = fork_inside(NAMESPACES | CLONE_NEWPID);
    if (pid == 0) {
        build(bundle, NULL);
        MUST(write(ready[1], &word, 1));
        MUST(accept4(gate, NULL, NULL, SOCK_CLOEXEC));
        become(argv);
    }
    close(ready[1]);
    MUST(read(ready[0], &word, 1) == 1 ? 0 : -1);
    put_pid(state, pid);
    return 0;
}

/* The other end of the connection closes when the program has begun. */
static int
start(const char *state)
{
    struct sockaddr_un address = gate_of(state);
    int gate = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char word;
    MUST(gate);
    MUST(connect(gate, (struct sockaddr *)&address, sizeof address));
    MUST(read(gate, &word, 1));
    return 0;
}

static int
exec_inside(const char *bundle, const char *state, char **argv)
{
    read_filter(bundle);
    int pidfd = (int)syscall(SYS_pidfd_open, get_pid(state), 0);
    MUST(pidfd);
    name_cgroups(name_of(state));
    MUST(setns(pidfd, CLONE_NEWPID));
    pid_t pid = fork_inside(0);
    if (pid == 0) {
        join_v1();
        MUST(setns(pidfd, NAMESPACES | CLONE_NEWCGROUP));
        MUST(setsid());
        MUST(syscall(SYS_close_range, 3, ~0u, 4 /* CLOEXEC */));
        set_limits();
        become(argv);
    }
    return wait_for(pid);
}

static int delete (const char *state)
{
    char path[4096];
    int pidfd = (int)syscall(SYS_pidfd_open, get_pid(state), 0);
    struct pollfd gone = {.fd = pidfd, .events = POLLIN};
    MUST(pidfd);
    MUST(syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
    MUST(poll(&gone, 1, -1));
    name_cgroups(name_of(state));
    remove_cgroups();
    snprintf(path, sizeof path, "%s.pid", state);
    MUST(unlink(path));
    MUST(unlink(state));
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc > 4 && strcmp(argv[1], "overlay") == 0)
        return run(argv[2], argv[3], argv + 4);
    if (argc > 3 && strcmp(argv[1], "run") == 0)
        return run(argv[2], NULL, argv + 3);
    if (argc > 4 && strcmp(argv[1], "create") == 0)
        return create(argv[2], argv[3], argv + 4);
    if (argc > 2 && strcmp(argv[1], "start") == 0)
        return start(argv[2]);
    if (argc > 4 && strcmp(argv[1], "exec") == 0)
        return exec_inside(argv[2], argv[3], argv + 4);
    if (argc > 2 && strcmp(argv[1], "delete") == 0)
        return delete (argv[2]);
    fprintf(stderr, "floor: see its first lines for the usage\n");
    return 125;
}
