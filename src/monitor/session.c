/* session.c - from a plan to a running program.
 *
 * The overlay is opened here, as a mount that is attached nowhere yet; the runtime makes it
 * the container's "/". We keep our descriptor: when the container ends, its mount
 * namespace lets go of the overlay at once, and the slow part (an overlay's end syncs the
 * disk below it) is ours, after the exit was reported.
 *
 * Workshop: 04_overlay
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/descriptor.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/terminal.h"
#include "linux/trace.h"
#include "monitor/state.h"
#include "oci/config.h"
#include "runtime/overlay.h"

/* The program's ends of its standard streams. */
struct ends {
    int fd[3];
};

static void
ends_close(struct ends *ends)
{
    for (int i = 0; i < 3; i++)
        fd_close(&ends->fd[i]);
}

static int
set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

/* A pipe between us and the program; our end does not block. */
static int
open_stream(int *ret_ours, int *ret_theirs, bool is_input, struct err *e)
{
    int pipe_fd[2];
    TRY(err_sys(e, lx_pipe(pipe_fd, 0), "make a pipe for the program's streams"));
    *ret_ours = pipe_fd[is_input ? 1 : 0];
    *ret_theirs = pipe_fd[is_input ? 0 : 1];
    return err_sys(e, set_nonblocking(*ret_ours), "prepare a pipe");
}

static int
open_streams(struct session *s, struct ends *ends, struct err *e)
{
    if (s->plan->want_terminal)
        return 0;
    LX_STEP("lay pipes to the program's input and output", "");
    if (s->plan->want_stdin) {
        TRY(open_stream(&s->in_fd, &ends->fd[0], true, e));
    } else {
        ends->fd[0] = lx_open("/dev/null", O_RDONLY);
        TRY(err_sys(e, ends->fd[0], "open /dev/null"));
    }
    TRY(open_stream(&s->out_fd[LOG_STDOUT], &ends->fd[1], false, e));
    return open_stream(&s->out_fd[LOG_STDERR], &ends->fd[2], false, e);
}

/* Takes over a terminal's master. Its other end is kept open too: a master without one
 * reports a hang-up for ever, although a program may open /dev/tty again later. */
static int
keep_terminal(struct session *s, int master, struct err *e)
{
    s->terminal_fd = master;
    s->terminal_peer = lx_pty_peer(master);
    TRY(err_sys(e, s->terminal_peer, "open the terminal's other end"));
    TRY(err_sys(e, set_nonblocking(master), "prepare the terminal"));
    s->out_fd[LOG_STDOUT] = dup(master);
    if (s->plan->want_stdin)
        s->in_fd = dup(master);
    if (s->plan->rows > 0) {
        struct winsize size = {.ws_row = s->plan->rows, .ws_col = s->plan->columns};
        lx_tty_set_size(master, &size);
    }
    return 0;
}

static int
read_spec(struct oci_spec **ret, struct err *e)
{
    auto_free char *text = NULL;
    size_t len;
    TRY(err_sys(e, file_read_at(MONITOR_HOME, "config.json", JSON_BYTES_MOST, &text, &len),
                "read the container's config.json"));
    return oci_spec_parse(text, len, ret, e);
}

/* The layers' directories, the topmost first. */
static int
open_layers(const struct list *names, int fds[OVERLAY_LOWER_MOST], struct err *e)
{
    auto_close int layers = file_open_dir_at(MONITOR_DATA, "layers");
    TRY(err_sys(e, layers, "open the unpacked layers"));
    if (names->n > OVERLAY_LOWER_MOST)
        return err_set(e, ERR_UNSUPPORTED,
                       "the image has %zu layers: at most %d can be "
                       "stacked",
                       names->n, OVERLAY_LOWER_MOST);
    for (size_t i = 0; i < names->n; i++) {
        const char *name = names->v[names->n - 1 - i];
        fds[i] = file_open_dir_at(layers, name);
        TRY(err_sys(e, fds[i], "open the layer %.12s (was its image removed?)", name));
    }
    return 0;
}

/* Also a read-only root has an upper directory: places to mount on may have to be made in
 * it before the runtime makes it read-only. */
static int
stack(struct session *s, const int *lower, struct err *e)
{
    const struct monitor_plan *plan = s->plan;
    int place = MONITOR_HOME;
    if (plan->use_pool) {
        TRY(pool_take(&s->slot, MONITOR_DATA, e));
        place = s->slot.fd;
    }
    auto_close int upper = file_open_dir_at(place, "upper");
    TRY(err_sys(e, upper, "open the container's upper directory"));
    auto_close int work = file_open_dir_at(place, "work");
    TRY(err_sys(e, work, "open the container's work directory"));
    const struct overlay_plan overlay = {.lower = lower,
                                         .n_lower = plan->layers.n,
                                         .upper = upper,
                                         .work = work,
                                         .is_volatile = plan->use_pool};
    s->root_mount = overlay_open(&overlay, e);
    return s->root_mount;
}

