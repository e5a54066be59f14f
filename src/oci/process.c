/* process.c - config.json's "process" (runtime-spec, config.md, "Process").
 *
 * SPDX-License-Identifier: MIT
 */
#include "oci/process.h"

#include <linux/ioprio.h>
#include <sys/resource.h>

#include "linux/process.h"
#include "oci/capability.h"

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif
#ifndef SCHED_ISO
#define SCHED_ISO 4
#endif

#define RLIMIT(name) \
    {                \
#name, name  \
    }

const struct oci_word oci_rlimit_words[] = {
    RLIMIT(RLIMIT_AS),
    RLIMIT(RLIMIT_CORE),
    RLIMIT(RLIMIT_CPU),
    RLIMIT(RLIMIT_DATA),
    RLIMIT(RLIMIT_FSIZE),
    RLIMIT(RLIMIT_LOCKS),
    RLIMIT(RLIMIT_MEMLOCK),
    RLIMIT(RLIMIT_MSGQUEUE),
    RLIMIT(RLIMIT_NICE),
    RLIMIT(RLIMIT_NOFILE),
    RLIMIT(RLIMIT_NPROC),
    RLIMIT(RLIMIT_RSS),
    RLIMIT(RLIMIT_RTPRIO),
    RLIMIT(RLIMIT_RTTIME),
    RLIMIT(RLIMIT_SIGPENDING),
    RLIMIT(RLIMIT_STACK),
    {NULL, 0},
};

static const struct oci_word policies[] = {
    {"SCHED_OTHER",    SCHED_NORMAL  },
    {"SCHED_FIFO",     SCHED_FIFO    },
    {"SCHED_RR",       SCHED_RR      },
    {"SCHED_BATCH",    SCHED_BATCH   },
    {"SCHED_ISO",      SCHED_ISO     },
    {"SCHED_IDLE",     SCHED_IDLE    },
    {"SCHED_DEADLINE", SCHED_DEADLINE},
    {NULL,             0             },
};

static const struct oci_word scheduler_flags[] = {
    {"SCHED_FLAG_RESET_ON_FORK",  0x01},
    {"SCHED_FLAG_RECLAIM",        0x02},
    {"SCHED_FLAG_DL_OVERRUN",     0x04},
    {"SCHED_FLAG_KEEP_POLICY",    0x08},
    {"SCHED_FLAG_KEEP_PARAMS",    0x10},
    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
    {NULL,                        0   },
};

