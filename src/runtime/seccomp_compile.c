/* seccomp_compile.c - a profile becomes a classic BPF program.
 *
 * The kernel runs the program at every system call, with the architecture, the number and
 * the six arguments as its data (seccomp(2)). What it is made of:
 *
 *     decision   what happens to a call: an action, or alternatives that look at arguments
 *     range      from this number on (until the next range), this decision
 *     tree       a binary search over an architecture's ranges; its leaves are decisions
 *
 * Jumps of classic BPF lead forward only, and a conditional one at most 255 instructions
 * far. So the program is written from its end to its start: where a jump leads to is
 * always there already. A decision is written once and every range of every architecture
 * jumps to it, by way of one more jump where it has come to stand too far off.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/seccomp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "linux/syscalls.h"

#define X32_BIT       0x40000000u
#define WAIT_KILLABLE (UINT64_C(1) << 5) /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV */

enum {
    ARGUMENTS = 6,
    CODE_MOST = BPF_MAXINSNS,
    JUMP_MOST = 250, /* of 255: room for the jumps that a jump itself may need */
    ERRNO_MOST = 4095,

    /* Up to here a call is older than any profile (Linux 5.1 began to number the calls of
     * all architectures alike from 403 on): a profile that leaves it out means it. */
    OLD_MOST = 402,
    PRIVATE_FIRST =
        0xf0000, /* of arm: cacheflush and its like, beyond the numbered calls */
};

static const struct {
    const char *oci_name;
    uint32_t audit; /* as the kernel says it in seccomp_data.arch; 0: not on our machines */
    enum lx_arch arch;
} architectures[] = {
    {"SCMP_ARCH_X86_64",      AUDIT_ARCH_X86_64,  LX_X86_64    },
    {"SCMP_ARCH_X86",         AUDIT_ARCH_I386,    LX_I386      },
    {"SCMP_ARCH_AARCH64",     AUDIT_ARCH_AARCH64, LX_AARCH64   },
    {"SCMP_ARCH_ARM",         AUDIT_ARCH_ARM,     LX_ARM       },
    {"SCMP_ARCH_X32",         0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_MIPS",        0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_MIPS64",      0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_MIPS64N32",   0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_MIPSEL",      0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_MIPSEL64",    0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_MIPSEL64N32", 0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_PPC",         0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_PPC64",       0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_PPC64LE",     0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_S390",        0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_S390X",       0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_PARISC",      0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_PARISC64",    0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_RISCV64",     0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_LOONGARCH64", 0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_M68K",        0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_SH",          0,                  LX_ARCH_COUNT},
    {"SCMP_ARCH_SHEB",        0,                  LX_ARCH_COUNT},
};

void
seccomp_architectures(struct list *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(architectures); i++)
        if (architectures[i].audit != 0)
            list_add(ret, architectures[i].oci_name);
}

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

/* If all conditions hold, the action. */
struct alternative {
    const struct oci_seccomp_arg *args;
    size_t n;
    uint32_t action;
};

struct decision {
    uint32_t action;           /* with no alternatives */
    struct alternative *tries; /* else the first that holds; the default if none does */
    size_t n;
    size_t address; /* where it was last written; NOT_WRITTEN */
};
#define NOT_WRITTEN ((size_t)-1)

/* A rule speaks of a number, on conditions. */
struct mention {
    struct alternative what;
    uint32_t next; /* of the same number, in the order of the file; 0: the last */
};

/* What the rules say of one number. */
struct slot {
    uint32_t decision;    /* of the first rule without conditions; 0: there is none */
    uint32_t first, last; /* mentions with conditions; 0: none */
};

/* Numbers in a row without gaps to speak of: those of all calls, then those of arm's own. */
enum { SLOT_PRIVATE = 1024, SLOT_COUNT = SLOT_PRIVATE + 16 };

struct range {
    uint32_t first;
    uint32_t decision;
};

struct compiler {
    const struct oci_seccomp *profile;
    uint32_t default_action; /* with its errno */

    /* The calls that the profile's rules name, rule by rule: NULL where nobody knows it. */
    const struct lx_syscall **calls;

    struct decision *decisions; /* each once; [0] is the default, [1] ENOSYS */
    uint32_t n_decisions;

    /* Of the architecture at work; [0] is none. */
    struct mention *mentions;
    uint32_t n_mentions;
    struct slot slots[SLOT_COUNT];
    uint8_t second_way[LX_SYSCALL_ROWS]; /* of a call: its i386_second_ways + 1, or 0 */