/* The overlay of the image's layers below upper and work directories as planned. */
static int
open_root(struct session *s, struct err *e)
{
    int lower[OVERLAY_LOWER_MOST];
    for (size_t i = 0; i < ARRAY_LEN(lower); i++)
        lower[i] = NO_FD;
    LX_STEP("stack the image's layers under a writable directory", "04_overlay");
    int r = open_layers(&s->plan->layers, lower, e);
    if (r >= 0)
        r = stack(s, lower, e);
    for (size_t i = 0; i < ARRAY_LEN(lower); i++)
        fd_close(&lower[i]);
    return r;
}

static int
run(struct session *s, struct ends *ends, struct err *e)
{
    auto_spec *spec = NULL;
    TRY(read_spec(&spec, e));
    TRY(open_root(s, e));

    const struct container_plan plan = {
        .id = s->plan->id,
        .spec = spec,
        .root_mount = s->root_mount,
        .bundle_fd = MONITOR_HOME,
        .stdio = {ends->fd[0], ends->fd[1], ends->fd[2]},
        .console_socket = NO_FD,
        .user_name = s->plan->user[0] != '\0' ? s->plan->user : "0",
        .groups = &s->plan->groups,
        .gate_listener = NO_FD,
        .want_open_gate = true,
        .want_init = s->plan->want_init,
        .want_default_seccomp = s->plan->want_default_seccomp,
        .want_session_keyring = true,
        .want_pivot = true,
    };
    TRY(container_create(&s->container, &plan, e));
    s->pid = s->container.pid;
    s->pidfd = s->container.pidfd;
    s->container.pidfd = NO_FD; /* ours to close; the runtime still finds it by pid */
    ends_close(ends);
    if (s->plan->want_terminal)
        TRY(keep_terminal(s, take_fd(&s->container.terminal_fd), e));
    s->container.pidfd = s->pidfd;
    return container_start(&s->container, e);
}

static int
exec_in(struct session *s, const struct oci_spec *spec, const struct oci_process *process,
        const struct ends *ends, struct err *e)
{
    const struct container_exec how = {
        .spec = spec,
        .process = process,
        .user_name = s->plan->user[0] != '\0' ? s->plan->user : "0",
        .groups = &s->plan->groups,
        .stdio = {ends->fd[0], ends->fd[1], ends->fd[2]},
        .console_socket = NO_FD,
        .want_default_seccomp = s->plan->want_default_seccomp,
        .want_session_keyring = true,
    };
    int master = NO_FD;
    s->pid = container_exec(&s->container, &how, &s->pidfd, &master, e);
    TRY(s->pid);
    return s->plan->want_terminal ? keep_terminal(s, master, e) : 0;
}

static int
exec(struct session *s, struct ends *ends, struct err *e)
{
    struct state state;
    auto_spec *spec = NULL;
    struct oci_process *process = NULL;
    TRY(state_read(&state, MONITOR_HOME, e));
    s->container = state.container;
    TRY(read_spec(&spec, e));
    TRY(oci_process_parse(s->plan->process, strlen(s->plan->process), &process, e));
    int r = exec_in(s, spec, process, ends, e);
    oci_process_free(process);
    return r;
}

int
session_start(struct session *s, const struct monitor_plan *plan, struct err *e)
{
    *s = (struct session){
        .plan = plan,
        .pid = -1,
        .pidfd = NO_FD,
        .in_fd = NO_FD,
        .out_fd = {NO_FD,  NO_FD},
        .terminal_fd = NO_FD,
        .terminal_peer = NO_FD,
        .root_mount = NO_FD,
        .slot = { NO_FD, NO_FD,     0}
    };
    s->container.pidfd = s->container.gate_fd = s->container.terminal_fd = NO_FD;

    struct ends ends = {
        {NO_FD, NO_FD, NO_FD}
    };
    int r = open_streams(s, &ends, e);
    if (r >= 0)
        r = plan->mode == MONITOR_RUN ? run(s, &ends, e) : exec(s, &ends, e);
    ends_close(&ends);
    if (r < 0)
        session_done(s);
    return r < 0 ? r : 0;
}

int
session_reap(struct session *s, int *ret_status, struct err *e)
{
    siginfo_t info;
    TRY(err_sys(e, lx_waitid(P_PID, s->pid, &info, WEXITED), "wait for the program"));
    *ret_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    s->pid = -1;
    return 0;
}

void
session_done(struct session *s)
{
    struct err ignored;
    if (s->plan->mode == MONITOR_RUN) {
        container_destroy(&s->container, &ignored);
        s->pidfd = NO_FD; /* it was the container's */
    }
    if (s->pid > 0) {
        int status;
        lx_kill(s->pid, SIGKILL);
        session_reap(s, &status, &ignored);
    }
    int *const fds[] = {
        &s->pidfd,       &s->in_fd,         &s->out_fd[LOG_STDOUT], &s->out_fd[LOG_STDERR],
        &s->terminal_fd, &s->terminal_peer, &s->root_mount};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        fd_close(fds[i]);
    pool_give(&s->slot, MONITOR_DATA);
}
