/* run.c - one run of the learner's program inside a scene.
 *
 *   checker          rd                        probe (in the container)
 *   fork, exec ────▶ sets up, fork, exec ────▶ its steps, one line each
 *   poll ◀──────────────────────────────────── "TOKEN ready"          (hold)
 *   looks at /proc, cgroups, mounts
 *   closes stdin ─────────────────────────────▶ end of file: goes on, ends
 *   poll, waitpid ◀─ "PID exited with status N"
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "run.h"
#include "observe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUN_SECONDS = 20, ARGV_MAX = 64 };

/* Which calls --strace shows when they fail: those that the levels are about. */
static const char traced_calls[] =
    "trace=clone,clone3,fork,vfork,unshare,setns,execve,mount,umount2,pivot_root,chroot,"
    "chdir,fchdir,mknod,mknodat,mkdir,rmdir,rename,sethostname,setuid,setgid,setgroups,"
    "setresuid,setresgid,write";

static void
add(const char **argv, int *n, const char *word)
{
    if (*n < ARGV_MAX - 1)
        argv[(*n)++] = word;
}

static void
add_all(const char **argv, int *n, const char *const *words)
{
    for (; words && *words; words++)
        add(argv, n, *words);
}

static void
build_argv(struct scene *s, const struct run_spec *spec, const char **argv,
           const char *trace)
{
    int n = 0;
    if (s->options->want_strace)
        /* -D: the tracer is the grandchild, so that rd stays our own child. */
        add_all(argv, &n,
                LIST("strace", "-D", "-f", "-Z", "-qq", "-o", trace, "-e", traced_calls));
    add_all(argv, &n, s->program->argv);
    add_all(argv, &n,
            LIST("run", "-i", spec->image ? spec->image : "check", "--image-dir",
                 formatted("%s/images", s->stage), "--container-dir",
                 formatted("%s/containers", s->stage)));
    add_all(argv, &n, spec->options);
    add(argv, &n, "--");
    add_all(argv, &n,
            spec->command ? spec->command
                          : LIST(formatted("%s/bin/probe", s->stage), s->token));
    add_all(argv, &n, spec->steps);
    argv[n] = NULL;
}

