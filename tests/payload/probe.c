/* probe.c - what a process finds when it wakes up in a container, told line by line.
 *
 * The payload of the black-box tests: one static program that needs nothing of an image.
 * Each argument is a question with its operand behind a colon; each answer is a line
 * "question=answer" on standard output. A question that fails answers with the errno's name.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void
say(const char *question, const char *answer)
{
    printf("%s=%s\n", question, answer);
}

static const char *
error_name(void)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {EPERM,  "EPERM" },
        {ENOENT, "ENOENT"},
        {EACCES, "EACCES"},
        {EROFS,  "EROFS" },
        {ENOSYS, "ENOSYS"},
        {EINVAL, "EINVAL"},
        {EIO,    "EIO"   },
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == errno)
            return names[i].name;
    return strerror(errno);
}

static void
say_error(const char *question)
{
    say(question, error_name());
}

static void
ids(const char *q)
{
    uid_t u[3];
    gid_t g[3], groups[64];
    getresuid(&u[0], &u[1], &u[2]);
    getresgid(&g[0], &g[1], &g[2]);
    int n = getgroups(64, groups);
    printf("%s=%u %u %u %u %u %u:", q, u[0], u[1], u[2], g[0], g[1], g[2]);
    for (int i = 0; i < n; i++)
        printf(" %u", groups[i]);
    puts("");
}

/* The value of a field of /proc/self/status, or of any file's line "field:". */
static void
status(const char *q, const char *field)
{
    char line[4096];
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, field, strlen(field)) == 0 && line[strlen(field)] == ':')
            printf("%s=%s", q, line + strlen(field) + 2);
    if (f)
        fclose(f);
}

static void
cat(const char *q, const char *path)
{
    char buf[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf - 1);
    if (n < 0) {
        say_error(q);
    } else {
        buf[n] = '\0';
        for (char *p = buf; *p; p++)
            if (*p == '\n')
                *p = '|';
        say(q, buf);
    }
    if (fd >= 0)
        close(fd);
}

static void
list(const char *q, const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0) {
        say_error(q);
        return;
    }
    printf("%s=", q);
    for (int i = 0; i < n; i++)
        if (names[i]->d_name[0] != '.')
            printf("%s ", names[i]->d_name);
    puts("");
}

/* Type, mode and number of a file. */
static void
look(const char *q, const char *path)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        say_error(q);
    else
        printf("%s=%o %u:%u %u:%u\n", q, st.st_mode, major(st.st_rdev), minor(st.st_rdev),
               st.st_uid, st.st_gid);
}

static void
write_file(const char *q, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        say_error(q);
        return;
    }
    say(q, write(fd, "x", 1) == 1 ? "ok" : error_name());
    close(fd);
}

/* Flags of the mount that path is on. */
static void
flags(const char *q, const char *path)
{
    struct statvfs v;
    if (statvfs(path, &v) < 0)
        say_error(q);
    else
        printf("%s=%s%s%s%s\n", q, v.f_flag & ST_RDONLY ? "ro " : "rw ",
               v.f_flag & ST_NOSUID ? "nosuid " : "", v.f_flag & ST_NODEV ? "nodev " : "",
               v.f_flag & ST_NOEXEC ? "noexec" : "");
}

static void
fds(const char *q)
{
    printf("%s=", q);
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("%d ", fd);
    puts("");
}

static void
limit(const char *q, const char *number)
{
    struct rlimit l;
    getrlimit(atoi(number), &l);
    printf("%s=%llu %llu\n", q, (unsigned long long)l.rlim_cur,
           (unsigned long long)l.rlim_max);
}

static void
cwd(const char *q)
{
    char buf[4096];
    say(q, getcwd(buf, sizeof buf) ? buf : error_name());
}

static void
mask(const char *q)
{
    mode_t old = umask(0);
    umask(old);
    printf("%s=%04o\n", q, old);
}

static void
host(const char *q)
{
    char buf[256];
    gethostname(buf, sizeof buf);
    say(q, buf);
}

