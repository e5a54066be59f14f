/* checks.c - the table of all checks, and how verdicts are given.
 *
 * CHECKS beside this file is the same table for people (and for the mutants' names); the
 * tests compare the two. Titles and explanations are in messages_en.c, messages_zh.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check.h"
#include "messages.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const level_names[LEVELS] = {
    "00_fork_exec",  "01_chroot_image",  "02_mount_ns",      "03_pivot_root",
    "04_overlay",    "05_uts_namespace", "06_pid_namespace", "07_net_namespace",
    "08_cpu_cgroup", "09_memory_cgroup", "10_setuid",
};

#define BUILDS_AND_RUNS(n)                                         \
    {n, "builds", false, NULL, "compile"},                         \
    {                                                              \
        n, "runs", false, NULL, "not-run,status,hung,crashed,mute" \
    }

/* What every level from 03 on looks at when all else is right. */
#define CLEAN(n)                                                               \
    {n, "fds", true, NULL, "leaked"}, {n, "orphans", true, NULL, "survivors"}, \
    {                                                                          \
        n, "leftovers", true, NULL, "mount,dir,cgroup"                         \
    }

/* clang-format off */
const struct check checks[] = {
    BUILDS_AND_RUNS(0),
    {0, "argv", false, NULL, "changed,shell"},
    {0, "child", false, "argv", "in-parent,grandchild"},
    {0, "path", false, "argv", "not-found"},
    {0, "status-line", false, "child", "none,twice,wrong-pid,wrong-status,early"},
    {0, "exec-fails", false, "status-line", "fell-through,silent"},
    {0, "exit-code", false, "status-line", "zero,raw,wrong,signal"},
    {0, "exec-codes", true, "exit-code", "wrong"},
    BUILDS_AND_RUNS(1),
    {1, "created-line", false, NULL, "none,wrong-path"},
    {1, "root", false, NULL, "host-root,elsewhere"},
    {1, "cwd", false, "root", "outside,host-slash,not-slash"},
    {1, "image", false, "root", "missing,setuid-lost,device"},
    {1, "proc", false, "root", "none,host-proc"},
    {1, "sys", false, "proc", "none"},
    {1, "bad-image", true, NULL, "status,left-dir"},
    BUILDS_AND_RUNS(2),
    {2, "mnt-ns", false, NULL, "same,rd-moved"},
    {2, "leaks", false, "mnt-ns", "shared,not-recursive,too-early,host-changed"},
    {2, "devices", false, NULL, "missing,not-device,numbers"},
    {2, "dev-pts", false, NULL, "none,host"},
    {2, "device-modes", true, NULL, "umask"},
    {2, "leftovers", true, NULL, "mount,dir,cgroup"},
    BUILDS_AND_RUNS(3),
    {3, "real-root", false, NULL, "chroot"},
    {3, "old-root", false, "real-root", "kept"},
    {3, "put-old", false, "old-root", "left"},
    {3, "cwd", false, "old-root", "outside"},
    {3, "breakout", false, "cwd", "escaped"},
    {3, "environment", true, NULL, "host,no-path"},
    CLEAN(3),
    BUILDS_AND_RUNS(4),
    {4, "overlay", false, NULL, "not-overlay"},
    {4, "nodev", false, "overlay", "allowed"},
    {4, "upper", false, "overlay", "image,elsewhere"},
    {4, "image", false, "upper", "changed"},
    {4, "independent", false, "upper", "shared"},
    {4, "unpack-once", false, "upper", "again"},
    {4, "torn", false, "upper", "half-image,stuck"},
    CLEAN(4),
    BUILDS_AND_RUNS(5),
    {5, "uts-ns", false, NULL, "same"},
    {5, "hostname", false, "uts-ns", "unchanged,cut,other"},
    {5, "host-name", false, "uts-ns", "changed"},
    CLEAN(5),
    BUILDS_AND_RUNS(6),
    {6, "pid-ns", false, NULL, "same,no-fork,not-first"},
    {6, "proc", false, "pid-ns", "host"},
    {6, "status-line", false, "proc", "none,twice,wrong-pid,wrong-status"},
    {6, "signal", false, "status-line", "lost,wrong-status"},
    {6, "dies-with-rd", true, "signal", "survives"},
    CLEAN(6),
    BUILDS_AND_RUNS(7),
    {7, "net-ns", false, NULL, "same,rd-moved"},
    {7, "only-lo", false, "net-ns", "others"},
    {7, "sysfs", false, "net-ns", "none,host"},
    {7, "lo-up", true, NULL, "down"},
    CLEAN(7),
    BUILDS_AND_RUNS(8),
    {8, "cgroup", false, NULL, "not-moved,wrong-controller"},
    {8, "rd-outside", false, "cgroup", "rd-joined"},
    {8, "shares", false, "cgroup", "default,wrong"},
    {8, "first", false, "rd-outside", "late"},
    CLEAN(8),
    BUILDS_AND_RUNS(9),
    {9, "cgroup", false, NULL, "not-moved,wrong-controller"},
    {9, "limit", false, "cgroup", "unset,unit,wrong"},
    {9, "swap", false, "limit", "unset,total,unlimited,wrong"},
    {9, "refuses", false, "limit", "accepted"},
    {9, "oom", false, "limit", "survived,status"},
    CLEAN(9),
    BUILDS_AND_RUNS(10),
    {10, "uids", false, NULL, "root,partial,wrong"},
    {10, "gids", false, NULL, "root,partial,wrong"},
    {10, "caps", false, "uids", "kept"},
    {10, "groups", true, NULL, "kept"},
    {10, "dev-null", true, NULL, "refused"},
    {10, "names", true, NULL, "root,host,refused"},
    {10, "dies-with-rd", true, NULL, "survives"},
    CLEAN(10),
    {0, NULL, false, NULL, NULL},
};
/* clang-format on */

