/* container.c - what all verbs ask about a container: is the id one, is init still init?
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/container.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "linux/path.h"
#include "linux/process.h"

int
container_check_id(const char *id, struct err *e)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t n = strlen(id);
    if (n == 0 || n > 128 || strspn(id, letters) != n || strchr("_.-", id[0]))
        return err_set(
            e, ERR_INVALID,
            "container id \"%.140s\": must be 1 to 128 letters, digits or any of "
            "_.- and begin with a letter or digit",
            id);
    return 0;
}

/* Field 22 of /proc/PID/stat, and its state in field 3. The name in field 2 may hold blanks
 * and brackets: counting begins behind the last ')'. */
static int
read_stat(pid_t pid, char *ret_state, uint64_t *ret_flags, uint64_t *ret_start)
{
    enum { STATE = 0, FLAGS = 6, START = 19 }; /* counted from field 3 */
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    auto_free char *text = NULL;
    TRY(file_read_at(AT_FDCWD, path, 4096, &text, NULL));
    char *fields[START + 1], *rest = strrchr(text, ')');
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        fields[i] = rest ? strtok_r(i ? NULL : rest + 1, " ", &rest) : NULL;
        if (!fields[i])
            return -EPROTO;
    }
    *ret_state = fields[STATE][0];
    TRY(num_parse_u64(fields[FLAGS], ret_flags));
    return num_parse_u64(fields[START], ret_start);
}

int
container_read_start(pid_t pid, uint64_t *ret)
{
    char state;
    uint64_t flags;
    return read_stat(pid, &state, &flags, ret);
}

/* Pid 1 of a namespace stays in exit(2) until the last process of it is reaped, be that by
 * somebody outside (pid_namespaces(7)): it has ended all the same (PF_EXITING). */
bool
container_is_alive(const struct container *c)
{
    enum { EXITING = 4 };
    char state;
    uint64_t flags, start;
    return c->pid > 0 && read_stat(c->pid, &state, &flags, &start) == 0 &&
           start == c->pid_start && state != 'Z' && state != 'X' && !(flags & EXITING);
}

int
container_open_pidfd(const struct container *c, struct err *e)
{
    auto_close int pidfd = lx_pidfd_open(c->pid);
    /* Looked at after the descriptor is open: now the pid cannot change hands. */
    if (pidfd < 0 || !container_is_alive(c))
        return err_set(e, ERR_CONFLICT, "container not running");
    return take_fd(&pidfd);
}