static void
namespace_of(const char *q, const char *name)
{
    char path[64], buf[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", name);
    ssize_t n = readlink(path, buf, sizeof buf - 1);
    buf[n < 0 ? 0 : n] = '\0';
    say(q, buf);
}

static void
call_socket(const char *q, const char *family)
{
    int fd = socket(atoi(family), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    say(q, fd >= 0 ? "ok" : error_name());
}

static void
tty(const char *q)
{
    const char *name = ttyname(0);
    printf("%s=%s %d\n", q, name ? name : "none", tcgetpgrp(0) == getpgrp());
}

/* Whether mkdir may be called; the answer may come from somebody who listens. */
static void
make_dir(const char *q, const char *path)
{
    say(q, mkdir(path, 0755) == 0 ? "ok" : error_name());
}

static void
io_priority(const char *q)
{
    enum { WHO_PROCESS = 1, CLASS_SHIFT = 13 };
    long value = syscall(SYS_ioprio_get, WHO_PROCESS, 0);
    printf("%s=%ld %ld\n", q, value >> CLASS_SHIFT, value & 0xff);
}

static void
scheduler(const char *q)
{
    struct sched_param p = {0};
    syscall(SYS_sched_getparam, 0, &p);
    printf("%s=%ld %d %d\n", q, syscall(SYS_sched_getscheduler, 0), p.sched_priority,
           getpriority(PRIO_PROCESS, 0));
}

static void
uptime(const char *q)
{
    struct timespec boot, mono;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    clock_gettime(CLOCK_MONOTONIC, &mono);
    printf("%s=%lld %lld\n", q, (long long)boot.tv_sec, (long long)mono.tv_sec);
}

/* An orphan: its parent ends first, so pid 1 must reap it. */
static void
orphan(const char *q)
{
    pid_t child = fork();
    if (child == 0) {
        if (fork() == 0)
            _exit(0);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    usleep(100000);
    printf("%s=%d\n", q, getpid());
}

/* Standard input, copied to a file. */
static void
save(const char *q, const char *path)
{
    char buf[65536];
    ssize_t n;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    while (fd >= 0 && (n = read(0, buf, sizeof buf)) > 0)
        if (write(fd, buf, (size_t)n) != n)
            break;
    say(q, fd >= 0 ? "ok" : error_name());
}

/* An open program file of a process here that does not run ours, or -1. */
static int
open_foreign_program(void)
{
    struct stat own, other;
    struct dirent *d;
    int fd = -1;
    DIR *proc = opendir("/proc");
    if (!proc || stat("/proc/self/exe", &own) < 0)
        return -1;
    while (fd < 0 && (d = readdir(proc))) {
        char path[300];
        snprintf(path, sizeof path, "/proc/%s/exe", d->d_name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && fstat(fd, &other) == 0 && other.st_ino == own.st_ino) {
            close(fd);
            fd = -1;
        }
    }
    closedir(proc);
    return fd;
}

/* As CVE-2019-5736: gets hold of a program file from outside while it runs in here. May it be
 * written to, once nobody runs it any more? fifo: what that program may wait for, or "". */
static void
seize(const char *q, const char *fifo)
{
    enum { SECONDS = 20 };
    char path[64];
    int fd = -1;
    for (time_t end = time(NULL) + SECONDS; fd < 0 && time(NULL) < end;)
        fd = open_foreign_program();
    if (*fifo)
        open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0)
        say(q, "nothing to seize");
    else
        say(q, access(path, W_OK) == 0 ? "ok" : error_name());
}

static void
wait_for_end(const char *q)
{
    say(q, "yes");
    fflush(stdout);
    for (;;)
        pause();
}

static const struct {
    const char *name;
    void (*plain)(const char *q);
    void (*with)(const char *q, const char *operand);
} questions[] = {
    {"ids",    ids,          NULL        },
    {"status", NULL,         status      },
    {"cat",    NULL,         cat         },
    {"list",   NULL,         list        },
    {"look",   NULL,         look        },
    {"write",  NULL,         write_file  },
    {"flags",  NULL,         flags       },
    {"fds",    fds,          NULL        },
    {"limit",  NULL,         limit       },
    {"cwd",    cwd,          NULL        },
    {"umask",  mask,         NULL        },
    {"host",   host,         NULL        },
    {"ns",     NULL,         namespace_of},
    {"socket", NULL,         call_socket },
    {"tty",    tty,          NULL        },
    {"orphan", orphan,       NULL        },
    {"ioprio", io_priority,  NULL        },
    {"sched",  scheduler,    NULL        },
    {"uptime", uptime,       NULL        },
    {"save",   NULL,         save        },
    {"mkdir",  NULL,         make_dir    },
    {"seize",  NULL,         seize       },
    {"wait",   wait_for_end, NULL        },
};

static int
ask(const char *word)
{
    char name[32] = "";
    const char *colon = strchr(word, ':');
    size_t n = colon ? (size_t)(colon - word) : strlen(word);
    snprintf(name, sizeof name, "%.*s", (int)n, word);
    if (strcmp(name, "exit") == 0)
        exit(atoi(colon + 1));
    if (strcmp(name, "kill") == 0)
        return kill(getpid(), atoi(colon + 1));
    if (strcmp(name, "env") == 0) {
        for (char **e = environ; *e; e++)
            say("env", *e);
        return 0;
    }
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        if (strcmp(questions[i].name, name) != 0)
            continue;
        if (questions[i].plain)
            questions[i].plain(word);
        else
            questions[i].with(word, colon ? colon + 1 : "");
        return 0;
    }
    fprintf(stderr, "probe: unknown question %s\n", word);
    return 1;
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (ask(argv[i]) != 0)
            return 99;
        fflush(stdout);
    }
    return 0;
}
