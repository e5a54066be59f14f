/* test-seccomp.c - the compiler against libseccomp, and the profiles.
 *
 * A filter is run by a small interpreter of classic BPF: what the kernel's own does to the
 * instructions that a seccomp filter may have. libseccomp makes a program of the same
 * profile, and both must say the same to each of thousands of calls.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/syscalls.h"
#include "oci/capability.h"
#include "runtime/seccomp.h"

#define BIT(cap)     (UINT64_C(1) << (cap))
#define DOCKER_CAPS  UINT64_C(0xa80425fb) /* with NET_RAW, MKNOD, AUDIT_WRITE */
#define ALLOW        SECCOMP_RET_ALLOW
#define ERRNO(n)     (SECCOMP_RET_ERRNO | (n))
#define NO_SUCH_CALL ERRNO(ENOSYS)

/* ---- a machine for classic BPF ---- */

static uint32_t
load(const struct seccomp_data *data, uint32_t offset)
{
    uint32_t word;
    assert_true(offset % 4 == 0 && offset <= sizeof *data - 4);
    memcpy(&word, (const char *)data + offset, sizeof word);
    return word;
}

/* The action for a call. Fails on what the kernel's checker would refuse: a jump out of the
 * program, an instruction that a filter may not have, no return at the end. */
static uint32_t
run(const struct sock_filter *code, size_t n, const struct seccomp_data *data)
{
    uint32_t a = 0;
    for (size_t at = 0; at < n; at++) {
        const struct sock_filter *i = &code[at];
        bool holds = false;
        switch (i->code) {
        case BPF_RET | BPF_K:
            return i->k;
        case BPF_LD | BPF_W | BPF_ABS:
            a = load(data, i->k);
            continue;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= i->k;
            continue;
        case BPF_JMP | BPF_JA:
            at += i->k;
            continue;
        case BPF_JMP | BPF_JEQ | BPF_K:
            holds = a == i->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            holds = a >= i->k;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            holds = a > i->k;
            break;
        default:
            fail_msg("instruction %zu has code %#x", at, i->code);
        }
        at += holds ? i->jt : i->jf;
    }
    fail_msg("ran over the end");
    return 0;
}

static const uint32_t audits[LX_ARCH_COUNT] = {
    [LX_X86_64] = AUDIT_ARCH_X86_64,
    [LX_I386] = AUDIT_ARCH_I386,
    [LX_AARCH64] = AUDIT_ARCH_AARCH64,
    [LX_ARM] = AUDIT_ARCH_ARM,
};

static uint32_t
ask_number(const struct seccomp_program *p, enum lx_arch arch, int number,
           const uint64_t args[6])
{
    struct seccomp_data data = {.nr = number, .arch = audits[arch]};
    if (args)
        memcpy(data.args, args, sizeof data.args);
    return run(p->code, p->n, &data);
}

static uint32_t
ask_arch(const struct seccomp_program *p, enum lx_arch arch, const char *name, uint64_t a0,
         uint64_t a1)
{
    const struct lx_syscall *call = lx_syscall_find(name);
    assert_non_null(call);
    assert_true(call->number[arch] >= 0);
    return ask_number(p, arch, call->number[arch], (uint64_t[6]){a0, a1});
}

static uint32_t
ask(const struct seccomp_program *p, const char *name, uint64_t a0, uint64_t a1)
{
    return ask_arch(p, LX_ARCH_NATIVE, name, a0, a1);
}

static void
compile_json(const char *json, uint64_t caps, struct seccomp_program *ret)
{
    struct err e = {0};
    struct oci_seccomp *profile;
    if (seccomp_profile_parse(json, strlen(json), caps, &profile, &e) < 0)
        fail_msg("%s", e.text);
    if (seccomp_compile(profile, ret, &e) < 0)
        fail_msg("%s", e.text);
    seccomp_profile_free(profile);
}

