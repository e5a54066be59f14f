/* kill.c - `sampan-runtime kill`: a signal, by name or number, TERM if none is given.
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdlib.h>
#include <strings.h>

#include "base/memory.h"
#include "base/number.h"
#include "cli/runtime/log.h"
#include "cli/runtime/verbs.h"
#include "linux/process.h"

enum { LAST_SIGNAL = 64, FIRST_REALTIME = 34 };

#define SIGNAL(name)     \
    {                    \
#name, SIG##name \
    }
static const struct {
    const char *name;
    int number;
} signals[] = {
    SIGNAL(HUP),      SIGNAL(INT),      SIGNAL(QUIT),    SIGNAL(ILL),    SIGNAL(TRAP),
    SIGNAL(ABRT),     SIGNAL(BUS),      SIGNAL(FPE),     SIGNAL(KILL),   SIGNAL(USR1),
    SIGNAL(SEGV),     SIGNAL(USR2),     SIGNAL(PIPE),    SIGNAL(ALRM),   SIGNAL(TERM),
    SIGNAL(CHLD),     SIGNAL(CONT),     SIGNAL(STOP),    SIGNAL(TSTP),   SIGNAL(TTIN),
    SIGNAL(TTOU),     SIGNAL(URG),      SIGNAL(XCPU),    SIGNAL(XFSZ),   SIGNAL(VTALRM),
    SIGNAL(PROF),     SIGNAL(WINCH),    SIGNAL(IO),      SIGNAL(PWR),    SIGNAL(SYS),
    {"IOT",    SIGABRT},
                       {"CLD",    SIGCHLD},
                       {"POLL",   SIGIO  },
                       {"STKFLT", 16     },
};

/* RTMIN, RTMIN+3, RTMAX-2: as every shell counts them, from 34 to 64. */
static bool
parse_realtime(const char *name, int *ret)
{
    static const struct {
        const char *name;
        int number;
    } ends[] = {
        {"RTMIN", FIRST_REALTIME},
        {"RTMAX", LAST_SIGNAL   },
    };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (strncasecmp(name, ends[i].name, 5) != 0)
            continue;
        int distance = 0;
        const char *rest = name + 5;
        bool has_distance = *rest == '+' || *rest == '-';
        if (*rest && (!has_distance || num_parse_int(rest + 1, &distance) < 0))
            return false;
        *ret = ends[i].number + (*rest == '-' ? -distance : distance);
        return distance >= 0 && *ret >= FIRST_REALTIME && *ret <= LAST_SIGNAL;
    }
    return false;
}

static int
parse_signal(const char *word, int *ret, struct err *e)
{
    int number;
    if (num_parse_int(word, &number) == 0 && number >= 0 && number <= LAST_SIGNAL) {
        *ret = number;
        return 0;
    }
    const char *name = strncasecmp(word, "SIG", 3) == 0 ? word + 3 : word;
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        if (strcasecmp(signals[i].name, name) == 0) {
            *ret = signals[i].number;
            return 0;
        }
    }
    if (parse_realtime(name, ret))
        return 0;
    return err_set(e, ERR_INVALID, "unknown signal %s", word);
}

/* Where the container shares a pid namespace, no kernel kills its other processes with the
 * first one. */
static int
kill_one(const struct arguments *a, const char *id, int signal, struct err *e)
{
    auto_record record;
    TRY(record_open(a->root, id, &record, e));
    const struct container *c = &record.container;
    bool has_group = c->cgroup.made != 0;
    bool is_shared = !oci_spec_namespace(record.spec, CLONE_NEWPID);
    if (has_group && (a->want_all || (is_shared && signal == SIGKILL && c->pid > 0)))
        return container_kill_all(c, signal, e);
    return container_kill(c, signal, e);
}

int
verb_kill(const struct arguments *a, struct err *e)
{
    int signal = SIGTERM;
    auto_list ids = {0};
    if (a->n_operands > 1)
        TRY(parse_signal(a->operands[1], &signal, e));
    if (!a->is_regex)
        return kill_one(a, a->operands[0], signal, e);
    TRY(record_list(a->root, a->operands[0], &ids, e));
    for (size_t i = 0; i < ids.n; i++)
        if (kill_one(a, ids.v[i], signal, e) < 0)
            log_warning(a, "%s: %s", ids.v[i], e->text);
    return 0;
}
