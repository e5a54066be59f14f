/* level_09.c - what a limit of memory must show.
 *
 * Workshop: 09_memory_cgroup
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "common.h"
#include "groups.h"
#include "observe.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB (1024LL * 1024)

static const char *
limit_file(const struct scene *s)
{
    return s->cgroups == CGROUP_V1 ? "memory.limit_in_bytes" : "memory.max";
}

static const char *
swap_file(const struct scene *s)
{
    return s->cgroups == CGROUP_V1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max";
}

/* "max" on version 2, the largest multiple of a page on version 1: no limit. */
static bool
is_unlimited(const char *text)
{
    return strcmp(text, "max") == 0 || strtoll(text, NULL, 10) > 1LL << 60;
}

/* Runs with these options and reads a file of the command's memory group. */
static bool
read_limit(struct scene *s, const char *const *options, const char *file, char *text,
           size_t size)
{
    struct run r;
    format(text, size, "%s", "");
    run_start(s, &r, &(struct run_spec){.options = options, .steps = LIST("hold")});
    bool is_read = r.command > 0 && groups_read(s, r.command, "memory", file, text, size);
    run_finish(s, &r);
    if (!is_read)
        format(text, size, "%s", run_error(&r));
    return is_read;
}

static void
play_limit(struct scene *s)
{
    static const struct {
        const char *given;
        long long bytes, thousands; /* with k as 1024, and as 1000 */
    } cases[] = {
        {"64m",      64 * MIB,     64000000  },
        {"70000k",   70000 * 1024, 70000000  },
        {"1g",       1024 * MIB,   1000000000},
        {"67108864", 64 * MIB,     0         },
    };
    for (size_t i = 0; i < COUNT(cases) && is_open(s->board, s->level, "limit"); i++) {
        char text[ARG_SIZE];
        read_limit(s, LIST("--memory", cases[i].given), limit_file(s), text, sizeof(text));
        long long value = strtoll(text, NULL, 10), off = value - cases[i].thousands;
        const char *kind = is_unlimited(text)          ? "unset"
                           : off > -4096 && off < 4096 ? "unit"
                                                       : "wrong";
        if (value != cases[i].bytes)
            fail(s, "limit", kind, cases[i].given, text);
    }
    pass(s, "limit");
}

static void
play_group(struct scene *s)
{
    struct run r;
    if (!groups_hold(s, &r, "memory"))
        return;
    run_finish(s, &r);
}

static bool
has_swap_limit(struct scene *s)
{
    char text[ARG_SIZE];
    return read_limit(s, LIST("--memory", "64m"), swap_file(s), text, sizeof(text));
}

/* --memory-swap is for memory and swap together, as on version 1; version 2 wants to know
 * the swap alone. */
static void
play_swap(struct scene *s)
{
    char text[ARG_SIZE];
    if (!has_swap_limit(s)) {
        skip(s, "swap", "skip-no-swap-limit");
        return;
    }
    long long wanted = s->cgroups == CGROUP_V1 ? 96 * MIB : 32 * MIB;
    bool is_read = read_limit(s, LIST("--memory", "64m", "--memory-swap", "96m"),
                              swap_file(s), text, sizeof(text));
    long long value = strtoll(text, NULL, 10);
    if (!is_read || is_unlimited(text))
        fail(s, "swap", "unset", text, NULL);
    else if (value != wanted)
        fail(s, "swap", value == 96 * MIB ? "total" : "wrong", text, NULL);
    read_limit(s, LIST("--memory", "64m", "--memory-swap", "-1"), swap_file(s), text,
               sizeof(text));
    judge(s, "swap", is_unlimited(text), "unlimited", text, NULL);
}

static void
play_nonsense(struct scene *s)
{
    static const char *const nonsense[] = {"banana", "12q"};
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        struct run r;
        run_whole(s, &r,
                  &(struct run_spec){.options = LIST("--memory", nonsense[i]),
                                     .steps = LIST("name")});
        if (run_said(s, &r, "name"))
            fail(s, "refuses", "accepted", nonsense[i], NULL);
    }
    pass(s, "refuses");
}

static void
play_oom(struct scene *s)
{
    struct run r;
    long pid, status = 0;
    char seen[32];
    /* With swap the command would only become slow, so it gets none. */
    int swap = check_find(s->level, "swap");
    const char *const *options = s->board->verdicts[swap].status == PASSED
                                     ? LIST("--memory", "16m", "--memory-swap", "16m")
                                     : LIST("--memory", "16m");
    run_whole(s, &r, &(struct run_spec){.options = options, .steps = LIST("eat", "64")});
    if (run_said(s, &r, "eat")) {
        fail(s, "oom", "survived", "64", "16");
        return;
    }
    run_status_lines(&r, &pid, &status);
    judge(s, "oom", run_is_killed_status(s, status), "status",
          format(seen, sizeof(seen), "%ld", status), run_error(&r));
}

const struct scene_entry scenes_09[] = {
    {9, common_runs,   "runs"                 },
    {9, play_group,    "cgroup"               },
    {9, play_limit,    "limit"                },
    {9, play_swap,     "swap"                 },
    {9, play_nonsense, "refuses"              },
    {9, play_oom,      "oom"                  },
    {9, common_clean,  "fds,orphans,leftovers"},
    {9, NULL,          NULL                   },
};
