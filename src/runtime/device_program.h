/* device_program.h - device rules become a BPF program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_DEVICE_PROGRAM_H
#define RUNTIME_DEVICE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "linux/bpf.h"
#include "oci/spec.h"

/* A rule in the kernel's numbers. */
struct device_rule {
    bool allow;
    char type;            /* 'a' (both), 'b', 'c' */
    int64_t major, minor; /* -1: any */
    uint32_t access;      /* BPF_DEVCG_ACC_... */
};

/* The rules of config.json, then those that every container has: null, zero, full, random,
 * urandom, tty, console, ptmx, pts, and making (not opening) any node. They are applied in
 * this order; the first state is "nothing". *ret is an array that the caller frees. */
int device_rules_read(const struct oci_device_rules *rules, struct device_rule **ret,
                      size_t *ret_n, struct err *e);

/* Whether they allow a device, by its number, that not every container has. */
bool device_rules_name_devices(const struct oci_device_rules *rules);

/* The same as a program. *ret is an array that the caller frees. */
void device_program_compile(const struct device_rule *rules, size_t n,
                            struct bpf_insn **ret, size_t *ret_n);

#endif