static void
be_rd(const char *const *argv, int input, const int output[2], const struct run_spec *spec)
{
    const struct rlimit none = {0, 0}, limit = {spec->file_limit, spec->file_limit};
    dup2(input, STDIN_FILENO);
    dup2(output[0], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    close_range(3, ~0U, 0);
    /* Descriptors that a careless program hands on. */
    fcntl(open("/dev/null", O_RDWR), F_DUPFD, 10);
    setpgid(0, 0);
    setrlimit(RLIMIT_CORE, &none);
    if (spec->file_limit)
        setrlimit(RLIMIT_FSIZE, &limit);
    if (spec->want_slow)
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    execvp(argv[0], (char *const *)argv);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static void
take_output(struct run *r, int which)
{
    size_t room = sizeof(r->text[0]) - 1 - r->length[which];
    char waste[4096];
    ssize_t n = read(r->output[which], room ? r->text[which] + r->length[which] : waste,
                     room ? room : sizeof(waste));
    if (n > 0 && room)
        r->length[which] += n;
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        close(r->output[which]);
        r->output[which] = -1;
    }
    r->text[which][r->length[which]] = '\0';
}

static void
reap(struct run *r)
{
    if (!r->is_over && waitpid(r->rd, &r->status, WNOHANG) == r->rd)
        r->is_over = true;
}

/* Reads what comes, until the text is seen on stdout (if any is given) or rd has ended. */
static void
pump(struct run *r, const char *until)
{
    double end = now() + RUN_SECONDS;
    int rd = syscall(SYS_pidfd_open, r->rd, 0);
    while (!r->is_over) {
        if (until && strstr(r->text[0], until))
            break;
        struct pollfd p[3] = {
            {.fd = r->output[0], .events = POLLIN},
            {.fd = r->output[1], .events = POLLIN},
            {.fd = rd,           .events = POLLIN}
        };
        int left = (end - now()) * 1000;
        if (left <= 0 || poll(p, COUNT(p), left) == 0) {
            r->is_hung = true;
            kill(-r->rd, SIGKILL);
            kill(r->rd, SIGKILL);
            waitpid(r->rd, &r->status, 0);
            r->is_over = true;
        }
        for (int i = 0; i < 2; i++)
            if (p[i].revents)
                take_output(r, i);
        if (p[2].revents)
            reap(r);
    }
    close(rd);
}

/* After rd's end: waits a little for what its children still say. False at the pipes' end. */
static bool
take_late(struct run *r)
{
    struct pollfd p[2] = {
        {.fd = r->output[0], .events = POLLIN},
        {.fd = r->output[1], .events = POLLIN}
    };
    if (r->output[0] < 0)
        return false;
    poll(p, COUNT(p), 100);
    for (int i = 0; i < 2; i++)
        if (p[i].revents)
            take_output(r, i);
    return true;
}

/* Traces rd (ptrace(2)) from its exec to its first fork, and keeps it there for a moment
 * while the child runs free. A child that waits for its parent waits a little longer. */
static void
stand_still(struct run *r)
{
    const long options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                         PTRACE_O_TRACECLONE;
    int status, event = PTRACE_EVENT_EXEC, signal = 0;
    if (waitpid(r->rd, &status, __WALL) != r->rd || !WIFSTOPPED(status))
        return;
    ptrace(PTRACE_SETOPTIONS, r->rd, NULL, options);
    while (event == 0 || event == PTRACE_EVENT_EXEC) {
        ptrace(PTRACE_CONT, r->rd, NULL, signal);
        if (waitpid(r->rd, &status, __WALL) != r->rd || !WIFSTOPPED(status)) {
            r->status = status;
            r->is_over = true;
            return;
        }
        event = status >> 16;
        signal = event ? 0 : WSTOPSIG(status); /* a stop that is no event is for rd */
    }
    unsigned long child = 0;
    ptrace(PTRACE_GETEVENTMSG, r->rd, NULL, &child);
    waitpid(child, &status, __WALL);
    ptrace(PTRACE_DETACH, child, NULL, NULL);
    for (int i = 0; i < 5; i++)
        take_late(r);
    ptrace(PTRACE_DETACH, r->rd, NULL, NULL);
}

/* rd is gone; what is in the pipes is all that we get, even if a survivor holds them. */
static void
drain(struct run *r)
{
    for (int i = 0; i < 2; i++) {
        struct pollfd p = {.fd = r->output[i], .events = POLLIN};
        while (r->output[i] >= 0 && poll(&p, 1, 0) > 0)
            take_output(r, i);
    }
}

void
run_start(struct scene *s, struct run *r, const struct run_spec *spec)
{
    static int number;
    /* What failed before this run was the last one: its calls are the ones to show. */
    s->board->has_calls = s->board->calls[0] && is_any_failed(s->board, s->level);
    memset(r, 0, sizeof(*r));
    r->trace_number = ++number;
    const char *argv[ARGV_MAX];
    char trace[64], ready[64];
    build_argv(s, spec, argv,
               format(trace, sizeof(trace), "%s/trace-%d", s->stage, r->trace_number));
    int in[2], out[2], err[2];
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
        die("pipe: %s", strerror(errno));
    r->rd = fork();
    if (r->rd == 0)
        be_rd(argv, in[0], (int[]){out[1], err[1]}, spec);
    close(in[0]);
    close(out[1]);
    close(err[1]);
    r->input = in[1];
    r->output[0] = out[0];
    r->output[1] = err[0];
    if (spec->want_slow)
        stand_still(r);
    pump(r, format(ready, sizeof(ready), "%s ready\n", s->token));
    /* A rd that does not wait is gone before its command has begun: give it a moment. */
    double end = now() + 5;
    while (r->is_over && !strstr(r->text[0], ready) && now() < end && take_late(r))
        ;
    r->is_ready = strstr(r->text[0], ready) != NULL;
    if (r->is_ready)
        r->command = observe_find_command(s);
}

/* The tracer writes its file when it ends, and it ends a moment after rd. */
static void
take_calls(struct scene *s, const struct run *r)
{
    char path[64];
    if (!s->options->want_strace || s->board->has_calls)
        return;
    for (int try = 0; try < 100 && observe_has("strace"); try++)
        poll(NULL, 0, 10);
    read_text(format(path, sizeof(path), "%s/trace-%d", s->stage, r->trace_number),
              s->board->calls, sizeof(s->board->calls));
}

void
run_finish(struct scene *s, struct run *r)
{
    if (r->input >= 0)
        close(r->input);
    r->input = -1;
    pump(r, NULL);
    drain(r);
    for (int i = 0; i < 2; i++)
        if (r->output[i] >= 0)
            close(r->output[i]);
    take_calls(s, r);
}

void
run_whole(struct scene *s, struct run *r, const struct run_spec *spec)
{
    run_start(s, r, spec);
    run_finish(s, r);
}

static const char *
line_at(const char *text, size_t start)
{
    static char line[ARG_SIZE];
    return format(line, sizeof(line), "%.*s", (int)strcspn(text + start, "\n"),
                  text + start);
}

const char *
run_error(const struct run *r)
{
    const char *text = r->text[r->length[1] ? 1 : 0];
    for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, "rd: ", 4) == 0)
            return line_at(at, 0);
    size_t end = strlen(text);
    while (end && text[end - 1] == '\n')
        end--;
    while (end && text[end - 1] != '\n')
        end--;
    return line_at(text, end);
}

