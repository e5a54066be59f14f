/* tool.c - see tool.h.
 *
 * What the program writes comes through a pipe, of which the end is kept for the error; a
 * daemon that it leaves behind may hold the pipe open, so it is its pidfd that tells the end.
 *
 * One that runs out of time is killed with its session. On the host its orphans have to
 * become our children meanwhile (PR_SET_CHILD_SUBREAPER), so that those which left the
 * session are found; inside a container they end with it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/tool.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "linux/descriptor.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"

/* A program that runs, and the end of what it has said. */
struct running {
    pid_t pid;
    int pidfd;
    int output; /* read end of its pipe */
    int64_t deadline_ns;
    bool has_deadline;
    char said[400];
    size_t said_len;
};

static void
running_done(struct running *r)
{
    fd_close(&r->pidfd);
    fd_close(&r->output);
}
#define auto_running __attribute__((cleanup(running_done))) struct running

static int
become(const struct tool *c, int output, struct err *e)
{
    auto_list args = {0};
    list_add_all(&args, c->args);
    if (args.n == 0)
        list_add(&args, c->path);
    TRY(err_sys(e, lx_setsid(), "begin a session"));
    if (lseek(c->input, 0, SEEK_SET) < 0)
        return err_sys(e, -errno, "rewind standard input");
    TRY(err_sys(e, lx_dup_to(c->input, STDIN_FILENO, 0), "set standard input"));
    TRY(err_sys(e, lx_dup_to(output, STDOUT_FILENO, 0), "set standard output"));
    TRY(err_sys(e, lx_dup_to(output, STDERR_FILENO, 0), "set standard error"));
    TRY(err_sys(e, lx_close_range(3, ~0U, 0), "close all descriptors"));
    TRY(err_sys(e, lx_chdir(c->cwd), "enter %s", c->cwd));
    umask(0022);
    return err_sys(e, lx_execve(c->path, list_argv(&args), c->env), "run it");
}

static void child_main(const struct tool *c, int output) __attribute__((noreturn));
static void
child_main(const struct tool *c, int output)
{
    struct err e;
    lx_trace_as("hook");
    become(c, output, &e);
    if (file_write_all(output, e.text, strlen(e.text)) <
        0) /* closed already: it is 2 now */
        file_write_all(STDERR_FILENO, e.text, strlen(e.text));
    _exit(127);
}

static int
spawn(const struct tool *c, struct running *ret, struct err *e)
{
    enum { MOST_S = 1000000000 };
    int ends[2];
    TRY(err_sys(e, lx_pipe(ends, 0), "make a pipe"));
    ret->output = ends[0];
    auto_close int theirs = ends[1];
    if (fcntl(ret->output, F_SETFL, O_NONBLOCK) < 0)
        return err_sys(e, -errno, "make the pipe's end non-blocking");
    ret->pid = lx_clone3(0, -1, &ret->pidfd);
    if (ret->pid == 0)
        child_main(c, theirs);
    TRY(err_sys(e, ret->pid, "make a process"));
    int64_t timeout_s = c->timeout_s < MOST_S ? c->timeout_s : MOST_S;
    ret->has_deadline = timeout_s > 0;
    ret->deadline_ns = clock_monotonic_ns() + timeout_s * 1000000000;
    return 0;
}

/* Takes what is in the pipe, and keeps the last bytes of it: of somebody who writes faster than
 * we read, no more than a pipe holds, so that there is time to look at the clock. */
static void
hear(struct running *r)
{
    enum { READS = 128 };
    char bytes[512];
    ssize_t n = 1;
    for (int reads = 0; reads < READS && (n = read(r->output, bytes, sizeof bytes)) > 0;
         reads++)
        for (ssize_t i = 0; i < n; i++) {
            if (r->said_len == sizeof r->said - 1)
                memmove(r->said, r->said + 1, --r->said_len);
            r->said[r->said_len++] = bytes[i] == '\n' ? ' ' : bytes[i];
        }
    r->said[r->said_len] = '\0';
    if (n == 0)
        fd_close(&r->output);
}

static bool
is_late(const struct running *r)
{
    return r->has_deadline && clock_monotonic_ns() >= r->deadline_ns;
}