    struct range *ranges; /* of the architecture at work, ascending */
    size_t n_ranges;

    struct sock_filter *code; /* written backwards: code[0] is the last instruction */
    size_t n;
    bool is_too_long;
};

enum { DECISION_DEFAULT, DECISION_NO_SUCH_CALL };

static void
compiler_done(struct compiler *c)
{
    for (size_t i = 0; i < c->n_decisions; i++)
        free(c->decisions[i].tries);
    free(c->decisions);
    free(c->calls);
    free(c->mentions);
    free(c->ranges);
    free(c->code);
}

/* ---- writing instructions, the last one first ---- */

static size_t
emit(struct compiler *c, uint16_t code, uint8_t if_true, uint8_t if_false, uint32_t k)
{
    if (c->n == CODE_MOST) {
        c->is_too_long = true;
        c->n--; /* the program is lost, what is written now does not matter */
    }
    if ((c->n & (c->n + 1)) == 0) /* 0, 1, 3, 7 ...: full */
        c->code = mem_resize(c->code, 2 * (c->n + 1), sizeof c->code[0]);
    c->code[c->n] = (struct sock_filter){code, if_true, if_false, k};
    return c->n++;
}

static uint32_t
distance(const struct compiler *c, size_t address)
{
    return (uint32_t)(c->n - address - 1);
}

/* An address from which `address` is reached and that a conditional jump can name. */
static size_t
within_reach(struct compiler *c, size_t address)
{
    if (distance(c, address) <= JUMP_MOST)
        return address;
    const struct sock_filter *there = &c->code[address];
    if (BPF_CLASS(there->code) == BPF_RET)
        return emit(c, BPF_RET | BPF_K, 0, 0, there->k);
    return emit(c, BPF_JMP | BPF_JA, 0, 0, distance(c, address));
}

static size_t
emit_jump(struct compiler *c, uint16_t test, uint32_t k, size_t if_true, size_t if_false)
{
    if (if_true == if_false)
        return if_true;
    if_true = within_reach(c, if_true);
    if_false = within_reach(c, if_false);
    return emit(c, BPF_JMP | test | BPF_K, (uint8_t)distance(c, if_true),
                (uint8_t)distance(c, if_false), k);
}

/* An instruction that is no jump, and then on at `next`. */
static size_t
emit_then(struct compiler *c, size_t next, uint16_t code, uint32_t k)
{
    if (distance(c, next) > 0)
        emit(c, BPF_JMP | BPF_JA, 0, 0, distance(c, next));
    return emit(c, code, 0, 0, k);
}

