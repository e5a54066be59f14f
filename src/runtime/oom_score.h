/* oom_score.h - process.oomScoreAdj: how much the OOM killer likes a process (proc(5)).
 *
 * A process in a user namespace cannot set its own: as long as nobody may look into it, its
 * files in /proc belong to the host's root. So the child is born with it: the parent lends
 * itself the wanted score for the moment of clone3. To take less than the least that was ever
 * granted, the caller needs CAP_SYS_RESOURCE; back to its own score it may go without.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_OOM_SCORE_H
#define RUNTIME_OOM_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/spec.h"

struct oom_loan {
    bool is_taken;
    int64_t own;
};

/* Parent, before clone3: nothing is lent where the process wants what we have. */
int oom_score_lend(const struct oci_process *process, struct oom_loan *ret, struct err *e);

/* Parent, after it. */
int oom_score_return(const struct oom_loan *loan, struct err *e);

#endif
