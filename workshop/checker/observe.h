/* observe.h - what can be seen of a container from outside.
 * SPDX-License-Identifier: MIT
 */
#ifndef OBSERVE_H
#define OBSERVE_H

#include "check.h"

#include <sys/stat.h>

/* The process whose first argument is the scene's token, or 0. */
pid_t observe_find_command(const struct scene *s);

/* The identity of a namespace ("mnt", "pid", …) of a process; 0 if it has none yet. */
ino_t observe_namespace(pid_t pid, const char *name);

/* The rest of the line "Name:" in /proc/PID/status, blanks as single spaces. */
const char *observe_status(pid_t pid, const char *name, char *buffer, size_t size);

/* A path as the process sees it, for our own system calls: /proc/PID/root/PATH. */
const char *observe_inside(pid_t pid, const char *path, char *buffer, size_t size);

/* One line of a mount table (proc_pid_mountinfo(5)). */
struct mount {
    char device[32], root[512], point[512], options[256], optional[128], type[64],
        super[1024];
};

/* The whole table of a process' mount namespace, seen from the namespace's own root: a
 * chroot(2) hides nothing. Also says if a path exists there. Heap text, or NULL. */
char *observe_mounts(pid_t pid, const char *path, bool *ret_exists);

/* Walks a table. */
bool observe_next_mount(const char **at, struct mount *m);

/* The mount point of a line in after that is not in before, or NULL. */
const char *observe_new_mount(const char *before, const char *after);

/* The process' control group for a controller, as seen from the scene. */
const char *observe_group(pid_t pid, const char *controller, char *buffer, size_t size);

/* The same out of text: lines ended by newlines or semicolons. */
const char *observe_group_in(const char *text, const char *controller, char *buffer,
                             size_t size);

/* Looks for a file by the end of its path below a directory; fills its path. */
bool observe_find_file(const char *directory, const char *name, char *path, size_t size);

/* Has the directory any entry? */
bool observe_is_empty(const char *directory);

/* Is there a process of this name in the scene? */
bool observe_has(const char *name);

/* The number of processes in the scene but for process 1; fills the name of one. */
int observe_survivors(char *name, size_t size);

#endif
