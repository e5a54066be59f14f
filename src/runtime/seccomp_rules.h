/* seccomp_rules.h - what the rules of a profile say of each system call of an architecture.
 *
 * Rules name calls, a filter sees numbers: here the one becomes the other. A number gets the
 * action of the first rule that names it without conditions, or else all that its rules say, in
 * the order of the profile.
 *
 * For seccomp_compile.c alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_SECCOMP_RULES_H
#define RUNTIME_SECCOMP_RULES_H

#include "linux/syscalls.h"
#include "runtime/seccomp.h"

/* If all conditions hold, the action. */
struct seccomp_try {
    const struct oci_seccomp_arg *args;
    size_t n;
    uint32_t action;
};

/* A rule speaks of a number, on conditions. */
struct seccomp_mention {
    struct seccomp_try what;
    uint32_t next; /* of the same number, in the order of the file; 0: the last */
};

/* What the rules say of one number. */
struct seccomp_slot {
    bool is_decided; /* by a rule without conditions: the first one's action */
    uint32_t action;
    uint32_t first, last; /* mentions with conditions; 0: none */
};

/* Numbers in a row without gaps to speak of: those of all calls, then those of arm's own. */
enum { SECCOMP_SLOT_PRIVATE = 1024, SECCOMP_SLOT_COUNT = SECCOMP_SLOT_PRIVATE + 16 };

struct seccomp_rules {
    const struct oci_seccomp *profile;
    uint32_t default_action; /* with its errno */

    /* The calls that the rules name, rule by rule: NULL where nobody knows it. */
    const struct lx_syscall **calls;

    /* Of the architecture at work; mentions[0] is none. */
    struct seccomp_mention *mentions;
    uint32_t n_mentions;
    struct seccomp_slot slots[SECCOMP_SLOT_COUNT];
    uint32_t newest;                     /* number that the profile names */
    uint8_t second_way[LX_SYSCALL_ROWS]; /* of a call: its i386_second_ways + 1, or 0 */
};

/* Looks up the calls of a profile, which is borrowed. */
void seccomp_rules_init(struct seccomp_rules *rules, const struct oci_seccomp *profile);
void seccomp_rules_done(struct seccomp_rules *rules);

/* Fills the slots for an architecture. */
void seccomp_rules_read(struct seccomp_rules *rules, enum lx_arch arch);

/* The number that a slot stands for, and whether any rule speaks of it. */
uint32_t seccomp_slot_number(uint32_t slot);
bool seccomp_slot_is_used(const struct seccomp_slot *slot);

#endif