int
check_find(unsigned level, const char *id)
{
    for (int i = 0; checks[i].id; i++)
        if (checks[i].level == level && strcmp(checks[i].id, id) == 0)
            return i;
    return -1;
}

static bool
is_good(const struct board *board, int i)
{
    enum status status = board->verdicts[i].status;
    return status == UNSEEN || status == PASSED;
}

/* The check that stands in the way of this one, or -1. Extra checks wait for all core
 * checks: who still looks for the door need not hear about the paint. */
static int
obstacle(const struct board *board, int i)
{
    for (int k = 0; checks[k].id && k != i; k++) {
        bool is_needed = (checks[k].level == checks[i].level) &&
                         (strcmp(checks[k].id, "builds") == 0 ||
                          strcmp(checks[k].id, "runs") == 0 ||
                          (checks[i].needs && strcmp(checks[k].id, checks[i].needs) == 0) ||
                          (checks[i].is_extra && !checks[k].is_extra));
        if (is_needed && !is_good(board, k))
            return k;
    }
    return -1;
}

bool
is_open(const struct board *board, unsigned level, const char *id)
{
    int i = check_find(level, id);
    return is_good(board, i) && obstacle(board, i) < 0;
}

bool
is_any_failed(const struct board *board, unsigned level)
{
    for (int i = 0; checks[i].id; i++)
        if (checks[i].level == level && board->verdicts[i].status == FAILED)
            return true;
    return false;
}

static struct verdict *
new_verdict(struct scene *s, const char *id, enum status status)
{
    int i = check_find(s->level, id);
    if (i < 0)
        die("level %02u has no check %s", s->level, id);
    struct verdict *v = &s->board->verdicts[i];
    if (v->status != UNSEEN)
        return NULL;
    int k = obstacle(s->board, i);
    if (k >= 0) {
        status = SKIPPED;
        format(v->reason, sizeof(v->reason), "%s", checks[k].id);
    }
    v->seconds = now() - s->since;
    s->since = now();
    v->status = status == FAILED && checks[i].is_extra ? WARNED : status;
    return v->status == status || v->status == WARNED ? v : NULL;
}

void
pass(struct scene *s, const char *id)
{
    new_verdict(s, id, PASSED);
}

void
skip(struct scene *s, const char *id, const char *reason)
{
    struct verdict *v = new_verdict(s, id, SKIPPED);
    if (v && !v->reason[0])
        format(v->reason, sizeof(v->reason), "%s", reason);
}

/* With --keep: the container of the failed check stands still while somebody looks. */
static void
keep_standing(const struct scene *s, const char *id)
{
    char c;
    fprintf(stderr,
            "%02u %s: %s\n  nsenter --target %d --mount --pid --uts --ipc --net\n%s\n",
            s->level, id, say("kept-run"), s->board->scene, say("kept-go"));
    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
        ;
}

void
fail(struct scene *s, const char *id, const char *kind, const char *arg1, const char *arg2)
{
    struct verdict *v = new_verdict(s, id, FAILED);
    if (!v || v->status == SKIPPED)
        return;
    if (!is_in_list(kind, checks[v - s->board->verdicts].kinds))
        die("%02u %s does not fail as %s", s->level, id, kind);
    format(v->kind, sizeof(v->kind), "%s", kind);
    format(v->args[0], ARG_SIZE, "%s", arg1 ? arg1 : "");
    format(v->args[1], ARG_SIZE, "%s", arg2 ? arg2 : "");
    if (s->options->want_keep)
        keep_standing(s, id);
}

bool
judge(struct scene *s, const char *id, bool good, const char *kind, const char *arg1,
      const char *arg2)
{
    if (good)
        pass(s, id);
    else
        fail(s, id, kind, arg1, arg2);
    return good;
}
