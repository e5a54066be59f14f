/* seccomp_emit.c - see seccomp_emit.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/seccomp_emit.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    CODE_MOST = BPF_MAXINSNS,
    JUMP_MOST = 250, /* of 255: room for the jumps that a jump itself may need */
};

void
seccomp_emitter_done(struct seccomp_emitter *out)
{
    free(out->code);
    *out = (struct seccomp_emitter){0};
}

struct sock_filter *
seccomp_emitter_program(const struct seccomp_emitter *out)
{
    struct sock_filter *forward = mem_new(out->n, sizeof *forward);
    for (size_t i = 0; i < out->n; i++)
        forward[i] = out->code[out->n - 1 - i];
    return forward;
}

static size_t
emit(struct seccomp_emitter *out, uint16_t code, uint8_t if_true, uint8_t if_false,
     uint32_t k)
{
    if (out->n == CODE_MOST) {
        out->is_too_long = true;
        out->n--; /* the program is lost, what is written now does not matter */
    }
    if ((out->n & (out->n + 1)) == 0) /* 0, 1, 3, 7 ...: full */
        out->code = mem_resize(out->code, 2 * (out->n + 1), sizeof out->code[0]);
    out->code[out->n] = (struct sock_filter){code, if_true, if_false, k};
    return out->n++;
}

size_t
seccomp_emit_return(struct seccomp_emitter *out, uint32_t action)
{
    return emit(out, BPF_RET | BPF_K, 0, 0, action);
}

static uint32_t
distance(const struct seccomp_emitter *out, size_t address)
{
    return (uint32_t)(out->n - address - 1);
}

size_t
seccomp_emit_within_reach(struct seccomp_emitter *out, size_t address)
{
    if (distance(out, address) <= JUMP_MOST)
        return address;
    const struct sock_filter *there = &out->code[address];
    if (BPF_CLASS(there->code) == BPF_RET)
        return emit(out, BPF_RET | BPF_K, 0, 0, there->k);
    return emit(out, BPF_JMP | BPF_JA, 0, 0, distance(out, address));
}

size_t
seccomp_emit_jump(struct seccomp_emitter *out, uint16_t test, uint32_t k, size_t if_true,
                  size_t if_false)
{
    if (if_true == if_false)
        return if_true;
    if_true = seccomp_emit_within_reach(out, if_true);
    if_false = seccomp_emit_within_reach(out, if_false);
    return emit(out, BPF_JMP | test | BPF_K, (uint8_t)distance(out, if_true),
                (uint8_t)distance(out, if_false), k);
}

/* An instruction that is no jump, and then on at `next`. */
static size_t
emit_then(struct seccomp_emitter *out, size_t next, uint16_t code, uint32_t k)
{
    if (distance(out, next) > 0)
        emit(out, BPF_JMP | BPF_JA, 0, 0, distance(out, next));
    return emit(out, code, 0, 0, k);
}

size_t
seccomp_emit_load(struct seccomp_emitter *out, size_t offset, size_t next)
{
    return emit_then(out, next, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Where the instruction at `address` loads what the accumulator holds already, the one after
 * it does as well. */
static size_t
skip_load(const struct seccomp_emitter *out, size_t address, size_t offset)
{
    const struct sock_filter *there = &out->code[address];
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
emit_equal_half(struct seccomp_emitter *out, const struct oci_seccomp_arg *arg,
                bool is_high, uint64_t mask, uint64_t value, size_t yes, size_t no)
{
    int shift = is_high ? 32 : 0;
    uint32_t half_mask = (uint32_t)(mask >> shift), half = (uint32_t)(value >> shift);
    if (half_mask == 0 && half == 0)
        return yes;
    size_t offset = half_of_argument(arg->index, is_high);
    if (half_mask == UINT32_MAX)
        return seccomp_emit_load(out, offset,
                                 seccomp_emit_jump(out, BPF_JEQ, half,
                                                   skip_load(out, yes, offset),
                                                   skip_load(out, no, offset)));
    size_t next = emit_then(out, seccomp_emit_jump(out, BPF_JEQ, half, yes, no),
                            BPF_ALU | BPF_AND | BPF_K, half_mask);
    return seccomp_emit_load(out, offset, next);
}

static size_t
emit_equal(struct seccomp_emitter *out, const struct oci_seccomp_arg *arg, uint64_t mask,
           uint64_t value, size_t yes, size_t no)
{
    yes = emit_equal_half(out, arg, false, mask, value, yes, no);
    return emit_equal_half(out, arg, true, mask, value, yes, no);
}

/* Argument > value, or >= with test_low BPF_JGE: only the low half may be equal and pass. */
static size_t
emit_greater(struct seccomp_emitter *out, const struct oci_seccomp_arg *arg,
             uint16_t test_low, size_t yes, size_t no)
{
    uint32_t high = (uint32_t)(arg->value >> 32), low = (uint32_t)arg->value;
    size_t next = seccomp_emit_jump(out, test_low, low, yes, no);
    next = seccomp_emit_load(out, half_of_argument(arg->index, false), next);
    next = seccomp_emit_jump(out, BPF_JEQ, high, next, no);
    next = seccomp_emit_jump(out, BPF_JGT, high, yes, next);
    return seccomp_emit_load(out, half_of_argument(arg->index, true), next);
}

size_t
seccomp_emit_condition(struct seccomp_emitter *out, const struct oci_seccomp_arg *arg,
                       size_t yes, size_t no)
{
    switch ((enum oci_seccomp_op)arg->op) {
    case OCI_SECCOMP_EQ:
        return emit_equal(out, arg, UINT64_MAX, arg->value, yes, no);
    case OCI_SECCOMP_NE:
        return emit_equal(out, arg, UINT64_MAX, arg->value, no, yes);
    case OCI_SECCOMP_MASKED_EQ:
        return emit_equal(out, arg, arg->value, arg->value_two, yes, no);
    case OCI_SECCOMP_GT:
        return emit_greater(out, arg, BPF_JGT, yes, no);
    case OCI_SECCOMP_GE:
        return emit_greater(out, arg, BPF_JGE, yes, no);
    case OCI_SECCOMP_LT:
        return emit_greater(out, arg, BPF_JGE, no, yes);
    case OCI_SECCOMP_LE:
        return emit_greater(out, arg, BPF_JGT, no, yes);
    }
    __builtin_unreachable(); /* who calls has looked */
}