static const struct oci_word io_classes[] = {
    {"IOPRIO_CLASS_RT",   IOPRIO_CLASS_RT  },
    {"IOPRIO_CLASS_BE",   IOPRIO_CLASS_BE  },
    {"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE},
    {NULL,                0                },
};

static const struct oci_field console_fields[] = {
    FIELD(struct oci_process, console_size.height, "height", OCI_U32, .most = 65535),
    FIELD(struct oci_process, console_size.width, "width", OCI_U32, .most = 65535),
};
static const struct oci_table console_table = OCI_TABLE(struct oci_process, console_fields);

static const struct oci_field user_fields[] = {
    FIELD(struct oci_user, uid, "uid", OCI_U32, .most = OCI_ID_MOST - 1,
          .is_required = true),
    FIELD(struct oci_user, gid, "gid", OCI_U32, .most = OCI_ID_MOST - 1,
          .is_required = true),
    FIELD(struct oci_user, umask, "umask", OCI_OPT_U64, .most = 0777),
    FIELD(struct oci_user, additional_gids, "additionalGids", OCI_IDS),
};
static const struct oci_table user_table = OCI_TABLE(struct oci_user, user_fields);

/* Capabilities that we have no name for can be granted by no kernel that we know: they
 * are left out with a warning, as the spec asks; that takes rights away and never adds any. */
#define CAPABILITY_SET(member, name)                                                      \
    FIELD(struct oci_capabilities, member, name, OCI_BITS, .words = oci_capability_words, \
          .unknown_at = offsetof(struct oci_capabilities, unknown))
static const struct oci_field capability_fields[] = {
    CAPABILITY_SET(bounding, "bounding"),       CAPABILITY_SET(effective, "effective"),
    CAPABILITY_SET(inheritable, "inheritable"), CAPABILITY_SET(permitted, "permitted"),
    CAPABILITY_SET(ambient, "ambient"),
};
static const struct oci_table capability_table = OCI_TABLE(struct oci_capabilities,
                                                           capability_fields);

static const struct oci_field rlimit_fields[] = {
    FIELD(struct oci_rlimit, resource, "type", OCI_WORD, .words = oci_rlimit_words,
          .is_required = true),
    FIELD(struct oci_rlimit, soft, "soft", OCI_U64, .is_required = true),
    FIELD(struct oci_rlimit, hard, "hard", OCI_U64, .is_required = true),
};
static const struct oci_table rlimit_table = OCI_TABLE(struct oci_rlimit, rlimit_fields);

static const struct oci_field scheduler_fields[] = {
    FIELD(struct oci_scheduler, policy, "policy", OCI_WORD, .words = policies,
          .is_required = true),
    FIELD(struct oci_scheduler, nice, "nice", OCI_I32),
    FIELD(struct oci_scheduler, priority, "priority", OCI_I32),
    FIELD(struct oci_scheduler, flags, "flags", OCI_BITS, .words = scheduler_flags),
    FIELD(struct oci_scheduler, runtime, "runtime", OCI_U64),
    FIELD(struct oci_scheduler, deadline, "deadline", OCI_U64),
    FIELD(struct oci_scheduler, period, "period", OCI_U64),
};
static const struct oci_table scheduler_table = OCI_TABLE(struct oci_scheduler,
                                                          scheduler_fields);

static const struct oci_field io_priority_fields[] = {
    FIELD(struct oci_io_priority, class, "class", OCI_WORD, .words = io_classes,
          .is_required = true),
    FIELD(struct oci_io_priority, priority, "priority", OCI_I32),
};
static const struct oci_table io_priority_table = OCI_TABLE(struct oci_io_priority,
                                                            io_priority_fields);

static const struct oci_field affinity_fields[] = {
    FIELD(struct oci_process, exec_cpu_affinity.initial, "initial", OCI_TEXT),
    FIELD(struct oci_process, exec_cpu_affinity.final, "final", OCI_TEXT),
};
static const struct oci_table affinity_table = OCI_TABLE(struct oci_process,
                                                         affinity_fields);

static const struct oci_field process_fields[] = {
    FIELD(struct oci_process, terminal, "terminal", OCI_BOOL),
    FIELD_NESTED("consoleSize", &console_table),
    FIELD(struct oci_process, user, "user", OCI_OBJECT, .table = &user_table),
    FIELD(struct oci_process, args, "args", OCI_LIST),
    FIELD(struct oci_process, env, "env", OCI_LIST),
    FIELD(struct oci_process, cwd, "cwd", OCI_TEXT, .is_required = true),
    FIELD(struct oci_process, capabilities, "capabilities", OCI_OBJECT,
          .table = &capability_table),
    FIELD(struct oci_process, rlimits, "rlimits", OCI_ARRAY, .table = &rlimit_table),
    FIELD(struct oci_process, no_new_privileges, "noNewPrivileges", OCI_BOOL),
    FIELD(struct oci_process, apparmor_profile, "apparmorProfile", OCI_TEXT),
    FIELD(struct oci_process, selinux_label, "selinuxLabel", OCI_TEXT),
    FIELD(struct oci_process, oom_score_adj, "oomScoreAdj", OCI_OPT_I64),
    FIELD(struct oci_process, scheduler, "scheduler", OCI_POINTER,
          .table = &scheduler_table),
    FIELD(struct oci_process, io_priority, "ioPriority", OCI_POINTER,
          .table = &io_priority_table),
    FIELD_NESTED("execCPUAffinity", &affinity_table),
};
const struct oci_table oci_process_table = OCI_TABLE(struct oci_process, process_fields);

static int
check_rlimits(const struct oci_rlimits *limits, struct err *e)
{
    for (size_t i = 0; i < limits->n; i++) {
        const struct oci_rlimit *l = &limits->v[i];
        const char *name = oci_word_name(oci_rlimit_words, (uint64_t)l->resource);
        if (l->soft > l->hard)
            return err_set(e, ERR_INVALID,
                           "process.rlimits[%zu]: %s: the soft limit is above the hard one",
                           i, name);
        for (size_t j = 0; j < i; j++)
            if (limits->v[j].resource == l->resource)
                return err_set(e, ERR_INVALID, "process.rlimits[%zu]: %s is set twice", i,
                               name);
    }
    return 0;
}

static int
check_priorities(const struct oci_process *p, struct err *e)
{
    enum { NICE_LEAST = -20, NICE_MOST = 19, REALTIME_MOST = 99, IO_MOST = 7 };
    const struct oci_scheduler *s = p->scheduler;
    if (p->io_priority &&
        (p->io_priority->priority < 0 || p->io_priority->priority > IO_MOST))
        return err_set(e, ERR_INVALID, "process.ioPriority.priority: must be 0 to %d",
                       IO_MOST);
    if (!s)
        return 0;
    if (s->nice < NICE_LEAST || s->nice > NICE_MOST)
        return err_set(e, ERR_INVALID, "process.scheduler.nice: must be %d to %d",
                       NICE_LEAST, NICE_MOST);
    bool is_realtime = s->policy == SCHED_FIFO || s->policy == SCHED_RR;
    if (is_realtime && (s->priority < 1 || s->priority > REALTIME_MOST))
        return err_set(e, ERR_INVALID,
                       "process.scheduler.priority: must be 1 to %d for this policy",
                       REALTIME_MOST);
    if (!is_realtime && s->priority != 0)
        return err_set(e, ERR_INVALID,
                       "process.scheduler.priority: is for SCHED_FIFO and SCHED_RR");
    return 0;
}

int
oci_process_check(const struct oci_process *process, struct err *e)
{
    if (process->cwd[0] != '/')
        return err_set(e, ERR_INVALID, "process.cwd: must be an absolute path, is %s",
                       process->cwd);
    if (process->oom_score_adj.is_set &&
        (process->oom_score_adj.value < -1000 || process->oom_score_adj.value > 1000))
        return err_set(e, ERR_INVALID, "process.oomScoreAdj: must be from -1000 to 1000");
    TRY(check_priorities(process, e));
    return check_rlimits(&process->rlimits, e);
}
