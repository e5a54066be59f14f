/* seccomp_compile.c - a profile becomes a classic BPF program.
 *
 * The kernel runs the program at every system call, with the architecture, the number and
 * the six arguments as its data (seccomp(2)). What it is made of:
 *
 *     decision   what happens to a call: an action, or alternatives that look at arguments
 *     range      from this number on (until the next range), this decision
 *     tree       a binary search over an architecture's ranges; its leaves are decisions
 *
 * seccomp_rules.c finds what is said of each number, seccomp_emit.c writes the instructions, from
 * the end of the program to its start. A decision is written once, and every range of every
 * architecture jumps to it, by way of one more jump where it has come to stand too far off.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/seccomp.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "runtime/seccomp_emit.h"
#include "runtime/seccomp_rules.h"

#define X32_BIT       0x40000000u
#define WAIT_KILLABLE (UINT64_C(1) << 5) /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV */

enum { ARGUMENTS = 6, ERRNO_MOST = 4095 };

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

struct decision {
    uint32_t action;           /* with no tries */
    struct seccomp_try *tries; /* else the first that holds; the default if none does */
    size_t n;
    size_t address; /* where it was last written; NOT_WRITTEN */
};
#define NOT_WRITTEN ((size_t)-1)

struct range {
    uint32_t first;
    uint32_t decision;
};

struct compiler {
    struct seccomp_rules rules;
    struct seccomp_emitter out;

    struct decision *decisions; /* each once; [0] is the default, [1] ENOSYS */
    uint32_t n_decisions;

    struct range *ranges; /* of the architecture at work, ascending */
    size_t n_ranges;
};

enum { DECISION_DEFAULT, DECISION_NO_SUCH_CALL };

static void
compiler_done(struct compiler *c)
{
    for (size_t i = 0; i < c->n_decisions; i++)
        free(c->decisions[i].tries);
    free(c->decisions);
    free(c->ranges);
    seccomp_rules_done(&c->rules);
    seccomp_emitter_done(&c->out);
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
        struct seccomp_try try = c->decisions[number].tries[i];
        size_t yes = emit_decision(c, decision_action(c, try.action));
        for (size_t j = try.n; j-- > 0;)
            yes = seccomp_emit_condition(&c->out, &try.args[j], yes, next);
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
        address = seccomp_emit_within_reach(&c->out, address);
    else if (c->decisions[number].n > 0)
        address = emit_tries(c, number);
    else
        address = seccomp_emit_return(&c->out, c->decisions[number].action);
    c->decisions[number].address = address;
    return address;
}

/* ---- an architecture ---- */

/* What the rules on one number come to: the one without conditions, else all. */
static uint32_t
decision_of(struct compiler *c, const struct seccomp_slot *slot)
{
    const struct seccomp_mention *mentions = c->rules.mentions;
    uint32_t n = 0;
    if (slot->is_decided)
        return decision_action(c, slot->action);
    for (uint32_t i = slot->first; i; i = mentions[i].next)
        n++;
    struct decision wanted = {.tries = mem_new(n, sizeof *wanted.tries)};
    for (uint32_t i = slot->first; i; i = mentions[i].next)
        wanted.tries[wanted.n++] = mentions[i].what;
    return decision_intern(c, wanted);
}

static void
range_add(struct compiler *c, uint32_t first, uint32_t decision)
{
    if (c->n_ranges > 0 && c->ranges[c->n_ranges - 1].decision == decision)
        return;
    if ((c->n_ranges & (c->n_ranges + 1)) == 0) /* 0, 1, 3, 7 ...: full */
        c->ranges = mem_resize(c->ranges, 2 * (c->n_ranges + 1), sizeof c->ranges[0]);
    c->ranges[c->n_ranges++] = (struct range){first, decision};
}

/* The numbers from `first` to before `end`, which no rule speaks of. */
static void
range_add_gap(struct compiler *c, uint32_t first, uint64_t end)
{
    uint32_t newest = c->rules.newest, action = c->rules.default_action;
    bool is_errno = (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
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
    const struct seccomp_slot *slots = c->rules.slots;
    seccomp_rules_read(&c->rules, arch);
    c->n_ranges = 0;

    uint32_t next = 0;
    for (uint32_t slot = 0; slot < SECCOMP_SLOT_COUNT; slot++) {
        if (!seccomp_slot_is_used(&slots[slot]))
            continue;
        uint32_t number = seccomp_slot_number(slot);
        range_add_gap(c, next, number);
        range_add(c, number, decision_of(c, &slots[slot]));
        next = number + 1;
    }
    if (arch == LX_X86_64) {
        range_add_gap(c, next, X32_BIT);
        range_add(c, X32_BIT, DECISION_NO_SUCH_CALL);
    } else {
        range_add_gap(c, next, (uint64_t)UINT32_MAX + 1);
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
    return seccomp_emit_jump(&c->out, BPF_JGE, c->ranges[middle].first, upper, lower);
}

/* Is the accumulator, which holds the architecture, this one? Else on to `otherwise`. */
static size_t
emit_arch(struct compiler *c, uint32_t audit, enum lx_arch arch, size_t otherwise)
{
    range_all(c, arch);
    size_t tree = emit_tree(c, 0, c->n_ranges);
    size_t load = seccomp_emit_load(&c->out, offsetof(struct seccomp_data, nr), tree);
    return seccomp_emit_jump(&c->out, BPF_JEQ, audit, load, otherwise);
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
    size_t next = seccomp_emit_return(&c->out, SECCOMP_RET_KILL_PROCESS);
    for (size_t i = ARRAY_LEN(architectures); i-- > 0;)
        if (chosen & 1u << i)
            next = emit_arch(c, architectures[i].audit, architectures[i].arch, next);
    seccomp_emit_load(&c->out, offsetof(struct seccomp_data, arch), next);
}

int
seccomp_compile(const struct oci_seccomp *profile, struct seccomp_program *ret,
                struct err *e)
{
    bool has_listener = false;
    uint32_t chosen;
    TRY(check_profile(profile, &has_listener, e));
    TRY(choose_architectures(&profile->architectures, &chosen, e));

    __attribute__((cleanup(compiler_done))) struct compiler c = {.n_decisions = 2};
    seccomp_rules_init(&c.rules, profile);
    c.decisions = mem_new(2, sizeof *c.decisions);
    c.decisions[DECISION_DEFAULT] = (struct decision){.action = c.rules.default_action,
                                                      .address = NOT_WRITTEN};
    c.decisions[DECISION_NO_SUCH_CALL] =
        (struct decision){.action = SECCOMP_RET_ERRNO | ENOSYS, .address = NOT_WRITTEN};

    emit_program(&c, chosen);
    if (c.out.is_too_long)
        return err_set(e, ERR_INVALID,
                       "linux.seccomp: the filter has more than %d instructions, the most "
                       "that the kernel takes",
                       BPF_MAXINSNS);
    *ret = (struct seccomp_program){
        .code = seccomp_emitter_program(&c.out),
        .n = c.out.n,
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
