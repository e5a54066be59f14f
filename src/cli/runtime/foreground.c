/* foreground.c - see foreground.h.
 *
 * All signals are blocked and then taken one by one, each in its turn with whatever else
 * happens. Without a terminal there is nothing else: sigwaitinfo(2) is the whole loop. With
 * one, a signalfd(2) joins the terminal's master and standard input in one poll(2).
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/runtime/foreground.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "linux/process.h"
#include "linux/terminal.h"

struct foreground {
    pid_t pid;
    int pidfd;
    int master;
    bool is_raw, is_input_at_end;
    struct termios old_terminal;
    char typed[4096]; /* on the way to the program */
    size_t typed_n, typed_done;
};

/* Everybody's child that ended is collected: with PR_SET_CHILD_SUBREAPER the container's
 * orphans are ours. 1 if the program itself ended. */
static int
reap(const struct foreground *f, int *ret_status)
{
    for (;;) {
        siginfo_t info;
        if (lx_waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
            return 0;
        if (info.si_pid != f->pid)
            continue;
        *ret_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
        return 1;
    }
}

/* What is about ourselves alone is not passed on. */
static void
pass_on(const struct foreground *f, int signal)
{
    struct winsize size;
    if (signal == SIGWINCH && f->master >= 0) {
        if (lx_tty_get_size(STDIN_FILENO, &size) == 0)
            lx_tty_set_size(f->master, &size);
    } else if (signal != SIGPIPE && signal != SIGURG) {
        lx_pidfd_send_signal(f->pidfd, signal);
    }
}

/* 1: the program ended. */
static int
on_signal(const struct foreground *f, int signal, int *ret_status)
{
    if (signal == SIGCHLD)
        return reap(f, ret_status);
    pass_on(f, signal);
    return 0;
}

/* ---- without a terminal ---- */

static int
wait_for_signals(const struct foreground *f, const sigset_t *all, int *ret_status)
{
    while (!reap(f, ret_status)) {
        int signal = sigwaitinfo(all, NULL);
        while (signal != SIGCHLD) {
            if (signal > 0)
                pass_on(f, signal);
            signal = sigwaitinfo(all, NULL);
        }
    }
    return 0;
}

/* ---- with one ---- */

static void
take_input(struct foreground *f)
{
    ssize_t n = read(STDIN_FILENO, f->typed, sizeof f->typed);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    f->is_input_at_end = n <= 0;
    f->typed_n = n > 0 ? (size_t)n : 0;
    f->typed_done = 0;
}

static void
give_input(struct foreground *f)
{
    ssize_t n = write(f->master, f->typed + f->typed_done, f->typed_n - f->typed_done);
    if (n > 0)
        f->typed_done += (size_t)n;
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        f->typed_done = f->typed_n;
    if (f->typed_done == f->typed_n)
        f->typed_n = f->typed_done = 0;
}

/* false when there is nothing more: the last one at the other end has closed it. */
static bool
pass_output(struct foreground *f)
{
    char printed[4096];
    ssize_t n = read(f->master, printed, sizeof printed);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    if (n <= 0) {
        f->master = NO_FD; /* the caller's to close */
        return false;
    }
    file_write_all(STDOUT_FILENO, printed, (size_t)n);
    return true;
}

static int
join(struct foreground *f, int signals, int *ret_status, struct err *e)
{
    for (int has_ended = reap(f, ret_status); !has_ended;) {
        bool has_typed = f->typed_n > 0;
        struct pollfd slots[3] = {
            {.fd = signals,                                             .events = POLLIN                                        },
            {.fd = f->is_input_at_end || has_typed ? -1 : STDIN_FILENO, .events = POLLIN                                        },
            {.fd = f->master,                                           .events = (short)(has_typed ? POLLIN | POLLOUT : POLLIN)},
        };
        if (poll(slots, ARRAY_LEN(slots), -1) < 0 && errno != EINTR)
            return err_sys(e, -errno, "wait for the program");
        struct signalfd_siginfo info;
        if (slots[0].revents && read(signals, &info, sizeof info) == sizeof info)
            has_ended = on_signal(f, (int)info.ssi_signo, ret_status);
        if (slots[1].revents)
            take_input(f);
        if (slots[2].revents & POLLOUT)
            give_input(f);
        if (slots[2].revents & (POLLIN | POLLHUP | POLLERR))
            pass_output(f);
    }
    while (f->master >= 0 && pass_output(f)) /* what it said last */
        continue;
    return 0;
}

static int
be_terminal(struct foreground *f, const sigset_t *all, int *ret_status, struct err *e)
{
    auto_close int signals = signalfd(-1, all, SFD_CLOEXEC);
    TRY(err_sys(e, signals < 0 ? -errno : 0, "open a signalfd"));
    fcntl(f->master, F_SETFL, fcntl(f->master, F_GETFL) | O_NONBLOCK);
    if (lx_is_tty(STDIN_FILENO)) {
        pass_on(f, SIGWINCH);
        f->is_raw = lx_tty_make_raw(STDIN_FILENO, &f->old_terminal) >= 0;
    }
    int r = join(f, signals, ret_status, e);
    if (f->is_raw)
        lx_tty_restore(STDIN_FILENO, &f->old_terminal);
    return r;
}

int
foreground_stay(pid_t pid, int pidfd, int terminal_fd, struct err *e)
{
    struct foreground f = {.pid = pid, .pidfd = pidfd, .master = terminal_fd};
    int status = 0;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL); /* for good: what is left to do shall be done */
    int r = terminal_fd >= 0 ? be_terminal(&f, &all, &status, e)
                             : wait_for_signals(&f, &all, &status);
    return r < 0 ? r : status;
}
