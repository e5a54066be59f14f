/* limits.h - what a process inherits besides its rights: rlimits, priorities, personality.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_LIMITS_H
#define RUNTIME_LIMITS_H

#include "base/error.h"
#include "oci/spec.h"

/* process.rlimits, on the calling process. A hard limit that we may not raise is an error:
 * who can live with less says so in the configuration. */
int limits_set_rlimits(const struct oci_rlimits *limits, struct err *e);

/* process.ioPriority and process.scheduler, linux.personality; what is absent stays. */
int limits_set_priorities(const struct oci_process *process, struct err *e);
/* process.execCPUAffinity: a list of CPUs ("0-3,7") as a mask. */
#define CPUS_MOST 8192
struct cpus {
    unsigned long bits[CPUS_MOST / (8 * sizeof(unsigned long))];
};
int limits_parse_cpus(const char *list, const char *field, struct cpus *ret, struct err *e);

/* Both lists of a process, without applying them. */
int limits_check_affinity(const struct oci_process *process, struct err *e);

int limits_set_personality(const struct oci_personality *personality, struct err *e);

#endif
