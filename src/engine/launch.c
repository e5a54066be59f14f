/* launch.c - one exec: the command becomes two.
 *
 * posix_spawn(3) lends its memory to the child until the exec (CLONE_VM | CLONE_VFORK), so
 * the size of the command costs nothing. The child gets exactly the descriptors of enum
 * monitor_fd; each of ours is close-on-exec.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/launch.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/descriptor.h"
#include "linux/path.h"
#include "linux/trace.h"
#include "runtime/shield.h"

static int
write_plan(const struct monitor_plan *plan, struct err *e)
{
    auto_text text = {0};
    plan_write(&text, plan);
    auto_close int fd = lx_memfd_create("sampan-plan");
    TRY(err_sys(e, fd, "make a memfd for the monitor's plan"));
    TRY(err_sys(e, file_write_all(fd, text.data, text.len), "write the monitor's plan"));
    lseek(fd, 0, SEEK_SET);
    return take_fd(&fd);
}

/* dup2 of a descriptor onto itself keeps close-on-exec, and a target may be a source that
 * is still needed: so all are moved above the targets first. */
static int
lift(int fds[MONITOR_FDS])
{
    for (int i = 0; i < MONITOR_FDS; i++) {
        int high = fcntl(fds[i], F_DUPFD_CLOEXEC, MONITOR_FDS);
        if (high < 0) {
            int r = -errno;
            while (i-- > 0)
                close(fds[i]);
            return r;
        }
        fds[i] = high;
    }
    return 0;
}

/* Out of the way of the targets, as those above. */
static int
lift_one(int *fd, struct err *e)
{
    if (*fd < 0 || *fd >= MONITOR_FDS)
        return 0;
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, MONITOR_FDS);
    TRY(err_sys(e, high < 0 ? -errno : 0, "copy a descriptor"));
    fd_close(fd);
    *fd = high;
    return 0;
}

static int
spawn(const char *program, char *const argv[], const int fds[MONITOR_FDS])
{
    static char *const no_environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t pid;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < MONITOR_FDS; i++)
        posix_spawn_file_actions_adddup2(&actions, fds[i], i);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int r = posix_spawn(&pid, program, &actions, &attributes, argv, no_environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return -r;
}

static int
spawn_monitor(const struct monitor_plan *plan, int fds[MONITOR_FDS], struct err *e)
{
    auto_free char *program = NULL;
    TRY(engine_find_program("sampan-monitor", &program, e));
    char id[ID_SHORT_LEN + 1];
    snprintf(id, sizeof(id), "%.*s", ID_SHORT_LEN, plan->id);
    char *argv[] = {"sampan-monitor", plan->mode == MONITOR_EXEC ? "exec" : "run", id,
                    NULL};
    auto_close int copy = NO_FD;
    TRY(shield_open(program, &copy, e));
    LX_STEP("hand the plan to a monitor of its own", "");
    TRY(lift_one(&copy, e));
    char copy_path[32];
    snprintf(copy_path, sizeof copy_path, "/proc/self/fd/%d", copy);
    TRY(err_sys(e, lift(fds), "pass descriptors to the monitor"));
    int r = spawn(copy < 0 ? program : copy_path, argv, fds);
    for (int i = 0; i < MONITOR_FDS; i++)
        close(fds[i]);
    return err_sys(e, r, "run %s", program);
}

/* Reads frames until the monitor says that the program runs, or why not. */
static int
await_start(int socket, const struct launch_options *options, struct err *e)
{
    static struct frame frame;
    for (;;) {
        int r = frame_recv(socket, &frame, 0);
        TRY(err_sys(e, r, "listen to the monitor"));
        if (r == 0)
            return err_set(e, ERR_SYSTEM, "the container's monitor died before the start");
        if (frame.type == FRAME_STARTED)
            return 0;
        if (frame.type == FRAME_FAILED) {
            struct err why;
            if (frame_get(&frame, &why, sizeof(why)) < 0 || why.kind == ERR_NONE)
                return err_set(e, ERR_SYSTEM, "the monitor's report cannot be read");
            *e = why;
            return err_kind_errno(why.kind);
        }
        struct lx_event event;
        int64_t ns;
        if (frame.type == FRAME_TRACE && options->on_event != NULL &&
            frame_get_event(&frame, &event, &ns) == 0)
            options->on_event(&event, ns, options->data);
    }
}

int
launch(const struct engine *engine, const struct record *record,
       const struct monitor_plan *plan, int lock_fd, int live_fd,
       const struct launch_options *options, struct err *e)
{
    LX_STEP("hand the plan to a monitor of its own", "");
    auto_close int null = lx_open("/dev/null", O_RDWR);
    TRY(err_sys(e, null, "open /dev/null"));
    auto_close int plan_fd = write_plan(plan, e);
    TRY(plan_fd);
    int pair[2];
    TRY(err_sys(e, lx_socketpair(SOCK_SEQPACKET, pair), "make a socket pair"));
    auto_close int ours = pair[0], theirs = pair[1];
    int fds[MONITOR_FDS] = {null, null, null};
    fds[MONITOR_SOCKET] = theirs;
    fds[MONITOR_LOCK] = lock_fd >= 0 ? lock_fd : null;
    fds[MONITOR_HOME] = record->home_fd;
    fds[MONITOR_LIVE] = live_fd >= 0 ? live_fd : null;
    fds[MONITOR_DATA] = engine->root_fd;
    fds[MONITOR_STATE] = engine->state_fd;
    fds[MONITOR_PLAN] = plan_fd;
    TRY(spawn_monitor(plan, fds, e));
    fd_close(&theirs);
    TRY(await_start(ours, options, e));
    return take_fd(&ours);
}
