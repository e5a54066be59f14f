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

/* The child: becomes the command. It comes back only if that failed. */
static int
contain(const struct options *opt)
{
    /* TODO 2: replace this process by the command: opt->command is an array of words that
     * ends with NULL, as exec wants it, and its first word is looked up in PATH. If exec
     * comes back it has failed: say so on stderr, and return 127 if there is no such
     * command (errno was ENOENT), otherwise 126, as a shell does. man 3 execvp */
    fprintf(stderr, "rd: %s: nobody has written exec yet\n", opt->command[0]);
    return 1;
    /* end TODO 2 */
}

/* The parent: starts the child, waits for it, and ends as it has ended. */
static int
run(const struct options *opt)
{
    /* TODO 1: make a second process. fork(2) returns twice: in the child 0, in the parent
     * the number of the child, or -1 if there is none. Let the child _exit(2) with what
     * contain() returns, and never go on below. man 2 fork */
    pid_t pid = 0;
    int status = contain(opt);
    /* end TODO 1 */

    /* TODO 3: wait for the child. What waitpid(2) gives is not yet the exit status: it also
     * says whether the child was ended by a signal. Turn it into what a shell would say:
     * the status, or 128 + the number of the signal. man 2 waitpid, WIFEXITED */
    /* end TODO 3 */

    printf("%d exited with status %d\n", pid, status);
    return status;
}

int
main(int argc, char **argv)
{
    struct options opt = options_parse(argc, argv);
    return run(&opt);
}
