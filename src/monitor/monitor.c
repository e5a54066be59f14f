/* monitor.c - a container's life, told by the one who watches it.
 *
 *     read the plan, close everything else
 *     make and start the program            -> FAILED, or state.json and STARTED
 *     carry bytes until it ends
 *     state.json, or for --rm: give back the name, move the directory away
 *                                           -> EXITED: the user's prompt is back
 *     cgroup, overlay, upper directory, files: gone
 *
 * The order at the end is the point: what the next command must not find (a name, a
 * running state) goes before the exit status is told, what is slow goes after.
 *
 * The lock that was inherited is held until this process is gone, so whoever finds it
 * free knows that nobody is left to clean up, and does it (engine/record.c).
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/monitor.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "linux/descriptor.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "monitor/relay.h"
#include "monitor/state.h"

#define PLAN_BYTES_MOST (8u << 20)

/* Nothing but the planned descriptors stays open, and none of them passes an exec. Our name would
 * be that of the descriptor that we were executed by. */
static void
settle(void)
{
    lx_close_range(MONITOR_FDS, ~0u, 0);
    lx_close_range(MONITOR_SOCKET, MONITOR_FDS - 1, CLOSE_RANGE_CLOEXEC);
    lx_prctl("PR_SET_NAME sampan-monitor", PR_SET_NAME, (unsigned long)"sampan-monitor", 0,
             0, 0);
    lx_setsid();
    umask(077);
}

static void
send_event(const struct lx_event *event)
{
    frame_send_event(MONITOR_SOCKET, event, clock_monotonic_ns());
}

static int
read_plan(struct monitor_plan *plan, struct err *e)
{
    auto_free char *text = NULL;
    size_t len;
    TRY(err_sys(e, file_read_fd(MONITOR_PLAN, PLAN_BYTES_MOST, &text, &len),
                "read the monitor's plan"));
    close(MONITOR_PLAN);
    return plan_read(plan, text, len, e);
}

/* From here on signals and closed pipes are no reason to go. Not earlier: a program would
 * inherit what is ignored. */
static void
ignore_signals(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGXFSZ};
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        signal(ignored[i], SIG_IGN);
}

/* Live directory and name are given back; with --rm all there is of it moves to trash/.
 * The next command then finds nothing, and a crash leaves what it recognises. */
static void
leave(const struct monitor_plan *plan)
{
    auto_free char *live = str_format("containers/%s", plan->id);
    auto_free char *trash = str_format("trash/%s", plan->id);
    if (plan->is_removed_at_end && plan->name[0] != '\0') {
        auto_free char *name = str_format("names/%s", plan->name);
        lx_unlinkat(MONITOR_STATE, name, 0);
    }
    lx_renameat2(MONITOR_STATE, live, MONITOR_STATE, trash, 0);
}

static void
clean(const struct monitor_plan *plan)
{
    auto_free char *trash = str_format("trash/%s", plan->id);
    file_remove_tree_at(MONITOR_STATE, trash);
}

static int
report_start(struct session *session, struct state *state, struct err *e)
{
    if (session->plan->mode == MONITOR_RUN) {
        state->status = STATUS_RUNNING;
        state->started_at = clock_wall_ns();
        state->container = session->container;
        state->monitor_pid = getpid();
        TRY(state_write(state, MONITOR_HOME, e));
    }
    int32_t pid = session->pid;
    frame_send(MONITOR_SOCKET, FRAME_STARTED, &pid, sizeof(pid), 0);
    return 0;
}

/* What Docker's inspect says of a container that could not start. */
static void
report_failure(const struct monitor_plan *plan, const struct err *why)
{
    struct err ignored;
    struct state state;
    if (plan->mode == MONITOR_RUN) {
        leave(plan);
        clean(plan);
    }
    if (plan->mode == MONITOR_RUN && !plan->is_removed_at_end) {
        state_init(&state);
        state.exit_code = err_exit_status(why);
        snprintf(state.error, sizeof(state.error), "%.*s", (int)sizeof(state.error) - 1,
                 why->text);
        state_write(&state, MONITOR_HOME, &ignored);
    }
    frame_send(MONITOR_SOCKET, FRAME_FAILED, why, sizeof(*why), 0);
}

static void
record_end(const struct session *session, struct state *state, int status)
{
    struct err ignored;
    uint64_t kills = 0;
    if (session->plan->mode != MONITOR_RUN)
        return;
    if (!session->plan->is_removed_at_end) {
        cgroup_oom_kills(&session->container.cgroup, &kills, &ignored);
        state->status = STATUS_EXITED;
        state->exit_code = status;
        state->is_oom_killed = kills > 0;
        state->finished_at = clock_wall_ns();
        state_write(state, MONITOR_HOME, &ignored);
    }
    leave(session->plan);
}

/* Where the linker put this program's code and constants, and what comes after (ld's own
 * symbols). */
extern char __executable_start[], __init_array_start[];

#define STACK_USED_AT_START (256u << 10)

/* The start needed most of the program and some stack, the wait that follows needs next to
 * nothing of it, and lasts. What is let go here comes back by itself when it is touched.
 * Not inlined: what lies below its own frame is in nobody's use. */
__attribute__((noinline)) static void
let_memory_go(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t code = (uintptr_t)__executable_start, data = (uintptr_t)__init_array_start;
    size_t page = (size_t)getpagesize();
    lx_madvise_dontneed((void *)(here - STACK_USED_AT_START),
                        STACK_USED_AT_START - 2 * page);
    lx_madvise_dontneed((void *)code,
                        data - code); /* last: each step after it is read in */
}

/* From the started program to its last trace. */
static int
watch(struct session *session, struct relay *relay, struct state *state, struct err *e)
{
    ignore_signals();
    let_memory_go();
    TRY(relay_run(relay, e));
    int status;
    TRY(session_reap(session, &status, e));
    record_end(session, state, status);
    relay_end(relay, status);
    return 0;
}

static int
live(const struct monitor_plan *plan, struct err *e)
{
    struct session session;
    struct log log;
    struct state state;
    /* Large, and hardly ever touched: not on the stack. */
    auto_free struct relay *relay = mem_new(1, sizeof(*relay));
    bool has_log = plan->log_name[0] != '\0';

    relay->session = &session;
    relay->log = &log;
    relay->listen_fd = NO_FD;
    state_init(&state);
    if (plan->want_trace)
        lx_trace_hook = send_event;
    if (plan->mode == MONITOR_RUN)
        TRY(relay_listen(relay, MONITOR_LIVE, e));
    TRY(session_start(&session, plan, e));
    lx_trace_hook = NULL;

    log_init(&log, MONITOR_HOME, has_log ? plan->log_name : NULL, plan->log_size_most,
             plan->log_files_most);
    int r = report_start(&session, &state, e);
    if (r >= 0) {
        relay_add(relay, MONITOR_SOCKET, plan->attach, true);
        r = watch(&session, relay, &state, e);
    }
    log_done(&log);
    session_done(&session);
    if (r >= 0 && plan->mode == MONITOR_RUN)
        clean(plan);
    return r;
}

int
monitor_main(void)
{
    lx_trace_as("monitor");
    settle();
    struct err e = {0};
    struct monitor_plan plan = {0};
    int r = read_plan(&plan, &e);
    if (r < 0) {
        frame_send(MONITOR_SOCKET, FRAME_FAILED, &e, sizeof(e), 0);
        return 1;
    }
    r = live(&plan, &e);
    if (r < 0)
        report_failure(&plan, &e);
    plan_done(&plan);
    return r < 0;
}
