/* util.c - small things that every file of the checker uses.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char *
format(char *buffer, size_t size, const char *template, ...)
{
    va_list ap;
    va_start(ap, template);
    vsnprintf(buffer, size, template, ap);
    va_end(ap);
    return buffer;
}

char *
formatted(const char *template, ...)
{
    char *s = NULL;
    va_list ap;
    va_start(ap, template);
    if (vasprintf(&s, template, ap) < 0)
        die("out of memory");
    va_end(ap);
    return s;
}

void
die(const char *template, ...)
{
    va_list ap;
    va_start(ap, template);
    fflush(stdout);
    fputs("check: ", stderr);
    vfprintf(stderr, template, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(2);
}

ssize_t
read_text_at(int dir, const char *path, char *buffer, size_t size)
{
    buffer[0] = '\0';
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t have = 0;
    ssize_t n;
    while (have < size - 1 && (n = read(fd, buffer + have, size - 1 - have)) > 0)
        have += n;
    buffer[have] = '\0';
    close(fd);
    return have;
}

ssize_t
read_text(const char *path, char *buffer, size_t size)
{
    return read_text_at(AT_FDCWD, path, buffer, size);
}

static int
write_with(const char *path, int flags, const char *content)
{
    int fd = open(path, flags | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    ssize_t n = write(fd, content, strlen(content));
    int r = n < 0 ? -errno : 0;
    if (close(fd) < 0 && r == 0)
        r = -errno;
    return r;
}

int
write_text(const char *path, const char *content)
{
    return write_with(path, O_WRONLY | O_CREAT | O_TRUNC, content);
}

int
append_line(const char *path, const char *line)
{
    char whole[4200];
    format(whole, sizeof(whole), "%s\n", line);
    return write_with(path, O_WRONLY | O_CREAT | O_APPEND, whole);
}

int
make_path(const char *path)
{
    char part[4096];
    format(part, sizeof(part), "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(part, 0755);
        *slash = '/';
    }
    return mkdir(part, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int
copy_file(const char *from, const char *to)
{
    struct stat st;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0 || fstat(in, &st) < 0)
        return -errno;
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 0777);
    if (out < 0) {
        int r = -errno;
        close(in);
        return r;
    }
    char block[65536];
    ssize_t n;
    int r = 0;
    while (r == 0 && (n = read(in, block, sizeof(block))) > 0)
        r = write(out, block, n) == n ? 0 : -EIO;
    close(in);
    return close(out) < 0 && r == 0 ? -errno : r;
}

void
random_token(char token[17])
{
    unsigned long long bits;
    if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
        die("getrandom: %s", strerror(errno));
    format(token, 17, "%016llx", bits);
}

double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

bool
is_in_list(const char *word, const char *list)
{
    size_t length = strlen(word);
    for (const char *at = list; at && *at;
         at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || !at[length]))
            return true;
    return false;
}

unsigned long long
start_time(pid_t pid)
{
    char path[64], stat[1024];
    format(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (read_text(path, stat, sizeof(stat)) <= 0)
        return 0;
    /* The name in parentheses may hold spaces: count fields after its end. Field 22 is
     * the start time, the first after the name is field 3 (proc(5)). */
    char *at = strrchr(stat, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

int
run_program(const char *const argv[])
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        execvp(argv[0], (char *const *)argv);
        fprintf(stderr, "check: %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return status;
}