/* Loads a word of seccomp_data, then goes on at `next`. */
static size_t
emit_load(struct compiler *c, size_t offset, size_t next)
{
    return emit_then(c, next, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Where the instruction at `address` loads what the accumulator holds already, the one after
 * it does as well. */
static size_t
skip_load(const struct compiler *c, size_t address, size_t offset)
{
    const struct sock_filter *there = &c->code[address];
    bool is_same = there->code == (BPF_LD | BPF_W | BPF_ABS) && there->k == offset;
    return is_same ? address - 1 : address;
}

/* ---- arguments ---- */

/* Arguments are 64 bits, the machine of classic BPF has 32: each half is looked at alone. */
static size_t
half_of_argument(uint32_t index, bool is_high)
{
    bool is_second = is_high == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    return offsetof(struct seccomp_data, args) + index * sizeof(uint64_t) +
           (is_second ? sizeof(uint32_t) : 0);
}

static size_t
emit_equal_half(struct compiler *c, const struct oci_seccomp_arg *arg, bool is_high,
                uint64_t mask, uint64_t value, size_t yes, size_t no)
{
    int shift = is_high ? 32 : 0;
    uint32_t half_mask = (uint32_t)(mask >> shift), half = (uint32_t)(value >> shift);
    if (half_mask == 0 && half == 0)
        return yes;
    size_t offset = half_of_argument(arg->index, is_high);
    if (half_mask == UINT32_MAX)
        return emit_load(c, offset,
                         emit_jump(c, BPF_JEQ, half, skip_load(c, yes, offset),
                                   skip_load(c, no, offset)));
    size_t next = emit_then(c, emit_jump(c, BPF_JEQ, half, yes, no),
                            BPF_ALU | BPF_AND | BPF_K, half_mask);
    return emit_load(c, offset, next);
}

static size_t
emit_equal(struct compiler *c, const struct oci_seccomp_arg *arg, uint64_t mask,
           uint64_t value, size_t yes, size_t no)
{
    yes = emit_equal_half(c, arg, false, mask, value, yes, no);
    return emit_equal_half(c, arg, true, mask, value, yes, no);
}

/* Argument > value, or >= with test_low BPF_JGE: only the low half may be equal and pass. */
static size_t
emit_greater(struct compiler *c, const struct oci_seccomp_arg *arg, uint16_t test_low,
             size_t yes, size_t no)
{
    uint32_t high = (uint32_t)(arg->value >> 32), low = (uint32_t)arg->value;
    size_t next = emit_jump(c, test_low, low, yes, no);
    next = emit_load(c, half_of_argument(arg->index, false), next);
    next = emit_jump(c, BPF_JEQ, high, next, no);
    next = emit_jump(c, BPF_JGT, high, yes, next);
    return emit_load(c, half_of_argument(arg->index, true), next);
}

static size_t
emit_condition(struct compiler *c, const struct oci_seccomp_arg *arg, size_t yes, size_t no)
{
    switch ((enum oci_seccomp_op)arg->op) {
    case OCI_SECCOMP_EQ:
        return emit_equal(c, arg, UINT64_MAX, arg->value, yes, no);
    case OCI_SECCOMP_NE:
        return emit_equal(c, arg, UINT64_MAX, arg->value, no, yes);
    case OCI_SECCOMP_MASKED_EQ:
        return emit_equal(c, arg, arg->value, arg->value_two, yes, no);
    case OCI_SECCOMP_GT:
        return emit_greater(c, arg, BPF_JGT, yes, no);
    case OCI_SECCOMP_GE:
        return emit_greater(c, arg, BPF_JGE, yes, no);
    case OCI_SECCOMP_LT:
        return emit_greater(c, arg, BPF_JGE, no, yes);
    case OCI_SECCOMP_LE:
        return emit_greater(c, arg, BPF_JGT, no, yes);
    }
    __builtin_unreachable(); /* check_arg has looked */
}

/* ---- decisions ---- */

static bool
is_same_decision(const struct decision *a, const struct decision *b)
{
    if (a->n != b->n || (a->n == 0 && a->action != b->action))
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (a->tries[i].args != b->tries[i].args || a->tries[i].n != b->tries[i].n ||
            a->tries[i].action != b->tries[i].action)
            return false;
    return true;
}

/* The number of this decision, new or not; takes over its tries. */
static uint32_t
decision_intern(struct compiler *c, struct decision wanted)
{
    for (uint32_t i = 0; i < c->n_decisions; i++)
        if (is_same_decision(&c->decisions[i], &wanted)) {
            free(wanted.tries);
            return i;
        }
    wanted.address = NOT_WRITTEN;
    c->decisions = mem_resize(c->decisions, c->n_decisions + 1, sizeof c->decisions[0]);
    c->decisions[c->n_decisions] = wanted;
    return c->n_decisions++;
}

static uint32_t
decision_action(struct compiler *c, uint32_t action)
{
    return decision_intern(c, (struct decision){.action = action});
}

static size_t emit_decision(struct compiler *c, uint32_t number);

static size_t
emit_tries(struct compiler *c, uint32_t number)
{
    size_t next = emit_decision(c, DECISION_DEFAULT);
    for (size_t i = c->decisions[number].n; i-- > 0;) {
        struct alternative try = c->decisions[number].tries[i];
        size_t yes = emit_decision(c, decision_action(c, try.action));
        for (size_t j = try.n; j-- > 0;)
            yes = emit_condition(c, &try.args[j], yes, next);
        next = yes;
    }
    return next;
}

/* Where the decision stands, within reach; writes it if it does not stand yet. */
static size_t
emit_decision(struct compiler *c, uint32_t number)
{
    size_t address = c->decisions[number].address;
    if (address != NOT_WRITTEN)
        address = within_reach(c, address);
    else if (c->decisions[number].n > 0)
        address = emit_tries(c, number);
    else
        address = emit(c, BPF_RET | BPF_K, 0, 0, c->decisions[number].action);
    c->decisions[number].address = address;
    return address;
}

/* ---- an architecture ---- */

static uint32_t
slot_of(uint32_t number)
{
    return number < PRIVATE_FIRST ? number : SLOT_PRIVATE + (number - PRIVATE_FIRST);
}

static uint32_t
number_of(uint32_t slot)
{
    return slot < SLOT_PRIVATE ? slot : PRIVATE_FIRST + (slot - SLOT_PRIVATE);
}

static void
mention_add(struct compiler *c, uint32_t number, struct alternative what)
{
    struct slot *slot = &c->slots[slot_of(number)];
    if ((c->n_mentions & (c->n_mentions - 1)) == 0)
        c->mentions = mem_resize(c->mentions, 2 * c->n_mentions, sizeof c->mentions[0]);
    uint32_t new = c->n_mentions++;
    c->mentions[new] = (struct mention){what, 0};
    if (slot->last)
        c->mentions[slot->last].next = new;
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

/* decision: the rule's, if it has no conditions. */
static void
mention_rule(struct compiler *c, const struct oci_seccomp_rule *rule, uint32_t decision,
             uint32_t number)
{
    uint32_t action = action_with_errno(rule->action, &rule->errno_ret);
    struct slot *slot = &c->slots[slot_of(number)];
    if (action == c->default_action)
        return;
    if (rule->args.n == 0) {
        slot->decision = slot->decision ? slot->decision : decision;
        return;
    }
    if (!has_index_twice(&rule->args)) {
        mention_add(c, number, (struct alternative){rule->args.v, rule->args.n, action});
        return;
    }
    for (size_t i = 0; i < rule->args.n; i++)
        mention_add(c, number, (struct alternative){&rule->args.v[i], 1, action});
}

/* A rule that looks at arguments cannot do so by the second way, where they lie behind a
 * pointer: what it allows stays shut there, what it forbids is forbidden whole. */
static void
mention_second_way(struct compiler *c, const struct oci_seccomp_rule *rule,
                   const struct lx_syscall *call)
{
    uint32_t action = action_with_errno(rule->action, &rule->errno_ret);
    bool is_opening = action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
    if (action == c->default_action || (rule->args.n > 0 && is_opening))
        return;
    unsigned way = c->second_way[lx_syscall_row(call)];
    if (way > 0)
        mention_add(c, i386_second_ways[way - 1].by,
                    (struct alternative){&i386_second_ways[way - 1].condition, 1, action});
}

static void
find_second_ways(struct compiler *c)
{
    for (size_t i = 0; i < ARRAY_LEN(i386_second_ways); i++) {
        const struct lx_syscall *call = lx_syscall_find(i386_second_ways[i].name);
        c->second_way[lx_syscall_row(call)] = (uint8_t)(i + 1);
    }
}

/* Once for all architectures: it is what most of the time goes into. */
static void
look_up_calls(struct compiler *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->profile->syscalls.n; i++)
        n += c->profile->syscalls.v[i].names.n;
    c->calls = mem_new(n, sizeof(struct lx_syscall *));
    const struct lx_syscall **call = c->calls;
    for (size_t i = 0; i < c->profile->syscalls.n; i++) {
        const struct list *names = &c->profile->syscalls.v[i].names;
        const struct lx_syscall *before = NULL;
        for (size_t j = 0; j < names->n; j++)
            before = *call++ = lx_syscall_find_after(before, names->v[j]);
    }
}

/* All that the profile says of an architecture; returns its newest number. A rule that
 * says no more than the default counts for that: its author knew the call. */
static uint32_t
mention_all(struct compiler *c, enum lx_arch arch)
{
    uint32_t newest = OLD_MOST;
    const struct lx_syscall **next = c->calls;
    c->n_mentions = 1;
    memset(c->slots, 0, sizeof c->slots);
    if (arch == LX_I386)
        find_second_ways(c);
    for (size_t i = 0; i < c->profile->syscalls.n; i++) {
        const struct oci_seccomp_rule *rule = &c->profile->syscalls.v[i];
        uint32_t action = action_with_errno(rule->action, &rule->errno_ret);
        uint32_t decision = decision_action(c, action);
        for (size_t j = 0; j < rule->names.n; j++) {
            const struct lx_syscall *call = *next++;
            if (call && arch == LX_I386)
                mention_second_way(c, rule, call);
            if (!call || call->number[arch] < 0)
                continue;
            uint32_t number = (uint32_t)call->number[arch];
            if (number > newest && number < PRIVATE_FIRST)
                newest = number;
            mention_rule(c, rule, decision, number);
        }
    }
    return newest;
}

/* What the rules on one number come to: the one without conditions, else all. */
static uint32_t
decision_of(struct compiler *c, const struct slot *slot)
{
    uint32_t n = 0;
    if (slot->decision)
        return slot->decision;
    for (uint32_t i = slot->first; i; i = c->mentions[i].next)
        n++;
    struct decision wanted = {.tries = mem_new(n, sizeof *wanted.tries)};
    for (uint32_t i = slot->first; i; i = c->mentions[i].next)
        wanted.tries[wanted.n++] = c->mentions[i].what;
    return decision_intern(c, wanted);
}

static void
range_add(struct compiler *c, uint32_t first, uint32_t decision)
{
    if (c->n_ranges > 0 && c->ranges[c->n_ranges - 1].decision == decision)
        return;
    if ((c->n_ranges & (c->n_ranges + 1)) == 0) /* as in emit() */
        c->ranges = mem_resize(c->ranges, 2 * (c->n_ranges + 1), sizeof c->ranges[0]);
    c->ranges[c->n_ranges++] = (struct range){first, decision};
}

/* The numbers from `first` to before `end`, which no rule speaks of. */
static void
range_add_gap(struct compiler *c, uint32_t first, uint64_t end, uint32_t newest)
{
    bool is_errno = (c->default_action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
    if (first >= end)
        return;
    if (first <= newest)
        range_add(c, first, DECISION_DEFAULT);
    if (end > (uint64_t)newest + 1)
        range_add(c, first > newest ? first : newest + 1,
                  is_errno ? DECISION_NO_SUCH_CALL : DECISION_DEFAULT);
}

static void
range_all(struct compiler *c, enum lx_arch arch)
{
    uint32_t newest = mention_all(c, arch);
    c->n_ranges = 0;

    uint32_t next = 0;
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        if (c->slots[slot].decision == 0 && c->slots[slot].first == 0)
            continue;
        uint32_t number = number_of(slot);
        range_add_gap(c, next, number, newest);
        range_add(c, number, decision_of(c, &c->slots[slot]));
        next = number + 1;
    }
    if (arch == LX_X86_64) {
        range_add_gap(c, next, X32_BIT, newest);
        range_add(c, X32_BIT, DECISION_NO_SUCH_CALL);
    } else {
        range_add_gap(c, next, (uint64_t)UINT32_MAX + 1, newest);
    }
}

/* The binary search over ranges [first, end). */
static size_t
emit_tree(struct compiler *c, size_t first, size_t end)
{
    if (end - first == 1)
        return emit_decision(c, c->ranges[first].decision);
    size_t middle = first + (end - first) / 2;
    size_t upper = emit_tree(c, middle, end);
    size_t lower = emit_tree(c, first, middle);
    return emit_jump(c, BPF_JGE, c->ranges[middle].first, upper, lower);
}

/* Is the accumulator, which holds the architecture, this one? Else on to `otherwise`. */
static size_t
emit_arch(struct compiler *c, uint32_t audit, enum lx_arch arch, size_t otherwise)
{
    range_all(c, arch);
    size_t tree = emit_tree(c, 0, c->n_ranges);
    size_t load = emit_load(c, offsetof(struct seccomp_data, nr), tree);
    return emit_jump(c, BPF_JEQ, audit, load, otherwise);
}

/* ---- the profile ---- */

static int
check_errno(const char *field, uint32_t action, const struct oci_opt_u64 *number,
            struct err *e)
{
    uint32_t most = action == SECCOMP_RET_ERRNO   ? ERRNO_MOST
                    : action == SECCOMP_RET_TRACE ? SECCOMP_RET_DATA
                                                  : 0;
    if (!number->is_set || number->value <= most)
        return 0;
    if (most == 0)
        return err_set(e, ERR_INVALID, "%s: the action takes no errno", field);
    return err_set(e, ERR_INVALID, "%s: %llu is more than %u", field,
                   (unsigned long long)number->value, most);
}

static int
check_rule(const struct oci_seccomp *profile, size_t i, struct err *e)
{
    const struct oci_seccomp_rule *rule = &profile->syscalls.v[i];
    int r = check_errno("errnoRet", rule->action, &rule->errno_ret, e);
    if (r < 0)
        return err_wrap(e, r, "linux.seccomp.syscalls[%zu]", i);
    for (size_t j = 0; j < rule->args.n; j++) {
        if (rule->args.v[j].index >= ARGUMENTS)
            return err_set(e, ERR_INVALID,
                           "linux.seccomp.syscalls[%zu].args[%zu].index: %u is not 0 to 5",
                           i, j, rule->args.v[j].index);
        if (rule->args.v[j].op < OCI_SECCOMP_NE ||
            rule->args.v[j].op > OCI_SECCOMP_MASKED_EQ)
            return err_set(e, ERR_INVALID,
                           "linux.seccomp.syscalls[%zu].args[%zu].op: no such operator", i,
                           j);
    }
    return 0;
}

static int
check_profile(const struct oci_seccomp *profile, bool *ret_has_listener, struct err *e)
{
    if (profile->default_action == SECCOMP_RET_USER_NOTIF)
        return err_set(
            e, ERR_INVALID,
            "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY would stop the runtime "
            "itself");
    TRY(check_errno("linux.seccomp.defaultErrnoRet", profile->default_action,
                    &profile->default_errno_ret, e));
    *ret_has_listener = false;
    for (size_t i = 0; i < profile->syscalls.n; i++) {
        TRY(check_rule(profile, i, e));
        *ret_has_listener |= profile->syscalls.v[i].action == SECCOMP_RET_USER_NOTIF;
    }
    if (!*ret_has_listener && profile->flags & WAIT_KILLABLE)
        return err_set(e, ERR_INVALID,
                       "linux.seccomp.flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is for "
                       "rules that say SCMP_ACT_NOTIFY, and there is none");
    if (*ret_has_listener && !profile->listener_path)
        return err_set(
            e, ERR_INVALID,
            "linux.seccomp.listenerPath: missing, and a rule says SCMP_ACT_NOTIFY");
    return 0;
}

/* Which of `architectures` the program knows: bit per index. */
static int
choose_architectures(const struct list *wanted, uint32_t *ret, struct err *e)
{
    *ret = 0;
    for (size_t i = 0; i < ARRAY_LEN(architectures); i++)
        if (architectures[i].audit && architectures[i].arch == LX_ARCH_NATIVE)
            *ret |= 1u << i;
    for (size_t j = 0; j < wanted->n; j++) {
        size_t i = 0;
        while (i < ARRAY_LEN(architectures) &&
               !str_eq(architectures[i].oci_name, wanted->v[j]))
            i++;
        if (i == ARRAY_LEN(architectures))
            return err_set(e, ERR_INVALID,
                           "linux.seccomp.architectures[%zu]: no architecture %s", j,
                           wanted->v[j]);
        if (architectures[i].audit)
            *ret |= 1u << i;
    }
    return 0;
}

static void
emit_program(struct compiler *c, uint32_t chosen)
{
    size_t next = emit(c, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
    for (size_t i = ARRAY_LEN(architectures); i-- > 0;)
        if (chosen & 1u << i)
            next = emit_arch(c, architectures[i].audit, architectures[i].arch, next);
    emit_load(c, offsetof(struct seccomp_data, arch), next);
}

static struct sock_filter *
reversed(const struct sock_filter *code, size_t n)
{
    struct sock_filter *forward = mem_new(n, sizeof *forward);
    for (size_t i = 0; i < n; i++)
        forward[i] = code[n - 1 - i];
    return forward;
}

int
seccomp_compile(const struct oci_seccomp *profile, struct seccomp_program *ret,
                struct err *e)
{
    bool has_listener = false;
    uint32_t chosen;
    TRY(check_profile(profile, &has_listener, e));
    TRY(choose_architectures(&profile->architectures, &chosen, e));

    __attribute__((cleanup(compiler_done))) struct compiler c = {
        .profile = profile,
        .default_action = action_with_errno(profile->default_action,
                                            &profile->default_errno_ret),
    };
    c.decisions = mem_new(2, sizeof *c.decisions);
    c.decisions[DECISION_DEFAULT] = (struct decision){c.default_action, NULL, 0,
                                                      NOT_WRITTEN};
    c.decisions[DECISION_NO_SUCH_CALL] = (struct decision){SECCOMP_RET_ERRNO | ENOSYS, NULL,
                                                           0, NOT_WRITTEN};
    c.n_decisions = 2;
    look_up_calls(&c);

    emit_program(&c, chosen);
    if (c.is_too_long)
        return err_set(e, ERR_INVALID,
                       "linux.seccomp: the filter has more than %d instructions, the most "
                       "that the kernel takes",
                       CODE_MOST);
    *ret = (struct seccomp_program){
        .code = reversed(c.code, c.n),
        .n = c.n,
        .flags = (unsigned)profile->flags,
        .has_listener = has_listener,
    };
    return 0;
}

void
seccomp_program_done(struct seccomp_program *program)
{
    free(program->code);
    *program = (struct seccomp_program){0};
}
