/* sample.c - one command, measured by a process that is small itself.
 *
 *     sample PROGRAM [ARG...]      on descriptor 3: wall ns, cpu us, peak KiB, exit status
 *
 * A process that is made by a large one counts the large one's memory as its own peak, even
 * after the exec (getrusage(2), ru_maxrss). So the bench starts this, and this starts the
 * command.
 *
 * SPDX-License-Identifier: MIT
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long long
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int
main(int argc, char **argv)
{
    posix_spawn_file_actions_t actions;
    struct rusage usage;
    pid_t pid;
    int status;
    if (argc < 2)
        return 125;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, 3);
    long long began = now_ns();
    if (posix_spawn(&pid, argv[1], &actions, NULL, argv + 1, environ) != 0 ||
        wait4(pid, &status, 0, &usage) < 0)
        return 125;
    long long wall = now_ns() - began;
    long long cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL +
                    usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    dprintf(3, "%lld %lld %ld %d\n", wall, cpu, usage.ru_maxrss,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
