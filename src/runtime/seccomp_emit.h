/* seccomp_emit.h - the instructions of a filter, written from its end to its start.
 *
 * Jumps of classic BPF lead forward only, and a conditional one at most 255 instructions far.
 * Where a program is written backwards, what a jump leads to is always there already. An address
 * is the number of instructions that were written before the one it names; every function that
 * writes returns that of the instruction at which the program now begins.
 *
 * For seccomp_compile.c alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_SECCOMP_EMIT_H
#define RUNTIME_SECCOMP_EMIT_H

#include "runtime/seccomp.h"

/* Zero-initialise. */
struct seccomp_emitter {
    struct sock_filter *code; /* backwards: code[0] is the last instruction */
    size_t n;
    bool
        is_too_long; /* more than the kernel takes: what is written does not matter any more */
};
void seccomp_emitter_done(struct seccomp_emitter *emitter);

/* The program the right way round; the caller frees. */
struct sock_filter *seccomp_emitter_program(const struct seccomp_emitter *emitter);

/* "The call ends so": SECCOMP_RET_... with its data. */
size_t seccomp_emit_return(struct seccomp_emitter *emitter, uint32_t action);

/* An address from which `address` is reached and that a conditional jump can name. */
size_t seccomp_emit_within_reach(struct seccomp_emitter *emitter, size_t address);

/* test: BPF_JEQ, BPF_JGT or BPF_JGE, of the accumulator against k. */
size_t seccomp_emit_jump(struct seccomp_emitter *emitter, uint16_t test, uint32_t k,
                         size_t if_true, size_t if_false);

/* Loads a word of struct seccomp_data into the accumulator, then goes on at `next`. */
size_t seccomp_emit_load(struct seccomp_emitter *emitter, size_t offset, size_t next);

/* Does an argument of the call fulfil the condition? On at `yes` or at `no`. */
size_t seccomp_emit_condition(struct seccomp_emitter *emitter,
                              const struct oci_seccomp_arg *arg, size_t yes, size_t no);

#endif
