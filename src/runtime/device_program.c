/* device_program.c - what config.json says of devices, as a program of the BPF machine.
 *
 * The rules are applied in order, each to the state that those before it have left. Asked
 * from its end the list is shorter: the last rule that speaks of a device decides. A request
 * may be for more than one thing (reading and writing) and be granted by several rules, so
 * the program takes off what each allows until nothing is left:
 *
 *     r2 = type, r3 = what is still asked for, r4 = major, r5 = minor
 *     for each rule, the last first:
 *         if it speaks of another device: next
 *         allow: r3 &= ~access; if r3 == 0: allow
 *         deny:  if r3 & access: deny
 *     deny
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/device_program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define ACCESS_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

enum { NUMBER_MOST = INT32_MAX, INSTRUCTIONS_A_RULE = 8, INSTRUCTIONS_AROUND = 8 };

static const struct device_rule defaults[] = {
    {true, 'c', -1,  -1, BPF_DEVCG_ACC_MKNOD},
    {true, 'b', -1,  -1, BPF_DEVCG_ACC_MKNOD},
    {true, 'c', 1,   3,  ACCESS_ALL         }, /* null */
    {true, 'c', 1,   5,  ACCESS_ALL         }, /* zero */
    {true, 'c', 1,   7,  ACCESS_ALL         }, /* full */
    {true, 'c', 1,   8,  ACCESS_ALL         }, /* random */
    {true, 'c', 1,   9,  ACCESS_ALL         }, /* urandom */
    {true, 'c', 5,   0,  ACCESS_ALL         }, /* tty */
    {true, 'c', 5,   1,  ACCESS_ALL         }, /* console */
    {true, 'c', 5,   2,  ACCESS_ALL         }, /* ptmx */
    {true, 'c', 136, -1, ACCESS_ALL         }, /* pts/N */
};

/* ---- config.json to rules ---- */

static int
read_access(const char *letters, uint32_t *ret)
{
    *ret = 0;
    for (; *letters; letters++)
        switch (*letters) {
        case 'r':
            *ret |= BPF_DEVCG_ACC_READ;
            break;
        case 'w':
            *ret |= BPF_DEVCG_ACC_WRITE;
            break;
        case 'm':
            *ret |= BPF_DEVCG_ACC_MKNOD;
            break;
        default:
            return -EINVAL;
        }
    return *ret ? 0 : -EINVAL;
}

static int
read_number(const struct oci_opt_i64 *number, const char *field, size_t i, int64_t *ret,
            struct err *e)
{
    *ret = number->is_set ? number->value : -1;
    if (*ret >= -1 && *ret <= NUMBER_MOST)
        return 0;
    return err_set(e, ERR_INVALID,
                   "linux.resources.devices[%zu].%s: %lld is no device number", i, field,
                   (long long)*ret);
}

/* Returns 1, or 0 for a rule that speaks of nothing that has a number (a pipe). */
static int
read_rule(const struct oci_device_rule *rule, size_t i, struct device_rule *ret,
          struct err *e)
{
    const char *type = rule->type && *rule->type ? rule->type : "a";
    const char *access = rule->access && *rule->access ? rule->access : "rwm";
    if (strlen(type) != 1 || !strchr("abcup", *type))
        return err_set(e, ERR_INVALID,
                       "linux.resources.devices[%zu].type: \"%s\" is not a, b, c, u or p",
                       i, type);
    *ret = (struct device_rule){.allow = rule->allow, .type = *type == 'u' ? 'c' : *type};
    if (read_access(access, &ret->access) < 0)
        return err_set(e, ERR_INVALID,
                       "linux.resources.devices[%zu].access: \"%s\" is not made of r, w, m",
                       i, access);
    TRY(read_number(&rule->major, "major", i, &ret->major, e));
    TRY(read_number(&rule->minor, "minor", i, &ret->minor, e));
    if (*type == 'a')
        ret->major = ret->minor =
            -1; /* as the files of v1: all devices, whatever follows */
    return *type != 'p';
}

int
device_rules_read(const struct oci_device_rules *rules, struct device_rule **ret,
                  size_t *ret_n, struct err *e)
{
    auto_free struct device_rule *all = mem_new(rules->n + ARRAY_LEN(defaults),
                                                sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < rules->n; i++) {
        int r = read_rule(&rules->v[i], i, &all[n], e);
        TRY(r);
        n += (size_t)r;
    }
    memcpy(&all[n], defaults, sizeof defaults);
    *ret = take_ptr(all);
    *ret_n = n + ARRAY_LEN(defaults);
    return 0;
}