bool
run_is_held(struct scene *s, struct run *r)
{
    if (r->is_ready && r->command > 0)
        return true;
    take_calls(s, r);
    /* It ran in an earlier scene, and not in this one: then it does not run. */
    s->board->verdicts[check_find(s->level, "runs")].status = UNSEEN;
    const char *kind = r->is_hung               ? "hung"
                       : WIFSIGNALED(r->status) ? "crashed"
                       : run_exit_code(r) == 99 ? "mute" /* the probe's word for it */
                       : run_exit_code(r) != 0  ? "status"
                                                : "not-run";
    char code[16];
    fail(s, "runs", kind, format(code, sizeof(code), "%d", run_exit_code(r)), run_error(r));
    return false;
}

const char *
run_said(struct scene *s, const struct run *r, const char *word)
{
    char key[64];
    format(key, sizeof(key), "%s %s ", s->token, word);
    const char *at = strstr(r->text[0], key);
    if (!at)
        return NULL;
    at += strlen(key);
    return formatted("%.*s", (int)strcspn(at, "\n"), at);
}

int
run_exit_code(const struct run *r)
{
    return WIFSIGNALED(r->status) ? 128 + WTERMSIG(r->status) : WEXITSTATUS(r->status);
}

int
run_status_lines(const struct run *r, long *ret_pid, long *ret_status)
{
    int count = 0;
    for (int i = 0; i < 2; i++) {
        const char *at = r->text[i];
        while ((at = strstr(at, " exited with status "))) {
            const char *digits = at;
            while (digits > r->text[i] && digits[-1] >= '0' && digits[-1] <= '9')
                digits--;
            at += strlen(" exited with status ");
            if (count++ == 0) {
                *ret_pid = strtol(digits, NULL, 10);
                *ret_status = strtol(at, NULL, 10);
            }
        }
    }
    return count;
}

bool
run_is_early(struct run *r)
{
    long pid, status;
    take_late(r);
    reap(r);
    return r->is_over || run_status_lines(r, &pid, &status) > 0;
}

void
run_judge_status_line(struct scene *s, const struct run *r, pid_t command)
{
    long pid = 0, status = 0;
    int count = run_status_lines(r, &pid, &status);
    char seen[32], wanted[32];
    format(wanted, sizeof(wanted), "%d", (int)command);
    if (count == 0)
        fail(s, "status-line", "none", NULL, NULL);
    else if (count > 1)
        fail(s, "status-line", "twice", format(seen, sizeof(seen), "%d", count), NULL);
    else if (pid != command)
        fail(s, "status-line", "wrong-pid", format(seen, sizeof(seen), "%ld", pid), wanted);
    else /* the status as exit(3) has it, or raw as wait(2) has it */
        judge(s, "status-line", status == 3 || status == 3 << 8, "wrong-status",
              format(seen, sizeof(seen), "%ld", status), "3");
}

bool
run_is_killed_status(struct scene *s, long status)
{
    struct run r;
    long pid, raw = 0;
    if (status != SIGKILL)
        return status == 128 + SIGKILL;
    run_whole(s, &r, &(struct run_spec){.steps = LIST("exit", "3")});
    return run_status_lines(&r, &pid, &raw) > 0 && raw == 3 << 8;
}

const char *
run_created(struct scene *s, const struct run *r)
{
    (void)s;
    static const char line[] = "Created a new root fs for our container: ";
    const char *at = strstr(r->text[0], line);
    if (!at)
        return NULL;
    at += strlen(line);
    return formatted("%.*s", (int)strcspn(at, "\n"), at);
}

const char *
run_container_id(struct scene *s, const struct run *r)
{
    const char *path = run_created(s, r);
    char start[64];
    format(start, sizeof(start), "%s/containers/", s->stage);
    if (!path || strncmp(path, start, strlen(start)) != 0)
        return NULL;
    path += strlen(start);
    return formatted("%.*s", (int)strcspn(path, "/"), path);
}
