/* cgroup_members.c - the processes of a container's groups: joined, frozen, killed, gone.
 *
 * v2 tells everything by itself: cgroup.events says "populated 0" and "frozen 1" to who
 * polls it, cgroup.kill misses nobody. v1 has the freezer hierarchy and no word about its
 * end; there we wait on the processes' pidfds, and try again in small steps where the kernel
 * has no event at all. Every wait is bounded.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/cgroup_layout.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "linux/path.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "runtime/cgroup_systemd.h"

enum {
    WAIT_MS = 10000, /* for the kernel to let go of a group, or to freeze it */
    STEP_MS = 1,     /* where there is no event to wait for */
    ROUNDS = 100,    /* of signals to what keeps forking */
};

/* Is this the first of the container's groups in its hierarchy? Joint ones come once. */
static bool
is_own_hierarchy(const struct cgroup_layout *layout, const struct cgroup *c, unsigned i)
{
    if (!(c->made & CONTROLLER_BIT(i)) || cgroup_root_of(layout, i) < 0)
        return false;
    for (unsigned other = 0; other < i; other++)
        if ((c->made & CONTROLLER_BIT(other)) &&
            cgroup_root_of(layout, other) == cgroup_root_of(layout, i))
            return false;
    return true;
}

/* The hierarchy that knows the members: v2, or the first v1 one that has a group. */
static int
open_members(const struct cgroup_layout *layout, const struct cgroup *c)
{
    for (unsigned i = 0; i < CONTROLLER_COUNT; i++)
        if (is_own_hierarchy(layout, c, i))
            return cgroup_open(cgroup_root_of(layout, i), c->path);
    return -ENOENT;
}

int
cgroup_open_unified(const struct cgroup *c)
{
    const struct cgroup_layout *layout;
    struct err ignored;
    if (!(c->made & CONTROLLER_BIT(CONTROLLER_UNIFIED)) ||
        cgroup_layout_get(&layout, &ignored) < 0)
        return NO_FD;
    return cgroup_open(layout->unified, c->path);
}

/* ---- joining ---- */

static int
join(const struct cgroup *c, const char *file, const char *who, bool with_unified,
     struct err *e)
{
    const struct cgroup_layout *layout;
    TRY(cgroup_layout_get(&layout, e));
    for (unsigned i = with_unified ? CONTROLLER_UNIFIED : CONTROLLER_CPU;
         i < CONTROLLER_COUNT; i++) {
        if (!is_own_hierarchy(layout, c, i))
            continue;
        TRY(err_sys(e, cgroup_write_at(cgroup_root_of(layout, i), c->path, file, who),
                    "join the cgroup %s (%s)", c->path, cgroup_hierarchy_name(i)));
    }
    return 0;
}

int
cgroup_join_self(const struct cgroup *c, struct err *e)
{
    /* A single thread that moves itself takes no lock that waits for an RCU grace period,
     * unlike whoever writes another's pid to cgroup.procs. */
    LX_STEP("join the control groups of v1", "08_cpu_cgroup");
    return join(c, "tasks", "0", false, e);
}

int
cgroup_join_pid(const struct cgroup *c, pid_t pid, struct err *e)
{
    char text[16];
    snprintf(text, sizeof text, "%d", (int)pid);
    return join(c, "cgroup.procs", text, true, e);
}

/* ---- members ---- */

static int
check_there(const struct cgroup *c, struct err *e)
{
    const struct cgroup_layout *layout;
    TRY(cgroup_check_path(c->path, e));
    TRY(cgroup_layout_get(&layout, e));
    for (unsigned i = CONTROLLER_UNIFIED; i < CONTROLLER_COUNT; i++) {
        if (!is_own_hierarchy(layout, c, i))
            continue;
        auto_close int dir = cgroup_open(cgroup_root_of(layout, i), c->path);
        TRY(err_sys(e, dir, "open the cgroup %s (%s)", c->path, cgroup_hierarchy_name(i)));
    }
    return 0;
}

/* "cpu,memory" as bits, each of them one of a v1 hierarchy that carries the container. */
static int
read_controllers(const struct cgroup *c, const char *names, uint32_t *ret, struct err *e)
{
    auto_list words = {0};
    list_split(&words, names, ',');
    *ret = 0;
    for (size_t i = 0; i < words.n; i++) {
        unsigned at = CONTROLLER_CPU;
        while (at < CONTROLLER_COUNT &&
               !str_eq(cgroup_controller_name(at, false), words.v[i]))
            at++;
        if (at == CONTROLLER_COUNT || !(c->made & CONTROLLER_BIT(at)))
            return err_set(
                e, ERR_INVALID,
                "the container has no group of its own in a v1 hierarchy of \"%s\"",
                words.v[i]);
        *ret |= CONTROLLER_BIT(at);
    }
    return 0;
}

