/* seccomp_rules.c - see seccomp_rules.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/seccomp_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    /* Up to here a call is older than any profile (Linux 5.1 began to number the calls of
     * all architectures alike from 403 on): a profile that leaves it out means it. */
    OLD_MOST = 402,
    PRIVATE_FIRST =
        0xf0000, /* of arm: cacheflush and its like, beyond the numbered calls */
};

/* i386 has a second way to some calls: socketcall(N, ...) and ipc(N, ...), N being their first
 * argument (of ipc its low half). What is said of the call holds there, too. */
#define SOCKETCALL(n)           \
    102,                        \
    {                           \
        0, n, 0, OCI_SECCOMP_EQ \
    }
#define IPC(n)                              \
    117,                                    \
    {                                       \
        0, 0xffff, n, OCI_SECCOMP_MASKED_EQ \
    }
static const struct {
    const char *name;
    uint32_t by; /* number on i386 */
    struct oci_seccomp_arg condition;
} i386_second_ways[] = {
    {"socket",      SOCKETCALL(1) },
    {"bind",        SOCKETCALL(2) },
    {"connect",     SOCKETCALL(3) },
    {"listen",      SOCKETCALL(4) },
    {"accept",      SOCKETCALL(5) },
    {"getsockname", SOCKETCALL(6) },
    {"getpeername", SOCKETCALL(7) },
    {"socketpair",  SOCKETCALL(8) },
    {"send",        SOCKETCALL(9) },
    {"recv",        SOCKETCALL(10)},
    {"sendto",      SOCKETCALL(11)},
    {"recvfrom",    SOCKETCALL(12)},
    {"shutdown",    SOCKETCALL(13)},
    {"setsockopt",  SOCKETCALL(14)},
    {"getsockopt",  SOCKETCALL(15)},
    {"sendmsg",     SOCKETCALL(16)},
    {"recvmsg",     SOCKETCALL(17)},
    {"accept4",     SOCKETCALL(18)},
    {"recvmmsg",    SOCKETCALL(19)},
    {"sendmmsg",    SOCKETCALL(20)},
    {"semop",       IPC(1)        },
    {"semget",      IPC(2)        },
    {"semctl",      IPC(3)        },
    {"semtimedop",  IPC(4)        },
    {"msgsnd",      IPC(11)       },
    {"msgrcv",      IPC(12)       },
    {"msgget",      IPC(13)       },
    {"msgctl",      IPC(14)       },
    {"shmat",       IPC(21)       },
    {"shmdt",       IPC(22)       },
    {"shmget",      IPC(23)       },
    {"shmctl",      IPC(24)       },
};

void
seccomp_rules_done(struct seccomp_rules *r)
{
    free(r->calls);
    free(r->mentions);
}

bool
seccomp_slot_is_used(const struct seccomp_slot *slot)
{
    return slot->is_decided || slot->first != 0;
}

static uint32_t
slot_of(uint32_t number)
{
    return number < PRIVATE_FIRST ? number
                                  : SECCOMP_SLOT_PRIVATE + (number - PRIVATE_FIRST);
}

uint32_t
seccomp_slot_number(uint32_t slot)
{
    return slot < SECCOMP_SLOT_PRIVATE ? slot
                                       : PRIVATE_FIRST + (slot - SECCOMP_SLOT_PRIVATE);
}

static void
mention_add(struct seccomp_rules *r, uint32_t number, struct seccomp_try what)
{
    struct seccomp_slot *slot = &r->slots[slot_of(number)];
    if ((r->n_mentions & (r->n_mentions - 1)) == 0)
        r->mentions = mem_resize(r->mentions, 2 * r->n_mentions, sizeof r->mentions[0]);
    uint32_t new = r->n_mentions++;
    r->mentions[new] = (struct seccomp_mention){what, 0};
    if (slot->last)
        r->mentions[slot->last].next = new;
    else
        slot->first = new;
    slot->last = new;
}

static uint32_t
action_with_errno(uint32_t action, const struct oci_opt_u64 *errno_ret)
{
    bool takes_errno = action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE;
    if (!takes_errno)
        return action;
    return action | (uint32_t)(errno_ret->is_set ? errno_ret->value : EPERM);
}

