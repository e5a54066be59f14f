/* id_maps.c - see id_maps.h, user_namespaces(7), newuidmap(1).
 *
 * The kernel takes each map once and in one write, from who has CAP_SETUID (CAP_SETGID) over
 * the ids outside. Two doors are open to an ordinary user: the own id mapped alone, for the
 * group only after setgroups(2) was given up (a group could have been there to take rights
 * away); and the set-uid programs newuidmap and newgidmap, which know what the administrator
 * has granted. They are called by absolute path with numbers only (rule R11).
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/id_maps.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "linux/descriptor.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "runtime/tool.h"

/* The two maps of a process. */
struct kind {
    const char *file, *field, *tool;
};
static const struct kind users = {"uid_map", "uidMappings", "newuidmap"};
static const struct kind groups = {"gid_map", "gidMappings", "newgidmap"};

static const char *const directories[] = {"/usr/bin", "/bin", "/usr/local/bin"};

static int
write_file(pid_t pid, const char *file, const char *value)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    auto_close int fd = lx_open(path, O_WRONLY);
    return fd < 0 ? fd : lx_write(fd, file, value, strlen(value));
}

static int
write_map(pid_t pid, const struct kind *kind, const struct oci_id_maps *maps)
{
    auto_text lines = {0};
    for (size_t i = 0; i < maps->n; i++)
        text_addf(&lines, "%u %u %u\n", maps->v[i].container_id, maps->v[i].host_id,
                  maps->v[i].size);
    return write_file(pid, kind->file, text_str(&lines));
}

static bool
is_own_alone(const struct oci_id_maps *maps, uint32_t own)
{
    return maps->n == 1 && maps->v[0].size == 1 && maps->v[0].host_id == own;
}

static int
write_by_tool(pid_t pid, const struct kind *kind, const struct oci_id_maps *maps,
              struct err *e)
{
    static char *const environment[] = {NULL};
    char path[64];
    size_t i = 0;
    do
        snprintf(path, sizeof path, "%s/%s", directories[i], kind->tool);
    while (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 && ++i < ARRAY_LEN(directories));
    if (i == ARRAY_LEN(directories))
        return err_set(e, ERR_UNSUPPORTED,
                       "an ordinary user needs %s for more than the own id (the package "
                       "uidmap)",
                       kind->tool);

    auto_close int null = lx_open("/dev/null", O_RDONLY);
    TRY(err_sys(e, null, "open /dev/null"));
    auto_list args = {0};
    list_add(&args, kind->tool);
    list_addf(&args, "%d", (int)pid);
    for (size_t j = 0; j < maps->n; j++) {
        list_addf(&args, "%u", maps->v[j].container_id);
        list_addf(&args, "%u", maps->v[j].host_id);
        list_addf(&args, "%u", maps->v[j].size);
    }
    const struct tool tool = {
        .path = path, .args = &args, .env = environment, .cwd = "/", .input = null};
    int r = tool_run(&tool, e);
    return r < 0 ? err_wrap(e, r, "%s", kind->tool) : 0;
}

static int
write_one(pid_t pid, const struct kind *kind, const struct oci_id_maps *maps, uint32_t own,
          const char *field, struct err *e)
{
    int r = write_map(pid, kind, maps);
    if (r == -EPERM && kind == &groups && is_own_alone(maps, own)) {
        TRY(err_sys(e, write_file(pid, "setgroups", "deny"), "give up setgroups"));
        r = write_map(pid, kind, maps);
    }
    if (r == -EPERM && geteuid() != 0) {
        r = write_by_tool(pid, kind, maps, e);
        return r < 0 ? err_wrap(e, r, "%s%s", field, kind->field) : 0;
    }
    return err_sys(e, r, "%s%s: write %s", field, kind->field, kind->file);
}

int
id_maps_write(pid_t pid, const struct oci_id_maps *uids, const struct oci_id_maps *gids,
              const char *field, struct err *e)
{
    LX_STEP("say which ids of the new user namespace are which outside", "");
    TRY(write_one(pid, &users, uids, geteuid(), field, e));
    return write_one(pid, &groups, gids, getegid(), field, e);
}

static void wait_for_end(int socket) __attribute__((noreturn));
static void
wait_for_end(int socket)
{
    char byte;
    while (read(socket, &byte, 1) < 0 && errno == EINTR)
        continue;
    _exit(0);
}

/* A namespace is there as long as somebody is in it or has it open: a process is made in it,
 * its /proc file opened, and the process let go. */
int
id_maps_open(const struct oci_id_maps *uids, const struct oci_id_maps *gids,
             const char *field, struct err *e)
{
    int pair[2], pidfd;
    TRY(err_sys(e, lx_socketpair(SOCK_SEQPACKET, pair), "make a socket pair"));
    auto_close int ours = pair[0], theirs = pair[1];
    pid_t pid = lx_clone3(CLONE_NEWUSER, -1, &pidfd);
    if (pid == 0) {
        fd_close(&ours);
        wait_for_end(theirs);
    }
    TRY(err_sys(e, pid, "make a user namespace"));
    auto_close int process = pidfd;
    char path[64];
    siginfo_t info;
    snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
    auto_close int userns = lx_open(path, O_RDONLY);
    int r = err_sys(e, userns, "open the user namespace of process %d", (int)pid);
    if (r >= 0)
        r = id_maps_write(pid, uids, gids, field, e);
    lx_pidfd_send_signal(process, SIGKILL);
    lx_waitid(P_PID, pid, &info, WEXITED);
    return r < 0 ? r : take_fd(&userns);
}