int
cgroup_below(const struct cgroup *c, const char *controllers, const char *path,
             struct cgroup *ret, struct err *e)
{
    *ret = *c;
    if (controllers)
        TRY(read_controllers(c, controllers, &ret->made, e));
    path += strspn(path, "/");
    if (!*path)
        return 0;
    int n = snprintf(ret->path, sizeof ret->path, "%s/%s", c->path, path);
    if ((size_t)n >= sizeof ret->path)
        return err_set(e, ERR_INVALID, "the path is too long");
    return check_there(ret, e);
}

int
cgroup_pids(const struct cgroup *c, pid_t **ret, size_t *ret_n, struct err *e)
{
    const struct cgroup_layout *layout;
    TRY(cgroup_layout_get(&layout, e));
    auto_free pid_t *pids = NULL;
    size_t n = 0;
    auto_close int dir = open_members(layout, c);
    if (dir != -ENOENT) {
        TRY(err_sys(e, dir, "open the cgroup %s", c->path));
        TRY(err_sys(e, cgroup_list_pids(dir, &pids, &n),
                    "list the processes of the cgroup %s", c->path));
    }
    *ret = take_ptr(pids);
    *ret_n = n;
    return 0;
}

/* Rule R23: who is inside would freeze or kill itself, half-way through. */
static int
refuse_own(const struct cgroup *c, const char *verb, struct err *e)
{
    auto_free pid_t *pids = NULL;
    size_t n;
    TRY(cgroup_pids(c, &pids, &n, e));
    for (size_t i = 0; i < n; i++)
        if (pids[i] == getpid())
            return err_set(e, ERR_CONFLICT, "%s the cgroup %s: this very process is in it",
                           verb, c->path);
    return 0;
}

/* ---- freezing ---- */

/* Waits until `key` of cgroup.events is `wanted`; the kernel says each change by POLLPRI. */
static int
wait_for_event(int dir, const char *key, uint64_t wanted)
{
    auto_close int fd = lx_openat(dir, "cgroup.events", O_RDONLY, 0);
    if (fd < 0)
        return fd;
    int64_t end = clock_monotonic_ns() + WAIT_MS * INT64_C(1000000);
    for (;;) {
        uint64_t now;
        struct pollfd changed = {.fd = fd, .events = POLLPRI};
        char ignored[64];
        TRY(cgroup_read_number(dir, "cgroup.events", key, &now));
        if (now == wanted)
            return 0;
        int64_t left_ms = (end - clock_monotonic_ns()) / 1000000;
        if (left_ms <= 0)
            return -ETIMEDOUT;
        if (poll(&changed, 1, (int)left_ms) < 0 && errno != EINTR)
            return -errno;
        (void)!pread(fd, ignored, sizeof ignored, 0); /* takes the event off */
    }
}

static int
freeze_v2(int dir, bool want_frozen)
{
    TRY(cgroup_write_file(dir, "cgroup.freeze", want_frozen ? "1" : "0"));
    return wait_for_event(dir, "frozen", want_frozen);
}

/* The v1 freezer may stop at FREEZING when something forks meanwhile; writing again helps. */
static int
freeze_v1(int dir, bool want_frozen)
{
    const char *wanted = want_frozen ? "FROZEN" : "THAWED";
    int64_t end = clock_monotonic_ns() + WAIT_MS * INT64_C(1000000);
    while (clock_monotonic_ns() < end) {
        auto_free char *state = NULL;
        TRY(cgroup_write_file(dir, "freezer.state", wanted));
        TRY(file_read_at(dir, "freezer.state", 64, &state, NULL));
        if (str_starts(state, wanted))
            return 0;
        poll(NULL, 0, STEP_MS);
    }
    cgroup_write_file(dir, "freezer.state", "THAWED");
    return -ETIMEDOUT;
}