static int
milliseconds_left(const struct running *r)
{
    if (!r->has_deadline)
        return -1;
    int64_t left = (r->deadline_ns - clock_monotonic_ns() + 999999) / 1000000;
    return left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left;
}

/* 1 when it has ended, 0 when its time is over. */
static int
await(struct running *r, struct err *e)
{
    for (;;) {
        struct pollfd fds[] = {
            {.fd = r->pidfd,  .events = POLLIN},
            {.fd = r->output, .events = POLLIN},
        };
        int left = milliseconds_left(r);
        int n = poll(fds, ARRAY_LEN(fds), left);
        if (n < 0 && errno != EINTR)
            return err_sys(e, -errno, "wait for it");
        if (n > 0 && fds[1].revents)
            hear(r);
        if (n > 0 && fds[0].revents)
            return 1;
        if (is_late(r))
            return 0;
    }
}

static int
judge(struct running *r, struct err *e)
{
    siginfo_t info;
    TRY(err_sys(e, lx_waitid(P_PIDFD, r->pidfd, &info, WEXITED), "wait for it"));
    if (r->output >= 0)
        hear(r);
    while (r->said_len > 0 && r->said[r->said_len - 1] == ' ')
        r->said[--r->said_len] = '\0';
    const char *colon = r->said_len > 0 ? ": " : "";
    if (info.si_code != CLD_EXITED)
        return err_set(e, ERR_SYSTEM, "was killed by signal %d%s%s", info.si_status, colon,
                       r->said);
    if (info.si_status != 0)
        return err_set(e, ERR_SYSTEM, "failed with exit status %d%s%s", info.si_status,
                       colon, r->said);
    return 0;
}

/* ---- one whose time is over ---- */

static void
list_children(struct list *ret)
{
    auto_free char *text = NULL;
    if (file_read_at(AT_FDCWD, "/proc/thread-self/children", 1 << 20, &text, NULL) >= 0)
        list_split(ret, text, ' ');
}

/* Children that came to us since `before` are its orphans. Each that is killed may
 * leave some of its own, so: until there are none. */
static void
kill_orphans(const struct list *before)
{
    enum { ROUNDS = 10000 };
    bool is_some = true;
    for (int round = 0; is_some && round < ROUNDS; round++) {
        auto_list now = {0};
        list_children(&now);
        is_some = false;
        for (size_t i = 0; i < now.n; i++) {
            int pid;
            siginfo_t info;
            if (list_has(before, now.v[i]) || num_parse_int(now.v[i], &pid) < 0)
                continue;
            lx_kill(pid, SIGKILL);
            lx_waitid(P_PID, pid, &info, WEXITED);
            is_some = true;
        }
    }
}

static int
end(struct running *r, const struct tool *c, const struct list *before, struct err *e)
{
    siginfo_t info;
    lx_kill(-r->pid, SIGKILL);
    lx_pidfd_send_signal(r->pidfd, SIGKILL); /* it may not have its session yet */
    lx_waitid(P_PIDFD, r->pidfd, &info, WEXITED);
    if (c->want_orphans)
        kill_orphans(before);
    return err_set(e, ERR_SYSTEM, "did not end within its timeout of %lld s",
                   (long long)c->timeout_s);
}

static int
adopt_orphans(bool want)
{
    return lx_prctl(want ? "PR_SET_CHILD_SUBREAPER 1" : "PR_SET_CHILD_SUBREAPER 0",
                    PR_SET_CHILD_SUBREAPER, want, 0, 0, 0);
}

int
tool_run(const struct tool *c, struct err *e)
{
    bool want_orphans = c->timeout_s > 0 && c->want_orphans;
    auto_running running = {.pidfd = NO_FD, .output = NO_FD};
    auto_list before = {0};
    if (want_orphans) {
        list_children(&before);
        TRY(err_sys(e, adopt_orphans(true), "adopt its orphans"));
    }
    int r = spawn(c, &running, e);
    if (r >= 0)
        r = await(&running, e);
    if (r == 0)
        r = end(&running, c, &before, e);
    else if (r > 0)
        r = judge(&running, e);
    if (want_orphans)
        adopt_orphans(false);
    return r;
}