static bool
has_index_twice(const struct oci_seccomp_args *args)
{
    unsigned seen = 0;
    for (size_t i = 0; i < args->n; i++) {
        if (seen & 1u << args->v[i].index)
            return true;
        seen |= 1u << args->v[i].index;
    }
    return false;
}

static void
mention_rule(struct seccomp_rules *r, const struct oci_seccomp_rule *rule, uint32_t number)
{
    uint32_t action = action_with_errno(rule->action, &rule->errno_ret);
    struct seccomp_slot *slot = &r->slots[slot_of(number)];
    if (action == r->default_action)
        return;
    if (rule->args.n == 0) {
        slot->action = slot->is_decided ? slot->action : action;
        slot->is_decided = true;
        return;
    }
    if (!has_index_twice(&rule->args)) {
        mention_add(r, number, (struct seccomp_try){rule->args.v, rule->args.n, action});
        return;
    }
    for (size_t i = 0; i < rule->args.n; i++)
        mention_add(r, number, (struct seccomp_try){&rule->args.v[i], 1, action});
}

/* A rule that looks at arguments cannot do so by the second way, where they lie behind a
 * pointer: what it allows stays shut there, what it forbids is forbidden whole. */
static void
mention_second_way(struct seccomp_rules *r, const struct oci_seccomp_rule *rule,
                   const struct lx_syscall *call)
{
    uint32_t action = action_with_errno(rule->action, &rule->errno_ret);
    bool is_opening = action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
    if (action == r->default_action || (rule->args.n > 0 && is_opening))
        return;
    unsigned way = r->second_way[lx_syscall_row(call)];
    if (way > 0)
        mention_add(r, i386_second_ways[way - 1].by,
                    (struct seccomp_try){&i386_second_ways[way - 1].condition, 1, action});
}

static void
find_second_ways(struct seccomp_rules *r)
{
    for (size_t i = 0; i < ARRAY_LEN(i386_second_ways); i++) {
        const struct lx_syscall *call = lx_syscall_find(i386_second_ways[i].name);
        r->second_way[lx_syscall_row(call)] = (uint8_t)(i + 1);
    }
}

/* Once for all architectures: it is what most of the time goes into. */
static void
look_up_calls(struct seccomp_rules *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->profile->syscalls.n; i++)
        n += r->profile->syscalls.v[i].names.n;
    r->calls = mem_new(n, sizeof(struct lx_syscall *));
    const struct lx_syscall **call = r->calls;
    for (size_t i = 0; i < r->profile->syscalls.n; i++) {
        const struct list *names = &r->profile->syscalls.v[i].names;
        const struct lx_syscall *before = NULL;
        for (size_t j = 0; j < names->n; j++)
            before = *call++ = lx_syscall_find_after(before, names->v[j]);
    }
}

/* A rule that says no more than the default counts for the newest number: its author knew the
 * call. */
void
seccomp_rules_read(struct seccomp_rules *r, enum lx_arch arch)
{
    const struct lx_syscall **next = r->calls;
    r->newest = OLD_MOST;
    r->n_mentions = 1;
    memset(r->slots, 0, sizeof r->slots);
    if (arch == LX_I386)
        find_second_ways(r);
    for (size_t i = 0; i < r->profile->syscalls.n; i++) {
        const struct oci_seccomp_rule *rule = &r->profile->syscalls.v[i];
        for (size_t j = 0; j < rule->names.n; j++) {
            const struct lx_syscall *call = *next++;
            if (call && arch == LX_I386)
                mention_second_way(r, rule, call);
            if (!call || call->number[arch] < 0)
                continue;
            uint32_t number = (uint32_t)call->number[arch];
            if (number > r->newest && number < PRIVATE_FIRST)
                r->newest = number;
            mention_rule(r, rule, number);
        }
    }
}

void
seccomp_rules_init(struct seccomp_rules *r, const struct oci_seccomp *profile)
{
    *r = (struct seccomp_rules){
        .profile = profile,
        .default_action = action_with_errno(profile->default_action,
                                            &profile->default_errno_ret),
    };
    look_up_calls(r);
}