/* The directory that freezes; is_v2 tells how. */
static int
open_freezer(const struct cgroup_layout *layout, const struct cgroup *c, bool *is_v2)
{
    *is_v2 = c->made & CONTROLLER_BIT(CONTROLLER_UNIFIED);
    if (*is_v2)
        return cgroup_open(layout->unified, c->path);
    if (c->made & CONTROLLER_BIT(CONTROLLER_FREEZER))
        return cgroup_open(layout->v1[CONTROLLER_FREEZER], c->path);
    return -EOPNOTSUPP;
}

static int
freeze(const struct cgroup *c, bool want_frozen, struct err *e)
{
    const struct cgroup_layout *layout;
    bool is_v2;
    TRY(cgroup_layout_get(&layout, e));
    auto_close int dir = open_freezer(layout, c, &is_v2);
    TRY(err_sys(e, dir, "open the cgroup %s to freeze it", c->path));
    int r = is_v2 ? freeze_v2(dir, want_frozen) : freeze_v1(dir, want_frozen);
    return err_sys(e, r, "%s the cgroup %s", want_frozen ? "freeze" : "thaw", c->path);
}

int
cgroup_freeze(const struct cgroup *c, bool want_frozen, struct err *e)
{
    if (want_frozen)
        TRY(refuse_own(c, "freeze", e));
    LX_STEP(want_frozen ? "freeze the container" : "thaw the container", "");
    return freeze(c, want_frozen, e);
}

bool
cgroup_dies_frozen(const struct cgroup *c)
{
    return c->made & CONTROLLER_BIT(CONTROLLER_UNIFIED);
}

int
cgroup_is_frozen(const struct cgroup *c, bool *ret, struct err *e)
{
    const struct cgroup_layout *layout;
    bool is_v2;
    TRY(cgroup_layout_get(&layout, e));
    auto_close int dir = open_freezer(layout, c, &is_v2);
    if (dir == -EOPNOTSUPP) {
        *ret = false; /* what cannot be frozen is not */
        return 0;
    }
    TRY(err_sys(e, dir, "open the cgroup %s", c->path));
    auto_free char *state = NULL;
    const char *file = is_v2 ? "cgroup.freeze" : "freezer.state";
    TRY(err_sys(e, file_read_at(dir, file, 64, &state, NULL), "read %s of the cgroup %s",
                file, c->path));
    *ret = str_starts(state, is_v2 ? "1" : "FR"); /* FROZEN, FREEZING */
    return 0;
}

/* ---- killing ---- */

/* One signal to each; returns how many there were. */
static int
signal_all(const struct cgroup *c, int signal, struct err *e)
{
    auto_free pid_t *pids = NULL;
    size_t n;
    TRY(cgroup_pids(c, &pids, &n, e));
    for (size_t i = 0; i < n; i++) {
        int r = lx_kill(pids[i], signal);
        if (r < 0 && r != -ESRCH)
            return err_sys(e, r, "signal %d to process %d of the cgroup %s", signal,
                           (int)pids[i], c->path);
    }
    return (int)n;
}

/* While frozen nobody forks, so that one round meets all. Where nothing can be frozen: as
 * many rounds as bring somebody new. */
static int
signal_frozen(const struct cgroup *c, int signal, struct err *e)
{
    struct err ignored;
    bool was_frozen = false;
    cgroup_is_frozen(c, &was_frozen, &ignored);
    bool is_frozen = was_frozen || freeze(c, true, &ignored) == 0;
    int n = signal_all(c, signal, e);
    if (is_frozen && (!was_frozen || signal == SIGKILL))
        freeze(c, false, &ignored); /* a frozen process of v1 does not even die */
    for (int round = 0; !is_frozen && signal == SIGKILL && n > 0 && round < ROUNDS; round++)
        n = signal_all(c, signal, e);
    return n < 0 ? n : 0;
}

int
cgroup_kill(const struct cgroup *c, int signal, struct err *e)
{
    const struct cgroup_layout *layout;
    TRY(cgroup_layout_get(&layout, e));
    TRY(refuse_own(c, "kill", e));
    LX_STEP("signal every process of the container", "");
    if (signal == SIGKILL && (c->made & CONTROLLER_BIT(CONTROLLER_UNIFIED))) {
        auto_close int dir = cgroup_open(layout->unified, c->path);
        if (dir == -ENOENT)
            return 0;
        TRY(err_sys(e, dir, "open the cgroup %s", c->path));
        int r = cgroup_write_file(dir, "cgroup.kill", "1");
        if (r != -ENOENT) /* before Linux 5.14 */
            return err_sys(e, r, "kill the cgroup %s", c->path);
    }
    return signal_frozen(c, signal, e);
}