static bool
is_default(const struct oci_device_rule *rule)
{
    for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
        if (*rule->type == defaults[i].type && rule->major.value == defaults[i].major &&
            (defaults[i].minor < 0 || rule->minor.value == defaults[i].minor))
            return true;
    return false;
}

bool
device_rules_name_devices(const struct oci_device_rules *rules)
{
    for (size_t i = 0; i < rules->n; i++) {
        const struct oci_device_rule *rule = &rules->v[i];
        bool has_number = rule->major.is_set && rule->major.value >= 0 &&
                          rule->minor.is_set && rule->minor.value >= 0;
        if (rule->allow && rule->type && has_number && !is_default(rule))
            return true;
    }
    return false;
}

/* ---- rules to a program ---- */

static struct bpf_insn
insn(uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t number)
{
    return (struct bpf_insn){
        .code = code, .dst_reg = to, .src_reg = from, .off = offset, .imm = number};
}

/* r2 to r5 out of struct bpf_cgroup_dev_ctx: access and type share a word. */
static size_t
write_prologue(struct bpf_insn *code)
{
    const struct bpf_insn prologue[] = {
        insn(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, 0, 0),
        insn(BPF_ALU | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0),
        insn(BPF_ALU | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16),
        insn(BPF_ALU | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff),
        insn(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1, 4, 0),
        insn(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1, 8, 0),
    };
    memcpy(code, prologue, sizeof prologue);
    return ARRAY_LEN(prologue);
}

static size_t
write_verdict(struct bpf_insn *code, bool allow)
{
    code[0] = insn(BPF_ALU | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow);
    code[1] = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    return 2;
}

/* The jumps over a rule get their length when its end is known. */
static size_t
write_rule(struct bpf_insn *code, const struct device_rule *rule)
{
    size_t n = 0, skips[4], n_skips = 0;
    const struct {
        bool is_asked;
        uint8_t reg;
        int32_t value;
    } tests[] = {
        {rule->type != 'a', BPF_REG_2,
         rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR},
        {rule->major >= 0,  BPF_REG_4, (int32_t)rule->major          },
        {rule->minor >= 0,  BPF_REG_5, (int32_t)rule->minor          },
    };
    for (size_t i = 0; i < ARRAY_LEN(tests); i++)
        if (tests[i].is_asked) {
            skips[n_skips++] = n;
            code[n++] = insn(BPF_JMP32 | BPF_JNE | BPF_K, tests[i].reg, 0, 0,
                             tests[i].value);
        }
    if (rule->access != ACCESS_ALL && rule->allow) {
        code[n++] = insn(BPF_ALU | BPF_AND | BPF_K, BPF_REG_3, 0, 0,
                         (int32_t)~rule->access);
        skips[n_skips++] = n;
        code[n++] = insn(BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_3, 0, 0, 0);
    } else if (rule->access != ACCESS_ALL) {
        code[n++] = insn(BPF_ALU | BPF_MOV | BPF_X, BPF_REG_0, BPF_REG_3, 0, 0);
        code[n++] = insn(BPF_ALU | BPF_AND | BPF_K, BPF_REG_0, 0, 0, (int32_t)rule->access);
        skips[n_skips++] = n;
        code[n++] = insn(BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_0, 0, 0, 0);
    }
    n += write_verdict(&code[n], rule->allow);
    for (size_t i = 0; i < n_skips; i++)
        code[skips[i]].off = (int16_t)(n - skips[i] - 1);
    return n;
}

/* Whatever is asked ends here; the verifier refuses instructions that nothing reaches. */
static bool
decides_all(const struct device_rule *rule)
{
    return rule->type == 'a' && rule->access == ACCESS_ALL;
}

void
device_program_compile(const struct device_rule *rules, size_t n, struct bpf_insn **ret,
                       size_t *ret_n)
{
    struct bpf_insn *code = mem_new(n * INSTRUCTIONS_A_RULE + INSTRUCTIONS_AROUND,
                                    sizeof *code);
    size_t length = write_prologue(code);
    bool is_decided = false;
    for (size_t i = n; i-- > 0 && !is_decided;) {
        length += write_rule(&code[length], &rules[i]);
        is_decided = decides_all(&rules[i]);
    }
    if (!is_decided)
        length += write_verdict(&code[length], false);
    *ret = code;
    *ret_n = length;
}