static void
assert_refused(const char *json, const char *words)
{
    struct err e = {0};
    struct oci_seccomp *profile;
    struct seccomp_program p = {0};
    int r = seccomp_profile_parse(json, strlen(json), 0, &profile, &e);
    if (r >= 0) {
        r = seccomp_compile(profile, &p, &e);
        seccomp_profile_free(profile);
    }
    assert_true(r < 0);
    if (!strstr(e.text, words))
        fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

/* ---- libseccomp as the oracle ---- */

static void
oracle_rule(scmp_filter_ctx ctx, const struct oci_seccomp_rule *rule, uint32_t action,
            const struct oci_seccomp_arg *args, size_t n)
{
    static const enum scmp_compare operators[] = {
        [OCI_SECCOMP_NE] = SCMP_CMP_NE,
        [OCI_SECCOMP_LT] = SCMP_CMP_LT,
        [OCI_SECCOMP_LE] = SCMP_CMP_LE,
        [OCI_SECCOMP_EQ] = SCMP_CMP_EQ,
        [OCI_SECCOMP_GE] = SCMP_CMP_GE,
        [OCI_SECCOMP_GT] = SCMP_CMP_GT,
        [OCI_SECCOMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
    };
    struct scmp_arg_cmp list[6];
    for (size_t i = 0; i < n; i++)
        list[i] = (struct scmp_arg_cmp){args[i].index, operators[args[i].op], args[i].value,
                                        args[i].value_two};
    for (size_t i = 0; i < rule->names.n; i++) {
        int number = seccomp_syscall_resolve_name(rule->names.v[i]);
        if (number == __NR_SCMP_ERROR)
            continue; /* newer than this libseccomp */
        seccomp_rule_add_array(ctx, action, number, (unsigned)n, list);
    }
}

static uint32_t
whole_action(uint32_t action, const struct oci_opt_u64 *number)
{
    if (action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE)
        return action | (uint32_t)(number->is_set ? number->value : EPERM);
    return action;
}

/* The same profile by libseccomp, the way runc and crun call it. Free the code. */
static struct sock_filter *
oracle(const struct oci_seccomp *profile, size_t *n)
{
    uint32_t otherwise = whole_action(profile->default_action, &profile->default_errno_ret);
    scmp_filter_ctx ctx = seccomp_init(otherwise);
    assert_non_null(ctx);
    seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    for (size_t i = 0; i < profile->architectures.n; i++)
        if (str_eq(profile->architectures.v[i], "SCMP_ARCH_X86"))
            seccomp_arch_add(ctx, SCMP_ARCH_X86);
        else if (str_eq(profile->architectures.v[i], "SCMP_ARCH_ARM"))
            seccomp_arch_add(ctx, SCMP_ARCH_ARM);
    for (size_t i = 0; i < profile->syscalls.n; i++) {
        const struct oci_seccomp_rule *rule = &profile->syscalls.v[i];
        uint32_t action = whole_action(rule->action, &rule->errno_ret);
        if (action != otherwise)
            oracle_rule(ctx, rule, action, rule->args.v, rule->args.n);
    }
    int fd = memfd_create("oracle", MFD_CLOEXEC);
    assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
    seccomp_release(ctx);
    char *bytes;
    size_t len;
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(file_read_fd(fd, 1 << 20, &bytes, &len), 0);
    close(fd);
    *n = len / sizeof(struct sock_filter);
    return (struct sock_filter *)bytes;
}

/* Values at which the comparisons of a profile change their minds. */
static size_t
interesting(const struct oci_seccomp *profile, uint64_t values[], size_t room)
{
    size_t n = 0;
    values[n++] = 0;
    values[n++] = UINT64_MAX;
    values[n++] = UINT64_C(1) << 32;
    for (size_t i = 0; i < profile->syscalls.n; i++)
        for (size_t j = 0; j < profile->syscalls.v[i].args.n; j++) {
            const struct oci_seccomp_arg *a = &profile->syscalls.v[i].args.v[j];
            const uint64_t near[] = {a->value - 1,
                                     a->value,
                                     a->value + 1,
                                     a->value_two,
                                     ~a->value,
                                     a->value | 1ull << 32,
                                     a->value_two | 1ull << 40};
            for (size_t k = 0; k < ARRAY_LEN(near) && n < room; k++)
                values[n++] = near[k];
        }
    return n;
}

struct comparison {
    const struct seccomp_program *ours;
    const struct sock_filter *theirs;
    size_t n_theirs;
    uint32_t otherwise;
    size_t asked;
};

/* An older libseccomp does not know the newest calls. */
static bool
is_known_to_oracle(enum lx_arch arch, int number)
{
    static const uint32_t tokens[LX_ARCH_COUNT] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86,
                                                   SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
    auto_free char *name = seccomp_syscall_resolve_num_arch(tokens[arch], number);
    return name != NULL;
}

static void
compare(struct comparison *c, enum lx_arch arch, int number, const uint64_t args[6])
{
    struct seccomp_data data = {.nr = number, .arch = audits[arch]};
    memcpy(data.args, args, sizeof data.args);
    uint32_t ours = run(c->ours->code, c->ours->n, &data);
    uint32_t theirs = run(c->theirs, c->n_theirs, &data);
    c->asked++;
    if (ours == theirs)
        return;
    /* Where we mean to differ: calls newer than the profile. */
    if (theirs == c->otherwise && ours == NO_SUCH_CALL && number > 402)
        return;
    if (!is_known_to_oracle(arch, number))
        return;
    fail_msg("%s %s (%d) args %#llx %#llx: ours %#x, libseccomp %#x",
             arch == LX_I386 ? "i386" : "native", lx_syscall_name(arch, number), number,
             (unsigned long long)args[0], (unsigned long long)args[1], ours, theirs);
}

static size_t
compare_all(const struct oci_seccomp *profile, bool with_compat)
{
    struct err e = {0};
    auto_seccomp program = {0};
    uint64_t values[512];
    if (seccomp_compile(profile, &program, &e) < 0)
        fail_msg("%s", e.text);
    struct comparison c = {
        .ours = &program,
        .otherwise = whole_action(profile->default_action, &profile->default_errno_ret),
    };
    c.theirs = oracle(profile, &c.n_theirs);
    size_t n = interesting(profile, values, ARRAY_LEN(values));
    enum lx_arch other = LX_ARCH_NATIVE == LX_X86_64 ? LX_I386 : LX_ARM;
    for (int number = 0; number < 1000; number++)
        for (size_t i = 0; i < n; i++) {
            uint64_t args[6] = {
                values[i], values[(i * 7 + 3) % n], values[(i * 5 + 1) % n], values[i], 0,
                values[i]};
            compare(&c, LX_ARCH_NATIVE, number, args);
            for (int k = 0; k < 6; k++)
                args[k] &= 0xffffffff; /* what a 32-bit call can hand over */
            if (with_compat)
                compare(&c, other, number, args);
        }
    free((void *)(uintptr_t)c.theirs);
    return c.asked;
}

static struct oci_seccomp *
parse(const char *json, uint64_t caps)
{
    struct err e = {0};
    struct oci_seccomp *profile;
    if (seccomp_profile_parse(json, strlen(json), caps, &profile, &e) < 0)
        fail_msg("%s", e.text);
    return profile;
}

static void
test_the_default_profile_equals_what_libseccomp_makes_of_it(void **state)
{
    (void)state;
    static const uint64_t caps[] = {0,
                                    DOCKER_CAPS,
                                    OCI_CAPABILITY_ALL,
                                    BIT(CAP_SYS_PTRACE),
                                    BIT(CAP_NET_RAW),
                                    BIT(CAP_SYS_ADMIN)};
    size_t asked = 0;
    for (size_t i = 0; i < ARRAY_LEN(caps); i++) {
        struct oci_seccomp *profile = seccomp_default_profile(caps[i]);
        asked += compare_all(profile, true);
        seccomp_profile_free(profile);
    }
    print_message("%zu calls compared\n", asked);
    assert_true(asked > 100000);
}

static void
test_every_operator_and_action_equals_libseccomp(void **state)
{
    (void)state;
    struct oci_seccomp *profile = parse(
        "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": ["
        "{\"names\": [\"read\", \"close\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 5,"
        " \"args\": [{\"index\": 0, \"value\": 4294967301, \"op\": \"SCMP_CMP_EQ\"}]},"
        "{\"names\": [\"write\"], \"action\": \"SCMP_ACT_TRAP\","
        " \"args\": [{\"index\": 1, \"value\": 17, \"op\": \"SCMP_CMP_NE\"}]},"
        "{\"names\": [\"lseek\"], \"action\": \"SCMP_ACT_KILL_PROCESS\","
        " \"args\": [{\"index\": 2, \"value\": 8589934599, \"op\": \"SCMP_CMP_LT\"}]},"
        "{\"names\": [\"readv\"], \"action\": \"SCMP_ACT_KILL_THREAD\","
        " \"args\": [{\"index\": 0, \"value\": 8589934599, \"op\": \"SCMP_CMP_LE\"}]},"
        "{\"names\": [\"writev\"], \"action\": \"SCMP_ACT_LOG\","
        " \"args\": [{\"index\": 0, \"value\": 8589934599, \"op\": \"SCMP_CMP_GE\"}]},"
        "{\"names\": [\"dup\"], \"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 77,"
        " \"args\": [{\"index\": 0, \"value\": 8589934599, \"op\": \"SCMP_CMP_GT\"}]},"
        "{\"names\": [\"mmap\"], \"action\": \"SCMP_ACT_ERRNO\","
        " \"args\": [{\"index\": 2, \"value\": 6, \"valueTwo\": 6, \"op\": "
        "\"SCMP_CMP_MASKED_EQ\"}, {\"index\": 5, \"value\": 0, \"op\": \"SCMP_CMP_EQ\"}]},"
        "{\"names\": [\"ioctl\"], \"action\": \"SCMP_ACT_ERRNO\","
        " \"args\": [{\"index\": 1, \"value\": 1095216660480, \"valueTwo\": 4294967296,"
        " \"op\": \"SCMP_CMP_MASKED_EQ\"}]},"
        "{\"names\": [\"getppid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 1}]}",
        0);
    assert_true(compare_all(profile, false) > 10000);
    seccomp_profile_free(profile);
}

/* ---- meanings ---- */

static void
test_one_index_named_twice_is_an_or(void **state)
{
    (void)state;
    auto_seccomp p = {0};
    compile_json("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": "
                 "[\"personality\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": ["
                 "{\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"},"
                 "{\"index\": 0, \"value\": 8, \"op\": \"SCMP_CMP_EQ\"}]}]}",
                 0, &p);
    assert_int_equal(ask(&p, "personality", 1, 0), ALLOW);
    assert_int_equal(ask(&p, "personality", 8, 0), ALLOW);
    assert_int_equal(ask(&p, "personality", 9, 0), ERRNO(EPERM));
}

static void
test_a_rule_without_arguments_wins_wherever_it_stands(void **state)
{
    (void)state;
    auto_seccomp p = {0};
    compile_json("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": ["
                 "{\"names\": [\"dup\"], \"action\": \"SCMP_ACT_LOG\", \"args\": "
                 "[{\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]},"
                 "{\"names\": [\"dup\"], \"action\": \"SCMP_ACT_ERRNO\"},"
                 "{\"names\": [\"dup\"], \"action\": \"SCMP_ACT_TRAP\"}]}",
                 0, &p);
    assert_int_equal(ask(&p, "dup", 1, 0), ERRNO(EPERM));
    assert_int_equal(ask(&p, "dup", 2, 0), ERRNO(EPERM));
}

#if defined(__x86_64__)
static void
test_what_is_said_of_a_call_holds_by_its_second_way_on_i386(void **state)
{
    (void)state;
    auto_seccomp denying = {0}, allowing = {0};
    compile_json("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": "
                 "[\"SCMP_ARCH_X86\"], \"syscalls\": ["
                 "{\"names\": [\"bind\", \"shmat\"], \"action\": \"SCMP_ACT_ERRNO\"},"
                 "{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_ERRNO\", \"args\": "
                 "[{\"index\": 0, \"value\": 40, \"op\": \"SCMP_CMP_EQ\"}]}]}",
                 0, &denying);
    assert_int_equal(ask_arch(&denying, LX_I386, "bind", 0, 0), ERRNO(EPERM));
    assert_int_equal(ask_arch(&denying, LX_I386, "socketcall", 2, 0), ERRNO(EPERM));
    assert_int_equal(ask_arch(&denying, LX_I386, "socketcall", 1, 0), ERRNO(EPERM));
    assert_int_equal(ask_arch(&denying, LX_I386, "socketcall", 3, 0), ALLOW);
    assert_int_equal(ask_arch(&denying, LX_I386, "ipc", 21 | 1 << 16, 0), ERRNO(EPERM));
    compile_json("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": "
                 "[\"SCMP_ARCH_X86\"], \"syscalls\": ["
                 "{\"names\": [\"bind\"], \"action\": \"SCMP_ACT_ALLOW\"},"
                 "{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": "
                 "[{\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]}]}",
                 0, &allowing);
    assert_int_equal(ask_arch(&allowing, LX_I386, "socketcall", 2, 0), ALLOW);
    assert_int_equal(ask_arch(&allowing, LX_I386, "socketcall", 1, 0), ERRNO(EPERM));
}
#endif

static void
test_newer_calls_do_not_exist_where_the_default_is_an_errno(void **state)
{
    (void)state;
    auto_seccomp p = {0}, killing = {0};
    compile_json("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": "
                 "[\"read\", \"openat2\"], \"action\": \"SCMP_ACT_ALLOW\"}]}",
                 0, &p);
    assert_int_equal(ask(&p, "clone3", 0, 0), ERRNO(EPERM)); /* older than openat2 */
    assert_int_equal(ask(&p, "mseal", 0, 0), NO_SUCH_CALL);
    assert_int_equal(ask_number(&p, LX_ARCH_NATIVE, 100000, NULL), NO_SUCH_CALL);
    compile_json(
        "{\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\", \"syscalls\": [{\"names\": "
        "[\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}]}",
        0, &killing);
    assert_int_equal(ask(&killing, "mseal", 0, 0), SECCOMP_RET_KILL_PROCESS);
}

static void
test_an_architecture_that_is_not_listed_kills_and_x32_does_not_exist(void **state)
{
    (void)state;
    auto_seccomp p = {0};
    compile_json("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": "
                 "[\"SCMP_ARCH_X32\", \"SCMP_ARCH_S390X\"]}",
                 0, &p);
    assert_int_equal(ask_number(&p, LX_I386, 3, NULL), SECCOMP_RET_KILL_PROCESS);
#if defined(__x86_64__)
    assert_int_equal(ask_number(&p, LX_X86_64, 0x40000000, NULL), NO_SUCH_CALL);
    assert_int_equal(ask_number(&p, LX_X86_64, 0x40000208, NULL), NO_SUCH_CALL);
#endif
    assert_int_equal(ask_number(&p, LX_ARCH_NATIVE, 0, NULL), ALLOW);
}

static void
test_the_default_profile_takes_away_what_rule_r22_names(void **state)
{
    (void)state;
    static const char *const gone[] = {
        "io_uring_setup", "io_uring_enter", "userfaultfd", "add_key", "keyctl",
        "request_key",    "mount",          "bpf",         "setns",   "unshare",
        "kexec_load",     "init_module",    "reboot",      "swapon",  "process_vm_readv",
        "pidfd_getfd",    "perf_event_open"};
    auto_seccomp p = {0};
    struct err e;
    assert_int_equal(seccomp_default(DOCKER_CAPS & ~BIT(CAP_NET_RAW), &p, &e), 0);
    for (size_t i = 0; i < ARRAY_LEN(gone); i++)
        assert_int_equal(ask(&p, gone[i], 0, 0), ERRNO(EPERM));
    assert_int_equal(ask(&p, "clone3", 0, 0), NO_SUCH_CALL);
    assert_int_equal(ask(&p, "clone", 0x10000000 /* CLONE_NEWUSER */, 0), ERRNO(EPERM));
    assert_int_equal(ask(&p, "clone", 0x11 /* SIGCHLD */, 0), ALLOW);
    assert_int_equal(ask(&p, "ptrace", 0, 0), ALLOW);
    assert_int_equal(ask(&p, "ptrace", 16, 0), ERRNO(EPERM));
    assert_int_equal(ask(&p, "ptrace", 0x4206, 0), ERRNO(EPERM));
    assert_int_equal(ask(&p, "ptrace", 24, 0), ALLOW);
    assert_int_equal(ask(&p, "ptrace", 0x4200, 0), ALLOW);
    assert_int_equal(ask_arch(&p, LX_I386, "socketcall", 1, 0),
                     LX_ARCH_NATIVE == LX_X86_64 ? NO_SUCH_CALL : SECCOMP_RET_KILL_PROCESS);
}

static void
test_the_prepared_filter_is_what_the_compiler_makes_now(void **state)
{
    (void)state;
    static const uint64_t default_set = UINT64_C(0x800405fb); /* 11 capabilities */
    auto_seccomp prepared = {0}, now = {0};
    struct err e;
    struct oci_seccomp *profile = seccomp_default_profile(default_set);
    assert_int_equal(seccomp_compile(profile, &now, &e), 0);
    seccomp_profile_free(profile);
    assert_int_equal(seccomp_default(default_set, &prepared, &e), 0);
    assert_int_equal(default_set & seccomp_default_caps(), SECCOMP_PREPARED_CAPS);
    assert_int_equal(prepared.n, now.n);
    assert_memory_equal(prepared.code, now.code, now.n * sizeof *now.code);
}

static void
test_socket_families_are_compared_as_the_kernel_reads_them(void **state)
{
    (void)state;
    auto_seccomp without = {0}, with = {0};
    struct err e;
    assert_int_equal(seccomp_default(0, &without, &e), 0);
    assert_int_equal(seccomp_default(BIT(CAP_NET_RAW), &with, &e), 0);
    const uint64_t high = UINT64_C(1) << 32;
    for (int family = 0; family < 64; family++) {
        bool is_bad = family == AF_ALG || family == AF_VSOCK || family == AF_PACKET;
        if (is_bad)
            assert_int_equal(ask(&without, "socket", (uint64_t)family, SOCK_DGRAM),
                             ERRNO(EPERM));
        /* The kernel takes an int: what is above does not change the answer. */
        assert_int_equal(ask(&without, "socket", (uint64_t)family | high, SOCK_STREAM),
                         ask(&without, "socket", (uint64_t)family, SOCK_STREAM));
    }
    assert_int_equal(ask(&without, "socket", AF_UNIX, SOCK_STREAM), ALLOW);
    assert_int_equal(ask(&without, "socket", AF_NETLINK, SOCK_RAW), ALLOW);
    assert_int_equal(ask(&without, "socket", AF_INET, SOCK_STREAM | SOCK_CLOEXEC), ALLOW);
    assert_int_equal(ask(&without, "socket", AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK), ALLOW);
    assert_int_equal(ask(&without, "socket", AF_INET, SOCK_RAW), ERRNO(EPERM));
    assert_int_equal(ask(&without, "socket", AF_INET6, SOCK_RAW | SOCK_CLOEXEC),
                     ERRNO(EPERM));
    assert_int_equal(ask(&with, "socket", AF_INET, SOCK_RAW), ALLOW);
    assert_int_equal(ask(&with, "socket", AF_PACKET, SOCK_RAW), ALLOW);
    assert_int_equal(ask(&with, "socket", AF_VSOCK, SOCK_STREAM), ERRNO(EPERM));
}

static void
test_capabilities_open_their_calls(void **state)
{
    (void)state;
    static const struct {
        int cap;
        const char *call;
    } opened[] = {
        {CAP_SYS_ADMIN,  "mount"          },
        {CAP_SYS_ADMIN,  "clone3"         },
        {CAP_BPF,        "bpf"            },
        {CAP_SYS_CHROOT, "chroot"         },
        {CAP_SYS_PTRACE, "kcmp"           },
        {CAP_SYSLOG,     "syslog"         },
        {CAP_SYS_TIME,   "settimeofday"   },
        {CAP_SYS_NICE,   "mbind"          },
        {CAP_SYS_BOOT,   "reboot"         },
        {CAP_PERFMON,    "perf_event_open"},
        {CAP_SYS_MODULE, "init_module"    }
    };
    for (size_t i = 0; i < ARRAY_LEN(opened); i++) {
        auto_seccomp without = {0}, with = {0};
        struct err e;
        assert_int_equal(
            seccomp_default(~BIT(opened[i].cap) & BIT(CAP_CHOWN), &without, &e), 0);
        assert_int_equal(seccomp_default(BIT(opened[i].cap), &with, &e), 0);
        assert_int_not_equal(ask(&without, opened[i].call, 0, 0), ALLOW);
        assert_int_equal(ask(&with, opened[i].call, 0, 0), ALLOW);
    }
}

static void
test_every_name_of_the_default_profile_is_a_system_call(void **state)
{
    (void)state;
    /* Calls of architectures that are not in the table, or that only C libraries know. */
    static const char *const unknown[] = {"getsid", NULL};
    struct oci_seccomp *profile = seccomp_default_profile(OCI_CAPABILITY_ALL);
    for (size_t i = 0; i < profile->syscalls.n; i++)
        for (size_t j = 0; j < profile->syscalls.v[i].names.n; j++)
            if (!str_eq(profile->syscalls.v[i].names.v[j], unknown[0]))
                if (!lx_syscall_find(profile->syscalls.v[i].names.v[j]))
                    fail_msg("%s", profile->syscalls.v[i].names.v[j]);
    seccomp_profile_free(profile);
}

static void
test_profiles_in_mobys_format_hold_for_some_containers_only(void **state)
{
    (void)state;
    static const char json[] =
        "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 13, \"archMap\": ["
        "{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\"]},"
        "{\"architecture\": \"SCMP_ARCH_AARCH64\", \"subArchitectures\": [\"SCMP_ARCH_ARM\"]},"
        "{\"architecture\": \"SCMP_ARCH_S390X\", \"subArchitectures\": null}],"
        "\"syscalls\": [{\"name\": \"read\", \"action\": \"SCMP_ACT_ALLOW\"},"
        "{\"names\": [\"write\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"caps\": "
        "[\"CAP_SYS_ADMIN\"]}, \"comment\": \"\", \"excludes\": {}},"
        "{\"names\": [\"close\"], \"action\": \"SCMP_ACT_ALLOW\", \"excludes\": {\"caps\": "
        "[\"CAP_SYS_ADMIN\"]}},"
        "{\"names\": [\"dup\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": "
        "{\"minKernel\": \"4.8\"}},"
        "{\"names\": [\"fchdir\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": "
        "{\"minKernel\": \"99.1\"}},"
        "{\"names\": [\"chdir\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"arches\": "
        "[\"amd64\", \"arm64\"]}},"
        "{\"names\": [\"openat\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"arches\": "
        "[\"s390x\"]}}]}";
    auto_seccomp without = {0}, with = {0};
    compile_json(json, 0, &without);
    compile_json(json, BIT(CAP_SYS_ADMIN), &with);
    assert_int_equal(ask(&without, "read", 0, 0), ALLOW);
    assert_int_equal(ask(&without, "write", 0, 0), ERRNO(13));
    assert_int_equal(ask(&with, "write", 0, 0), ALLOW);
    assert_int_equal(ask(&without, "close", 0, 0), ALLOW);
    assert_int_equal(ask(&with, "close", 0, 0), ERRNO(13));
    assert_int_equal(ask(&with, "dup", 0, 0), ALLOW);
    assert_int_equal(ask(&with, "fchdir", 0, 0), ERRNO(13));
    assert_int_equal(ask(&with, "chdir", 0, 0), ALLOW);
    assert_int_equal(ask(&with, "openat", 0, 0), ERRNO(13));
    enum lx_arch other = LX_ARCH_NATIVE == LX_X86_64 ? LX_I386 : LX_ARM;
    assert_int_equal(ask_arch(&with, other, "read", 0, 0), ALLOW);
}

static void
test_bad_profiles_are_refused_by_the_name_of_their_field(void **state)
{
    (void)state;
    assert_refused("[]", "no JSON object");
    assert_refused("{\"defaultAction\": \"SCMP_ACT_MAYBE\"}", "defaultAction");
    assert_refused("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": {}}",
                   "syscalls: wrong type");
    assert_refused("{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}", "defaultAction");
    assert_refused("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"VAX\"]}",
                   "architectures[0]: no architecture VAX");
    assert_refused("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": "
                   "[\"read\"], \"action\": \"SCMP_ACT_KILL\", \"errnoRet\": 3}]}",
                   "syscalls[0]: errnoRet: the action takes no errno");
    assert_refused("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": "
                   "[\"read\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}",
                   "listenerPath");
    assert_refused("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": "
                   "[\"read\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"caps\": "
                   "[\"CAP_FLY\"]}}]}",
                   "no capability CAP_FLY");
    assert_refused("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": "
                   "[\"read\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"caps\": "
                   "\"CAP_KILL\"}}]}",
                   "syscalls[0].includes.caps: wrong type");
    assert_refused("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": "
                   "[\"read\"], \"action\": \"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 6, "
                   "\"value\": 0, \"op\": \"SCMP_CMP_EQ\"}]}]}",
                   "index");
}

static void
test_a_filter_longer_than_the_kernel_takes_is_refused(void **state)
{
    (void)state;
    auto_text json = {0};
    text_add(&json, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [");
    for (int i = 0; i < 2000; i++)
        text_addf(&json,
                  "%s{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": "
                  "[{\"index\": 0, \"value\": %d, \"op\": \"SCMP_CMP_EQ\"}, {\"index\": 1, "
                  "\"value\": %d, \"op\": \"SCMP_CMP_EQ\"}]}",
                  i ? "," : "", i, i);
    text_add(&json, "]}");
    assert_refused(text_str(&json), "more than 4096 instructions");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_default_profile_equals_what_libseccomp_makes_of_it),
        cmocka_unit_test(test_every_operator_and_action_equals_libseccomp),
        cmocka_unit_test(test_one_index_named_twice_is_an_or),
        cmocka_unit_test(test_a_rule_without_arguments_wins_wherever_it_stands),
#if defined(__x86_64__)
        cmocka_unit_test(test_what_is_said_of_a_call_holds_by_its_second_way_on_i386),
#endif
        cmocka_unit_test(test_newer_calls_do_not_exist_where_the_default_is_an_errno),
        cmocka_unit_test(
            test_an_architecture_that_is_not_listed_kills_and_x32_does_not_exist),
        cmocka_unit_test(test_the_default_profile_takes_away_what_rule_r22_names),
        cmocka_unit_test(test_the_prepared_filter_is_what_the_compiler_makes_now),
        cmocka_unit_test(test_socket_families_are_compared_as_the_kernel_reads_them),
        cmocka_unit_test(test_capabilities_open_their_calls),
        cmocka_unit_test(test_every_name_of_the_default_profile_is_a_system_call),
        cmocka_unit_test(test_profiles_in_mobys_format_hold_for_some_containers_only),
        cmocka_unit_test(test_bad_profiles_are_refused_by_the_name_of_their_field),
        cmocka_unit_test(test_a_filter_longer_than_the_kernel_takes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