int
cgroup_oom_kills(const struct cgroup *c, uint64_t *ret, struct err *e)
{
    const struct cgroup_layout *layout;
    TRY(cgroup_layout_get_whole(&layout, e));
    bool is_v1 = c->made & CONTROLLER_BIT(CONTROLLER_MEMORY);
    *ret = 0;
    if (!is_v1 && !(layout->in_unified & CONTROLLER_BIT(CONTROLLER_MEMORY)))
        return 0;
    int root = is_v1 ? layout->v1[CONTROLLER_MEMORY] : layout->unified;
    const char *file = is_v1 ? "memory.oom_control" : "memory.events";
    auto_close int dir = cgroup_open(root, c->path);
    TRY(err_sys(e, dir, "open the cgroup %s", c->path));
    int r = cgroup_read_number(dir, file, "oom_kill", ret);
    if (r == -ENOENT || r == -ENODATA)
        return 0; /* the group has no memory controller: nobody counts */
    return err_sys(e, r, "read %s of the cgroup %s", file, c->path);
}

/* ---- the end ---- */

/* Waits for the processes that are left to die, at most until `end`. */
static void
wait_for_members(const struct cgroup *c, int64_t end)
{
    auto_free pid_t *pids = NULL;
    size_t n = 0;
    struct err ignored;
    if (cgroup_pids(c, &pids, &n, &ignored) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        auto_close int pidfd = lx_pidfd_open(pids[i]);
        struct pollfd gone = {.fd = pidfd, .events = POLLIN};
        int64_t left_ms = (end - clock_monotonic_ns()) / 1000000;
        if (pidfd >= 0 && left_ms > 0)
            poll(&gone, 1, (int)left_ms);
    }
}

/* Removes what can be removed; c->made keeps the rest. Returns the first failure. */
static int
remove_groups(const struct cgroup_layout *layout, struct cgroup *c)
{
    int first = 0;
    for (unsigned i = 0; i < CONTROLLER_COUNT; i++) {
        if (!is_own_hierarchy(layout, c, i))
            continue;
        int root = cgroup_root_of(layout, i);
        int r = cgroup_remove_tree(root, c->path);
        if (r < 0 && first == 0)
            first = r;
        for (unsigned j = i; r >= 0 && j < CONTROLLER_COUNT; j++)
            if (cgroup_root_of(layout, j) == root)
                c->made &= ~CONTROLLER_BIT(j);
    }
    return first;
}

/* A scope ends by itself when its last process has gone; where systemd is not so far yet it
 * is told. */
static int
end_scope(const struct cgroup_layout *layout, const struct cgroup *c, struct err *e)
{
    auto_close int dir = open_members(layout, c);
    auto_free pid_t *pids = NULL;
    size_t n = 0;
    if (dir < 0)
        return 0;
    TRY(cgroup_pids(c, &pids, &n, e));
    if (n > 0) {
        TRY(cgroup_kill(c, SIGKILL, e));
        wait_for_members(c, clock_monotonic_ns() + WAIT_MS * INT64_C(1000000));
    }
    return cgroup_systemd_stop(c, e);
}

int
cgroup_remove(struct cgroup *c, struct err *e)
{
    const struct cgroup_layout *layout;
    if (c->made == 0)
        return 0;
    TRY(cgroup_layout_get(&layout, e));
    struct err unimportant; /* an empty scope is collected, now or later */
    if (c->is_systemd)
        end_scope(layout, c, &unimportant);
    LX_STEP("remove the container's control groups", "");
    int r = remove_groups(layout, c);
    if (r == -EBUSY)
        TRY(cgroup_kill(c, SIGKILL, e));
    int64_t end = clock_monotonic_ns() + WAIT_MS * INT64_C(1000000);
    while (r == -EBUSY && clock_monotonic_ns() < end) {
        wait_for_members(c, end);
        r = remove_groups(layout, c);
        if (r == -EBUSY)
            poll(NULL, 0, STEP_MS); /* the last one is on its way out: no event for that */
    }
    TRY(err_sys(e, r, "remove the cgroup %s (does a process in it hang?)", c->path));

    /* An engine that speaks v1 makes and removes the groups of its pods in the v1 hierarchies,
     * and never looks at what we made for them here. */
    if (layout->mode == CGROUP_HYBRID)
        cgroup_remove_empty_parents(layout->unified, c->path);
    return 0;
}
